"""The record of what was built last: of a package, or of a tree of the user's.

It lies beside what cargo has compiled (see ``staleness``). One that is damaged, or of another format, is none.
"""

from __future__ import annotations

import os

from .files import decoded, read, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["OF_PACKAGE", "RECORDS", "Record", "read_record", "write_record"]

# The folder of records, in a profile's; and how the names of those of packages end.
RECORDS = ".pyo3-base-python"
OF_PACKAGE = ".sources"
# Of the format; a record of another one is void.
HEADER = "pyo3-base-python sources 4"
# Packages of one sdist may be built by one cargo call each, and not each time: earlier trees must be remembered.
TREES_REMEMBERED = 32
# What is forgotten counts as not asked for yet.
ASKED_REMEMBERED = 1000


class Record:
    """What was built last.

    ``trees`` are the paths of the trees that the record speaks of, the last one last; ``entries`` hold digest and time
    (ns) of each file and folder in it, by relative path: when it was modified in an unpacked sdist, when anything about
    it was changed in a tree of the user's. ``python`` is the interpreter that it was built with, ``since`` when the
    first build with it began (ns), ``built`` what cargo was asked for since (packages, and how), and ``dirty`` whether
    something had changed by then that an isolated build, in a new environment, would have compiled.
    """

    __slots__ = ("built", "dirty", "entries", "python", "since", "trees")

    def __init__(
        self,
        trees: list[str],
        entries: dict[str, tuple[str, int]] | None = None,
        python: str = "",
        *,
        since: int = 0,
        built: Iterable[str] = (),
        dirty: bool = False,
    ) -> None:
        self.trees = trees[-TREES_REMEMBERED:]
        self.entries = entries or {}
        self.python = python
        self.since = since
        self.built = sorted(built)[:ASKED_REMEMBERED]
        self.dirty = dirty

    def says(self, other: Record) -> bool:
        """Whether it says the same as ``other``."""
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)


def read_record(file: str) -> Record | None:
    """The record in ``file``; ``None`` if there is none, or it can't be read in full."""
    try:
        header, *rows, end = decoded(read(file) or b"").split("\n")
        trees = []
        entries = {}
        python = ""
        since = 0
        built = []
        dirty = False
        for row in rows:
            digest, when, path = row.split(" ", 2)
            if digest == "tree":
                trees.append(path)
            elif digest == "python":
                python, dirty = path, when == "1"
            elif digest == "built":
                since = int(when)
                built.append(path)
            else:
                entries[path] = (digest, int(when))
    except (OSError, ValueError):
        return None
    return (
        Record(trees, entries, python, since=since, built=built, dirty=dirty)
        if (header, end) == (HEADER, "end") and trees
        else None
    )


def write_record(file: str, record: Record) -> None:
    """Write ``record`` to ``file``; a path with a line break in it is not recorded. Raises ``OSError``."""
    rows = [f"tree 0 {tree}" for tree in record.trees if "\n" not in tree]
    rows += [f"python {record.dirty:d} {record.python}"] if "\n" not in record.python else []
    rows += [f"built {record.since} {one}" for one in record.built]
    rows += [f"{digest} {when} {path}" for path, (digest, when) in sorted(record.entries.items()) if "\n" not in path]
    write(file, os.fsencode("\n".join([HEADER, *rows, "end"])))
