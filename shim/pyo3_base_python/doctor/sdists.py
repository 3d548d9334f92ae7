"""Sources that are unpacked anew for each build: what cargo can recognise of them. Pure.

`uv build` and `python -m build` make an sdist and build the wheel from it, pip and uv unpack the packages of an index:
each time at another path, with the target directory inside.
"""

from __future__ import annotations

import os

from pyo3_base_python.doctor.finding import NOTE, OK, PROBLEM, Finding
from pyo3_base_python.wrapper import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyo3_base_python.doctor.facts import Facts

__all__ = ["judge", "judge_place"]

TOPIC = "sdists"


def judge_place(facts: Facts) -> Iterator[Finding]:
    """Whether the folder for what is compiled of sdists can be used."""
    error, said = facts.sdist_error, facts.decision_error
    if error and not (said and said.what == error.what):
        yield Finding(PROBLEM, TOPIC, error.what, error.hint)


def judge(facts: Facts) -> Iterator[Finding]:
    """The place where cargo compiles them, and the crates that it can't recognise."""
    if facts.project is None or not (facts.pyproject and facts.pyproject.rust_backend):
        return
    if facts.sdist_error:
        yield from judge_place(facts)
    elif facts.sdist_place:
        yield Finding(OK, TOPIC, f"what is compiled of unpacked sdists goes to {facts.sdist_place}")
    elif facts.decision.plan is None:
        yield Finding(NOTE, TOPIC, "what is compiled of unpacked sdists does not stay, for what the wrapper says above")
    else:
        yield Finding(
            NOTE,
            TOPIC,
            "`uv build`, `python -m build` and `pip install NAME` build from an unpacked sdist, at another path each"
            " time, and compile everything there",
            "set CARGO_TARGET_DIR to a folder that stays; `uv build --wheel` builds from this folder instead",
        )
    if facts.vendored and paths.is_inside(facts.vendored, facts.folder):
        yield Finding(
            NOTE,
            TOPIC,
            f"the crates in {os.path.relpath(facts.vendored, facts.folder)} are vendored, and cargo knows them by"
            " their absolute path: all are compiled each time an sdist is unpacked",
            "build from this folder, or from an sdist that is unpacked once",
        )
    for crate in facts.graph.outside:
        where = os.path.relpath(crate.folder, facts.project.root)
        yield Finding(
            NOTE,
            TOPIC,
            f"{crate.name} ({where}) lies outside the workspace, and cargo knows it by its absolute path: it is"
            " compiled each time an sdist is unpacked, with what depends on it",
            "put both into one [workspace], or build from this folder",
        )
