"""Random projects and histories, and those that once went wrong: with the shim no build is worse than without.

A long run: `python -m tests.fuzz.run --histories 2000 --seed 1`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import pytest

from tests.fuzz.history import Build, Edit, Elsewhere, History, Put, Requirement, Return, Version
from tests.fuzz.judge import Judge
from tests.fuzz.project import Package, Script, Shape, files, first_sources
from tests.fuzz.run import run, summary
from tests.fuzz.world import ANSWER, Machine, World, executable

pytestmark = pytest.mark.promise("history")

HISTORIES = 12
SEED = 1

EMBEDS_A_FOLDER = Package("app", ("macro",), None, "pyo3")
READS_IN_SILENCE = Package("app", (), Script("file", "itself", "variable", helped=True), "pyo3")
READS_ABOVE = Package("app", (), Script("neighbour", "itself", "out_dir", helped=True), "pyo3")
KNOWS_ITS_PLACE = Package("app", ("here",), None, "pyo3")


def shape(*packages: Package, tree: str = "own", target: str = "default") -> Shape:
    return Shape(packages, tree, target, times="fixed", path="new")


KNOWS_ITS_VERSION = Package("app", ("version",), None, "pyo3")


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
    "another build requirement for an sdist, of which cargo is not told": History(
        shape(Package("app", (), Script("requirement", "itself", "variable", helped=False), "pyo3"), tree="sdist"),
        (Build(), Requirement("v1"), Build()),
    ),
    "another version, and back": History(
        shape(KNOWS_ITS_VERSION), (Build(), Version(1), Build(), Return(2), Build(), Version(1), Build())
    ),
    "another version, and back, by builds without the shim": History(
        shape(KNOWS_ITS_VERSION), (Build(), Version(1), Build("bare"), Return(2), Build())
    ),
    "a build of an sdist that is killed when its build script has written into src": History(
        shape(Package("app", (), Script("neighbour", "all", "src", helped=True), "pyo3"), tree="sdist"),
        (Build(), Edit("shared.txt", "v1"), Build("killed before"), Build(), Build("killed before"), Build()),
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
    assert figures["fresh"], "the shim has saved nothing: it left cargo alone"


def test_nothing_changed_so_nothing_is_compiled_in_any_shape(machine: Machine) -> None:
    """Parity would hold for a shim that does nothing; this is what it is for."""
    for tree, target in (("own", "default"), ("own", "shared"), ("sdist", "default"), ("sdist", "shared")):
        judge = Judge(machine)
        history = History(shape(EMBEDS_A_FOLDER, tree=tree, target=target), (Build(), Build(), Build()))
        assert judge.play(history) is None
        assert judge.figures["fresh"] == 2, (tree, target)


def test_two_trees_of_one_package_at_once(machine: Machine) -> None:
    """S11: one shared target directory; each backend gets the module of its own tree, and takes it when cargo ends."""
    world = World(machine, "with", shim=True)
    of_tree = shape(EMBEDS_A_FOLDER, target="shared")
    lock = Judge(machine).lock(History(of_tree))
    trees = ("one", "two")
    texts = {}
    for name in trees:
        sources = first_sources(of_tree).with_values(**{"py/src/lib.rs": name})
        texts[name] = {path: (text, 10**18) for path, text in files(of_tree, sources, lock).items()}
        world.write(name, texts[name], {})
    with world.here() as at:
        for number in range(3):
            backends = {name: start(machine, at, name, number) for name in trees}
            with ThreadPoolExecutor() as pool:  # as front ends do, so that none that has ended is kept
                ended = dict(zip(backends, pool.map(subprocess.Popen.communicate, backends.values())))
            for name, (output, _) in ended.items():
                assert backends[name].returncode == 0, output
                assert f"app:{name}," in output, output


def start(machine: Machine, at: Path, name: str, number: int) -> subprocess.Popen[str]:
    """Start cargo as a backend does, and load what it has made from a copy."""
    python = executable(at / f"environment-{name}-{number}", "v0")
    # A name of its own each time: what is fresh is a link to the file that was taken before.
    taken = f"{at}/{name}-{number}.so"
    script = (
        f"'{machine.wrapper}' build --offline --message-format=json-render-diagnostics >'{taken}.json'"
        f" && mv '{at}/target/debug/libapp.so' '{taken}' && '{sys.executable}' -c '{ANSWER}' '{taken}'"
    )
    return subprocess.Popen(
        ["sh", "-c", script],
        cwd=at / name / "py",
        env=machine.environ(PYO3_PYTHON=python, CARGO_TARGET_DIR=os.fspath(at / "target")),
        stdout=subprocess.PIPE,
        text=True,
    )
