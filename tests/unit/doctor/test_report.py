"""The list on a terminal and the JSON."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from pyo3_base_python.doctor import findings, report
from pyo3_base_python.doctor.findings import NOTE, OK, PROBLEM, Finding
from pyo3_base_python.doctor.remedies import REMEDIES
from pyo3_base_python.wrapper.errors import UserError

from .support import WELL, decided

FOUND = [Finding(OK, "store", "/store"), Finding(PROBLEM, "CARGO", "is [wrong] 3", "unset it")]


def shown(found: list[Finding], *, terminal: bool = False, **environ: str) -> str:
    output = io.StringIO()
    console = Console(file=output, width=20, force_terminal=terminal, _environ={"TERM": "xterm-256color", **environ})
    report.show(console, found, "The end.")
    return output.getvalue()


def test_one_line_each_and_a_hint_below() -> None:
    assert shown(FOUND) == (
        "ok       store  /store\nproblem  CARGO  is [wrong] 3\n                hint: unset it\nThe end.\n"
    )


def test_long_lines_are_not_wrapped() -> None:
    assert len(shown([Finding(OK, "store", "a b " * 100)]).splitlines()) == 2


def test_colours_on_a_terminal_only_and_not_where_they_are_not_wanted() -> None:
    assert "\x1b[" not in shown(FOUND)
    assert "\x1b[1;31mproblem" in shown(FOUND, terminal=True)
    assert "31m" not in shown(FOUND, terminal=True, NO_COLOR="1")


def test_a_path_that_is_not_utf_8_can_be_shown() -> None:
    assert r"/\udcff" in shown([Finding(OK, "store", "/\udcff")])


@pytest.mark.parametrize(
    ("levels", "nothing", "words"),
    [
        ([OK, NOTE], False, "Nothing stands in the way."),
        ([OK, NOTE], True, "There is nothing to do for the shim here."),
        ([PROBLEM], False, "1 problem stands in the way."),
        ([PROBLEM, OK, PROBLEM], True, "2 problems stand in the way."),
    ],
)
def test_the_last_line(levels: list[str], nothing: bool, words: str) -> None:
    assert report.conclusion([Finding(level, "", "") for level in levels], nothing_to_do=nothing) == words


def test_json_is_as_documented() -> None:
    document = json.loads(report.as_json(WELL, FOUND, nothing_to_do=False))
    assert document == {
        "version": 1,
        "project": "/src",
        "nothing_to_do": False,
        "problems": 1,
        "would_set": WELL.decision.plan.set if WELL.decision.plan else None,
        "findings": [
            {"level": "ok", "topic": "store", "what": "/store", "hint": ""},
            {"level": "problem", "topic": "CARGO", "what": "is [wrong] 3", "hint": "unset it"},
        ],
    }


def test_every_problem_has_a_hint() -> None:
    """Of those that the unit tests know; the findings themselves are tested one by one."""
    given = WELL._replace(
        python=None,
        pyproject_error=UserError("broken", "correct it"),
        decision=decided(*((kind, kind) for kind in REMEDIES)),
    )
    assert all(finding.hint for finding in findings.judge(given) if finding.level == PROBLEM)
