"""One build after another, where several compile into one folder of a profile.

Between the look at what was built last and cargo's own lock another build could compile another tree, or the same one,
and what is then found fresh is of that. So the lock is taken before the look, and held by the process that becomes
cargo, up to its end: a record lock (``fcntl``), which neither its children inherit nor a crash leaves behind. Cargo
would wait at the same point. What runs a program when it has compiled (``cargo run``, ``cargo test``) takes no lock: it
may run for ever, or start cargo itself.
"""

from __future__ import annotations

import time

from . import files, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .command_line import Invocation

__all__ = ["take"]

# Subcommands that end when all is compiled; build backends use the first two.
ENDING = frozenset({"build", "rustc", "check"})
# What the backend of the other build needs to take its artifact, which this build may replace.
SECONDS_TO_TAKE = 0.3


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
        except (BlockingIOError, PermissionError):
            waiting()
            fcntl.lockf(handle, fcntl.LOCK_EX)
            time.sleep(SECONDS_TO_TAKE)
    except OSError:
        pass
