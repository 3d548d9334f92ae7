"""What ``$CARGO`` starts: decide, set the environment, become the real cargo.

The build backend (maturin, setuptools-rust) has chosen the interpreter by the time it starts cargo, so this is where
its choice can be given a stable name. On POSIX the process is replaced: arguments, streams, exit code and signals are
cargo's own. Whatever goes wrong here costs one line on stderr, and cargo runs with the environment it was given; only
what the user asked for by name (``PYO3_BASE_PYTHON``, ``PYO3_SHIM_MODE``) is an error.

Variables read: ``PYO3_SHIM_MODE``, ``PYO3_SHIM_STORE``, ``PYO3_SHIM_CARGO``, ``PYO3_SHIM_BUILD_DIR`` and
``PYO3_SHIM_LOG`` (see ``shim/docs/reference.md``).
"""

from __future__ import annotations

import os
import sys

from . import early, process, real_cargo, report
from .errors import CannotSteady, ShimError, UserError
from .exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["become_cargo", "main"]


def main(locale: str | None = None) -> NoReturn:
    """``sys.argv`` has the path by which this wrapper was started, then cargo's arguments.

    ``locale`` is what the launcher says of ``LC_CTYPE``, which Python sets in a C locale (PEP 538): ``set to X``, or
    nothing if it was not set.
    """
    wrapper, *arguments = sys.argv
    environ = dict(os.environ)
    if locale is not None:
        environ.pop("LC_CTYPE", None)
        if locale:
            environ["LC_CTYPE"] = locale[len("set to ") :]
    become_cargo(wrapper, arguments, environ)


def become_cargo(wrapper: str, arguments: list[str], environ: dict[str, str]) -> NoReturn:
    """Become the cargo behind the launcher ``wrapper``, with these ``arguments`` and what is made ready for it.

    Who calls this instead of starting ``wrapper`` has no shell in between, before which macOS removes ``DYLD_*``.
    """
    try:
        cargo = real_cargo.find(environ, wrapper)
    except ShimError as error:
        report.fail(error)
    # Cargo hands its own CARGO on to build scripts: it must not be this wrapper.
    environ.pop("CARGO", None)
    # What cargo starts is to see the PATH that it would have seen.
    if "PATH" in environ:
        environ["PATH"] = real_cargo.without_wrapper(environ["PATH"])
    # Used up: a cargo that starts `cargo` again must not come back to itself.
    environ.pop("PYO3_SHIM_CARGO", None)
    question = None
    try:
        question = early.begin(arguments, environ)
        from .prepare import prepare  # noqa: PLC0415 - 5 ms, while the interpreter answers

        environ, arguments, log = prepare(cargo, arguments, environ, os.getcwd(), question)
    except UserError as error:
        report.fail(error)
    except KeyboardInterrupt:
        # While the interpreter was asked: end as cargo would, by the signal.
        process.die_of_interrupt()
    except CannotSteady as error:
        log = f"left alone: {error.what}"
        report.warn(error, "cargo")
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not break a build that works without us
        log = f"left alone: {type(error).__name__}: {error}"
        report.say(f"internal error ({type(error).__name__}: {error}); cargo runs without a stable interpreter")
        if environ.get("PYO3_SHIM_LOG"):
            import traceback  # noqa: PLC0415 - 15 ms, for the one who looks for a mistake of ours

            log += f"\n{traceback.format_exc()}"
    finally:
        if question is not None:
            question.drop()
    report.log(environ, arguments, log)
    try:
        process.become(cargo, [cargo, *arguments], environ)
    except OSError as error:
        report.say(f"can't start {cargo}: {error.strerror}")
        sys.exit(Exit.NOT_STARTED)
