"""Two machines with one cache: what the report says."""

from __future__ import annotations

import json

from pyo3_base_python.testbed.compiler_cache import Counted
from pyo3_base_python.testbed.machines import Result, Row, Visit, as_json, fields, markdown

RESULT = Result(
    "example",
    [Row("sccache", Visit(Counted(0, 14, 9), ("libc", "pyo3"), 48.51), Visit(Counted(12, 2, 9), ("a", "pyo3"), 10.0))],
    {"sccache": "0.16.0"},
)


def test_counts_are_those_of_the_second_machine() -> None:
    assert fields(RESULT) == [["sccache", "48.5", "10.0", "23", "12", "2", "9", "a, pyo3"]]


def test_document_names_project_and_tools() -> None:
    text = markdown(RESULT)
    assert text.startswith("example on two machines")
    assert "| sccache | 48.5 | 10.0 | 23 | 12 | 2 | 9 | a, pyo3 |" in text
    assert text.endswith("Made with sccache 0.16.0.\n")


def test_json_has_both_machines_and_a_version() -> None:
    found = json.loads(as_json(RESULT))
    assert sorted(found) == ["context", "format", "project", "ways"]
    assert found["format"] == 1
    (way,) = found["ways"]
    assert way["way"] == "sccache"
    assert way["first"]["missed"] == ["libc", "pyo3"]
    assert way["second"]["counted"] == {"hits": 12, "misses": 2, "not_cacheable": 9}
