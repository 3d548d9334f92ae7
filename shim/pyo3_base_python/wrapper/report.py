"""What the wrapper has to say: a line on stderr, a line in the user's log, or an error that ends it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from .errors import ShimError

__all__ = ["fail", "in_a_line", "log", "say", "warn"]


def log(environ: Mapping[str, str], arguments: Sequence[str], what: str) -> None:
    """Append a line for this call to the file that ``PYO3_SHIM_LOG`` names."""
    path = environ.get("PYO3_SHIM_LOG")
    if not path:
        return
    words = " ".join(("cargo", *arguments))
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{words!a}: {what}\n")
    except OSError as error:
        say(f"can't write to PYO3_SHIM_LOG={path}: {error.strerror}")


def say(line: str) -> None:
    """One line on stderr, if it can be written: stdout may be read by a build backend."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"pyo3-base-python: {line}\n".encode(errors="backslashreplace").decode())
            sys.stderr.flush()
    except OSError:
        pass


def warn(error: ShimError, what: str) -> None:
    """Say in one line why ``what`` runs without a stable interpreter, and what to do about it."""
    say(f"{in_a_line(error)}; {what} runs without a stable interpreter")


def in_a_line(error: ShimError) -> str:
    """What is wrong, and what to do in brackets."""
    return f"{error.what} ({error.hint})" if error.hint else error.what


def fail(error: ShimError) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    say(f"error: {error.what}")
    if error.hint:
        say(f"hint: {error.hint}")
    sys.exit(error.exit_code)
