"""One project on two machines that share compiled crates through sccache: what the second finds there.

A machine is a fresh checkout, store and sccache server, at the paths that they had on the one before, as for two jobs
of one image. Two ways: sccache alone, and with the shim.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import NamedTuple

from rich.table import Table

from pyo3_base_python import activation
from pyo3_base_python.testbed import building, comparison, compiler_cache, report, session, tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.comparison import Subject
    from pyo3_base_python.testbed.compiler_cache import Counted
    from pyo3_base_python.testbed.tools import Python
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Result", "as_json", "markdown", "run", "table"]

FORMAT = 1
# Whether the shim is on.
WAYS = {"sccache": False, "sccache with the shim": True}
HEADINGS = ("way", "first machine, s", "second machine, s", "rustc calls", "hits", "misses", "not cacheable", "missed")
RIGHT = (False, True, True, True, True, True, True, False)


class Visit(NamedTuple):
    """A build on one machine: what sccache was asked for, the crates that it did not have, and seconds."""

    counted: Counted
    missed: tuple[str, ...]
    seconds: float


class Row(NamedTuple):
    """A way's result: the machine that fills the cache, and the one after it."""

    way: str
    first: Visit
    second: Visit


class Result(NamedTuple):
    """The rows for ``project``; ``context``: the tools it was made with."""

    project: str
    rows: Sequence[Row]
    context: Mapping[str, str]


class Setting(NamedTuple):
    """What all builds have in common: the project, the interpreter, where to build, and variables without the shim."""

    subject: Subject
    python: Python
    bench: building.Bench
    work: WorkFolder
    environ: Mapping[str, str]


def run(named: str, work: WorkFolder, environ: Mapping[str, str], progress: Callable[[str], None]) -> Result:
    """Build the project ``named`` (a folder or NAME==VERSION) with uv on two machines, by each of ``WAYS``.

    Raises ``ShimError`` if the project can't be had, a server does not start, or a build fails.
    """
    environ = compiler_cache.without_settings(tools.clean(environ))
    cargo = session.cargo_version(environ)
    python = tools.default_python(environ)
    compiler_cache.must_have_redis(environ)
    subject = comparison.find_subject(named, work, environ)
    bench = building.Bench(subject.folder.parent / "bench", environ, progress)
    variables = tools.environment(python, (*building.BUILD_TOOLS, "sccache"), work, environ)
    variables.update(CARGO=os.fspath(bench.recorder.program), PYO3_SHIM_STORE=os.fspath(work.top / "machine-store"))
    # What other commands of the test bed have built there is not to be copied with each checkout.
    shutil.rmtree(subject.folder / "target", ignore_errors=True)
    setting = Setting(subject, python, bench, work, variables)
    rows = [measure(way, setting, progress) for way in WAYS]
    found = tools.versions((*session.TOOL_NAMES, "sccache"), variables)
    context = {"Python": python.version, **found, "cargo": cargo, "pyo3": subject.pyo3}
    return Result(subject.name, rows, context)


def measure(way: str, setting: Setting, progress: Callable[[str], None]) -> Row:
    """Two machines in turn by ``way``, from an empty cache."""
    with compiler_cache.served(setting.environ, setting.work.log("redis")) as endpoint:
        visits = []
        for number in (1, 2):
            progress(f"{way}: machine {number}")
            visits.append(visit(f"{way}, machine {number}", endpoint, setting, shim=WAYS[way]))
    return Row(way, visits[0], visits[1])


def visit(what: str, endpoint: str, setting: Setting, *, shim: bool) -> Visit:
    """Build on a fresh machine that shares the cache at ``endpoint``."""
    checkout = setting.work.scratch(setting.subject.folder)
    shutil.rmtree(setting.environ["PYO3_SHIM_STORE"], ignore_errors=True)
    environ = dict(setting.environ)
    if shim:
        environ.update(activation.variables(environ))
    wheels = os.fspath(setting.bench.folder / "wheels")
    command = ["uv", "build", "--wheel", "--python", setting.python.path, "--out-dir", wheels]
    with compiler_cache.on_a_machine(endpoint, environ, setting.work.log("sccache")) as machine:
        built = setting.bench.must_build(what, [command], machine.environ, checkout)
        return Visit(machine.counted(), machine.missed(), built.seconds)


def table(result: Result) -> Table:
    """The result for a terminal."""
    shown = Table(title=f"{result.project} on two machines that share what sccache keeps")
    for heading, right in zip(HEADINGS, RIGHT):
        shown.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in fields(result):
        shown.add_row(*row)
    return shown


def markdown(result: Result) -> str:
    """The result as a document."""
    lines = [
        f"{result.project} on two machines that share what sccache keeps; the counts are those of the second:",
        "",
        *report.markdown_table(HEADINGS, fields(result), RIGHT),
        "",
        f"Made with {', '.join(f'{name} {value}' for name, value in result.context.items())}.",
    ]
    return "\n".join(lines) + "\n"


def as_json(result: Result) -> str:
    """One object: ``format``, ``project``, ``context``, ``ways``."""
    ways = [{"way": row.way, "first": _visited(row.first), "second": _visited(row.second)} for row in result.rows]
    whole = {"format": FORMAT, "project": result.project, "context": dict(result.context), "ways": ways}
    return json.dumps(whole, indent=2) + "\n"


def fields(result: Result) -> list[list[str]]:
    """The rows of the table; counts are calls of rustc on the second machine."""
    body = []
    for row in result.rows:
        found = row.second.counted
        counts = [str(number) for number in (found.asked, *found)]
        seconds = [f"{one.seconds:.1f}" for one in (row.first, row.second)]
        body.append([row.way, *seconds, *counts, ", ".join(row.second.missed)])
    return body


def _visited(visit: Visit) -> dict[str, object]:
    return {**visit._asdict(), "counted": visit.counted._asdict()}
