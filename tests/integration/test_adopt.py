"""An adopted project is built by front ends that know nothing of the shim, and no variable names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest
import tomlkit

from .conftest import FRONT_ENDS, FrontEnd, Outcome, Site, build, pip, uv
from .test_pyo3_versions import write_crate

MAKE = Callable[[str], "Adopted"]
# Without a CARGO of ours: the recording cargo is the one on PATH.
NO_CARGO = ["env", "-u", "CARGO"]


class Adopted:
    """A bundled crate that has been adopted, in a repository of its own, and what is done with it."""

    def __init__(self, site: Site, links: Path) -> None:
        self.site = site
        commands = site.scratch / "bin"
        commands.mkdir()
        (commands / "cargo").symlink_to(site.recorder.program)
        site.environ["PATH"] = os.pathsep.join([os.fspath(commands), site.environ["PATH"]])
        site.environ["PIP_FIND_LINKS"] = f"{site.environ.get('PIP_FIND_LINKS', '')} {links}".strip()
        site.environ["UV_FIND_LINKS"] = ",".join(filter(None, [site.environ.get("UV_FIND_LINKS"), os.fspath(links)]))
        self.git("init", "--quiet")
        self.git("add", "pyproject.toml", "Cargo.toml", "src")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "as it is")
        self.run(["pyo3-base-python", "adopt"])

    def build(self, front_end: FrontEnd, **variables: str) -> Outcome:
        """Build a wheel."""
        return self.site.build(lambda site, wheels: [*NO_CARGO, *front_end(site, wheels)], shim=False, **variables)

    def run(self, command: list[str], **variables: str) -> Outcome:
        """Run a command in the project's folder."""
        return self.site.run([*NO_CARGO, *command], shim=False, expect=0, **variables)

    def required(self) -> list[str]:
        """The build requirements."""
        text = (self.site.project / "pyproject.toml").read_text(encoding="utf-8")
        return [str(each) for each in tomlkit.parse(text).unwrap()["build-system"]["requires"]]

    def git(self, *arguments: str) -> str:
        """The output of git in the project's folder."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.site.project,
            env=self.site.environ,
            check=True,
            capture_output=True,
            text=True,
        ).stdout


@pytest.fixture
def adopted(site_of: Callable[[str], Site], shim_index: Path) -> MAKE:
    """A copy of a bundled crate that has been built before, and is adopted."""
    return lambda name: Adopted(site_of(name), shim_index)


@pytest.mark.parametrize("crate", ["version_specific", "setuptools_rust"])
@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_second_isolated_build_compiles_nothing(adopted: MAKE, crate: str, front_end: FrontEnd) -> None:
    project = adopted(crate)
    project.build(front_end)
    second = project.build(front_end)
    assert second.recompiled == ()
    assert "pyo3" in second.fresh
    assert project.site.answer(second) == 42
    project.run(["pyo3-base-python", "adopt", "--undo"])
    assert project.git("diff") == ""


def test_a_build_installs_one_distribution_besides_its_own_backend(adopted: MAKE) -> None:
    project = adopted("version_specific")
    outcome = project.build(lambda site, wheels: [*pip(site, wheels), "--verbose"])
    (line,) = (line for line in outcome.output.splitlines() if line.strip().startswith("Successfully installed "))
    names = {word.rpartition("-")[0].replace("_", "-") for word in line.split()[2:]}
    assert names - {"tomli"} == {"maturin", "pyo3-base-python-core"}  # tomli: maturin's own, before Python 3.11


@pytest.mark.parametrize("crate", ["version_specific", "setuptools_rust"])
def test_front_ends_in_turn_share_what_is_compiled(adopted: MAKE, crate: str) -> None:
    """Each has the launcher written anew from an environment of its own, to the same path and with the same content."""
    project = adopted(crate)
    launchers = set()
    for front_end in (uv, build, pip, uv):
        outcome = project.build(front_end)
        assert (front_end, outcome.recompiled) == (front_end, ())
        assert "pyo3" in outcome.fresh
        (own,) = Path(project.site.environ["PYO3_SHIM_STORE"]).glob("wrapper/*/bin/cargo")
        launchers.add(own.read_bytes())
    assert len(launchers) == 1


def test_oldest_python_that_the_backend_runs_on(
    tmp_path: Path, environ: dict[str, str], interpreters: dict[str, str], shim_index: Path
) -> None:
    """Maturin's template for new projects says `requires-python = ">=3.8"`; pyo3 builds for that up to 0.26."""
    if "3.8" not in interpreters:
        pytest.skip("there is no Python 3.8 on this machine")
    site = Site(write_crate(tmp_path / "example", "0.26.0"), tmp_path / "scratch", environ)
    site.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.1.0"\nrequires-python = ">=3.8"')
    site.python = interpreters["3.8"]
    project = Adopted(site, shim_index)
    project.build(uv)
    second = project.build(uv)
    assert second.recompiled == ()
    assert "pyo3" in second.fresh
    assert site.call(second, "module.__name__").endswith("example")


@pytest.mark.promise("stale")
@pytest.mark.parametrize("crate", ["version_specific", "setuptools_rust"])
def test_an_edited_source_reaches_the_wheel(adopted: MAKE, crate: str) -> None:
    project = adopted(crate)
    project.build(uv)
    project.site.edit("src/lib.rs", "42", "43")
    assert project.site.answer(project.build(uv)) == 43


@pytest.mark.parametrize("crate", ["version_specific", "setuptools_rust"])
def test_an_editable_install_works_with_pip_and_with_uv(adopted: MAKE, crate: str, tmp_path: Path) -> None:
    project = adopted(crate)
    # setuptools leaves a module that is in no package in the project's folder, and finds it only there.
    module, folder = {"setuptools_rust": ("setuptools_rust_fixture", project.site.project)}.get(
        crate, (crate, tmp_path)
    )
    for number, installer in enumerate(["pip", "uv", "pip"]):
        subprocess.run([sys.executable, "-m", "venv", tmp_path / str(number)], check=True)
        python = os.fspath(tmp_path / str(number) / "bin" / "python")
        install = {"pip": [python, "-m", "pip", "install"], "uv": ["uv", "pip", "install", "--python", python]}
        outcome = project.run([*install[installer], "--editable", "."])
        # The first one is the first without optimisation.
        assert number == 0 or (outcome.recompiled == () and "pyo3" in outcome.fresh)
        answer = subprocess.run(
            [python, "-c", f"import {module}; print({module}.answer())"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (answer.stdout, answer.stderr) == ("42\n", "")


def test_without_isolation_as_well(adopted: MAKE, tmp_path: Path) -> None:
    """There the environment has to have the backend."""
    project = adopted("version_specific")
    subprocess.run(["uv", "venv", "--quiet", "--seed", "--python", sys.executable, tmp_path / "env"], check=True)
    project.site.python = os.fspath(tmp_path / "env" / "bin" / "python")
    project.run(["uv", "pip", "install", "--quiet", "--python", project.site.python, *project.required()])
    outcome = project.build(lambda site, wheels: [*pip(site, wheels), "--no-build-isolation"])
    assert outcome.recompiled == ()
    assert "pyo3" in outcome.fresh
    assert project.site.answer(outcome) == 42


def test_a_cargo_that_is_the_launcher_already_is_no_matter(adopted: MAKE) -> None:
    """Who has `eval "$(pyo3-base-python env)"` in a profile."""
    project = adopted("version_specific")
    prefix = ["pyo3-base-python", "run", "--"]
    outcome = project.build(lambda site, wheels: [*prefix, *uv(site, wheels)])
    assert outcome.recompiled == ()
    assert "pyo3" in outcome.fresh


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    ("variable", "value"), [("PYO3_SHIM_MODE", "off"), ("PYO3_SHIM_STORE", "/dev/null/store")], ids=["off", "no store"]
)
def test_the_project_is_built_without_the_shim_where_it_is_off_or_can_not_work(
    adopted: MAKE, variable: str, value: str
) -> None:
    project = adopted("version_specific")
    outcome = project.build(build, **{variable: value})
    assert project.site.answer(outcome) == 42
    assert "pyo3" in outcome.recompiled
    said = [line for line in outcome.output.splitlines() if line.startswith("pyo3-base-python: ")]
    assert len(said) == (0 if value == "off" else 1)


@pytest.mark.parametrize("front_end", [pytest.param(uv, id="uv"), pytest.param(build, id="build")])
def test_an_sdist_asks_for_the_backend_and_is_built_with_it(adopted: MAKE, front_end: FrontEnd) -> None:
    """Who builds from a published sdist of an adopted project needs this package as well; maturin does not warn."""
    project = adopted("version_specific")
    outcome = project.build(lambda site, wheels: [part for part in front_end(site, wheels) if part != "--wheel"])
    assert project.site.answer(outcome) == 42
    assert "is not set to `maturin`" not in outcome.output
