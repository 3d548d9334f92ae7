"""`pyo3-base-python`: promises that hold for all its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python import __version__
from pyo3_base_python.commands import cli
from tests.unit.commands.support import execute, invoke

if TYPE_CHECKING:
    from tests.unit.support import Wrapper


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(option: str) -> None:
    done = invoke(option)
    assert done.exit_code == 0
    assert sorted(cli.main.commands) == [*"adopt completion demo doctor env explain run stats store testbed".split()]
    for name in cli.main.commands:
        assert f"pyo3-base-python {name}" in done.stdout


COMMANDS = [["env"], ["env", "--format", "rust-analyzer"], ["store"], ["store", "--clear"], ["doctor"], ["demo"]]


@pytest.mark.parametrize("arguments", [*COMMANDS, ["testbed", "validate"], ["completion", "bash"]], ids=" ".join)
@pytest.mark.parametrize(
    "trouble", ["the folder is gone", "the disk is full", "nobody reads", "the store is no folder"]
)
def test_no_command_ends_with_a_traceback(wrapper: Wrapper, arguments: list[str], trouble: str, tmp_path: Path) -> None:
    """Whatever goes wrong around it: at most a line and a hint (a command that is not concerned just works)."""
    gone = tmp_path / "gone"
    gone.mkdir()
    lines = {
        "the folder is gone": f"cd '{gone}' && rmdir '{gone}' && exec \"$@\"",
        "the disk is full": 'exec "$@" >/dev/full',
        "nobody reads": 'exec "$@" | true',
        "the store is no folder": 'PYO3_SHIM_STORE=/dev/null/store exec "$@"',
    }
    # No cargo: the demo ends at once.
    environ = wrapper.variables(PATH="/usr/bin:/bin", PWD=os.fspath(gone))
    command = ["sh", "-c", lines[trouble], "sh", sys.executable, "-m", "pyo3_base_python", *arguments]
    done = subprocess.run(command, env=environ, cwd=wrapper.project, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2, done.stderr
    if done.returncode:
        assert done.stderr or done.stdout


def test_a_folder_that_is_gone_and_a_full_disk_are_told(wrapper: Wrapper, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    python = f"'{sys.executable}' -m pyo3_base_python"
    for line, code, words in (
        (f"cd '{gone}' && rmdir '{gone}' && {python} doctor", 8, "the current folder is gone"),
        (f"{python} env >/dev/full", 8, "No space left on device"),
    ):
        done = subprocess.run(["sh", "-c", line], env=wrapper.environ, capture_output=True, text=True, check=False)
        what, hint = done.stderr.splitlines()
        assert (done.returncode, what) == (code, f"pyo3-base-python: error: {words}")
        assert hint.startswith("pyo3-base-python: hint: ")


def test_version_is_the_packages(wrapper: Wrapper) -> None:
    assert execute(wrapper, "--version").stdout.decode().split()[-1] == __version__
