"""`pyo3-base-python doctor`: what it prints, and its exit code."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.commands import cli
from pyo3_base_python.doctor import facts
from tests.unit.support import click_runner

from .support import WELL, decided

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from click.testing import Result


def doctor(*arguments: str) -> Result:
    return click_runner().invoke(cli.main, ["doctor", *arguments])


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[facts.Facts]:
    """What the doctor finds, whatever it looks at: the last of this list."""
    found = [WELL]
    monkeypatch.setattr(facts, "gather", lambda *_: found[-1])
    return found


@pytest.mark.usefixtures("given")
def test_where_all_is_well() -> None:
    done = doctor()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "Nothing stands in the way."


def test_a_problem_is_exit_code_1(given: list[facts.Facts]) -> None:
    given.append(WELL._replace(decision=decided(("mode", "PYO3_SHIM_MODE=off"))))
    done = doctor()
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "1 problem stands in the way."
    assert doctor("--json").exit_code == 1


def test_nothing_to_do_is_exit_code_0(given: list[facts.Facts]) -> None:
    given.append(WELL._replace(decision=decided(("no manifest", "there is no Cargo.toml here"))))
    done = doctor()
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "There is nothing to do for the shim here.")
    assert json.loads(doctor("--json").stdout)["nothing_to_do"] is True


def test_quiet_is_the_problems_only(given: list[facts.Facts]) -> None:
    assert (doctor("-q").exit_code, doctor("-q").output) == (0, "")
    given.append(WELL._replace(decision=decided(("mode", "PYO3_SHIM_MODE=off"))))
    done = doctor("-q")
    assert done.exit_code == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["problem", "hint:", "1"]


@pytest.mark.usefixtures("given")
def test_values_are_for_who_asks_for_them() -> None:
    assert "PYO3_BASE_PYTHON=" not in doctor().stdout
    assert "PYO3_BASE_PYTHON=/opt/python/bin/python3.11 (" in doctor("-v").stdout


@pytest.mark.usefixtures("given")
def test_json_is_all_of_stdout() -> None:
    assert json.loads(doctor("--json").stdout)["version"] == 1


@pytest.mark.parametrize("argument", ["there", None])
def test_the_folder_is_absolute_and_the_environment_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, argument: str | None
) -> None:
    seen: list[object] = []

    def gather(folder: str, environ: Mapping[str, str]) -> facts.Facts:
        seen.append((folder, environ == os.environ))
        return WELL

    monkeypatch.setattr(facts, "gather", gather)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    doctor(*([argument] if argument else []))
    assert seen == [(str(tmp_path / (argument or "")).rstrip("/"), True)]


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("typo/path", "there is no folder typo/path", "check the path, or go to the project and name none"),
        ("Cargo.toml", "Cargo.toml is a file", "name its folder: pyo3-base-python doctor ."),
        ("a b/Cargo.toml", "a b/Cargo.toml is a file", "name its folder: pyo3-base-python doctor 'a b'"),
    ],
)
def test_what_is_no_folder_is_a_line_a_hint_and_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, what: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    for folder in (tmp_path, tmp_path / "a b"):
        (folder / "Cargo.toml").touch()
    done = doctor(name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"pyo3-base-python: error: {what}", f"pyo3-base-python: hint: {hint}"]


def test_in_an_empty_folder_it_says_so_and_nothing_else(tmp_path: Path) -> None:
    done = doctor(str(tmp_path))
    what, hint, last = done.stdout.splitlines()
    assert (done.exit_code, last) == (0, "There is nothing to do for the shim here.")
    assert what.endswith(f"there is no project in {tmp_path}: neither pyproject.toml nor Cargo.toml")
    assert hint.endswith("go to the folder of one, or name it: pyo3-base-python doctor path/to/project")


def test_the_help_says_what_exit_codes_and_json_mean() -> None:
    done = doctor("--help")
    for words in ("Exit codes:", "something stands in the way", "would_set", "doctor --json"):
        assert words in done.stdout
