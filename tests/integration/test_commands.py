"""The commands as users type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python import bundled

from .conftest import Site

Make = Callable[[str], Site]


def test_maturin_shim_builds_for_two_interpreters(site_of: Make, interpreters: dict[str, str]) -> None:
    """One maturin, two cargo calls: each sees its own interpreter, and the wrapper each in turn."""
    if "3.12" not in interpreters:
        pytest.skip("there is no Python 3.12 on this machine")
    site = site_of("version_specific")
    command = ["maturin-shim", "build", "--release", "-o", "wheels", "-i", sys.executable, "-i", interpreters["3.12"]]
    site.run(command, shim=False)
    here = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    tags = sorted(wheel.name.split("-")[2] for wheel in (site.project / "wheels").glob("*.whl"))
    assert tags == sorted([here, "cp312"])


def test_maturin_shim_in_a_virtual_environment_shares_with_isolated_builds(site_of: Make) -> None:
    site = site_of("version_specific")
    site.run(["uv", "venv", "-q", "--python", sys.executable, "env"], shim=False)
    python = site.project / "env" / "bin" / "python"
    site.run(["maturin-shim", "develop", "--release", "--uv"], shim=False, VIRTUAL_ENV=os.fspath(site.project / "env"))
    answer = subprocess.run(
        [python, "-c", "import version_specific; print(version_specific.answer())"],
        capture_output=True,
        text=True,
        check=True,
        env=site.environ,
    )
    assert answer.stdout == "42\n"
    second = site.run(["maturin-shim", "build", "--release", "-i", os.fspath(python)], shim=False)
    assert second.recompiled == ()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["build", "--help"], ["--version"], ["build", "--nonsense"], ["sdist"]]
)
@pytest.mark.quick
def test_maturin_shim_is_maturin(arguments: list[str], tmp_path: Path) -> None:
    """Same output, same exit code, whatever is asked."""
    answers = [
        subprocess.run([name, *arguments], capture_output=True, cwd=tmp_path, check=False)
        for name in ("maturin", "maturin-shim")
    ]
    assert answers[0].returncode == answers[1].returncode
    assert answers[0].stdout == answers[1].stdout
    assert answers[0].stderr == answers[1].stderr


def test_plain_cargo_behind_run(site_of: Make) -> None:
    """`run -- cargo` has the shim as well: pyo3 is what maturin has compiled."""
    site = site_of("version_specific")
    built = site.run(["cargo", "rustc", "--release", "--lib"], PYO3_BUILD_EXTENSION_MODULE="1")
    assert "pyo3-macros-backend" in built.fresh
    again = site.run(["cargo", "rustc", "--release", "--lib"], PYO3_BUILD_EXTENSION_MODULE="1")
    assert again.recompiled == ()


def test_exporting_cargo_by_hand_is_all_that_is_needed(site_of: Make) -> None:
    site = site_of("version_specific")
    printed = subprocess.run(
        ["pyo3-base-python", "env", "--format", "json"], capture_output=True, check=True, env=site.environ
    )
    cargo = json.loads(printed.stdout)["CARGO"]
    recording = os.fspath(site.recorder.program)
    outcome = site.run(
        ["uv", "build", "--wheel", "--python", sys.executable], shim=False, CARGO=cargo, PYO3_SHIM_CARGO=recording
    )
    assert outcome.recompiled == ()
    assert "pyo3" in outcome.fresh


def test_export_mode_sets_what_upstream_would(site_of: Make, tmp_path: Path) -> None:
    """`PYO3_BASE_PYTHON` alone: a released pyo3 does not know it, and is compiled again."""
    site = site_of("version_specific")
    log = tmp_path / "shim.log"
    for _ in range(2):
        outcome = site.run(
            ["uv", "build", "--wheel", "--python", sys.executable],
            PYO3_SHIM_MODE="export",
            PYO3_SHIM_LOG=os.fspath(log),
        )
    assert "pyo3" in outcome.recompiled
    (line, _) = [line for line in log.read_text().splitlines() if "cargo rustc" in line]
    assert f"PYO3_BASE_PYTHON={os.path.realpath(sys._base_executable)}" in line  # type: ignore[attr-defined]


@pytest.mark.quick
def test_a_wrong_base_python_is_an_error_with_both_paths(
    tmp_path: Path, environ: dict[str, str], interpreters: dict[str, str]
) -> None:
    if "3.12" not in interpreters:
        pytest.skip("there is no Python 3.12 on this machine")
    site = Site(bundled.copy("version_specific", tmp_path / "project"), tmp_path / "scratch", environ)
    other = interpreters["3.12"]
    outcome = site.run(["maturin", "build", "--release", "-i", sys.executable], expect=1, PYO3_BASE_PYTHON=other)
    assert f"PYO3_BASE_PYTHON is {other} (CPython 3.12" in outcome.output
    assert "another version" in outcome.output
    assert "unset PYO3_BASE_PYTHON" in outcome.output
