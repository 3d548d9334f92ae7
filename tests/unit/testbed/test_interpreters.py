"""Several interpreters in turn: what the report says, and how disk space is counted."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pyo3_base_python.testbed.interpreters import Result, Round, Row, as_json, disk_usage, fields, sheet
from pyo3_base_python.testbed.tables import document

RESULT = Result(
    "example",
    ("3.11", "3.12"),
    [Row("plain", Round(("libc", "pyo3", "pyo3"), 12.34), Round(("pyo3", "pyo3"), 5.0), 99.6)],
    {"cargo": "1.95.0"},
)


def test_a_crate_counts_as_often_as_it_is_compiled() -> None:
    assert fields(RESULT) == [["plain", "3", "12.3", "2", "5.0", "100"]]


def test_document_names_project_interpreters_and_tools() -> None:
    text = document(sheet(RESULT))
    assert text.startswith("example for Python 3.11, 3.12 in turn")
    assert "| plain | 3 | 12.3 | 2 | 5.0 | 100 |" in text
    assert text.endswith("Made with cargo 1.95.0.\n")


def test_json_has_all_of_it_and_a_version() -> None:
    found = json.loads(as_json(RESULT))
    assert found["format"] == 1
    assert found["ways"][0]["warm"] == {"crates": ["pyo3", "pyo3"], "seconds": 5.0}
    assert sorted(found) == ["context", "format", "project", "versions", "ways"]


def test_a_file_with_two_names_takes_room_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(1_000_000))
    once = disk_usage(tmp_path)
    os.link(file, tmp_path / "other-name")
    assert disk_usage(tmp_path) == once
    assert 1_000_000 <= once < 1_200_000
