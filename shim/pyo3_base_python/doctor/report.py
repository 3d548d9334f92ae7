"""The findings as a list on a terminal, or as JSON for a program. Pure, but for the console that is written to."""

from __future__ import annotations

import json

from rich.text import Text

from pyo3_base_python.doctor.findings import NOTE, OK, PROBLEM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pyo3_base_python.doctor.facts import Facts
    from pyo3_base_python.doctor.findings import Finding

__all__ = ["as_json", "conclusion", "show"]

# Raised whenever a name or a meaning changes that a program may rest on.
JSON_VERSION = 1
STYLES = {OK: "green", NOTE: "yellow", PROBLEM: "bold red"}


def show(console: Console, findings: Sequence[Finding], last: str) -> None:
    """Print a line for each finding, one below it for its hint, and the ``last`` line. Lines are never wrapped."""
    levels = max(map(len, STYLES))
    topics = max((len(finding.topic) for finding in findings), default=0)
    for finding in findings:
        _print(
            console, (f"{finding.level:{levels}}", STYLES[finding.level]), f"  {finding.topic:{topics}}  ", finding.what
        )
        if finding.hint:
            _print(console, " " * (levels + topics + 4), ("hint: ", "dim"), finding.hint)
    _print(console, (last, "bold"))


def conclusion(findings: Sequence[Finding], *, nothing_to_do: bool) -> str:
    """The last line: what it all comes to."""
    problems = sum(finding.level == PROBLEM for finding in findings)
    if problems:
        return "1 problem stands in the way." if problems == 1 else f"{problems} problems stand in the way."
    return "There is nothing to do for the shim here." if nothing_to_do else "Nothing stands in the way."


def as_json(facts: Facts, findings: Sequence[Finding], *, nothing_to_do: bool) -> str:
    """One object, as the help of the command documents it."""
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
    """``text`` without what no terminal can show: a path that is not UTF-8."""
    text.plain = text.plain.encode(errors="backslashreplace").decode()
    return text
