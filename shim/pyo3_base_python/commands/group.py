"""What all commands of `pyo3-base-python` have in common: whatever goes wrong is a line, a hint and an exit code."""

from __future__ import annotations

import contextlib
import sys

import click

from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

__all__ = ["Commands", "HintedError"]


class HintedError(click.ClickException):
    """A ``ShimError`` as click shows it: what, then what to do, and the exit code."""

    def __init__(self, error: ShimError) -> None:
        super().__init__(error.what)
        self.hint = error.hint
        self.exit_code = error.exit_code  # type: ignore[misc] # click declares it for the class, and means this

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """Print it to stderr."""
        click.echo(f"pyo3-base-python: error: {self.message}", err=True)
        if self.hint:
            click.echo(f"pyo3-base-python: hint: {self.hint}", err=True)


class Commands(click.Group):
    """A group whose commands end with a line and a hint, whatever goes wrong: a full disk, a folder that is gone."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; raises click's own errors only."""
        try:
            return super().invoke(ctx)
        except ShimError as error:
            raise HintedError(error) from None
        except BrokenPipeError:  # who reads has had enough: click ends without a word
            raise
        except OSError as error:
            # What could not be written is not to be tried again at the end, where Python would complain of it.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.close()
            raise HintedError(_told(error)) from None


def _told(error: OSError) -> ShimError:
    if isinstance(error, FileNotFoundError) and not error.filename:
        return ShimError("the current folder is gone", "go to one that is there", Exit.DISK)
    where = f"{error.filename}: " if error.filename else ""
    return ShimError(f"{where}{error.strerror or error}", "check the disk and the folder", Exit.DISK)
