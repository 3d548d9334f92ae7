"""Run a program to its end, its output in a log, while somebody watches."""

from __future__ import annotations

import os
from pathlib import Path

from pyo3_base_python.testbed import failures
from pyo3_base_python.wrapper import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["must_run", "run"]

POLL_SECONDS = 0.1


def run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    cwd: Path,
    log: Path,
    watch: Callable[[], None] | None = None,
) -> tuple[int, str]:
    """Run a program in ``cwd`` and return its exit code and what it printed, which ``log`` keeps.

    ``watch`` is called ten times a second. The program ends with us. Raises ``ShimError`` if it can't be started,
    or fails on a full disk.
    """
    program = process.find_program(arguments[0], environ)
    if program is None:
        raise failures.missing_program(arguments[0], "install it, or check PATH")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        child = process.start([program, *arguments[1:]], environ, os.fspath(cwd), file.fileno())
        process.watch(child, POLL_SECONDS, watch or (lambda: None))
    output = log.read_text(encoding="utf-8", errors="replace")
    if child.returncode:
        failures.check_disk(output)
    return child.returncode, output


def must_run(what: str, arguments: Sequence[str], environ: Mapping[str, str], cwd: Path, log: Path) -> str:
    """Like ``run``, for a program that must succeed: return what it printed, or raise ``ShimError`` with ``what``."""
    status, output = run(arguments, environ, cwd, log)
    if status:
        raise failures.build_failed(what, output, os.fspath(log))
    return output
