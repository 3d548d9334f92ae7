"""Results as a table: for a terminal, and as a document."""

from __future__ import annotations

from typing import NamedTuple

from rich.table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Sheet", "document", "markdown", "terminal"]


class Sheet(NamedTuple):
    """A table: its title, its headings, which columns are aligned to the right, and its rows.

    ``context`` are the tools that it was measured with, name to version.
    """

    title: str
    headings: Sequence[str]
    right: Sequence[bool]
    rows: Sequence[Sequence[str]]
    context: Mapping[str, str]


def terminal(sheet: Sheet) -> Table:
    """The table for a terminal."""
    shown = Table(title=sheet.title)
    for heading, right in zip(sheet.headings, sheet.right):
        shown.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in sheet.rows:
        shown.add_row(*row)
    return shown


def document(sheet: Sheet) -> str:
    """The table in Markdown, below its title and above what it was made with."""
    made_with = ", ".join(f"{name} {version}" for name, version in sheet.context.items())
    table = markdown(sheet.headings, sheet.rows, sheet.right)
    return "\n".join([f"{sheet.title}:", "", *table, "", f"Made with {made_with}."]) + "\n"


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """The lines of a table; ``right`` says which columns are aligned to the right."""
    lines = [_line(headings), "|" + "|".join("---:" if is_right else "---" for is_right in right) + "|"]
    return lines + [_line(row) for row in rows]


def _line(fields: Sequence[str]) -> str:
    return "| " + " | ".join(field.replace("|", "\\|") for field in fields) + " |"
