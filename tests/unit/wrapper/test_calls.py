"""The record of cargo's calls, written and read again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import calls
from tests.unit.support import posix


def noted(root: Path, package: str = "crate", profile_dir: str = "/target/debug", unpacked: str = "") -> None:
    calls.note(os.fspath(root), package, "/env/bin/python", profile_dir, unpacked)


def test_what_is_noted_is_read_in_order(tmp_path: Path) -> None:
    before = time.time_ns()
    noted(tmp_path)
    noted(tmp_path, "other", "/odd \udcff place/release", "/tmp/unpacked")
    first, second = calls.read(os.fspath(tmp_path))
    assert (first.package, first.python, first.profile_dir) == ("crate", "/env/bin/python", "/target/debug")
    assert (second.package, second.profile_dir) == ("other", "/odd \udcff place/release")
    assert (first.unpacked, second.unpacked) == ("", "/tmp/unpacked")
    assert before <= first.when <= second.when <= time.time_ns()


def test_there_are_none_where_nothing_was_noted(tmp_path: Path) -> None:
    assert list(calls.read(os.fspath(tmp_path))) == []


@pytest.mark.promise("fault")
def test_lines_that_are_none_are_passed_over(tmp_path: Path) -> None:
    noted(tmp_path)
    with (tmp_path / "calls" / "calls.txt").open("ab") as file:
        file.write(b"\n\xff\tb\n1\t/a\t/b\tc\n1\t/a\tb\tc\td\nx\t/a\t/b\tc\td\n")
    noted(tmp_path, "after")
    assert [call.package for call in calls.read(os.fspath(tmp_path))] == ["crate", "after"]


@pytest.mark.promise("fault")
def test_what_would_be_two_lines_is_not_noted(tmp_path: Path) -> None:
    noted(tmp_path, profile_dir="/a\nb")
    noted(tmp_path, profile_dir="/a\tb")
    assert list(calls.read(os.fspath(tmp_path))) == []


def test_the_list_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "LIMIT", 300)
    for number in range(100):
        noted(tmp_path, f"crate-{number}")
    found = [call.package for call in calls.read(os.fspath(tmp_path))]
    assert found[-1] == "crate-99"
    assert 4 <= len(found) <= 12
    assert found == [f"crate-{number}" for number in range(100 - len(found), 100)]


@posix("there are no pipes in folders there")
@pytest.mark.promise("fault")
@pytest.mark.parametrize("kind", ["file", "link", "pipe"])
def test_where_it_can_not_be_noted_nothing_happens(tmp_path: Path, kind: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    if kind == "file":
        (tmp_path / "calls").touch()
    else:
        (tmp_path / "calls").mkdir()
        if kind == "link":
            (tmp_path / "calls" / "calls.txt").symlink_to(precious)
        else:
            os.mkfifo(tmp_path / "calls" / "calls.txt")
    noted(tmp_path)
    assert precious.read_text() == "kept"
