"""What can go wrong, as data; words and exit codes are put together where a command ends."""

from __future__ import annotations

__all__ = ["NOT_FOUND", "NOT_STARTED", "CannotSteady", "ShimError", "UserError"]

# Exit codes for a program that is not there, and for one that can't be started, as shells have them.
NOT_FOUND = 127
NOT_STARTED = 126


class ShimError(Exception):
    """A failure with one line for what happened and one for what to do about it.

    ``what`` and ``hint`` are single lines without a full stop; ``exit_code`` is what a command ends with.
    """

    def __init__(self, what: str, hint: str = "", exit_code: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.exit_code = exit_code


class UserError(ShimError):
    """What the user asked for by name can't be done: the build must not go on as if nothing had been asked."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint, exit_code=3)


class CannotSteady(ShimError):  # noqa: N818 - no error to the user: cargo runs all the same
    """The shim can't do its work here: it says so in one line and becomes cargo with the environment it was given."""
