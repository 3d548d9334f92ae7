"""`env`: lines as each shell reads them, in the bytes that it reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.support import Wrapper


def env(wrapper: Wrapper, *options: str, **changes: str) -> bytes:
    command = [sys.executable, "-m", "pyo3_base_python", "env", *options]
    return subprocess.check_output(command, env=wrapper.variables(**changes), cwd=wrapper.project)


@pytest.mark.parametrize("form", ["sh", "bash", "fish", "direnv", "powershell", "json"])
def test_lines_end_as_those_shells_read_them(wrapper: Wrapper, form: str) -> None:
    """X6: `export CARGO=...\\r` names no file."""
    printed = env(wrapper, "--format", form)
    assert b"\r" not in printed
    assert b"cargo.exe" in printed


def test_the_lines_name_the_lasting_program(wrapper: Wrapper) -> None:
    assert json.loads(env(wrapper, "--format", "json"))["CARGO"] == wrapper.program
    assert env(wrapper, "--format", "powershell").splitlines()[0] == f"$env:CARGO = '{wrapper.program}'".encode()


def test_cmd_reads_its_lines(wrapper: Wrapper) -> None:
    (wrapper.folder / "on.cmd").write_bytes(env(wrapper, "--format", "cmd", TOX_OVERRIDE="a.b=100%"))
    (wrapper.folder / "all.cmd").write_bytes(b"@call on.cmd\r\n@set\r\n")
    printed = subprocess.check_output(["cmd", "/d", "/c", "all.cmd"], env=wrapper.environ, cwd=wrapper.folder)
    found = dict(line.split("=", 1) for line in printed.decode(errors="replace").splitlines() if "=" in line)
    assert found["CARGO"] == wrapper.program
    assert found["TOX_OVERRIDE"].startswith("a.b=100%;testenv.pass_env+=CARGO")


def test_unset_leads_back(wrapper: Wrapper) -> None:
    on = json.loads(env(wrapper, "--format", "json"))
    off = json.loads(env(wrapper, "--format", "json", "--unset", **on))
    assert off["CARGO"] is None
    assert set(off) == {"CARGO", "TOX_OVERRIDE"}


def test_off_is_off_and_run_says_what_is_set(wrapper: Wrapper) -> None:
    command = [sys.executable, "-m", "pyo3_base_python", "run", "-v", "--", wrapper.cargo, "build"]
    done = subprocess.run(command, env=wrapper.environ, cwd=wrapper.project, capture_output=True, check=False)
    assert done.returncode == 0
    assert f"pyo3-base-python: CARGO={wrapper.own_program}".encode() in done.stderr
    assert os.path.isfile(wrapper.own_program)
