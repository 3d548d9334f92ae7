"""Sources that are unpacked anew for each build: what cargo can recognise of them. Pure.

`uv build` and `python -m build` make an sdist and build the wheel from it, pip and uv unpack the packages of an index:
each time at another path, with the target directory inside.
"""

from __future__ import annotations

import os

from pyo3_base_python.doctor.finding import NOTE, OK, Finding
from pyo3_base_python.wrapper import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyo3_base_python.doctor.facts import Facts

__all__ = ["judge"]

TOPIC = "sdists"


def judge(facts: Facts) -> Iterator[Finding]:
    """The place where cargo compiles them, and the crates that it can't recognise."""
    if facts.project is None or not (facts.pyproject and facts.pyproject.rust_backend):
        return
    if facts.sdist_place:
        yield Finding(OK, TOPIC, f"what is compiled of unpacked sdists goes to {facts.sdist_place}")
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
