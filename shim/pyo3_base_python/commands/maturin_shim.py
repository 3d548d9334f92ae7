"""``maturin-shim``: maturin's own command line with a stable interpreter around it."""

from __future__ import annotations

import os
import sys
import sysconfig

from pyo3_base_python.activation import switch
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit
from pyo3_base_python.wrapper.report import fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Become maturin: every argument, stream and exit code is its own."""
    environ = dict(os.environ)
    try:
        program = find_maturin(environ)
    except ShimError as error:
        fail(error)
    environ.update(switch.variables_if_possible(environ, "maturin"))
    try:
        process.become(program, ["maturin", *sys.argv[1:]], environ)
    except OSError as error:
        fail(ShimError(f"can't start {program}: {error.strerror}", exit_code=Exit.NOT_STARTED))


def find_maturin(environ: dict[str, str]) -> str:
    """The maturin that is installed beside this package, else the one on ``PATH``. Raises ``ShimError``."""
    beside = [
        os.path.join(folder, "maturin")
        for folder in dict.fromkeys((os.path.dirname(sys.executable), sysconfig.get_path("scripts")))
    ]
    for name in [*beside, "maturin"]:
        found = process.find_program(name, environ)
        if found:
            return found
    raise ShimError(
        "maturin is not installed",
        "pip install maturin, or install pyo3-base-python with its dependencies",
        Exit.NOT_FOUND,
    )
