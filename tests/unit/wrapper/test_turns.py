"""Builds into one folder take turns: by processes of their own, since a record lock is a process's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import turns
from pyo3_base_python.wrapper.command_line import parse
from tests.unit.support import posix

pytestmark = posix("there are no record locks on Windows")

HOLDS = """\
import os, sys
from pyo3_base_python.wrapper import turns
from pyo3_base_python.wrapper.command_line import parse
turns.take(parse(sys.argv[2:]), sys.argv[1], lambda: print("waits", flush=True))
# As the wrapper does: the lock goes with the process, through exec, and not to a child's child.
os.execv("/bin/sh", ["sh", "-c", "echo held; read line; echo ended"])
"""
# Does not end when what it has started ends, as a backend that takes what was built.
BACKEND = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]]); print('takes', flush=True); input()"


def begin(file: Path, *call: str, backend: bool = False) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *(["-c", BACKEND] if backend else []), "-c", HOLDS, file, *(call or ["build"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.promise("stale")
def test_the_second_build_begins_when_the_first_has_ended(tmp_path: Path) -> None:
    with begin(tmp_path / "lock") as first:
        assert said(first) == "held"
        with begin(tmp_path / "lock", "rustc") as second:
            assert said(second) == "waits"
            first.communicate("\n")
            assert said(second) == "held"
            second.communicate("\n")


def waits_for_the_parent(file: Path, *call: str, early: bool) -> bool:
    """Whether a build begins only when the parent of the one before, by ``call``, has ended.

    ``early``: it begins while the other one holds the lock.

    """
    with begin(file, *call, backend=True) as first:
        assert said(first) == "held"
        assert first.stdin is not None
        second = begin(file) if early else None
        if second is not None:
            assert said(second) == "waits"
        first.stdin.write("\n")
        first.stdin.flush()
        assert (said(first), said(first)) == ("ended", "takes")
        with second or begin(file) as second:
            assert second.stdout is not None
            time.sleep(0.5)
            os.set_blocking(second.stdout.fileno(), False)
            begun = second.stdout.readline()
            os.set_blocking(second.stdout.fileno(), True)
            first.communicate("\n")
            assert begun or said(second) == "held"
            second.communicate("\n")
            return not begun


READ = "--message-format=json"


@pytest.mark.promise("stale")
@pytest.mark.parametrize("early", [True, False])
def test_a_backend_takes_what_was_built_before_the_next_build_begins(tmp_path: Path, early: bool) -> None:
    assert waits_for_the_parent(tmp_path / "lock", "rustc", READ, early=early)
    assert not waits_for_the_parent(tmp_path / "lock", "check", READ, early=early), "nobody takes anything"
    assert not waits_for_the_parent(tmp_path / "lock", "build", early=early), "a user, in a shell that stays"


def test_a_number_from_long_ago_is_no_backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_wait_for_the_end_of", pytest.fail)
    lock = tmp_path / "lock"
    lock.write_text(f"{os.getppid()}")
    os.utime(lock, (time.time() - 3600, time.time() - 3600))
    turns.take(parse(["build"]), os.fspath(lock), pytest.fail)


@pytest.mark.promise("fault")
def test_nobody_waits_for_ever_for_a_parent_that_stays_or_waits_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SECONDS_TO_TAKE", 0.1)
    for text in (b"%d" % os.getpid(), b"1", b"", b"no number", b"9" * 20):
        turns._wait_for_the_end_of(text, unless=0)
    monkeypatch.setattr(turns, "SECONDS_TO_TAKE", 3600)
    turns._wait_for_the_end_of(b"%d" % os.getppid(), unless=os.getppid())


@pytest.mark.promise("fault")
def test_a_build_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with begin(tmp_path / "lock") as first:
        assert said(first) == "held"
        first.kill()
    with begin(tmp_path / "lock") as second:
        assert said(second) == "held"
        second.communicate("\n")


@pytest.mark.promise("fault")
@pytest.mark.parametrize("subcommand", ["run", "test"])
def test_what_runs_a_program_waits_for_nobody(tmp_path: Path, subcommand: str) -> None:
    with begin(tmp_path / "lock") as first:
        assert said(first) == "held"
        with begin(tmp_path / "lock", subcommand) as second:
            assert said(second) == "held"
            second.communicate("\n")
        first.communicate("\n")


@pytest.mark.promise("fault")
def test_where_there_can_be_no_lock_there_is_none(tmp_path: Path) -> None:
    turns.take(parse(["build"]), os.fspath(tmp_path / "nowhere" / "lock"), pytest.fail)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    turns.take(parse(["build"]), os.fspath(tmp_path / "link"), pytest.fail)
    assert not (tmp_path / "elsewhere").exists()
