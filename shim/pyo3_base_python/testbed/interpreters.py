"""One project for several interpreters in turn on one target directory: what each switch compiles, and what it costs.

As it is, with the shim, and with the shim and one build directory for all interpreters or one for each.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.activation import switch
from pyo3_base_python.testbed import building, comparison, session, tools
from pyo3_base_python.testbed.tables import Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.comparison import Subject
    from pyo3_base_python.testbed.tools import Python
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Result", "as_json", "run", "sheet"]

FORMAT = 1
# What the variables are, besides those of a plain build; `None`: without the shim.
WAYS: dict[str, Mapping[str, str] | None] = {
    "plain": None,
    "the shim": {},
    "the shim, one build directory": {"PYO3_SHIM_BUILD_DIR": "shared"},
    "the shim, a build directory each": {"PYO3_SHIM_BUILD_DIR": "interpreter"},
}
BYTES_PER_BLOCK = 512  # of `st_blocks`, whatever the file system's own are
HEADINGS = ("way", "first round, crates", "first round, s", "each later round, crates", "each later round, s", "MB")
RIGHT = (False, True, True, True, True, True)


class Round(NamedTuple):
    """A build for each interpreter in turn: packages compiled, each listed as often as it was, and total seconds."""

    crates: tuple[str, ...]
    seconds: float


class Row(NamedTuple):
    """A way's result: the round that starts with no target directory, the one after it, and the disk space (MB)."""

    way: str
    cold: Round
    warm: Round
    megabytes: float


class Result(NamedTuple):
    """The rows for ``project`` and the interpreters of ``versions``; ``context``: the tools it was made with."""

    project: str
    versions: tuple[str, ...]
    rows: Sequence[Row]
    context: Mapping[str, str]


def run(
    named: str, versions: Sequence[str], work: WorkFolder, environ: Mapping[str, str], progress: Callable[[str], None]
) -> Result:
    """Build the project ``named`` (a folder or NAME==VERSION) with uv, for ``versions`` (or paths) of Python in turn.

    Raises ``ShimError`` if the project or an interpreter can't be had, or a build fails.
    """
    environ = tools.clean(environ)
    cargo = session.cargo_version(environ)
    pythons = [tools.find_python(version, environ) for version in versions]
    subject = comparison.find_subject(named, work, environ)
    bench = building.Bench(subject.folder.parent / "bench", environ, progress)
    variables = tools.environment(pythons[0], building.BUILD_TOOLS, work, environ)
    variables.update(CARGO=os.fspath(bench.recorder.program), PYO3_SHIM_STORE=os.fspath(work.top / "store"))
    rows = [measure(way, subject, pythons, bench, variables, progress) for way in WAYS]
    found = tools.versions(session.TOOL_NAMES, variables)
    context = {**found, "cargo": cargo, "pyo3": subject.pyo3}
    return Result(subject.name, tuple(python.version for python in pythons), rows, context)


def measure(
    way: str,
    subject: Subject,
    pythons: Sequence[Python],
    bench: building.Bench,
    environ: Mapping[str, str],
    progress: Callable[[str], None],
) -> Row:
    """Two rounds by ``way``, from an empty target directory."""
    target = subject.folder / "target"
    shutil.rmtree(target, ignore_errors=True)
    settings = WAYS[way]
    variables = dict(environ) if settings is None else {**environ, **switch.variables(environ), **settings}
    rounds = []
    for number in (1, 2):
        builds = []
        for python in pythons:
            progress(f"{way}: round {number}, Python {python.version}")
            wheels = os.fspath(bench.folder / "wheels")
            command = ["uv", "build", "--wheel", "--python", python.path, "--out-dir", wheels]
            builds.append(bench.must_build(f"{way}, {python.version}", [command], variables, subject.folder))
        crates = tuple(crate for built in builds for crate in built.crates)
        rounds.append(Round(crates, sum(built.seconds for built in builds)))
    return Row(way, rounds[0], rounds[1], disk_usage(target) / 1e6)


def disk_usage(folder: Path) -> int:
    """Bytes that the files below ``folder`` take; a file with several names counts once."""
    blocks = {}
    for path in folder.rglob("*"):
        found = path.lstat()
        blocks[found.st_dev, found.st_ino] = found.st_blocks
    return sum(blocks.values()) * BYTES_PER_BLOCK


def sheet(result: Result) -> Sheet:
    """The result as a table."""
    return Sheet(
        f"{result.project} for Python {', '.join(result.versions)} in turn on one target directory",
        HEADINGS,
        RIGHT,
        fields(result),
        result.context,
    )


def as_json(result: Result) -> str:
    """One object: ``format``, ``project``, ``versions``, ``context``, ``ways``."""
    ways = [{**row._asdict(), "cold": row.cold._asdict(), "warm": row.warm._asdict()} for row in result.rows]
    whole = {**result._asdict(), "format": FORMAT, "ways": ways}
    del whole["rows"]
    return json.dumps(whole, indent=2) + "\n"


def fields(result: Result) -> list[list[str]]:
    """The rows of the table."""
    return [
        [
            row.way,
            str(len(row.cold.crates)),
            f"{row.cold.seconds:.1f}",
            str(len(row.warm.crates)),
            f"{row.warm.seconds:.1f}",
            f"{row.megabytes:.0f}",
        ]
        for row in result.rows
    ]
