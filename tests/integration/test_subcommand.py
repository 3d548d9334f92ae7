"""`cargo base-python` and maturin in one virtual environment: both use the same compiled pyo3."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable

import pytest

from .conftest import Outcome, Site

Make = Callable[[str], Site]
PYO3 = {"pyo3-ffi", "pyo3"}


@pytest.fixture
def site(site_of: Make) -> Site:
    """A crate in a folder that has a virtual environment ``env``."""
    made = site_of("version_specific")
    made.run(["uv", "venv", "-q", "--python", sys.executable, "env"], shim=False)
    return made


def active(site: Site, *command: str, extension_module: bool = False) -> Outcome:
    """Run ``command`` as in a shell where ``env`` is active."""
    env = site.project / "env"
    variables = {
        "VIRTUAL_ENV": os.fspath(env),
        "PATH": os.pathsep.join([os.fspath(env / "bin"), site.environ["PATH"]]),
        # For its subcommands cargo sets CARGO to itself: the recording one is named in the shim's own way.
        "PYO3_SHIM_CARGO": os.fspath(site.recorder.program),
    }
    if extension_module:
        variables["PYO3_BUILD_EXTENSION_MODULE"] = "1"
    inside = Site(site.project, site.scratch, {**site.environ, **variables})
    return inside.run(list(command), shim=False)


def test_cargo_finds_fresh_what_maturin_has_compiled_and_the_other_way_round(site: Site) -> None:
    active(site, "maturin-shim", "develop", "--release", "--uv")
    build = active(site, "cargo", "base-python", "build", "--release", extension_module=True)
    assert build.recompiled == ()
    assert {*PYO3, "version_specific"} <= set(build.fresh)
    again = active(site, "maturin-shim", "build", "--release", "-i", os.fspath(site.project / "env" / "bin" / "python"))
    assert again.recompiled == ()


def test_the_crate_itself_is_compiled_where_maturin_asks_for_one_of_its_crate_types(site: Site) -> None:
    """`--crate-type cdylib` is another unit of cargo's than the library with all that Cargo.toml says."""
    site.edit("Cargo.toml", '["cdylib"]', '["cdylib", "rlib"]')
    active(site, "maturin-shim", "develop", "--release", "--uv")
    build = active(site, "cargo", "base-python", "build", "--release", extension_module=True)
    assert build.recompiled == ("version_specific",)
    assert set(build.fresh) >= PYO3


def test_what_changes_linking_is_not_touched(site: Site) -> None:
    """Extension modules must not link to libpython, tests must: pyo3 watches the variable that maturin sets."""
    active(site, "maturin-shim", "develop", "--release", "--uv")
    build = active(site, "cargo", "base-python", "build", "--release")
    assert set(build.recompiled) == {*PYO3, "version_specific"}
    assert "the env variable PYO3_BUILD_EXTENSION_MODULE changed" in build.output


def test_with_the_feature_extension_module_nothing_needs_to_be_set(site: Site) -> None:
    site.edit("Cargo.toml", 'pyo3 = "0.30"', 'pyo3 = { version = "0.30", features = ["extension-module"] }')
    active(site, "maturin-shim", "develop", "--release", "--uv")
    build = active(site, "cargo", "base-python", "build", "--release")
    assert set(build.fresh) >= PYO3


def test_another_environment_of_the_same_python_compiles_nothing(site: Site) -> None:
    active(site, "cargo", "base-python", "build", "--release")
    site.run(["uv", "venv", "-q", "--python", sys.executable, "other"], shim=False)
    (site.project / "env").rename(site.project / "first")
    (site.project / "other").rename(site.project / "env")
    again = active(site, "cargo", "base-python", "build", "--release")
    assert again.recompiled == ()
    assert {*PYO3, "version_specific"} <= set(again.fresh)


@pytest.mark.quick
def test_help_is_there_by_each_way_to_ask_for_it(tmp_path: Path) -> None:
    site = Site(tmp_path, tmp_path / "scratch", dict(os.environ))
    for command in (
        ["cargo", "base-python", "--help"],
        ["cargo", "base-python", "-h"],
        ["cargo", "help", "base-python"],
    ):
        assert "Usage: cargo base-python <COMMAND>" in site.run(command, shim=False).output
    assert "cargo-base-python 0." in site.run(["cargo", "base-python", "--version"], shim=False).output
    assert "base-python" in site.run(["cargo", "--list"], shim=False).output
    missing = site.run(["cargo", "base-python"], shim=False, expect=2).output
    assert missing.splitlines() == [
        "pyo3-base-python: error: no cargo command is named",
        "pyo3-base-python: hint: for instance `cargo base-python test`",
    ]


@pytest.mark.quick
def test_what_is_cargos_own_stays_so(tmp_path: Path) -> None:
    site = Site(tmp_path, tmp_path / "scratch", dict(os.environ))
    for arguments in (["build", "--help"], ["--list"], ["version"]):
        ours = site.run(["cargo", "base-python", *arguments], shim=False)
        assert ours.output == site.run(["cargo", *arguments], shim=False).output
    site.run(["cargo", "base-python", "build"], shim=False, expect=101)
