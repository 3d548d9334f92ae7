"""A cargo that is started by its name, by a program under `pyo3-base-python run`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

from .conftest import Site

Make = Callable[[str], Site]
NOXFILE = """\
import nox


@nox.session(python="{python}")
def tests(session):
    session.run("cargo", "test", external=True)
"""


@pytest.fixture
def site(site_of: Make) -> Site:
    """A crate, and the recording cargo first on PATH."""
    made = site_of("version_specific")
    (made.scratch / "bin").mkdir()
    (made.scratch / "bin" / "cargo").symlink_to(made.recorder.program)
    made.environ["PATH"] = os.pathsep.join([os.fspath(made.scratch / "bin"), made.environ["PATH"]])
    return made


@pytest.fixture
def program(site: Site) -> Callable[[str, str], None]:
    """Writes a program into a folder on PATH, from the body of a shell script."""

    def write(name: str, body: str) -> None:
        path = site.scratch / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    return write


def test_nox_that_starts_cargo_in_a_fresh_environment_compiles_nothing_the_second_time(site: Site) -> None:
    (site.project / "noxfile.py").write_text(NOXFILE.format(python=sys.executable))
    command = [sys.executable, "-m", "nox", "-s", "tests"]
    first = site.run(command)
    again = site.run(command)
    assert "version_specific" in first.recompiled
    assert "Re-using existing virtual environment" not in again.output
    assert again.recompiled == ()
    assert {"pyo3", "version_specific"} <= set(again.fresh)


def test_control_past_the_shim_it_compiles_each_time(site: Site) -> None:
    (site.project / "noxfile.py").write_text(NOXFILE.format(python=sys.executable))
    command = ["env", "PYO3_SHIM_PATH=off", "pyo3-base-python", "run", "--", sys.executable, "-m", "nox", "-s", "tests"]
    site.run(command, shim=False)
    assert "pyo3" in site.run(command, shim=False).recompiled


def test_a_subcommand_and_what_it_starts_see_what_they_saw(site: Site, program: Callable[[str, str], None]) -> None:
    program("cargo-where", 'echo "$CARGO $(command -v cargo) $(command -v rustc) $PATH"')
    plain = site.run(["sh", "-c", "cargo where"], shim=False)
    with_shim = site.run(["sh", "-c", "cargo where"])
    said = [line for line in plain.output.splitlines() if os.fspath(site.scratch) in line]
    assert said
    assert said == [line for line in with_shim.output.splitlines() if os.fspath(site.scratch) in line]


def test_a_build_script_that_starts_cargo_ends(site: Site) -> None:
    (site.project / "build.rs").write_text(
        "fn main() {\n"
        '    for name in ["cargo", "rustc"] {\n'
        '        let done = std::process::Command::new(name).arg("--version").status().unwrap();\n'
        "        assert!(done.success());\n"
        "    }\n"
        '    println!("cargo:rerun-if-env-changed=PATH");\n'
        "}\n"
    )
    line = ["sh", "-c", "cargo check"]
    site.run(line)
    assert site.run(line).recompiled == ()
    # Not the folder that is first on PATH outside.
    assert site.run(["cargo", "check"]).recompiled == ()


def test_rustups_toolchain_is_handed_on(site: Site) -> None:
    if shutil.which("rustup") is None:
        pytest.skip("there is no rustup on this machine")
    said = subprocess.run(["rustup", "show", "active-toolchain"], capture_output=True, text=True, check=True).stdout
    name = said.split()[0]
    (site.scratch / "bin" / "cargo").unlink()
    check = f"cargo +{name} check --offline && cargo +{name} --version"
    assert "cargo 1." in site.run(["sh", "-c", check]).output
    site.run(["sh", "-c", "cargo +no-such-toolchain --version"], expect=1)


@pytest.mark.quick
def test_where_no_pyo3_is_built_it_is_cargo(tmp_path: Path) -> None:
    site = Site(tmp_path, tmp_path / "scratch", dict(os.environ))
    for line in ("cargo --version", "cargo --list", "cargo metadata 2>&1; cd /; cargo build 2>&1; true"):
        assert site.run(["sh", "-c", line]).output == site.run(["sh", "-c", line], shim=False).output
