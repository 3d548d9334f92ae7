"""Builds by a real cargo for Windows, where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "rust_fixture"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fixture", ["version_specific", "imports_by_variable"])
def test_the_second_and_the_third_isolated_build_compile_nothing(tmp_path: Path, fixture: str) -> None:
    if shutil.which("cargo") is None:
        pytest.skip("there is no cargo for Windows here")
    shutil.copytree(FIXTURES / fixture, tmp_path / "crate", ignore=shutil.ignore_patterns("target"))
    command = [sys.executable, "-m", "pyo3_base_python", "run", "--", sys.executable, "-m", "build", "--wheel"]
    compiled = []
    for _ in range(3):
        done = subprocess.run(command, cwd=tmp_path / "crate", env=os.environ, capture_output=True, check=False)
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, said
        compiled.append(said.count("   Compiling "))
    assert compiled[0] > 0
    assert compiled[1:] == [0, 0]
