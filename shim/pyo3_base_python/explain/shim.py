"""What the shim did for a call of cargo, by its own log, which ``PYO3_SHIM_LOG`` names."""

from __future__ import annotations

import os
from typing import NamedTuple

from pyo3_base_python.wrapper import process, real_cargo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LEFT_ALONE", "OFF", "PASSED_BY", "SET", "Shim", "switched_on", "take"]

# A stable interpreter was set for the call.
SET = "set"
# The wrapper was asked, and left cargo alone.
LEFT_ALONE = "left alone"
# ``CARGO`` named the wrapper, and this cargo was started by its name, past it.
PASSED_BY = "passed by"
OFF = "off"

# How the wrapper's words begin where it left cargo alone.
ALONE = "left alone: "
# What switches the shim on for a command: the first words of a command line.
SWITCHES = (("maturin-shim",), ("pyo3-base-python", "run"), ("cargo", "base-python"))


class Shim(NamedTuple):
    """``state`` is one of the constants above.

    ``why`` says why cargo was left alone, and ``cure`` what to do about that (both may be ``""``); ``did`` is what the
    wrapper says that it did.
    """

    state: str = OFF
    why: str = ""
    cure: str = ""
    did: str = ""

    @property
    def on(self) -> bool:
        """Whether a stable interpreter was set."""
        return self.state == SET


def take(log: str, words: Sequence[str]) -> str:
    """What the wrapper wrote into ``log`` for a call of cargo with these ``words``; ``""`` if it did not run.

    Each entry is taken once: a file is left for it beside the log. An entry may have several lines.
    """
    begin = f"{' '.join(words)!a}: "
    try:
        with open(log, encoding="utf-8") as file:
            lines = file.readlines()
    except OSError:
        return ""
    for number, line in enumerate(lines):
        if line.startswith(begin):
            try:
                os.close(os.open(f"{log}.{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            except FileExistsError:
                continue
            end = next((later for later in range(number + 1, len(lines)) if lines[later][0] in "'\""), len(lines))
            return "".join([line[len(begin) :], *lines[number + 1 : end]])
    return ""


def switched_on(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether the shim was asked for: by the command ``words``, or by ``CARGO`` in its environment."""
    first = [os.path.basename(words[0]), *words[1:]]
    if any(tuple(first[: len(switch)]) == switch for switch in SWITCHES):
        return True
    named = process.find_program(environ["CARGO"], environ) if environ.get("CARGO") else None
    return named is not None and real_cargo.is_wrapper(named)
