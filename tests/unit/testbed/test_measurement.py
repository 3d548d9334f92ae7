"""How a cell is measured; the builds themselves are left to the integration tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pyo3_base_python.measure import Compiled
from pyo3_base_python.testbed import building, hazards, matrix, measurement
from pyo3_base_python.testbed.candidates import RELEASED
from pyo3_base_python.testbed.evidence import BACKEND, PYO3
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.hazards import Place
from pyo3_base_python.testbed.matrix import Cell, Choice, Outcome
from pyo3_base_python.testbed.tools import Python
from pyo3_base_python.wrapper.errors import ShimError

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


def test_litter_is_removed_if_a_later_build_fails_too(tmp_path: Path, work: WorkFolder) -> None:
    plain = tmp_path / "scenario" / "crates" / "plain"
    plain.mkdir(parents=True)

    class Failing(IdleBench):
        def must_build(self, *_: Any) -> building.Built:
            (plain / "left").symlink_to(tmp_path / "nowhere")
            raise ShimError("does not build", exit_code=Exit.BUILD)

    with pytest.raises(ShimError):
        measurement._measure(CELL, place_of(Failing(tmp_path), tmp_path / "scenario", work), ())
    assert not plain.exists()


def test_a_build_that_fails_is_a_result_with_the_half_that_wrote_the_code(
    work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(*_: object) -> Place:
        raise ShimError("it: error: could not compile `pyo3-ffi`", "the whole output is in x.log", Exit.BUILD)

    monkeypatch.setattr(measurement, "prepare", prepare)
    bed = measurement.Bed(measurement.Subjects({}, {}, {}), work, {}, print)
    found = measurement.measure(CELL, "maturin", (), bed)
    assert found.error == "it: error: could not compile `pyo3-ffi`; the whole output is in x.log"
    (verdict,) = matrix.judge(CELL, found, 23)
    assert (verdict.what, verdict.half) == ("build", PYO3)


def test_with_the_shim_neither_half_is_to_blame(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Outcome(holds=False, what="stale", half=BACKEND)
    monkeypatch.setattr(hazards, "TRIALS", {(matrix.EDIT,): lambda *_: {matrix.EDIT: stale}})
    monkeypatch.setattr(measurement, "check_answer", lambda *_: None)
    halves = {}
    for shim in ("off", "full"):
        cell = CELL._replace(shim=shim)
        found = measurement._measure(cell, place_of(IdleBench(tmp_path), tmp_path, work), (matrix.EDIT,))
        halves[shim] = found.hazards[matrix.EDIT].half
    assert halves == {"off": BACKEND, "full": ""}


def test_what_cargo_compiles_is_told_with_the_step(tmp_path: Path) -> None:
    told: list[str] = []
    bench = building.Bench(tmp_path, os.environ, told.append)
    bench.begin("second build")
    bench.recorder.log.write_text("   Compiling pyo3 v0.30.1\n")
    bench._tell()
    assert told == ["second build", "second build: cargo compiles pyo3 (crate 1)"]


@pytest.mark.parametrize("crates", [(), ("pyo3",)])
@pytest.mark.parametrize("other", [None, Python("/b/python", "3.12")])
def test_a_hazard_that_would_not_be_seen_is_not_tried(
    tmp_path: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch, crates: tuple[str, ...], other: Python | None
) -> None:
    class Compiling(IdleBench):
        def must_build(self, *arguments: Any) -> building.Built:
            return super().must_build(*arguments)._replace(compiled=Compiled(crates, ()))

    names = (matrix.EDIT, matrix.CFGS, matrix.PLAIN_CARGO)
    well = Outcome(holds=True, what="")
    monkeypatch.setattr(hazards, "TRIALS", {(name,): lambda *_: dict.fromkeys(names, well) for name in names})
    monkeypatch.setattr(measurement, "check_answer", lambda *_: None)
    place = place_of(Compiling(tmp_path), tmp_path, work)._replace(other=other)
    found = measurement._measure(CELL, place, names)
    expected = {matrix.EDIT, *(() if crates else {matrix.CFGS}), *({matrix.PLAIN_CARGO} if other else ())}
    assert set(found.hazards) == expected
