"""A build directory begins as a copy of what is compiled: while no cargo works, by the lock that cargo takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import build_dir
from pyo3_base_python.wrapper.errors import CannotSteady

# As cargo does it: LockFileEx, the whole file, for itself alone.
HOLDS = """
import msvcrt, os, sys
handle = os.open(sys.argv[1], os.O_RDWR)
msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    for name in ("deps", "build", ".fingerprint"):
        folder = tmp_path / "target" / "release" / name
        folder.mkdir(parents=True)
        (folder / "one").write_text(name)
    (tmp_path / "target" / "release" / ".cargo-lock").touch()
    return tmp_path / "target"


def test_it_is_copied(target: Path) -> None:
    build_dir.seed(os.fspath(target / "own"), "release")
    assert (target / "own" / "release" / "deps" / "one").read_text() == "deps"
    assert (target / "own" / "CACHEDIR.TAG").is_file()


@pytest.mark.promise("fault")
def test_it_is_not_copied_while_a_cargo_works(target: Path) -> None:
    command = [sys.executable, "-c", HOLDS, os.fspath(target / "release" / ".cargo-lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"locked\r\n"
        with pytest.raises(CannotSteady, match="another cargo is at work"):
            build_dir.seed(os.fspath(target / "own"), "release")
        holding.communicate()
    build_dir.seed(os.fspath(target / "own"), "release")
    assert (target / "own" / "release" / "build" / "one").read_text() == "build"
