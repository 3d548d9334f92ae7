"""One project on machines that share compiled crates through sccache: what the second and a third find there.

A machine is a fresh checkout, store and sccache server, at the same paths as on the machine before, as for two jobs of
one image. The third also has a target directory, which a CI cache has restored. There are two ways: sccache alone, and
with the shim.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import NamedTuple

from pyo3_base_python.activation import switch
from pyo3_base_python.testbed import building, comparison, compiler_cache, session, tools
from pyo3_base_python.testbed.tables import Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pyo3_base_python.testbed.comparison import Setting
    from pyo3_base_python.testbed.compiler_cache import Counted
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Result", "as_json", "run", "sheet"]

FORMAT = 1
# Whether the shim is on.
WAYS = {"sccache": False, "sccache with the shim": True}
# What a machine has besides the cache, in the order in which they build.
FRESH = ("first", "second")
RESTORED = "third, target/ restored"
HEADINGS = ("way", "machine", "seconds", "rustc calls", "hits", "misses", "not cacheable", "missed")
RIGHT = (False, False, True, True, True, True, True, False)


class Row(NamedTuple):
    """A build on one machine: the calls of its sccache, the crates that were not in the cache, and seconds."""

    way: str
    machine: str
    counted: Counted
    missed: tuple[str, ...]
    seconds: float


class Result(NamedTuple):
    """The rows for ``project``; ``context``: the tools it was made with."""

    project: str
    rows: Sequence[Row]
    context: Mapping[str, str]


def run(named: str, work: WorkFolder, environ: Mapping[str, str], progress: Callable[[str], None]) -> Result:
    """Build the project ``named`` (a folder or NAME==VERSION) with uv on three machines, by each of ``WAYS``.

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
    for target in target_directories(subject.folder):
        shutil.rmtree(target)
    setting = comparison.Setting(subject, python, bench, work, variables)
    rows = [row for way in WAYS for row in measure(way, setting, progress)]
    found = tools.versions((*session.TOOL_NAMES, "sccache"), variables)
    context = {"Python": python.version, **found, "cargo": cargo, "pyo3": subject.pyo3}
    return Result(subject.name, rows, context)


def measure(way: str, setting: Setting, progress: Callable[[str], None]) -> list[Row]:
    """The machines in turn by ``way``, from an empty cache; the last gets the target directory of the one before."""
    rows = []
    with compiler_cache.served(setting.environ, setting.work.log("redis")) as endpoint:
        for machine in (*FRESH, RESTORED):
            progress(f"{way}: {machine} machine")
            checkout = fresh_checkout(setting.subject.folder, setting.work, keep_targets=machine == RESTORED)
            environ = dict(setting.environ)
            shutil.rmtree(environ["PYO3_SHIM_STORE"], ignore_errors=True)
            if WAYS[way]:
                environ.update(switch.variables(environ))
            with compiler_cache.on_a_machine(endpoint, environ, setting.work.log("sccache")) as cache:
                wheels = os.fspath(setting.bench.folder / "wheels")
                command = ["uv", "build", "--wheel", "--python", setting.python.path, "--out-dir", wheels]
                built = setting.bench.must_build(f"{way}, {machine} machine", [command], cache.environ, checkout)
                rows.append(Row(way, machine, cache.counted(), cache.missed(), built.seconds))
    return rows


def fresh_checkout(tree: Path, work: WorkFolder, *, keep_targets: bool) -> Path:
    """A copy of ``tree`` at the path that it has on every machine, with the current time on its files.

    ``keep_targets``: with the target directories of the copy that was there.
    """
    last = work.scratch_of(tree)
    kept = work.top / "kept-targets"
    shutil.rmtree(kept, ignore_errors=True)
    for target in target_directories(last) if keep_targets else []:
        place = kept / target.relative_to(last)
        place.parent.mkdir(parents=True, exist_ok=True)
        target.rename(place)
    checkout = work.scratch(tree)
    for target in target_directories(kept):
        target.rename(checkout / target.relative_to(kept))
    return checkout


def target_directories(tree: Path) -> list[Path]:
    """Cargo's target directories in ``tree``, also in subfolders: found by a file that cargo always writes there.

    (`CACHEDIR.TAG` it writes only where it has made the directory itself, which maturin may have done.)
    """
    return [mark.parent for mark in sorted(tree.rglob(".rustc_info.json"))]


def sheet(result: Result) -> Sheet:
    """The result as a table."""
    return Sheet(
        f"{result.project} on machines that share what sccache keeps", HEADINGS, RIGHT, fields(result), result.context
    )


def as_json(result: Result) -> str:
    """One object: ``format``, ``project``, ``context``, ``builds``."""
    builds = [{**row._asdict(), "counted": row.counted._asdict()} for row in result.rows]
    whole = {"format": FORMAT, "project": result.project, "context": dict(result.context), "builds": builds}
    return json.dumps(whole, indent=2) + "\n"


def fields(result: Result) -> list[list[str]]:
    """The rows of the table; a row that found nothing in the cache missed every crate, and need not name them."""
    return [
        [
            row.way,
            row.machine,
            f"{row.seconds:.1f}",
            *(str(number) for number in (row.counted.asked, *row.counted)),
            ", ".join(row.missed) if row.counted.hits or not row.missed else "all",
        ]
        for row in result.rows
    ]
