"""How a cell is measured; the builds themselves are left to the integration tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyo3_base_python.testbed import building, hazards, matrix, measurement
from pyo3_base_python.testbed.candidates import RELEASED
from pyo3_base_python.testbed.evidence import BACKEND
from pyo3_base_python.testbed.hazards import Place
from pyo3_base_python.testbed.matrix import Cell, Choice, Outcome
from pyo3_base_python.testbed.tools import Python

from .conftest import IdleBench

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyo3_base_python.testbed.workfolder import WorkFolder

RELEASE = Choice(RELEASED, "1.0.0", "released 1.0.0")
CELL = Cell("maturin", "version-specific", RELEASE, RELEASE, "3.11", "uv", "off")


def place_of(bench: IdleBench, folder: Path, work: WorkFolder) -> Place:
    """A place without a second interpreter."""
    python = Python("/a/python", "3.11")
    return Place(python, None, folder / "crates", folder, bench, {"CARGO": "/a/cargo"}, (folder,), work)


def test_only_builds_that_no_seconds_are_counted_of_are_cheap(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seconds in the table are those of a release build; hazards only ask what was compiled, or what it says."""
    bench = IdleBench(tmp_path)
    tried: list[Mapping[str, str]] = []

    def attempt(cell: Cell, place: Place) -> dict[str, Outcome]:
        assert cell == CELL
        tried.append(place.environ)
        return {matrix.EDIT: Outcome(holds=True, what="")}

    monkeypatch.setattr(hazards, "TRIALS", {(matrix.EDIT,): attempt})
    monkeypatch.setattr(measurement, "check_answer", lambda *_: None)
    place = place_of(bench, tmp_path, work)
    found = measurement._measure(CELL, place, (matrix.EDIT,))
    assert found.hazards[matrix.EDIT].holds
    assert bench.given == [place.environ, place.environ]
    assert tried == [{**place.environ, **measurement.CHEAP}]


@pytest.mark.parametrize(
    ("left", "holds"),
    [(".cargo/config.toml", False), ("src/new.rs", False), ("build/lib/a.so", True), ("plain.egg-info/PKG-INFO", True)],
)
def test_what_a_candidate_leaves_in_the_tree_is_told_and_not_found_by_the_next(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch, left: str, *, holds: bool
) -> None:
    plain = tmp_path / "scenario" / "crates" / "plain"
    (plain / "src").mkdir(parents=True)
    (plain / "src" / "lib.rs").touch()

    class Leaving(IdleBench):
        def must_build(self, *arguments: Any) -> building.Built:
            (plain / left).parent.mkdir(exist_ok=True, parents=True)
            (plain / left).touch()
            return super().must_build(*arguments)

    monkeypatch.setattr(measurement, "check_answer", lambda *_: None)
    place = place_of(Leaving(tmp_path), tmp_path / "scenario", work)
    found = measurement._measure(CELL, place, (matrix.TREE,))
    assert found.hazards[matrix.TREE] == Outcome(
        holds, "as it was" if holds else f"made {left}", "" if holds else BACKEND
    )
    assert (tmp_path / "scenario").exists() == holds
