"""What can go wrong, as data; it is turned into words and an exit code where a command ends."""

from __future__ import annotations

from .exit_codes import Exit

__all__ = ["CannotSteady", "ShimError", "UserError"]


class ShimError(Exception):
    """A failure with one line for what happened and one for what to do about it.

    ``what`` and ``hint`` are single lines without a full stop; ``exit_code`` is what a command ends with.
    """

    def __init__(self, what: str, hint: str = "", exit_code: int = Exit.NAMED) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.exit_code = exit_code


class UserError(ShimError):
    """What the user asked for by name can't be done: the build must not go on as if they had not asked."""


class CannotSteady(ShimError):  # noqa: N818 - no error to the user: cargo runs all the same
    """The shim can't do its work here: it says so in one line and becomes cargo with the environment it was given."""
