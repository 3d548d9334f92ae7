"""README and pages, as tests read them."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["README", "ROOT", "blocks", "every_page", "section"]

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = ROOT / "shim" / "docs"


def every_page() -> list[Path]:
    """The README, all pages, and what else people read."""
    return [README, *sorted(PAGES.glob("*.md")), *sorted((ROOT / ".github").glob("*.md"))]


def section(page: str, heading: str) -> str:
    """The text below ``heading`` in ``page`` (``README``, or the name of a page), up to the next heading."""
    path = README if page == "README" else PAGES / f"{page}.md"
    found = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ [^\n]*\n|\Z)", _uncommented(path), re.DOTALL | re.MULTILINE
    )
    assert found, f"{path.name} has no heading {heading}"
    return found[1].replace("\0", "#")


def blocks(page: str, heading: str) -> list[str]:
    """All blocks of code below ``heading`` in ``page``."""
    return re.findall(r"^```\w+\n(.*?)^```", section(page, heading), re.DOTALL | re.MULTILINE)


def _uncommented(path: Path) -> str:
    """The text of ``path`` with a NUL for each ``#`` in code, where it does not begin a heading."""
    parts = re.split(r"(^```\w*\n.*?^```$)", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return "".join(part.replace("#", "\0") if part.startswith("```") else part for part in parts)
