"""The state file: an interrupted run continues where it stopped, and trusts no torn line."""

from __future__ import annotations

import json
from pathlib import Path

from pyo3_base_python.testbed.matrix import Cause, Found, Outcome
from pyo3_base_python.testbed.results import FORMAT, State

STALE = Outcome(holds=False, what="stale", half="the backend")
FOUND = Found(("pyo3-ffi", "pyo3"), 7.25, {"edit": STALE}, cause=Cause("PYO3_PYTHON changed", "pyo3"))
OTHER = Found((), 1.5, {})


def test_what_one_run_adds_the_next_one_has(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "state.jsonl"
    first = State(file)
    assert first.get("a") is None
    first.add("a", FOUND)
    first.add("b", OTHER)
    second = State(file)
    assert (second.get("a"), second.get("b"), second.get("c")) == (FOUND, OTHER, None)


def test_a_torn_line_loses_its_own_cell_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    State(file).add("a", FOUND)
    State(file).add("b", OTHER)
    file.write_text(file.read_text()[:-20])
    torn = State(file)
    assert (torn.get("a"), torn.get("b")) == (FOUND, None)
    torn.add("c", OTHER)
    again = State(file)
    assert (again.get("a"), again.get("b"), again.get("c")) == (FOUND, None, OTHER)


def test_another_format_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    State(file).add("a", FOUND)
    file.write_text(file.read_text().replace(json.dumps({"format": FORMAT}), json.dumps({"format": FORMAT + 1})))
    state = State(file)
    assert state.get("a") is None
    state.add("b", OTHER)
    assert State(file).get("b") == OTHER


def test_restart_forgets(tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    State(file).add("a", FOUND)
    assert State(file, restart=True).get("a") is None
    assert State(file).get("a") is None


def test_an_empty_file_is_a_beginning(tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    file.touch()
    State(file).add("a", FOUND)
    assert State(file).get("a") == FOUND
