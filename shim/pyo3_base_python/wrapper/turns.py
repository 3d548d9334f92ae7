"""One build after another, where several compile into one folder of a profile.

Between the look at what was built last and cargo's own lock another build could compile another tree, or the same one,
and what is then found fresh is of that. So the lock is taken before the look, and held by the process that becomes
cargo, up to its end: a record lock (``fcntl``), which neither its children inherit nor a crash leaves behind. Cargo
would wait at the same point. What runs a program when it has compiled (``cargo run``, ``cargo test``) takes no lock: it
may run for ever, or start cargo itself.

A backend takes what was built when cargo has ended, and the next build may put another tree's in its place. So the
lock's file names the process that cargo was started by, if that reads cargo's messages: to know which file to take. The
next build begins when it has ended, or after a while: a notebook, say, stays.
"""

from __future__ import annotations

import os
import time

from . import files, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .command_line import Invocation

__all__ = ["take"]

# Subcommands that end when all is compiled; build backends use the first two.
ENDING = frozenset({"build", "rustc", "check"})
# Those of them that make an artifact.
MAKING = frozenset({"build", "rustc"})
# How long a backend may need to take it.
SECONDS_TO_TAKE = 3.0
PAUSE = 0.02
# A number of a process may be that of another one by then.
SECONDS_OF_A_NUMBER = 60.0


def take(call: Invocation, file: str, waiting: Callable[[], None]) -> None:
    """Wait for the builds that have begun before, by the lock ``file``; ``waiting`` is called if there are any.

    Without a lock, as without the shim, where there can't be one: cargo will say if it can't write there.
    """
    if process.WINDOWS or call.subcommand not in ENDING:
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        handle = files.open_lock(file)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            waited = False
        except (BlockingIOError, PermissionError):
            waiting()
            fcntl.lockf(handle, fcntl.LOCK_EX)
            waited = True
        if waited or time.time() - os.fstat(handle).st_mtime < SECONDS_OF_A_NUMBER:
            _wait_for_the_end_of(os.pread(handle, 20, 0), os.getppid())
        os.ftruncate(handle, 0)
        os.pwrite(handle, b"%d" % os.getppid() if call.subcommand in MAKING and call.has_reader else b"", 0)
    except OSError:
        pass


def _wait_for_the_end_of(parent: bytes, unless: int) -> None:
    """Until the process with the number ``parent`` is gone, but not for ever, nor for one that waits for this one."""
    end = time.monotonic() + SECONDS_TO_TAKE
    while parent.isdigit() and int(parent) != unless and time.monotonic() < end:
        try:
            os.kill(int(parent), 0)
        except (ProcessLookupError, OverflowError):
            return
        except PermissionError:
            pass  # of another user
        time.sleep(PAUSE)
