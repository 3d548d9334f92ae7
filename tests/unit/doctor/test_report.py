"""The list on a terminal and the JSON."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from pyo3_base_python.doctor import findings, report
from pyo3_base_python.doctor.finding import NOTE, OK, PROBLEM, Finding
from pyo3_base_python.doctor.remedies import REMEDIES
from pyo3_base_python.wrapper.errors import UserError

from .support import WELL, decided

FOUND = [Finding(OK, "store", "/store"), Finding(PROBLEM, "CARGO", "is [wrong] 3", "unset it")]


LONG = "a b " * 30 + "/a/path/that/is/longer/than/the/column/of/words/is/wide/at/eighty/columns"
ALL = [*FOUND, Finding(NOTE, "build scripts", LONG, LONG, ("A=b (c)", "d " * 60))]


def shown(
    found: list[Finding], *, terminal: bool = False, width: int = 80, verbose: bool = False, **environ: str
) -> str:
    output = io.StringIO()
    environ = {"TERM": "xterm-256color", **environ}
    console = Console(file=output, width=width, force_terminal=terminal, _environ=environ)
    report.show(console, found, "The end.", verbose=verbose)
    return output.getvalue()


def test_one_line_each_and_a_hint_below() -> None:
    assert shown(FOUND) == (
        "ok       store  /store\nproblem  CARGO  is [wrong] 3\n                hint: unset it\nThe end.\n"
    )


def test_long_lines_are_not_wrapped_where_there_is_no_terminal() -> None:
    assert len(shown([Finding(OK, "store", "a b " * 100)], width=20).splitlines()) == 2


@pytest.mark.parametrize("width", [80, 110])
def test_on_a_terminal_the_words_keep_to_their_column(width: int) -> None:
    column = len("problem  build scripts  ")
    lines = shown(ALL, terminal=True, width=width, TERM="dumb", NO_COLOR="1").splitlines()
    path = LONG.rsplit(maxsplit=1)[-1]
    assert all(len(line) <= width or line.split() == [path] for line in lines)
    assert [line[:column].split() for line in lines[:-1]] == [
        *[["ok", "store"], ["problem", "CARGO"], []],
        ["note", "build", "scripts"],
        *[[]] * (len(lines) - 5),
    ]
    assert " ".join(line[column:].strip() for line in lines[3:-1]) == f"{LONG} hint: {LONG}"


def test_a_terminal_that_is_too_narrow_for_a_column_still_has_one() -> None:
    lines = shown(ALL, terminal=True, width=10, NO_COLOR="1").splitlines()
    assert any(line.strip() == "a b a b a b a b a b" for line in lines)


def test_details_are_for_who_asks_for_them_and_never_wrapped() -> None:
    assert "A=b" not in shown(ALL)
    lines = shown(ALL, terminal=True, verbose=True, TERM="dumb").splitlines()
    assert [line.strip() for line in lines[-3:]] == ["A=b (c)", ("d " * 60).strip(), "The end."]


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
            {"level": "ok", "topic": "store", "what": "/store", "hint": "", "details": []},
            {"level": "problem", "topic": "CARGO", "what": "is [wrong] 3", "hint": "unset it", "details": []},
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
