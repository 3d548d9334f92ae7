"""Ask the interpreter before looking at the project: it takes as long to answer as the wrapper takes to load."""

from __future__ import annotations

import os

from . import command_line, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PROBE", "begin"]

# What an interpreter is asked by.
PROBE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe.py")


def begin(arguments: Sequence[str], environ: Mapping[str, str]) -> process.Capture | None:
    """Start the interpreter that a build backend has named for this call of cargo, if it is likely to be needed.

    ``None`` where it is not, or where that can't be done beside other work. What is returned has to be dropped at last.
    """
    named = environ.get("PYO3_PYTHON")
    if not named or environ.get("PYO3_SHIM_MODE") == "off" or not command_line.parse(arguments).may_build:
        return None
    try:
        return process.Capture([process.find_program(named, environ) or named, PROBE], environ)
    except (OSError, AttributeError):  # who asks for it says what is wrong; `posix_spawn` is not everywhere
        return None
