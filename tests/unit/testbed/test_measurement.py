"""How a cell is measured; the builds themselves are left to the integration tests."""

from __future__ import annotations

from pathlib import Path

from pyo3_base_python.measure import Compiled
from pyo3_base_python.testbed import building, hazards, matrix, measurement
from pyo3_base_python.testbed.candidates import RELEASED
from pyo3_base_python.testbed.hazards import Place
from pyo3_base_python.testbed.matrix import Cell, Choice, Outcome
from pyo3_base_python.testbed.tools import Python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pyo3_base_python.testbed.workfolder import WorkFolder

RELEASE = Choice(RELEASED, "1.0.0", "released 1.0.0")
CELL = Cell("maturin", "version-specific", RELEASE, RELEASE, "3.11", "uv", "off")


class Bench(building.Bench):
    """Builds nothing, and remembers with which variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given: list[Mapping[str, str]] = []

    def begin(self, step: str) -> None:
        """As the real one."""

    def must_build(self, what: str, commands: object, environ: Mapping[str, str], project: Path) -> building.Built:
        """As the real one."""
        del what, commands, project
        self.given.append(environ)
        return building.Built(0, Compiled((), ()), 1.0, self.folder / "a.whl", "")


def test_only_builds_that_no_seconds_are_counted_of_are_cheap(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seconds in the table are those of a release build; hazards only ask what was compiled, or what it says."""
    bench = Bench(tmp_path)
    tried: list[Mapping[str, str]] = []

    def attempt(cell: Cell, place: Place) -> dict[str, Outcome]:
        assert cell == CELL
        tried.append(place.environ)
        return {matrix.EDIT: Outcome(holds=True, what="")}

    monkeypatch.setattr(hazards, "TRIALS", {(matrix.EDIT,): attempt})
    monkeypatch.setattr(measurement, "check_answer", lambda *_: None)
    environ = {"CARGO": "/a/cargo"}
    python = Python("/a/python", "3.11")
    place = Place(python, None, tmp_path, tmp_path, bench, environ, (tmp_path,), work)
    found = measurement._measure(CELL, place, (matrix.EDIT,))
    assert found.hazards[matrix.EDIT].holds
    assert bench.given == [environ, environ]
    assert tried == [{**environ, **measurement.CHEAP}]
