"""The hazards, each tried where a cell is built: the outcome, and which half of the fix is to blame for it."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.testbed import building, evidence, failures, matrix, plain_cargo, projects, running, tools
from pyo3_base_python.testbed.candidates import FIX
from pyo3_base_python.testbed.evidence import BACKEND, BASE, PYO3
from pyo3_base_python.testbed.matrix import Outcome
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.matrix import Cell
    from pyo3_base_python.testbed.tools import Python
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["TRIALS", "Place", "compare_trees", "judge_value"]

SHOWN_FILES = 5
BY_IMPORTS = (
    *(matrix.IMPORT, matrix.IMPORT_CONFIG, matrix.IMPORT_SCRIPT),
    *(matrix.IMPORT_PATH, matrix.IMPORT_AGAIN),
)


class Place(NamedTuple):
    """Where a cell is built: its interpreter, crates (a folder for each variant), bench, and variables.

    ``requirements`` are the wheel that ``projects.IMPORTS`` imports, and its next version; ``other`` is an interpreter
    of another version, if there is one.
    """

    python: Python
    other: Python | None
    crates: Path
    target: Path
    bench: building.Bench
    environ: Mapping[str, str]
    requirements: tuple[Path, ...]
    work: WorkFolder

    def commands(self, cell: Cell, *, by_sdist: bool = False, python: Python | None = None) -> list[list[str]]:
        """The commands that build a wheel; if ``python`` is given, for it, by a name that is not on ``PATH``."""
        program = "python"
        if python is not None:
            variables = tools.environment(python, building.tools_of(cell.front_end), self.work, self.environ)
            program = os.fspath(tools.folder(variables) / "bin" / "python")
        return building.wheel_command(cell.front_end, self.bench.folder / "wheels", by_sdist=by_sdist, python=program)


def try_imports(cell: Cell, place: Place) -> dict[str, Outcome]:
    """Build scripts import a build requirement, each by one way; then its next version, with no file changed."""
    crate, commands = place.crates / projects.IMPORTS, place.commands(cell)
    # Some other environment is active, as it is for most people: it is not the one of the build.
    environ = {**place.environ, "VIRTUAL_ENV": os.fspath(tools.folder(place.environ))}
    # The first build may configure pyo3: an interpreter that pyo3 remembers is wrong only in the next environment.
    for _ in range(2):
        projects.try_again(crate)
        built = place.bench.build(commands, environ, crate)
    if built.status:
        return dict.fromkeys(BY_IMPORTS, _fails(built))
    found = projects.imported(crate)
    given = evidence.read(built.output).variables
    projects.require(crate, place.requirements[1])
    projects.forget(crate)
    again = place.bench.build(commands, environ, crate)
    projects.require(crate, place.requirements[0])
    given_again = evidence.read(again.output).variables
    by_variable = _imported(found, ["variable"], given, BACKEND)
    # With the variable in order, the interpreter was pyo3's to choose.
    half = PYO3 if by_variable.holds else BACKEND
    return {
        matrix.IMPORT: by_variable,
        matrix.IMPORT_CONFIG: _imported(found, ["config", "config-of-ffi"], given, half),
        matrix.IMPORT_SCRIPT: _imported(found, ["script", "script-with-envs"], given, half),
        matrix.IMPORT_PATH: _imported(found, ["path"], given, BACKEND),
        matrix.IMPORT_AGAIN: _fails(again)
        if again.status
        else _imported_again(found, projects.imported(crate), given, given_again),
    }


def _fails(built: building.Built) -> Outcome:
    """The outcome where a build of the trial's own failed."""
    return Outcome(holds=False, what=failures.telling(built.output), half=evidence.author(built.output))


def _imported(found: Mapping[str, str], ways: Sequence[str], given: Mapping[str, str], half: str) -> Outcome:
    """The outcome of imports by ``ways``, with the variables ``given`` to cargo: that of the first that went wrong."""
    for way in ways:
        words = found.get(way, "the build ended before it was tried")
        if words != str(projects.ANSWER):
            values = ", ".join(f"{name} is {given.get(name) or 'not set'}" for name in ("PYO3_PYTHON", BASE))
            return Outcome(holds=False, what=f"by {way}: {words} ({values})", half=half)
    return Outcome(holds=True, what="imported")


def _imported_again(
    before: Mapping[str, str], after: Mapping[str, str], given: Mapping[str, str], given_again: Mapping[str, str]
) -> Outcome:
    """Whether build scripts imported the next version of the requirement, by all ways that they could the first."""
    was, now = (variables.get("PYO3_PYTHON") or "not set" for variables in (given, given_again))
    for way, words in before.items():
        if words == str(projects.ANSWER) and after.get(way) != str(projects.NEXT_ANSWER):
            told = after.get(way, "the build script did not run")
            # A variable that names no environment is the backend's; that pyo3 does not have cargo watch it, is pyo3's.
            half = BACKEND if was == now else PYO3
            return Outcome(holds=False, what=f"by {way}: {told}; PYO3_PYTHON was {was}, is {now}", half=half)
    return Outcome(holds=True, what="imported the next version, where the first was")


def judge_value(exported: str, python: Python) -> Outcome:
    """Whether ``exported``, a value of ``PYO3_BASE_PYTHON``, is a base interpreter to everybody; empty if not set."""
    if not exported:
        return Outcome(holds=True, what="not exported")
    wrong = ""
    if not os.path.isabs(exported):
        wrong = "which is no absolute path"
    elif os.path.realpath(exported) != os.path.realpath(python.path):
        wrong = f"and the base interpreter is {python.path}"
    elif (Path(exported).parent.parent / "pyvenv.cfg").exists():
        wrong = "which is in an environment"
    if wrong:
        return Outcome(holds=False, what=f"{BASE} is {exported}, {wrong}", half=BACKEND)
    return Outcome(holds=True, what="the base interpreter")


def try_plain_cargo(cell: Cell, place: Place) -> dict[str, Outcome]:
    """Plain cargo with each setting by which pyo3 finds an interpreter."""
    assert place.other is not None
    environments = [tools.environment(python, (), place.work, place.environ) for python in (place.python, place.other)]
    folder = place.bench.folder
    # The variable is new; the shim has rules of its own for it.
    with_base = cell.pyo3.kind == FIX and cell.shim == "off"
    for setting in plain_cargo.settings((place.python, place.other), environments, folder, with_base=with_base):
        wrong = plain_cargo.check(setting, place.environ, place.crates / "built_for", folder / "plain-cargo.log")
        if wrong:
            return {matrix.PLAIN_CARGO: Outcome(holds=False, what=wrong, half=PYO3)}
    return {matrix.PLAIN_CARGO: Outcome(holds=True, what="each setting is obeyed, and noticed")}


def try_active(cell: Cell, place: Place) -> dict[str, Outcome]:
    """Plain cargo with ``PYO3_BASE_PYTHON``: in an active environment, and then for another than the active one."""
    del cell
    crate = place.crates / projects.IMPORTS
    # Only this environment has the requirement, and it is not the one on PATH.
    made = tools.environment(place.python, (os.fspath(place.requirements[0]),), place.work, place.environ)
    right, other = (os.fspath(tools.folder(variables)) for variables in (made, place.environ))
    environ = {**place.environ, BASE: place.python.path}
    command = [environ["CARGO"], "build", "--release", "--lib"]
    for named in (
        {"VIRTUAL_ENV": right},
        {"VIRTUAL_ENV": other, "PYO3_PYTHON": os.path.join(right, "bin", "python")},
    ):
        projects.try_again(crate)
        running.run(command, {**environ, **named}, crate, place.bench.folder / "active.log")
        outcome = _imported(projects.imported(crate), ["script"], {**environ, **named}, PYO3)
        if not outcome.holds:
            break
    return {matrix.ACTIVE: outcome}


def try_cfgs(cell: Cell, place: Place) -> dict[str, Outcome]:
    """Two builds of a crate whose build script asks for no more than pyo3's cfgs: the second compiles nothing."""
    commands = place.commands(cell)
    before, built = (
        place.bench.must_build("the crate built_for", commands, place.environ, place.crates / "built_for")
        for _ in range(2)
    )
    return {matrix.CFGS: _fresh(before, built)}


def try_user_python(cell: Cell, place: Place) -> dict[str, Outcome]:
    """``PYO3_PYTHON`` of another version, set by the user: cargo gets it, and no other base that would win over it."""
    assert place.other is not None
    environ = {**place.environ, "PYO3_PYTHON": place.other.path}
    built = place.bench.build(place.commands(cell), environ, place.crates / "built_for")
    if built.status:
        return {matrix.USER_PYTHON: _fails(built)}
    given = evidence.read(built.output).variables
    python, base = given.get("PYO3_PYTHON", ""), given.get(BASE, "")
    holds = python == place.other.path and (not base or os.path.realpath(base) == os.path.realpath(python))
    what = f"PYO3_PYTHON was {place.other.path}, is {python or 'not set'}; {BASE} is {base or 'not set'}"
    return {matrix.USER_PYTHON: Outcome(holds, what, "" if holds else BACKEND)}


def try_edit(cell: Cell, place: Place) -> dict[str, Outcome]:
    """Two builds by way of an sdist, an edit in between: each wheel has to answer as its source says."""
    crate = place.crates / "edited"
    commands = place.commands(cell, by_sdist=True)
    # A number that no build before has had: what is stale, is seen.
    number = random.randrange(10**8, 10**9)  # noqa: S311 - no secret
    for expected in (number, number + 1):
        projects.set_answer(crate, expected)
        built = place.bench.must_build("the edited source", commands, place.environ, crate)
        assert built.wheel is not None
        found = building.answer(built.wheel, place.python.path, place.environ, "edited")
        if found != str(expected):
            stale = "stale: the wheel holds the code from before the edit"
            return {matrix.EDIT: Outcome(holds=False, what=stale, half=BACKEND)}
    return {matrix.EDIT: Outcome(holds=True, what="the wheel holds the edit")}


def try_switch(cell: Cell, place: Place) -> dict[str, Outcome]:
    """Builds for two interpreters in turn, and the first again: each module has to be for its own."""
    assert place.other is not None
    before = ""
    for python in (place.python, place.other, place.python):
        built = place.bench.build(place.commands(cell, python=python), place.environ, place.crates / "built_for")
        found = evidence.read(built.output)
        told = _built_for(built, python, place)
        if told:
            return {matrix.SWITCH: _wrong(told, found, python, before)}
        before = found.variables.get(BASE, "")
    return {matrix.SWITCH: Outcome(holds=True, what=f"right for {place.python.version} and {place.other.version}")}


def try_wrong_version(cell: Cell, place: Place) -> dict[str, Outcome]:
    """``PYO3_BASE_PYTHON`` of another version, set by somebody: refused, or without effect."""
    assert place.other is not None
    crate, commands = place.crates / "built_for", place.commands(cell)
    # What fails for other reasons than the variable, must not pass for a refusal.
    first = place.bench.must_build("without PYO3_BASE_PYTHON", commands, place.environ, crate)
    built = place.bench.build(commands, {**place.environ, BASE: place.other.path}, crate)
    versions = (place.other.path, place.python.version, place.other.version)
    if built.status and evidence.refusal(built.output, BASE, versions):
        return {matrix.WRONG_VERSION: Outcome(holds=True, what="refused")}
    told = _built_for(built, place.python, place)
    if not told:
        return {matrix.WRONG_VERSION: Outcome(holds=True, what="no effect")}
    before = evidence.read(first.output).variables.get(BASE, "")
    return {matrix.WRONG_VERSION: _wrong(told, evidence.read(built.output), place.python, before)}


def _built_for(built: building.Built, python: Python, place: Place) -> str:
    """What is wrong with a wheel of the crate ``built_for`` that is meant for ``python``; empty if nothing is."""
    if built.status or built.wheel is None:
        return f"does not build for {python.version}"
    try:
        minor = building.answer(built.wheel, python.path, place.environ, "built_for")
    except ShimError as error:
        return f"{error.what}, tagged for {python.version}"
    return "" if f"3.{minor}" == python.version else f"built for 3.{minor}, tagged for {python.version}"


def _wrong(told: str, found: evidence.Evidence, python: Python, before: str = "") -> Outcome:
    """A bad outcome: the backend is to blame if what it exports is not the base of ``python``.

    ``before`` is what it exported in the build before this one; empty if nothing.
    """
    base = found.variables.get(BASE, "")
    was = f"was {before}, " if before not in {"", base} else ""
    right = not base or os.path.realpath(base) == os.path.realpath(python.path)
    what = f"the crate built_for: {told}; {BASE} {was}is {base or 'not set'}"
    return Outcome(holds=False, what=what, half=PYO3 if right else BACKEND)


def try_lost_folder(cell: Cell, place: Place) -> dict[str, Outcome]:
    """Delete what caches delete below the target directory, and build again."""
    commands = place.commands(cell)
    # Other trials have built other crates in between, maybe with another configuration.
    before = place.bench.must_build("before target/maturin is deleted", commands, place.environ, place.crates / "plain")
    shutil.rmtree(place.target / "maturin", ignore_errors=True)
    built = place.bench.must_build("without target/maturin", commands, place.environ, place.crates / "plain")
    return {matrix.LOST_FOLDER: _fresh(before, built)}


def _fresh(before: building.Built, built: building.Built) -> Outcome:
    """Whether the second of two builds compiled nothing; the cause if it did."""
    if not built.crates:
        return Outcome(holds=True, what="compiles nothing")
    cause = evidence.churn(evidence.read(before.output), evidence.read(built.output))
    words = f"compiles {', '.join(built.crates)}"
    return Outcome(holds=False, what="; ".join(word for word in (words, cause.words) if word), half=cause.half)


def compare_trees(before: Mapping[str, tuple[int, bytes]], after: Mapping[str, tuple[int, bytes]]) -> Outcome:
    """Whether the files of a tree, name to time and content, are unchanged."""
    made = [name for name in after if name not in before]
    gone = [name for name in before if name not in after]
    written = [name for name in before if name in after and after[name][1] != before[name][1]]
    touched = [name for name in before if name in after and name not in written and after[name][0] != before[name][0]]
    told = [
        f"{what} {', '.join(names[:SHOWN_FILES])}{f' and {len(names) - SHOWN_FILES} more' * (len(names) > SHOWN_FILES)}"
        for what, names in (("made", made), ("deleted", gone), ("changed", written), ("new times for", touched))
        if names
    ]
    return Outcome(not told, "; ".join(told) or "as it was", BACKEND if told else "")


TRIALS: dict[tuple[str, ...], Callable[[Cell, Place], dict[str, Outcome]]] = {
    BY_IMPORTS: try_imports,
    (matrix.CFGS,): try_cfgs,
    (matrix.ACTIVE,): try_active,
    (matrix.USER_PYTHON,): try_user_python,
    (matrix.PLAIN_CARGO,): try_plain_cargo,
    (matrix.EDIT,): try_edit,
    (matrix.SWITCH,): try_switch,
    (matrix.WRONG_VERSION,): try_wrong_version,
    (matrix.LOST_FOLDER,): try_lost_folder,
}
