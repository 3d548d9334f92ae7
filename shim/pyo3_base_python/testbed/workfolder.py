"""The test bed's folder: everything in it was finished before it got its name, so each run can trust it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
import uuid
from pathlib import Path

import platformdirs

from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["WorkFolder", "default"]

DRAFTS = "drafts"
# A draft this old belongs to no run that is still going on.
OLD_DRAFT_SECONDS = 24 * 3600
TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def default() -> Path:
    """Where the work folder is unless the user says otherwise: in the user's cache."""
    return Path(platformdirs.user_cache_dir("pyo3-base-python", appauthor=False)) / "testbed"


class WorkFolder:
    """A folder of finished things (see ``settled``), logs, and what cargo keeps between builds."""

    def __init__(self, top: Path) -> None:
        """Create ``top`` if it is not there. Raises ``OSError``."""
        self.top = top.resolve()
        self.top.mkdir(parents=True, exist_ok=True)
        self._drop_old_drafts()

    def log(self, name: str) -> Path:
        """Where the output of a step goes; ``name`` has no folder."""
        return self.top / "logs" / f"{name}.log"

    def holds(self, name: str) -> bool:
        """Whether ``name`` is finished."""
        return (self.top / name).exists()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out: builds of two runs in one target directory would be mixed up. Raises ``ShimError``."""
        import fcntl  # noqa: PLC0415 - absent on Windows, where the test bed does not run

        with (self.top / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ShimError(
                    f"another run is measuring in {self.top}",
                    "wait for it, or choose another folder by --work",
                    Exit.DISK,
                ) from None
            yield

    def settled(self, name: str, make: Callable[[Path], None]) -> Path:
        """The finished folder ``name``: made by ``make`` under another name and renamed, unless it is there already.

        ``make`` gets a path that does not exist, and creates a folder there. If it raises, nothing is left.
        """
        final = self.top / name
        if final.exists():
            return final
        draft = self.top / DRAFTS / uuid.uuid4().hex
        draft.parent.mkdir(exist_ok=True)
        try:
            make(draft)
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(draft, final)
            except OSError as error:
                if error.errno not in TAKEN:  # another run was faster: its result is as good
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return final

    def scratch(self, tree: Path) -> Path:
        """A copy of ``tree`` that can be written to: always in the same folder, always fresh.

        Its files are of now: cargo would else take them for those of another tree that it has seen in between.
        """
        copy = self.scratch_of(tree)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tree, copy, symlinks=True, copy_function=shutil.copy)
        return copy

    def scratch_of(self, tree: Path) -> Path:
        """Where ``scratch`` puts the copy of ``tree``."""
        return self.top / "scratch" / "-".join(tree.relative_to(self.top).parts)

    def _drop_old_drafts(self) -> None:
        for draft in (self.top / DRAFTS).glob("*"):
            if time.time() - draft.stat().st_mtime > OLD_DRAFT_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)
