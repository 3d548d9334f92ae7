"""The command line, called in this process or started in one of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from pyo3_base_python.commands import cli
from tests.unit.support import click_runner

if TYPE_CHECKING:
    from click.testing import Result

    from tests.unit.support import Wrapper

__all__ = ["execute", "invoke"]


def invoke(*arguments: str) -> Result:
    """What `pyo3-base-python` with these arguments prints, and its exit code; in this process."""
    return click_runner().invoke(cli.main, arguments)


def execute(
    wrapper: Wrapper, *arguments: str, stdin: bytes = b"", **changes: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `pyo3-base-python` with these arguments in the project of ``wrapper``; ``changes`` are variables."""
    return subprocess.run(
        [sys.executable, "-m", "pyo3_base_python", *arguments],
        env=wrapper.variables(**changes),
        cwd=wrapper.project,
        input=stdin,
        capture_output=True,
        check=False,
    )
