"""The report: the same facts as a table, Markdown, JSON and a chart."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from pyo3_base_python.testbed import report
from pyo3_base_python.testbed.candidates import RELEASED
from pyo3_base_python.testbed.matrix import Cell, Choice, Found, Outcome
from pyo3_base_python.testbed.report import Report

PYO3 = Choice(RELEASED, "0.30.1", "released 0.30.1")
MATURIN = Choice(RELEASED, "1.16.0", "released 1.16.0 <&|>")
OFF = Cell("maturin", "version-specific", PYO3, MATURIN, "3.11", "build", "off")
FULL = OFF._replace(shim="full")
CHURN = Found(("pyo3-ffi", "pyo3", "plain"), 8.04, {"edit": Outcome(holds=True, what="the wheel holds the edit")})
GOOD = Found((), 1.2, {"edit": Outcome(holds=True, what="the wheel holds the edit")})
BAD = Found(("plain",), 2.0, {"edit": Outcome(holds=False, what="stale", half="the backend")})


def report_of(full: Found) -> Report:
    return Report([(OFF, CHURN), (FULL, full)], {"cargo": "1.95.0"}, 23)


def test_nothing_is_said_to_fail_where_all_holds() -> None:
    assert report.failures(report_of(GOOD)) == []
    assert "All that should hold, holds." in report.markdown(report_of(GOOD))
    assert "(!)" not in report.markdown(report_of(GOOD))


def test_what_does_not_hold_is_marked_and_explained() -> None:
    wrong = report.failures(report_of(BAD))
    assert [(cell, verdict.what) for cell, verdict in wrong] == [(FULL, "crates"), (FULL, "edit")]
    text = report.markdown(report_of(BAD))
    assert "| 3, 8.0 s | 1, 2.0 s (!) | full: edit (!) |" in text
    assert "crates: 1 (plain); expected 0 (the shim gives the interpreter a stable name)" in text
    assert "edit: stale; expected holds" in text
    assert "to blame: the backend" in text


def test_a_summary_says_what_was_tried_and_what_of_it_holds() -> None:
    assert report.summary(report_of(GOOD)) == ("2 cells; all that should hold, holds; hazards that were tried: edit")
    switched = CHURN._replace(hazards={"switch": Outcome(holds=True, what="")})
    one, mixed = (Report(cells, {}, 23) for cells in ([(OFF, CHURN)], [(OFF, switched), (FULL, BAD)]))
    assert report.summary(one).startswith("1 cell; ")
    assert report.summary(mixed).endswith(
        "; what should hold and does not: 2; hazards that were tried: switch (in 1), edit (in 1)"
    )
    assert report.summary(Report([(OFF, CHURN._replace(hazards={}))], {}, 23)).endswith("tried: none")
    assert report.summary(one, ["edit", "switch"]).endswith("tried: edit; could be tried in no cell: switch")


def test_a_row_for_each_combination_and_a_column_for_each_mode() -> None:
    headings, rows = report.rows(report_of(GOOD))
    assert headings[-3:] == ["shim off", "shim full", "hazards that came true"]
    assert len(rows) == 1
    assert rows[0][-3:] == ["3, 8.0 s", "0, 1.2 s", "none"]


def test_hazards_that_were_not_tried_are_not_called_good() -> None:
    untried = (OFF._replace(python="3.12"), CHURN._replace(hazards={}))
    headings, rows = report.rows(Report([(OFF, CHURN), untried], {}, 23))
    assert [row[-1] for row in rows] == ["none", "not tried"]
    assert len(headings) == len(rows[0])


def test_without_hazards_there_is_no_column_for_them() -> None:
    headings, rows = report.rows(Report([(OFF, CHURN._replace(hazards={}))], {}, 23))
    assert headings[-1] == "shim off"
    assert rows[0][-1] == "3, 8.0 s"


def test_a_bar_in_a_label_does_not_split_the_table() -> None:
    table = [line for line in report.markdown(report_of(GOOD)).splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1


def test_the_json_has_a_format_and_all_cells() -> None:
    data = json.loads(report.as_json(report_of(BAD)))
    assert data["format"] == report.FORMAT
    assert data["holds"] is False
    assert [cell["shim"] for cell in data["cells"]] == ["off", "full"]
    assert data["cells"][0]["crates"] == ["pyo3-ffi", "pyo3", "plain"]
    assert data["cells"][1]["hazards"]["edit"] == {
        "holds": False,
        "what": "stale",
        "half": "the backend",
    }
    assert json.loads(report.as_json(report_of(GOOD)))["holds"] is True


@pytest.mark.parametrize("full", [GOOD, BAD, Found((), 0.0, {}, "does not build")])
def test_the_chart_is_an_image_with_a_bar_for_each_cell(full: Found) -> None:
    image = ET.fromstring(report.chart(report_of(full)))
    names = [element.tag.rpartition("}")[2] for element in image.iter()]
    assert names.count("rect") == 2 + 2  # bars, and the legend of the two modes
    assert "prefers-color-scheme:dark" in report.STYLE


def test_the_longest_bar_and_its_number_fit_into_the_chart() -> None:
    image = ET.fromstring(report.chart(report_of(GOOD)))
    widths = [float(element.get("width", "0")) for element in image.iter() if element.tag.endswith("rect")]
    assert max(widths) == pytest.approx(report.WIDTH - report.LABELS - report.NUMBERS, abs=0.1)


LONG = [
    (
        Cell(backend, abi, PYO3, Choice(RELEASED, "1.16.0", "released 1.16.0"), "3.11", front_end, shim),
        Found(("crate",) * 14, 22.14, {"import-script": Outcome(holds=False, what="no")}),
    )
    for backend in ("maturin", "setuptools-rust")
    for abi in ("version-specific", "abi3")
    for front_end in ("uv", "build", "pip")
    for shim in ("off", "export", "full")
]


def test_the_tables_fit_80_columns_with_each_label_in_one_piece() -> None:
    result = Report(LONG, {}, 23)
    console = Console(width=80)
    with console.capture() as capture:
        console.print(*report.terminal(result))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert (
        len([line for line in lines if "released 0.30.1 released 1.16.0" in line and line.endswith("14, 22.1 s! ")])
        == 2 * 2 * 3
    )
    assert len([line for line in lines if "Python 3.11, second build" in line]) == 2 * 2


def test_what_should_be_otherwise_is_marked_on_the_terminal() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(*report.terminal(report_of(BAD)))
    assert "1, 2.0 s!" in capture.get()
