"""The exit codes of all commands, each with one meaning. A program that a command runs has its own."""

from __future__ import annotations

__all__ = ["MEANINGS", "Exit"]


class Exit:
    """The exit codes by name, for ``sys.exit`` and ``ShimError``."""

    FAILED = 1
    USAGE = 2  # click's own
    NAMED = 3
    PROGRAM = 4
    SOURCE = 5
    PATCH = 6
    BUILD = 7
    DISK = 8
    INTERNAL = 70  # as sysexits.h has it
    NOT_STARTED = 126  # as shells have it
    NOT_FOUND = 127  # as above
    INTERRUPTED = 130  # as shells have it for SIGINT


# As `--help` says it.
MEANINGS = {
    Exit.FAILED: "something that was checked does not hold, or stands in the way",
    Exit.USAGE: "usage",
    Exit.NAMED: "what was asked for can't be done: a value, a version, a project",
    Exit.PROGRAM: "a program is missing: cargo, git",
    Exit.SOURCE: "a source can't be fetched, or is not the one that was asked for",
    Exit.PATCH: "a patch does not apply, or a patch set contradicts itself",
    Exit.BUILD: "a build that has to work failed",
    Exit.DISK: "a file or folder can't be used: no space, no permission, gone, taken",
    Exit.INTERNAL: "a bug in pyo3-base-python",
    Exit.NOT_STARTED: "the command can't be started",
    Exit.NOT_FOUND: "there is no such command",
    Exit.INTERRUPTED: "interrupted",
}
