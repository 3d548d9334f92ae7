"""Two machines with one cache: what the report says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.testbed.compiler_cache import Counted
from pyo3_base_python.testbed.machines import Result, Row, as_json, fields, fresh_checkout, sheet
from pyo3_base_python.testbed.tables import document

if TYPE_CHECKING:
    from pyo3_base_python.testbed.workfolder import WorkFolder

RESULT = Result(
    "example",
    [
        Row("sccache", "first", Counted(0, 14, 9), ("libc", "pyo3"), 48.51),
        Row("sccache", "second", Counted(12, 2, 9), ("pyo3",), 10.0),
    ],
    {"sccache": "0.16.0"},
)


def test_each_machine_has_a_row() -> None:
    assert fields(RESULT) == [
        ["sccache", "first", "48.5", "23", "0", "14", "9", "all"],
        ["sccache", "second", "10.0", "23", "12", "2", "9", "pyo3"],
    ]


def test_document_names_project_and_tools() -> None:
    text = document(sheet(RESULT))
    assert text.startswith("example on machines")
    assert "| sccache | second | 10.0 | 23 | 12 | 2 | 9 | pyo3 |" in text
    assert text.endswith("Made with sccache 0.16.0.\n")


def test_json_has_all_of_it_and_a_version() -> None:
    found = json.loads(as_json(RESULT))
    assert sorted(found) == ["builds", "context", "format", "project"]
    assert found["format"] == 1
    assert found["builds"][1] == {
        "way": "sccache",
        "machine": "second",
        "counted": {"hits": 12, "misses": 2, "not_cacheable": 9},
        "missed": ["pyo3"],
        "seconds": 10.0,
    }


@pytest.mark.parametrize("target", ["target", "rust/target"])
@pytest.mark.parametrize("keep", [False, True])
def test_a_fresh_checkout_is_at_the_same_path_and_of_now(work: WorkFolder, target: str, keep: bool) -> None:
    tree = work.top / "tree"
    (tree / "rust").mkdir(parents=True)
    (tree / "rust" / "Cargo.toml").write_text("")
    os.utime(tree / "rust" / "Cargo.toml", (0, 0))
    first = fresh_checkout(tree, work, keep_targets=False)
    built = first / target / "release"
    built.mkdir(parents=True)
    (built.parent / ".rustc_info.json").write_text("")
    (built / "artifact").write_text("")
    os.utime(built / "artifact", (1, 1))
    (first / "left-over").write_text("")

    second = fresh_checkout(tree, work, keep_targets=keep)
    assert second == first
    assert (second / "rust" / "Cargo.toml").stat().st_mtime > 1
    assert not (second / "left-over").exists()
    assert (second / target).exists() == keep
    if keep:
        assert Path(built / "artifact").stat().st_mtime == 1
