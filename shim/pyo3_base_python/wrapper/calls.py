"""A line in the store for each call of cargo that gets a stable interpreter: `pyo3-base-python stats` reads them."""

from __future__ import annotations

import os
import time

from .files import decoded, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FOLDER", "Call", "note", "read"]

FOLDER = "calls"
# Then the file gives way to a new one, and the one before it goes: some thousands of calls are known at any time.
LIMIT = 1 << 20  # bytes
OPEN_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Call:
    """A call of cargo: ``when`` (ns) it was about to start, and the ``package`` that it builds.

    ``python`` is the interpreter that the build backend named, and ``profile_dir`` holds what is compiled; ``unpacked``
    is the folder of the sdist if that is the place for one, which cargo would else have found empty, and else ``""``.
    """

    __slots__ = ("package", "profile_dir", "python", "unpacked", "when")

    def __init__(self, when: int, package: str, python: str, profile_dir: str, unpacked: str = "") -> None:
        self.when = when
        self.package = package
        self.python = python
        self.profile_dir = profile_dir
        self.unpacked = unpacked


def note(root: str, package: str, python: str, profile_dir: str, unpacked: str = "") -> None:
    """Record a call that is about to start, in the store at ``root``; if that can't be written, go on without."""
    words = (str(time.time_ns()), python, profile_dir, unpacked, package)
    if any("\t" in word or "\n" in word for word in words):
        return
    folder = os.path.join(root, FOLDER)
    path = os.path.join(folder, "calls.txt")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # One write of one line: calls at the same time do not mix.
        handle = os.open(path, OPEN_FLAGS, 0o600)
        try:
            os.write(handle, os.fsencode("\t".join(words) + "\n"))
            full = os.fstat(handle).st_size > LIMIT
        finally:
            os.close(handle)
        if full:
            replace(path, os.path.join(folder, "earlier.txt"))
    except OSError:
        pass


def read(root: str) -> Iterable[Call]:
    """The calls recorded in the store at ``root``, the earliest first. Other lines are passed over."""
    for name in ("earlier.txt", "calls.txt"):
        try:
            with open(os.path.join(root, FOLDER, name), "rb") as file:
                lines = decoded(file.read()).splitlines()
        except OSError:
            continue
        for line in lines:
            words = line.split("\t")
            if len(words) == 5 and words[0].isdecimal() and os.path.isabs(words[2]):  # noqa: PLR2004 - as written
                when, python, profile_dir, unpacked, package = words
                yield Call(int(when), package, python, profile_dir, unpacked)
