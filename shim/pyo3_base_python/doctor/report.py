"""The findings as a list on a terminal, or as JSON for a program. Pure, except for writing to the console."""

from __future__ import annotations

import json
import textwrap

from rich.text import Text

from pyo3_base_python.doctor.finding import NOTE, OK, PROBLEM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pyo3_base_python.doctor.facts import Facts
    from pyo3_base_python.doctor.finding import Finding

__all__ = ["as_json", "conclusion", "show"]

# Raised whenever a name or a meaning changes that a program may rest on.
JSON_VERSION = 1
# A column of words is not made narrower, however narrow the terminal is.
NARROWEST = 20
STYLES = {OK: "green", NOTE: "yellow", PROBLEM: "bold red"}


def show(console: Console, findings: Sequence[Finding], last: str, *, verbose: bool = False) -> None:
    """Print the findings with their hints, if ``verbose`` with their details too, and the ``last`` line.

    On a terminal, words go on below each other in a column of their own. Elsewhere, and of details, each is a line.
    """
    levels = max(map(len, STYLES))
    topics = max((len(finding.topic) for finding in findings), default=0)
    column = levels + topics + 4
    for finding in findings:
        first, *more = _lines(console, finding.what, column)
        level = (f"{finding.level:{levels}}", STYLES[finding.level])
        _print(console, level, f"  {finding.topic:{topics}}  ", first)
        for line in more:
            _print(console, " " * column, line)
        if finding.hint:
            label, indent = "hint: ", " " * column
            for line in _lines(console, finding.hint, column + len(label)):
                _print(console, indent, (label, "dim"), line)
                label, indent = "", " " * (column + len("hint: "))
        for detail in finding.details if verbose else ():
            _print(console, " " * column, (detail, "dim"))
    _print(console, (last, "bold"))


def _lines(console: Console, words: str, column: int) -> list[str]:
    """``words`` in lines that fit behind ``column``; a word that is longer, such as a path, stays whole."""
    if not console.is_terminal:
        return [words]
    width = max(console.width - column, NARROWEST)
    return textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False) or [""]


def conclusion(findings: Sequence[Finding], *, nothing_to_do: bool) -> str:
    """The last line: the conclusion of it all."""
    problems = sum(finding.level == PROBLEM for finding in findings)
    if problems:
        return "1 problem stands in the way." if problems == 1 else f"{problems} problems stand in the way."
    return "There is nothing to do for the shim here." if nothing_to_do else "Nothing stands in the way."


def as_json(facts: Facts, findings: Sequence[Finding], *, nothing_to_do: bool) -> str:
    """One object, as documented in the help of the command."""
    document = {
        "version": JSON_VERSION,
        "project": facts.folder,
        "nothing_to_do": nothing_to_do,
        "problems": sum(finding.level == PROBLEM for finding in findings),
        "would_set": facts.decision.plan.set if facts.decision.plan else {},
        "findings": [finding._asdict() for finding in findings],
    }
    return json.dumps(document, indent=2)


def _print(console: Console, *parts: str | tuple[str, str]) -> None:
    console.print(_printable(Text.assemble(*parts)), soft_wrap=True, highlight=False)


def _printable(text: Text) -> Text:
    """``text`` without characters that no terminal can show, as in a path that is not UTF-8."""
    text.plain = text.plain.encode(errors="backslashreplace").decode()
    return text
