"""Measure cells of the matrix: two isolated builds, then the hazards."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python import bundled
from pyo3_base_python.activation import switch
from pyo3_base_python.testbed import building, candidates, evidence, hazards, matrix, projects, running, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.hazards import Place
from pyo3_base_python.testbed.matrix import Cause, Found
from pyo3_base_python.wrapper import store
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.candidates import Candidate
    from pyo3_base_python.testbed.matrix import Cell
    from pyo3_base_python.testbed.tools import Python
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["CHEAP", "Bed", "Subjects", "measure"]

# How fast the modules are is of no importance where no seconds are counted: half the time of a compilation is saved.
CHEAP = {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "0", "CARGO_PROFILE_RELEASE_DEBUG": "false"}


class Subjects(NamedTuple):
    """The subjects that the names in cells stand for: candidates by label, interpreters by version."""

    pyo3: Mapping[tuple[str, str], Candidate]
    builders: Mapping[tuple[str, str], Candidate]
    pythons: Mapping[str, Python]


class Bed(NamedTuple):
    """What all cells have in common: the subjects, the work folder, the environment, and a callback for progress."""

    subjects: Subjects
    work: WorkFolder
    environ: Mapping[str, str]
    progress: Callable[[str], None]


def measure(cell: Cell, line: str, wanted: Sequence[str], bed: Bed) -> Found:
    """Build ``cell`` twice, its backend required by ``line``, and try the hazards that are ``wanted``.

    A build that fails is part of the result; whatever else goes wrong (a full disk) is raised.
    """
    try:
        place = prepare(cell, bed)
        for variant in projects.VARIANTS:
            projects.set_backend(place.crates / variant, cell.backend, line)
        projects.require(place.crates / projects.IMPORTS, place.requirements[0])
        return _measure(cell, place, wanted)
    except ShimError as error:
        if error.exit_code != Exit.BUILD:
            raise
        what = f"{error.what}; {error.hint}" if error.hint else error.what
        return Found((), 0.0, {}, what, Cause("", evidence.author(error.what)))


def _measure(cell: Cell, place: Place, wanted: Sequence[str]) -> Found:
    plain = place.crates / "plain"
    before = states(plain)
    try:
        return _try_all(cell, place, wanted, before)
    finally:
        # The next cell must not find what this one's candidate has left there.
        if not hazards.compare_trees(before, states(plain)).holds:
            shutil.rmtree(place.crates.parent)


def _try_all(cell: Cell, place: Place, wanted: Sequence[str], before: Mapping[str, tuple[int, bytes]]) -> Found:
    commands = building.wheel_command(cell.front_end, place.bench.folder / "wheels")
    plain = place.crates / "plain"
    place.bench.begin("first build")
    first = place.bench.must_build("the first build", commands, place.environ, plain)
    place.bench.begin("second build")
    built = place.bench.must_build("the second build", commands, place.environ, plain)
    check_answer(built, place, "plain", projects.ANSWER)
    after = evidence.read(built.output)
    cause = evidence.churn(evidence.read(first.output), after)
    results = {}
    if matrix.BASE_VALUE in wanted:
        results[matrix.BASE_VALUE] = hazards.judge_value(after.variables.get(evidence.BASE, ""), place.python)
    if matrix.TREE in wanted:
        results[matrix.TREE] = hazards.compare_trees(before, states(plain))
    cheap = place._replace(environ={**place.environ, **CHEAP})
    hidden = {
        *(matrix.NEED_FRESH_BUILDS if built.crates else ()),
        *(matrix.NEED_ANOTHER_PYTHON if place.other is None else ()),
    }
    for group, attempt in hazards.TRIALS.items():
        here = [name for name in group if name in wanted and name not in hidden and matrix.applies(name, cell)]
        if here:
            place.bench.begin(f"hazard: {', '.join(here)}")
            outcomes = attempt(cell, cheap)
            results.update({name: outcomes[name] for name in here})
    if cell.shim != "off":
        # What the shim does is no fault of either half.
        results = {name: outcome._replace(half="") for name, outcome in results.items()}
    return Found(built.crates, built.seconds, results, cause=cause)


def states(folder: Path) -> dict[str, tuple[int, bytes]]:
    """For each source below ``folder``, by its path there, the time of its content in ns, and the content.

    What is no file, such as a link that leads nowhere, has no content.
    """
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in projects.sources(folder)
    }


def prepare(cell: Cell, bed: Bed) -> Place:
    """The crates of ``cell``, shared with all cells of the same pyo3 and ABI, and the variables of its builds."""
    work, environ = bed.work, bed.environ
    pyo3 = bed.subjects.pyo3[cell.backend, cell.pyo3.label]
    python = bed.subjects.pythons[cell.python]
    name = f"scenarios/{cell.backend}-{cell.abi}-pyo3-{pyo3.identity}-{bundled_digest()}"
    top = work.settled(name, lambda draft: make_crates(draft, cell, pyo3, environ, work.log("crates")))
    variables = tools.environment(python, building.tools_of(cell.front_end), work, environ)
    # Beside it: logs that reports name outlive the scenario.
    bench = building.Bench(work.top / "benches" / top.name, environ, bed.progress)
    target = top / "target"
    variables.update(
        CARGO=os.fspath(bench.recorder.program),
        CARGO_TARGET_DIR=os.fspath(target),
        PYO3_SHIM_STORE=os.fspath(work.top / "store"),
    )
    if cell.shim != "off":
        variables.update(switch.variables(variables))
        variables["PYO3_SHIM_MODE"] = cell.shim
    requirements = tuple(sorted(work.settled("requirements", make_requirements).glob("*.whl")))
    other = tools.other_python(python, environ)
    return Place(python, other, top / "crates", target, bench, variables, requirements, work)


def make_requirements(folder: Path) -> None:
    """Create ``folder`` with two versions of the build requirement."""
    for answer in (projects.ANSWER, projects.NEXT_ANSWER):
        projects.make_requirement(folder, answer)


def make_crates(folder: Path, cell: Cell, pyo3: Candidate, environ: Mapping[str, str], log: Path) -> None:
    """Create the crates of a scenario in ``folder``; raises ``ShimError`` if cargo would not use the candidate."""
    instead = candidates.crates(pyo3)
    for variant in projects.VARIANTS:
        crate = folder / "crates" / variant
        crate.parent.mkdir(parents=True, exist_ok=True)
        projects.make(crate, cell.backend, variant, abi3=cell.abi == "abi3", version=pyo3.version, crates=instead)
        # Cargo.lock is brought up to date here, once, and not in a build that is measured.
        status, output = running.run(["cargo", "tree", "--invert", "pyo3-build-config"], environ, crate, log)
        if status and "failed to select a version" in output:
            raise ShimError(f"there is no pyo3 {pyo3.version}", "check the version", Exit.NAMED)
        if status:
            raise ShimError(f"cargo can't resolve pyo3 {pyo3.label}: {output.strip()[-300:]}", exit_code=Exit.BUILD)
        for path in instead.values():
            if path.name == "pyo3-build-config" and os.fspath(path) not in output:
                raise ShimError(f"cargo does not use {path}: is pyo3 {pyo3.version} what it is?", exit_code=Exit.NAMED)


def code_digest() -> str:
    """A name for the code that measures, so that after a change what was found before is measured again."""
    rooms = ("building", "evidence", "hazards", "measurement", "plain_cargo")
    return store.digest(*(Path(__file__).with_name(f"{room}.py").read_bytes() for room in rooms))[:8]


def bundled_digest() -> str:
    """A name for the content of the bundled crates, so that after a change no old copies of them are measured."""
    top = bundled.folder()
    files = [file for name in sorted({*projects.BUNDLED.values()}) for file in projects.sources(top / name)]
    return store.digest(Path(projects.__file__).read_bytes(), *(file.read_bytes() for file in files))[:8]


def check_answer(built: building.Built, place: Place, module: str, expected: int) -> None:
    """Import the module from the wheel: a fast build of something else would be no success."""
    assert built.wheel is not None
    found = building.answer(built.wheel, place.python.path, place.environ, module)
    if found != str(expected):
        raise ShimError(f"the module in {built.wheel.name} answers {found}, not {expected}", exit_code=Exit.BUILD)
