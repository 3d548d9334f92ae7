"""The matrix as a table on the terminal, as Markdown, as JSON, and as a chart. Pure: results in, text out."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from rich.table import Table

from pyo3_base_python.testbed import matrix, results, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyo3_base_python.testbed.matrix import Cell, Found, Verdict
    from pyo3_base_python.testbed.upstream_tests import Comparison, Run

__all__ = ["FORMAT", "Report", "as_json", "chart", "failures", "markdown", "summary", "terminal", "tests_table"]

FORMAT = 1
HEADINGS = ("backend", "ABI", "pyo3", "backend is", "Python", "front end")
SHIM = "shim "
# What a terminal's table shows of these; the others are in its title.
IN_TABLE = ("pyo3", "backend is", "front end")
SHORT = {"front end": "by"}


class Report(NamedTuple):
    """What was measured, in order, and ``context``: on what machine and with which tools, name to value."""

    cells: Sequence[tuple[Cell, Found]]
    context: Mapping[str, str]
    pip_major: int

    def verdicts(self, cell: Cell, found: Found) -> list[Verdict]:
        """What was expected of one of the cells."""
        return matrix.judge(cell, found, self.pip_major)


def failures(report: Report) -> list[tuple[Cell, Verdict]]:
    """Everything that should hold and does not."""
    return [
        (cell, verdict) for cell, found in report.cells for verdict in report.verdicts(cell, found) if not verdict.holds
    ]


def summary(report: Report, asked: Sequence[str] = ()) -> str:
    """A line: how many cells, whether all holds, and which hazards were tried, with their cells if not in all.

    Those of ``asked`` that could be tried in no cell are named, too.
    """
    number, wrong = len(report.cells), len(failures(report))
    counts = Counter(name for _, found in report.cells for name in found.hazards)
    tried = ", ".join(
        name if counts[name] == number else f"{name} (in {counts[name]})" for name in matrix.HAZARDS if counts[name]
    )
    holds = f"what should hold and does not: {wrong}" if wrong else "all that should hold, holds"
    line = f"{number} {'cell' if number == 1 else 'cells'}; {holds}; hazards that were tried: {tried or 'none'}"
    nowhere = ", ".join(name for name in asked if name not in counts)
    return f"{line}; could be tried in no cell: {nowhere}" if nowhere else line


def rows(report: Report) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table: a row for each combination, a column for each mode of the shim.

    A field holds crates and seconds of the second build; ``(!)`` marks what should be otherwise. The last column
    names the hazards that came true, with the mode; it is left out if none was tried anywhere.
    """
    shims = [shim for shim in matrix.SHIMS if any(cell.shim == shim for cell, _ in report.cells)]
    grouped: dict[Cell, dict[str, tuple[Cell, Found]]] = {}
    for cell, found in report.cells:
        grouped.setdefault(cell._replace(shim=""), {})[cell.shim] = (cell, found)
    body = []
    for head, group in grouped.items():
        row = [head.backend, head.abi, head.pyo3.label, head.builder.label, head.python, head.front_end]
        broken = []
        for shim in shims:
            if shim not in group:
                row.append("")
                continue
            cell, found = group[shim]
            wrong = {verdict.what for verdict in report.verdicts(cell, found) if not verdict.holds}
            row.append(_field(found, wrong=bool({"build", "crates"} & wrong)))
            broken += [
                f"{shim}: {hazard}{' (!)' if hazard in wrong else ''}"
                for hazard, outcome in found.hazards.items()
                if not outcome.holds
            ]
        tried = any(found.hazards for _, found in group.values())
        body.append([*row, ", ".join(broken) or ("none" if tried else "not tried")])
    headings = [*HEADINGS, *(f"{SHIM}{shim}" for shim in shims)]
    if not any(found.hazards for _, found in report.cells):
        return headings, [row[:-1] for row in body]
    return [*headings, "hazards that came true"], body


def terminal(report: Report) -> list[Table]:
    """Tables for a terminal of 80 columns, one for each backend, ABI and Python, without the hazards."""
    headings, body = rows(report)
    shown = [(place, SHORT.get(heading, heading)) for place, heading in enumerate(headings) if heading in IN_TABLE]
    numbers = [(place, heading) for place, heading in enumerate(headings) if heading.startswith(SHIM)]
    tables: dict[str, Table] = {}
    for row in body:
        title = f"\n{row[0]}, {row[1]}, Python {row[4]}, second build"
        if title not in tables:
            tables[title] = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
            for _, heading in shown:
                tables[title].add_column(heading)
            for _, heading in numbers:
                tables[title].add_column(heading, justify="right")
        fields = [row[place].replace(" (!)", "!") for place, _ in (*shown, *numbers)]
        tables[title].add_row(*fields, style="bold red" if any("(!)" in field for field in row) else None)
    return list(tables.values())


def markdown(report: Report) -> str:
    """The report as a document: the table, the tools it was made with, and what does not hold."""
    headings, body = rows(report)
    lines = [
        "Crates recompiled, and seconds, in the second isolated build of one crate, nothing changed in between:",
        "",
        *tables.markdown(headings, body, [heading.startswith(SHIM) for heading in headings]),
        "",
        f"Made with {', '.join(f'{name} {value}' for name, value in report.context.items())}.",
    ]
    tried = {hazard for _, found in report.cells for hazard in found.hazards}
    if tried:
        lines += ["", "Hazards that were tried:", ""]
        lines += [f"- {hazard}: {what}" for hazard, what in matrix.HAZARDS.items() if hazard in tried]
    wrong = failures(report)
    lines += ["", "All that should hold, holds." if not wrong else "What should hold, and does not:", ""]
    lines += [f"- {cell.key}: {verdict}" for cell, verdict in wrong]
    return "\n".join(lines).rstrip() + "\n"


def tests_table(comparisons: Sequence[Comparison]) -> Table:
    """The projects' own tests, for a terminal: without and with the patches."""
    result = Table(title="The projects' own tests")
    result.add_column("patch set", overflow="fold")
    for heading in ("released", "patched", "failed before too", "broken by the patches", "seconds"):
        result.add_column(heading, justify="right")
    for one in comparisons:
        result.add_row(
            one.name,
            _runs(one.released),
            _runs(one.patched),
            str(len(one.before)),
            str(len(one.broken) + len(one.lost)),
            f"{one.released.seconds:.0f} + {one.patched.seconds:.0f}",
            style=None if one.holds else "bold red",
        )
    return result


def as_json(report: Report) -> str:
    """One object: ``format`` (a number that changes when the meaning does), ``context``, ``cells``, ``holds``."""
    cells: list[dict[str, Any]] = []
    for cell, found in report.cells:
        cells.append(
            {
                **cell._asdict(),
                "pyo3": cell.pyo3._asdict(),
                "builder": cell.builder._asdict(),
                **results.to_json(found),
                "verdicts": [verdict._asdict() for verdict in report.verdicts(cell, found)],
            }
        )
    whole = {"format": FORMAT, "context": dict(report.context), "cells": cells, "holds": not failures(report)}
    return json.dumps(whole, indent=2) + "\n"


# The chart. Widths in pixels; the colours have enough contrast on white and on black.
WIDTH, LABELS, NUMBERS = 960, 430, 130
BAR, GAP, TOP = 9, 10, 58
COLOURS = {"off": "#d1495b", "export": "#b07d12", "full": "#2a8f5b"}
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#3b434b}.small{font-size:10px}.title{font-size:15px;font-weight:600}"
    "line{stroke:#8b949e;stroke-width:1}@media (prefers-color-scheme:dark){text{fill:#d5dbe1}}"
)


def chart(report: Report) -> str:
    """An SVG image: seconds of the second build as bars, a colour for each mode of the shim, crates as numbers."""
    grouped: dict[str, list[tuple[Cell, Found]]] = {}
    for cell, found in report.cells:
        label = f"{cell.backend}, {cell.abi}, pyo3 {cell.pyo3.label}, {cell.builder.label}"
        grouped.setdefault(f"{label} | Python {cell.python}, {cell.front_end}", []).append((cell, found))
    longest = max((found.seconds for _, found in report.cells), default=1.0) or 1.0
    scale = (WIDTH - LABELS - NUMBERS) / longest
    parts: list[str] = []
    y = TOP
    for label, group in grouped.items():
        first, _, second = label.partition(" | ")
        middle = y + len(group) * BAR / 2
        parts.append(f'<text x="{LABELS - 8}" y="{middle:.0f}" text-anchor="end" class="small">{escape(first)}</text>')
        parts.append(
            f'<text x="{LABELS - 8}" y="{middle + 11:.0f}" text-anchor="end" class="small">{escape(second)}</text>'
        )
        for cell, found in group:
            length = max(found.seconds * scale, 1.0)
            parts.append(
                f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{COLOURS[cell.shim]}">'
                f"<title>{escape(cell.key)}</title></rect>"
            )
            words = f"{found.seconds:.1f} s, {_crates(len(found.crates))}" if not found.error else "does not build"
            parts.append(f'<text x="{LABELS + length + 5:.1f}" y="{y + BAR - 2}" class="small">{words}</text>')
            y += BAR
        y += max(GAP, 24 - len(group) * BAR)
    legend = "".join(
        f'<rect x="{LABELS + index * 110}" y="34" width="10" height="10" fill="{colour}"/>'
        f'<text x="{LABELS + index * 110 + 15}" y="43">shim {shim}</text>'
        for index, (shim, colour) in enumerate(COLOURS.items())
        if any(cell.shim == shim for cell, _ in report.cells)
    )
    title = "Second isolated build, nothing changed: seconds, and crates recompiled"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 10}" viewBox="0 0 {WIDTH} {y + 10}"'
        f' role="img" aria-label="{title}"><title>{title}</title><style>{STYLE}</style>'
        f'<text x="12" y="22" class="title">{title}</text>{legend}'
        f'<line x1="{LABELS}" y1="{TOP - 6}" x2="{LABELS}" y2="{y}"/>{"".join(parts)}</svg>\n'
    )


def _field(found: Found, *, wrong: bool) -> str:
    text = "does not build" if found.error else f"{len(found.crates)}, {found.seconds:.1f} s"
    return f"{text} (!)" if wrong else text


def _runs(run: Run) -> str:
    return f"{len(run.passed)} pass" + (f", {len(run.failed)} fail" if run.failed else "")


def _crates(number: int) -> str:
    return f"{number} crate{'' if number == 1 else 's'}"
