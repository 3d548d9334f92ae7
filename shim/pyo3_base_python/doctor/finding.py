"""One thing that the doctor found."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NOTE", "OK", "PROBLEM", "Finding"]

OK = "ok"
NOTE = "note"
PROBLEM = "problem"


class Finding(NamedTuple):
    """``level`` is ``OK``, ``NOTE`` or ``PROBLEM``; ``hint`` is what to do, or ``""``.

    ``details`` are lines for who wants to know more.
    """

    level: str
    topic: str
    what: str
    hint: str = ""
    details: tuple[str, ...] = ()
