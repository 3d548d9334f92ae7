"""How the test bed ends when it can't go on: one exit code for each kind of failure, one line for each failure."""

from __future__ import annotations

import contextlib
import errno
import re

from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Exit", "build_failed", "check_disk", "missing_program", "os_errors_told", "telling"]

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_WORDS = ("No space left on device", "os error 28", "Disk quota exceeded")
SHOWN_LINES = 6
# Of cargo and rustc; of Python. What pip says of a subprocess says nothing.
ERROR = re.compile(r"(error(\[E\d+\])?|\w*Error): (?!subprocess-exited-with-error|metadata-generation-failed)")


def missing_program(name: str, hint: str) -> ShimError:
    """The error for a program that is not on ``PATH``."""
    return ShimError(f"there is no {name} on PATH", hint, Exit.PROGRAM)


def check_disk(output: str) -> None:
    """Raise ``ShimError`` if a program that failed with ``output`` did so because the disk is full."""
    if any(words in output for words in FULL_WORDS):
        raise ShimError("no space left on the disk", "free some, or choose another folder by --work", Exit.DISK)


def build_failed(what: str, output: str, log: str) -> ShimError:
    """The error for a program that had to succeed: the last lines of its ``output``, and where the rest is."""
    return ShimError(f"{what}: {telling(output)}", f"the whole output is in {log}", Exit.BUILD)


def telling(output: str) -> str:
    """The last lines of ``output`` that speak of errors, or else the last ones, as one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if ERROR.match(line)]
    # Cargo quotes whole commands of rustc, which have `--error-format` in them.
    errors = errors or [line for line in lines if "error" in line.lower() and "--error-format" not in line]
    return " / ".join((errors or lines)[-SHOWN_LINES:])[:600]


@contextlib.contextmanager
def os_errors_told() -> Iterator[None]:
    """Turn an ``OSError`` from within (a full disk, a folder that can't be written to) into a ``ShimError``."""
    try:
        yield
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        what = "no space left on the disk" if error.errno in FULL else f"{error.strerror or error}"
        raise ShimError(f"can't use{where}: {what}", "choose another folder by --work", Exit.DISK) from None
