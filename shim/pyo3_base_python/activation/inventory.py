"""The contents of the store, and which of them can be removed.

Every file can be written again from what it is named after, with the same content and time, so clearing costs no more
than that; only a build that is running may still be about to read a file. Another process may clear the store at the
same time: a file that disappears meanwhile is passed over.
"""

from __future__ import annotations

import shutil
import stat
import time
from pathlib import Path
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

__all__ = ["KINDS", "Entry", "clear", "crowded", "entries", "unused"]

# Folders of the store to what their entries are, in words.
KINDS = {
    "config": "configurations of interpreters",
    "python": "names of isolated interpreters",
    "wrapper": "copies of the code that $CARGO runs",
    "bin": "what CARGO names",
    "path": "folders to put first on PATH",
    "calls": "lists of cargo's calls, for `pyo3-base-python stats`",
}
DAY = 24 * 60 * 60
# An entry counts as unused when it was neither read nor written for so long.
UNUSED_AFTER_DAYS = 30
# From so many entries on, those that are unused are cleared without being asked.
CROWDED = 1000


class Entry(NamedTuple):
    """A file or folder directly below one of the store's folders: kind (a key of ``KINDS``), bytes, last use (s)."""

    path: Path
    kind: str
    size: int
    used: float


def entries(root: Path) -> list[Entry]:
    """All entries of the store at ``root``, the one unused for longest first; none if there is no store."""
    found = []
    for kind in KINDS:
        for path in _listed(root / kind):
            states = _states(path)
            if not states and not path.is_dir():
                continue
            # The modification time is pinned: the access time tells of use, the change time of writing.
            used = max((max(state.st_atime, state.st_ctime) for state in states), default=0.0)
            found.append(Entry(path, kind, sum(state.st_size for state in states), used))
    return sorted(found, key=lambda entry: entry.used)


def crowded(root: Path) -> bool:
    """Whether the store at ``root`` has more than ``CROWDED`` entries; does not look into any of them."""
    return sum(len(_listed(root / kind)) for kind in KINDS) > CROWDED


def unused(found: Iterable[Entry], now: float | None = None) -> list[Entry]:
    """Those of ``found`` not used for ``UNUSED_AFTER_DAYS``, except what ``CARGO`` and ``PATH`` name, and its code."""
    limit = (time.time() if now is None else now) - UNUSED_AFTER_DAYS * DAY
    return [entry for entry in found if entry.used < limit and entry.kind not in {"bin", "path", "wrapper"}]


def clear(found: Iterable[Entry]) -> None:
    """Remove these entries; an entry that is gone already, or can't be removed, is passed over."""
    for entry in found:
        if entry.path.is_dir() and not entry.path.is_symlink():
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            try:
                entry.path.unlink()
            except OSError:
                continue


def _listed(folder: Path) -> list[Path]:
    """What is in ``folder``; nothing if the folder does not exist, or no longer does."""
    try:
        return list(folder.iterdir()) if folder.is_dir() else []
    except (FileNotFoundError, NotADirectoryError):
        return []


def _states(path: Path) -> list[os.stat_result]:
    """Of the files at or below ``path``; a link is a file here."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        return []
    if not stat.S_ISDIR(state.st_mode):
        return [state]
    return [each for below in _listed(path) for each in _states(below)]
