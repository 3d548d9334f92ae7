"""Projects and histories by chance, and those that once went wrong: with the shim no build is worse than without.

A long run: `python -m tests.fuzz.run --histories 2000 --seed 1`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from tests.fuzz.history import Build, Edit, Elsewhere, History, Put, Requirement, Return
from tests.fuzz.judge import Judge
from tests.fuzz.project import Package, Script, Shape
from tests.fuzz.run import run, summary
from tests.fuzz.world import Machine

pytestmark = pytest.mark.promise("history")

HISTORIES = 12
SEED = 1

EMBEDS_A_FOLDER = Package("app", ("macro",), None, "pyo3")
READS_IN_SILENCE = Package("app", (), Script("file", "itself", "variable", helped=True), "pyo3")
READS_ABOVE = Package("app", (), Script("neighbour", "itself", "out_dir", helped=True), "pyo3")
KNOWS_ITS_PLACE = Package("app", ("here",), None, "pyo3")


def shape(*packages: Package, tree: str = "own", target: str = "default") -> Shape:
    return Shape(packages, tree, target, times="fixed", path="new")


NAMED = {
    "S1: a build script reads what it does not declare": History(
        shape(READS_IN_SILENCE), (Build(), Edit("py/native.txt", "v1"), Build(), Return(2), Build())
    ),
    "S2: a file is added to a folder that is embedded": History(
        shape(EMBEDS_A_FOLDER), (Build(), Edit("py/assets/three.txt", "v1"), Build())
    ),
    "S2, outside of the workspace": History(
        shape(Package("app", (), None, "pyo3"), Package("outer", ("macro",), None, "pyo3")),
        (Build(), Edit("outer/assets/three.txt", "v1"), Build(), Edit("outer/assets/three.txt", None), Build()),
    ),
    "S7: another tree at the same path, older": History(
        shape(EMBEDS_A_FOLDER, target="shared"), (Build(), Put("py/src/lib.rs", "v1"), Build())
    ),
    "an edit that keeps the file's time": History(
        shape(READS_IN_SILENCE), (Build(), Edit("py/native.txt", "v1", "kept"), Build())
    ),
    "a file above the package, which the build script names": History(
        shape(READS_ABOVE), (Build(), Edit("shared.txt", "v1"), Build())
    ),
    "a tree is moved with its target directory": History(
        shape(KNOWS_ITS_PLACE), (Build(), Elsewhere("moved"), Build())
    ),
    "a change while the environment stays, taken back before the next one": History(
        shape(Package("app", ("macro", "module"), None, "pyo3")),
        (
            Build(),
            Edit("py/assets/three.txt", "v1"),
            Edit("py/src/part.rs", "v1"),
            Build(python="same"),
            Edit("py/assets/three.txt", None),
            Build(),
        ),
    ),
    "an unpacked sdist that is worked in": History(
        shape(EMBEDS_A_FOLDER, tree="kept"), (Build(), Edit("py/assets/three.txt", "v1"), Build())
    ),
    "an sdist in the place for them": History(
        shape(EMBEDS_A_FOLDER, tree="sdist"), (Build(), Build(), Edit("py/assets/three.txt", "v1"), Build())
    ),
    "another build requirement": History(
        shape(Package("app", (), Script("requirement", "all", "variable", helped=False), "pyo3-ffi")),
        (Build(), Requirement("v1"), Build()),
    ),
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("history", NAMED.values(), ids=NAMED)
def test_a_history_that_once_went_wrong(machine: Machine, history: History) -> None:
    fault = Judge(machine).play(history)
    assert fault is None, "\n".join([*history.lines(), *fault.lines()])


def test_histories_by_chance(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    figures, faults = run(tmp_path, SEED, range(HISTORIES))
    record_property("cases", HISTORIES)
    assert not faults, "\n\n".join([*faults, summary(figures)])
    assert figures["fresh"], "the shim has spared nothing: it was left alone"


def test_nothing_changed_so_nothing_is_compiled_in_any_shape(machine: Machine) -> None:
    """Parity would hold for a shim that does nothing; this is what it is for."""
    for tree, target in (("own", "default"), ("own", "shared"), ("sdist", "default"), ("sdist", "shared")):
        judge = Judge(machine)
        history = History(shape(EMBEDS_A_FOLDER, tree=tree, target=target), (Build(), Build(), Build()))
        assert judge.play(history) is None
        assert judge.figures["fresh"] == 2, (tree, target)
