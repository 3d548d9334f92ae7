"""What the shim has saved, counted from the known calls and from cargo's fingerprints."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from pyo3_base_python.commands import stats
from pyo3_base_python.commands.cli import main
from pyo3_base_python.wrapper import calls
from pyo3_base_python.wrapper.calls import Call
from tests.unit.test_fingerprints import unit

AFTER = 2000 * 10**9  # ns: later than all units were compiled


@pytest.fixture
def profile_dir(tmp_path: Path) -> Path:
    """Three units that depend on the interpreter, two seconds each, and one that does not."""
    folder = tmp_path / "target" / "debug"
    unit(folder, "libc", 1)
    unit(folder, "pyo3-ffi", 2, variable="PYO3_CONFIG_FILE")
    unit(folder, "pyo3", 3, 1, 2)
    unit(folder, "crate", 4, 3)
    return folder


def call(folder: Path, python: str, when: int = AFTER, *, unpacked: str = "", package: str = "crate") -> Call:
    return Call(when, package, python, os.fspath(folder), unpacked)


def counted(*known: Call) -> tuple[int, int, float]:
    (found,) = stats.count(known)
    return found.calls, found.crates, found.seconds


def test_another_interpreter_is_what_would_have_compiled_all_that_depends_on_it(profile_dir: Path) -> None:
    assert counted(call(profile_dir, "/a")) == (0, 0, 0.0)
    assert counted(call(profile_dir, "/a"), call(profile_dir, "/b")) == (1, 3, 6.0)
    assert counted(*(call(profile_dir, f"/{number}") for number in range(4))) == (3, 9, 18.0)


def test_the_same_interpreter_would_have_compiled_nothing(profile_dir: Path) -> None:
    assert counted(call(profile_dir, "/a"), call(profile_dir, "/a")) == (0, 0, 0.0)


def test_in_the_place_for_an_sdist_all_would_have_been_compiled(profile_dir: Path) -> None:
    assert counted(call(profile_dir, "/a", unpacked="/tmp/1")) == (1, 4, 8.0)


def test_what_was_compiled_in_the_call_or_after_it_was_not_spared(profile_dir: Path) -> None:
    before = 1001 * 10**9
    assert counted(call(profile_dir, "/a", unpacked="/tmp/1", when=before)) == (0, 0, 0.0)
    unit(profile_dir, "edited", 5, 3, started=3000.0)
    assert counted(call(profile_dir, "/a"), call(profile_dir, "/b")) == (1, 3, 6.0)


def test_what_another_project_has_in_the_place_is_not_counted(profile_dir: Path) -> None:
    unit(profile_dir, "itoa", 5)
    unit(profile_dir, "other", 6, 3, 5)
    assert counted(call(profile_dir, "/a", unpacked="/tmp/1")) == (1, 4, 8.0)
    assert counted(call(profile_dir, "/a"), call(profile_dir, "/b")) == (1, 3, 6.0)


def test_each_call_of_one_build_counts_what_those_before_it_have_not(profile_dir: Path) -> None:
    unit(profile_dir, "second", 5, 3)
    for trees, pythons in ((("/tmp/1", "/tmp/2"), "aa"), (("", "", ""), "abc")):
        packages = ("crate", "second", "crate", "second")
        known = [
            call(profile_dir, f"/{python}", unpacked=tree, package=package)
            for tree, python in zip(trees, pythons)
            for package in packages
        ]
        crate, second = stats.count(known)
        assert (crate.calls, crate.crates) == (2, 8 if trees[0] else 6)
        assert (second.calls, second.crates) == (2, 2)


def test_the_root_of_a_workspace_without_a_package_builds_all_of_it(profile_dir: Path) -> None:
    assert counted(*(call(profile_dir, python, package="-") for python in ("/a", "/b"))) == (1, 3, 6.0)


def test_places_are_told_apart(profile_dir: Path, tmp_path: Path) -> None:
    (found,) = stats.count([call(profile_dir, "/a"), call(tmp_path / "elsewhere", "/b"), call(profile_dir, "/a")])
    assert found.crates == 0


def test_the_command_shows_and_forgets(profile_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / "store"))
    unit(profile_dir, "other", 5, 2, started=1100.0)
    run = CliRunner().invoke
    assert run(main, ["stats"]).output == "no call of cargo with the shim is known yet\n"
    for package, python in (("crate", "/a"), ("crate", "/b"), ("other", "/a")):
        calls.note(os.fspath(tmp_path / "store"), package, python, os.fspath(profile_dir))
    first, crate, other, total = run(main, ["stats"]).output.splitlines()
    assert first.startswith("since 20")
    assert crate == "crate      3 crates kept fresh in 1 build, about 6 s of compiling"
    assert other == "other      2 crates kept fresh in 1 build, about 4 s of compiling"
    assert total == "all        5 crates kept fresh in 2 builds, about 10 s of compiling"
    data = json.loads(run(main, ["stats", "--json"]).output)
    assert data["format"] == 1
    assert data["packages"][0] == {"package": "crate", "calls": 1, "crates": 3, "seconds": 6.0}
    assert run(main, ["stats", "--zero"]).exit_code == 0
    assert json.loads(run(main, ["stats", "--json"]).output) == {"format": 1, "since": None, "packages": []}


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (61, "1 min 1 s"), (7300, "2 h 1 min")])
def test_times_are_in_words(seconds: float, words: str) -> None:
    assert stats._shown(seconds) == words


def test_a_package_that_nothing_was_saved_for_is_not_shown_beside_others(
    profile_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / "store"))
    run = CliRunner().invoke
    calls.note(os.fspath(tmp_path / "store"), "none", "/a", os.fspath(tmp_path / "empty"))
    _, only = run(main, ["stats"]).output.splitlines()
    assert only == "none      0 crates kept fresh in 0 builds, about 0 s of compiling"
    for python in ("/a", "/b"):
        calls.note(os.fspath(tmp_path / "store"), "crate", python, os.fspath(profile_dir))
    _, crate = run(main, ["stats"]).output.splitlines()
    assert crate.startswith("crate ")
