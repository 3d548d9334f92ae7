"""``cargo base-python``: any cargo command with the interpreter of the active virtual environment made stable.

Cargo starts the program ``cargo-base-python`` with ``base-python`` as its first argument, and itself in ``CARGO``:
https://doc.rust-lang.org/cargo/reference/external-tools.html#custom-subcommands
"""

from __future__ import annotations

import os
import sys

from pyo3_base_python import __version__
from pyo3_base_python.activation import switch
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit
from pyo3_base_python.wrapper.main import become_cargo
from pyo3_base_python.wrapper.report import fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]

NAME = "base-python"
HELP = """\
Run a cargo command with a stable interpreter for pyo3: that of the active virtual environment

Usage: cargo base-python <COMMAND> [ARGUMENTS]...

  cargo base-python build --release
  cargo base-python test
  cargo base-python clippy -- -D warnings

Then pyo3 is compiled once for all virtual environments of one Python. The interpreter is that of PYO3_PYTHON, else of
VIRTUAL_ENV or CONDA_PREFIX, else the python on PATH. Arguments, streams and exit codes are cargo's own, and so is the
output of `cargo base-python build --help`.

What maturin has compiled of pyo3 is fresh for `check`, `clippy` and `doc`, which link nothing: they get the value of
PYO3_BUILD_EXTENSION_MODULE that maturin sets. Tests and programs have to link to Python's library, extension modules
must not: what is compiled for tests and programs goes to a build directory of its own.

Exit codes: 2 usage, 3 what was asked for by name can't be done, 126 cargo can't be started, 127 there is no cargo; any
other is cargo's own.
"""


def main() -> NoReturn:
    """``sys.argv`` as cargo passes it: become cargo, behind the wrapper, with the words after ``base-python``."""
    arguments = sys.argv[1:]
    if arguments[:1] == [NAME]:
        arguments = arguments[1:]
    if arguments[:1] in (["--help"], ["-h"]):
        sys.stdout.write(HELP)
        sys.exit(0)
    if arguments[:1] in (["--version"], ["-V"]):
        sys.stdout.write(f"cargo-base-python {__version__}\n")
        sys.exit(0)
    if not arguments:
        fail(ShimError("no cargo command is named", "for instance `cargo base-python test`", Exit.USAGE))
    run(arguments)


def run(arguments: list[str]) -> NoReturn:
    """Become cargo with these ``arguments``, made ready by the wrapper if there can be one."""
    environ = dict(os.environ)
    added = switch.variables_if_possible(environ, "cargo")
    if "CARGO" in added:
        become_cargo(added["CARGO"], arguments, {**environ, **added})
    program = environ.get("CARGO") or "cargo"
    found = process.find_program(program, environ)
    if found is None:
        fail(ShimError(f"there is no program {program}", "start it as `cargo base-python`", Exit.NOT_FOUND))
    try:
        process.become(found, ["cargo", *arguments], environ)
    except OSError as error:
        fail(ShimError(f"can't start {found}: {error.strerror}", exit_code=Exit.NOT_STARTED))
