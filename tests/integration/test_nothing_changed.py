"""Nothing changed, so nothing is compiled: in a new environment at a random path each time, with any front end."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python import bundled

from .conftest import CRATES, FRONT_ENDS, FrontEnd, Site, build, uv

Make = Callable[[str], Site]


@pytest.mark.parametrize("crate", CRATES)
@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_second_isolated_build_compiles_nothing(site_of: Make, crate: str, front_end: FrontEnd) -> None:
    site = site_of(crate)
    site.build(front_end)
    second = site.build(front_end)
    assert second.recompiled == ()
    assert "pyo3" in second.fresh
    assert site.answer(second) == 42


@pytest.mark.parametrize("interpreter", ["3.9", "3.10", "3.12", "3.13", "3.14", "3.14t"], indirect=True)
def test_each_interpreter_is_built_for_once(site_of: Make, interpreter: str) -> None:
    site = site_of("version_specific")
    site.python = interpreter
    first = site.build(uv)
    assert "pyo3" in first.recompiled or interpreter == sys.executable
    second = site.build(uv)
    assert second.recompiled == ()
    assert site.answer(second) == 42


def test_uv_and_build_share_what_is_compiled(site_of: Make) -> None:
    site = site_of("version_specific")
    assert site.build(uv).recompiled == ()
    assert site.build(build).recompiled == ()


@pytest.mark.parametrize("front_end", [pytest.param(uv, id="uv"), pytest.param(build, id="build")])
def test_control_without_the_shim_pyo3_is_compiled_again(site_of: Make, front_end: FrontEnd) -> None:
    """If this fails, upstream has shipped its fix, and the shim can go."""
    site = site_of("version_specific")
    site.build(front_end, shim=False)
    second = site.build(front_end, shim=False)
    assert set(second.recompiled) == {"pyo3-ffi", "pyo3", "version_specific"}


def test_control_before_pyo3_0_29_more_is_compiled_again(site_of: Make) -> None:
    site = site_of("setuptools_rust")
    site.build(uv, shim=False)
    second = site.build(uv, shim=False)
    assert {"pyo3-build-config", "pyo3-ffi", "pyo3-macros-backend", "pyo3-macros", "pyo3"} <= set(second.recompiled)


@pytest.mark.parametrize("crate", ["abi3", "version_specific"])
def test_a_cache_that_drops_what_maturin_writes_into_the_target_directory(site_of: Make, crate: str) -> None:
    """As a CI cache does; for the stable ABI maturin writes pyo3's configuration there."""
    site = site_of(crate)
    site.build(uv)
    assert (site.project / "target" / "maturin").is_dir() or crate != "abi3"
    shutil.rmtree(site.project / "target" / "maturin", ignore_errors=True)
    again = site.build(uv)
    assert again.recompiled == ()
    assert site.answer(again) == 42


@pytest.mark.parametrize("crate", ["version_specific", "setuptools_rust"])
def test_nox_sessions_compile_nothing(site_of: Make, crate: str) -> None:
    """Two sessions, each with an environment of its own, install the project in isolation."""
    site = site_of(crate)
    (site.project / "noxfile.py").write_text(
        "import nox\n"
        "@nox.session(python=False)\n"
        "@nox.parametrize('number', [1, 2])\n"
        "def wheel(session, number):\n"
        "    session.run('uv', 'venv', '-q', '--clear', f'env-{number}')\n"
        "    session.run('uv', 'pip', 'install', '--reinstall', '--no-cache', '--python', f'env-{number}', '.')\n"
    )
    outcome = site.run(["nox"])
    assert outcome.recompiled == ()
    assert outcome.output.count("was successful") >= 2


@pytest.mark.parametrize("configuration", ["tox.ini", "tox.toml", "pyproject.toml"])
def test_tox_hands_the_shim_on(site_of: Make, configuration: str, tmp_path: Path) -> None:
    site = site_of("version_specific")
    body = {
        "tox.ini": "[tox]\nenv_list = a\n[testenv]\npackage = wheel\nwheel_build_env = .pkg\n"
        'commands = python -c "import version_specific"\n',
        "tox.toml": 'env_list = ["a"]\n[env_run_base]\npackage = "wheel"\nwheel_build_env = ".pkg"\n'
        'commands = [["python", "-c", "import version_specific"]]\n',
        "pyproject.toml": '\n[tool.tox]\nenv_list = ["a"]\n[tool.tox.env_run_base]\npackage = "wheel"\n'
        'wheel_build_env = ".pkg"\ncommands = [["python", "-c", "import version_specific"]]\n',
    }[configuration]
    with (site.project / configuration).open("a") as file:
        file.write(body)
    for number in (1, 2):
        # A work folder of its own makes tox's packaging environment a new one.
        outcome = site.run(["tox", "-e", "a", "--workdir", str(tmp_path / f"tox-{number}")])
        assert outcome.recompiled == ()
        assert "pyo3" in outcome.fresh, "cargo was not started through the shim"


def test_packages_with_a_target_directory_and_a_path_dependency_in_common(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """A monorepo without a workspace (case W7): what both depend on is compiled for one, and stays for the other."""
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_text('[build]\ntarget-dir = "target"\n')
    (tmp_path / "common" / "src").mkdir(parents=True)
    (tmp_path / "common" / "Cargo.toml").write_text('[package]\nname = "common"\nversion = "0.1.0"\nedition = "2021"\n')
    (tmp_path / "common" / "src" / "lib.rs").write_text("pub fn answer() -> u32 { 42 }\n")
    sites = []
    for name in ("first", "second"):
        site = Site(bundled.copy("version_specific", tmp_path / name), tmp_path / f"{name}-scratch", environ)
        for file in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "src/lib.rs"):
            path = site.project / file
            path.write_text(path.read_text().replace("version_specific", name))
        site.edit("Cargo.toml", 'pyo3 = "0.30"', 'pyo3 = "0.30"\ncommon = { path = "../common" }')
        site.edit("src/lib.rs", "    42 * FACTOR", "    common::answer() * FACTOR")
        sites.append(site)
    for site in sites:
        site.build(uv)
    for site in [*sites, *sites]:
        built = site.build(uv)
        assert built.recompiled == ()
        assert site.answer(built) == 42
    (tmp_path / "common" / "src" / "lib.rs").write_text("pub fn answer() -> u32 { 43 }\n")
    for site in sites:
        assert site.answer(site.build(uv)) == 43
