"""A whole matrix: choose the candidates, measure what has not been measured yet, hand over a report."""

from __future__ import annotations

import datetime as dt
import os
import platform
from typing import NamedTuple

from pyo3_base_python import __version__, bundled
from pyo3_base_python.activation import launcher
from pyo3_base_python.testbed import building, candidates, failures, matrix, measurement, patches, projects, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.matrix import Choice
from pyo3_base_python.testbed.report import Report
from pyo3_base_python.wrapper import process, store
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.candidates import Candidate
    from pyo3_base_python.testbed.matrix import Cell, Found
    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.results import State
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Selection", "Session", "patch_set_for"]

TOOL_NAMES = ("pip", *building.BUILD_TOOLS)


class Selection(NamedTuple):
    """What the user asks for; candidates by the words of ``candidates.choose``, interpreters by version or path."""

    backends: Sequence[str] = matrix.BACKENDS
    pyo3: Sequence[str] = ("released", "patched")
    maturin: Sequence[str] = ("released", "patched")
    setuptools_rust: Sequence[str] = ("released", "patched")
    abis: Sequence[str] = matrix.ABIS
    front_ends: Sequence[str] = matrix.FRONT_ENDS
    shims: Sequence[str] = matrix.SHIMS
    interpreters: Sequence[str] = ()
    hazards: Sequence[str] = tuple(matrix.HAZARDS)


class Session:
    """A selection that is ready to be measured: ``cells``, in order, and what they stand for."""

    def __init__(self, selection: Selection, work: WorkFolder, environ: Mapping[str, str]) -> None:
        """Fetch and patch what is selected. Raises ``ShimError`` for a word that is no candidate, and without cargo."""
        self.work = work
        self.environ = tools.clean(environ)
        self.hazards = [hazard for hazard in matrix.HAZARDS if hazard in selection.hazards]
        self.cargo = cargo_version(self.environ)
        sets = patches.read_all(patches.find())
        asked = [tools.find_python(name, self.environ) for name in selection.interpreters]
        pythons = {python.version: python for python in asked or [tools.default_python(self.environ)]}
        pyo3: dict[tuple[str, str], Candidate] = {}
        builders: dict[tuple[str, str], Candidate] = {}
        for backend in selection.backends:
            named = selection.maturin if backend == "maturin" else selection.setuptools_rust
            own = patch_set_for(backend, "", sets)
            locked = projects.locked_pyo3(bundled.folder() / projects.BUNDLED[backend])
            below = patch_set_for("pyo3", locked, sets)
            for project, names, patch_set, found in (
                (backend, named, own, builders),
                ("pyo3", selection.pyo3, below, pyo3),
            ):
                chosen = [candidates.choose(project, name, patch_set, work, self.environ) for name in names]
                found.update({(backend, one.label): one for one in candidates.distinct(chosen)})
        self.subjects = measurement.Subjects(pyo3, builders, pythons)
        self.cells = matrix.cells(
            {backend: choices(builders, backend) for backend in selection.backends},
            {backend: choices(pyo3, backend) for backend in selection.backends},
            pythons,
            abis=selection.abis,
            front_ends=selection.front_ends,
            shims=selection.shims,
        )

    def tools_of(self, cell: Cell) -> dict[str, str]:
        """The versions of the front ends; that of ``cell`` is among them under its own name."""
        python = self.subjects.pythons[cell.python]
        variables = tools.environment(python, building.tools_of(cell.front_end), self.work, self.environ)
        found = tools.versions(TOOL_NAMES, variables)
        return {cell.front_end: found["pip"]} if cell.front_end == building.PIP_VENV and found else found

    def key(self, cell: Cell, versions: Mapping[str, str]) -> str:
        """Everything that the result of ``cell`` depends on, as one line."""
        pyo3 = self.subjects.pyo3[cell.backend, cell.pyo3.label]
        builder = self.subjects.builders[cell.backend, cell.builder.label]
        python = self.subjects.pythons[cell.python]
        parts = (pyo3.identity, builder.identity, python.path, self.cargo, versions.get(cell.front_end, ""))
        wrapper = shim_digest() if cell.shim != "off" else ""
        other = tools.other_python(python, self.environ)
        how = (measurement.bundled_digest(), measurement.code_digest(), other.path if other else "", *self.hazards)
        return " | ".join((cell.key, *parts, wrapper, ",".join(how)))

    def run(self, state: State, progress: Callable[[str], None], done: Callable[[Cell, Found, bool], None]) -> Report:
        """Measure each cell that ``state`` does not have; ``done`` is called for each, and told if it was known."""
        measured = []
        bed = measurement.Bed(self.subjects, self.work, self.environ, progress)
        versions: dict[str, str] = {}
        for cell in self.cells:
            versions.update(self.tools_of(cell))
            key = self.key(cell, versions)
            found = state.get(key)
            known = found is not None
            if found is None:
                builder = self.subjects.builders[cell.backend, cell.builder.label]
                progress(f"{builder.label}: building, if it has not been built yet")
                # A candidate that does not build ends the run: it would not in any other cell either.
                line = candidates.requirement(builder, self.work, self.environ)
                found = measurement.measure(cell, line, self.hazards, bed)
                if not found.error:  # the next run may have a better connection
                    state.add(key, found)
            done(cell, found, known)
            measured.append((cell, found))
        return Report(measured, self.context(versions), int((versions.get("pip") or "0").partition(".")[0]))

    def context(self, versions: Mapping[str, str]) -> dict[str, str]:
        """The machine, the tools, and the date."""
        system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
        return {
            "pyo3-base-python": __version__,
            **versions,
            "cargo": self.cargo,
            "on": f"{system}, {dt.datetime.now(dt.timezone.utc):%d %B %Y}",
        }


def choices(chosen: Mapping[tuple[str, str], Candidate], backend: str) -> list[Choice]:
    """The candidates of ``backend`` as the matrix sees them."""
    return [Choice(one.kind, one.version, one.label) for (name, _), one in chosen.items() if name == backend]


def patch_set_for(project: str, version: str, sets: Sequence[PatchSet]) -> PatchSet:
    """The patch set of ``project`` that begins at ``version``, or at the nearest version below it; else the newest."""
    mine = sorted((one for one in sets if one.project == project), key=lambda one: _numbers(one.versions[0]))
    if not mine:
        raise ShimError(f"there are no patches for {project}", exit_code=Exit.PATCH)
    below = [one for one in mine if version and _numbers(one.versions[0]) <= _numbers(version)]
    return (below or mine)[-1]


def cargo_version(environ: Mapping[str, str]) -> str:
    """The version of the cargo on ``PATH``. Raises ``ShimError`` if there is none."""
    cargo = process.find_program("cargo", environ)
    if cargo is None:
        raise failures.missing_program("cargo", "install Rust, for instance from https://rustup.rs")
    status, output = process.capture([cargo, "--version"], environ, tools.SECONDS_TO_ANSWER)
    words = output.decode(errors="replace").split()
    if status or len(words) < 2:  # noqa: PLR2004 - `cargo 1.2.3 (...)`
        raise ShimError(f"{cargo} does not say its version (exit code {status})", "check it by hand", Exit.PROGRAM)
    return words[1]


def shim_digest() -> str:
    """A name for the wrapper's code, so that after a change it is measured again."""
    return store.digest(*(content for _, content in sorted(launcher.wrapper_code().items())))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
