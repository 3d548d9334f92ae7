"""Measure cells of the matrix: two isolated builds, then the hazards."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python import bundled
from pyo3_base_python.activation import switch
from pyo3_base_python.testbed import building, candidates, matrix, projects, running, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.matrix import Found
from pyo3_base_python.wrapper import store
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.candidates import Candidate
    from pyo3_base_python.testbed.matrix import Cell
    from pyo3_base_python.testbed.tools import Python
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Bed", "Subjects", "measure"]


class Subjects(NamedTuple):
    """What the names in cells stand for: candidates by label, interpreters by version."""

    pyo3: Mapping[tuple[str, str], Candidate]
    builders: Mapping[tuple[str, str], Candidate]
    pythons: Mapping[str, Python]


class Bed(NamedTuple):
    """What all cells have in common: the subjects, the work folder, the environment, and whom to tell what goes on."""

    subjects: Subjects
    work: WorkFolder
    environ: Mapping[str, str]
    progress: Callable[[str], None]


class Place(NamedTuple):
    """Where a cell is built: its interpreter, crates (a folder for each variant), bench, and variables."""

    python: Python
    other: Python | None
    crates: Path
    target: Path
    bench: building.Bench
    environ: Mapping[str, str]


def measure(cell: Cell, line: str, hazards: Sequence[str], bed: Bed) -> Found:
    """Build ``cell`` twice, its backend required by ``line``, and try ``hazards``.

    A build that fails is part of the result; whatever else goes wrong (a full disk) is raised.
    """
    try:
        place = prepare(cell, bed)
        for variant in projects.VARIANTS:
            projects.set_backend(place.crates / variant, cell.backend, line)
        return _measure(cell, place, hazards, bed.progress)
    except ShimError as error:
        if error.exit_code != Exit.BUILD:
            raise
        return Found((), 0.0, {}, error.what)


def _measure(cell: Cell, place: Place, hazards: Sequence[str], progress: Callable[[str], None]) -> Found:
    commands = building.wheel_command(cell.front_end, place.bench.folder / "wheels")
    plain = place.crates / "plain"
    progress("first build")
    place.bench.must_build("the first build", commands, place.environ, plain)
    progress("second build")
    built = place.bench.must_build("the second build", commands, place.environ, plain)
    check_answer(built, place, "plain", projects.ANSWER)
    results = {}
    for hazard in hazards:
        # What is compiled in each build says nothing of a lost folder, and one version alone is never wrong.
        hidden = {matrix.LOST_FOLDER: bool(built.crates), matrix.WRONG_VERSION: place.other is None}
        if matrix.applies(hazard, cell) and not hidden.get(hazard, False):
            progress(f"hazard: {hazard}")
            results[hazard] = TRIALS[hazard](cell, place)
    return Found(built.crates, built.seconds, results)


def prepare(cell: Cell, bed: Bed) -> Place:
    """The crates of ``cell``, shared with all cells of the same pyo3 and ABI, and the variables of its builds."""
    work, environ = bed.work, bed.environ
    pyo3 = bed.subjects.pyo3[cell.backend, cell.pyo3.label]
    python = bed.subjects.pythons[cell.python]
    name = f"scenarios/{cell.backend}-{cell.abi}-pyo3-{pyo3.identity}-{bundled_digest()}"
    top = work.settled(name, lambda draft: make_crates(draft, cell, pyo3, environ, work.log("crates")))
    variables = tools.environment(python, building.BUILD_TOOLS, work, environ)
    bench = building.Bench(top / "bench", environ, bed.progress)
    target = top / "target"
    variables.update(
        CARGO=os.fspath(bench.recorder.program),
        CARGO_TARGET_DIR=os.fspath(target),
        PYO3_SHIM_STORE=os.fspath(work.top / "store"),
    )
    if cell.shim != "off":
        variables.update(switch.variables(variables))
        variables["PYO3_SHIM_MODE"] = cell.shim
    return Place(python, tools.other_python(python, environ), top / "crates", target, bench, variables)


def make_crates(folder: Path, cell: Cell, pyo3: Candidate, environ: Mapping[str, str], log: Path) -> None:
    """Create the crates of a scenario below ``folder``; raises ``ShimError`` if cargo would not use the candidate."""
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


def bundled_digest() -> str:
    """A name for the content of the bundled crates, so that a change in them is not measured with old copies."""
    top = bundled.folder()
    files = [file for name in sorted({*projects.BUNDLED.values(), projects.IMPORTING}) for file in _sources(top / name)]
    return store.digest(Path(projects.__file__).read_bytes(), *(file.read_bytes() for file in files))[:8]


def _sources(folder: Path) -> list[Path]:
    names = ("Cargo.toml", "Cargo.lock", "pyproject.toml", "build.rs", "MANIFEST.in", "src/lib.rs")
    return [folder / name for name in names if (folder / name).is_file()]


def check_answer(built: building.Built, place: Place, module: str, expected: int) -> None:
    """Import the module out of the wheel: a fast build of something else would be no success."""
    assert built.wheel is not None
    found = building.answer(built.wheel, place.python.path, place.environ, module)
    if found != str(expected):
        raise ShimError(f"the module in {built.wheel.name} answers {found}, not {expected}", exit_code=Exit.BUILD)


def try_import(cell: Cell, place: Place) -> tuple[bool, str]:
    """A build script imports a build requirement through ``PYO3_PYTHON``."""
    commands = building.wheel_command(cell.front_end, place.bench.folder / "wheels")
    built = place.bench.build(commands, place.environ, place.crates / "imports")
    if built.status or built.wheel is None:
        return False, "the build script can't import it" if "import cffi" in built.output else "does not build"
    return True, f"cffi {building.answer(built.wheel, place.python.path, place.environ, 'imports', 'cffi_version')}"


def try_edit(cell: Cell, place: Place) -> tuple[bool, str]:
    """Two builds by way of an sdist, an edit in between: each wheel has to answer as its source says."""
    crate = place.crates / "edited"
    commands = building.wheel_command(cell.front_end, place.bench.folder / "wheels", by_sdist=True)
    # A number that no build before has had: what is stale, is seen.
    number = random.randrange(10**8, 10**9)  # noqa: S311 - no secret
    for expected in (number, number + 1):
        projects.set_answer(crate, expected)
        built = place.bench.must_build("the edited source", commands, place.environ, crate)
        assert built.wheel is not None
        found = building.answer(built.wheel, place.python.path, place.environ, "edited")
        if found != str(expected):
            return False, "stale: the wheel holds the code from before the edit"
    return True, "the wheel holds the edit"


def try_wrong_version(cell: Cell, place: Place) -> tuple[bool, str]:
    """``PYO3_BASE_PYTHON`` of another version, set by somebody: refused, or without effect."""
    assert place.other is not None
    commands = building.wheel_command(cell.front_end, place.bench.folder / "wheels")
    environ = {**place.environ, "PYO3_BASE_PYTHON": place.other.path}
    built = place.bench.build(commands, environ, place.crates / "built_for")
    if built.status or built.wheel is None:
        refused = "PYO3_BASE_PYTHON" in built.output
        return refused, "refused" if refused else "does not build"
    try:
        minor = building.answer(built.wheel, place.python.path, place.environ, "built_for")
    except ShimError as error:
        return False, error.what
    asked = place.python.version.partition(".")[2]
    if minor == asked:
        return True, "no effect"
    return False, f"built for 3.{minor}, tagged for {place.python.version}"


def try_lost_folder(cell: Cell, place: Place) -> tuple[bool, str]:
    """Delete what caches delete below the target directory, and build again."""
    commands = building.wheel_command(cell.front_end, place.bench.folder / "wheels")
    # Other trials have built other crates in between, maybe with another configuration.
    place.bench.must_build("before target/maturin is deleted", commands, place.environ, place.crates / "plain")
    shutil.rmtree(place.target / "maturin", ignore_errors=True)
    built = place.bench.must_build("without target/maturin", commands, place.environ, place.crates / "plain")
    return not built.crates, f"{len(built.crates)} crates"


TRIALS: dict[str, Callable[[Cell, Place], tuple[bool, str]]] = {
    matrix.IMPORT: try_import,
    matrix.EDIT: try_edit,
    matrix.WRONG_VERSION: try_wrong_version,
    matrix.LOST_FOLDER: try_lost_folder,
}
