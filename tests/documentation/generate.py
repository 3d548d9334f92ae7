"""Write the generated parts of README and pages: `.venv/bin/python -m tests.documentation.generate`.

Text between `<!-- name: ... -->` and `<!-- end -->` is replaced; the picture is drawn from the published matrix.
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any, Callable

import click
from click.testing import CliRunner

from pyo3_base_python.commands.cli import main
from pyo3_base_python.wrapper.exit_codes import MEANINGS

from .pages import PAGES, README, ROOT

__all__ = ["generated"]

PROGRAM = "pyo3-base-python"
MATRIX = ROOT / "patches" / "measured" / "matrix.json"
WORKFLOWS = ROOT / "patches" / "measured" / "workflows.json"
PICTURE = PAGES / "second-build.svg"


def generated() -> dict[Path, str]:
    """All files with generated parts, as they should be."""
    return {
        README: _filled(README, {"commands": overview, "workflows": workflows}),
        PAGES / "reference.md": _filled(PAGES / "reference.md", {"commands": overview, "exit codes": exit_codes}),
        PAGES / "commands.md": _filled(PAGES / "commands.md", {"help": every_help}),
        PAGES / "upstream.md": _filled(PAGES / "upstream.md", {"matrix": lambda: matrix(_measured())}),
        PICTURE: picture(_measured()),
    }


def overview() -> str:
    """The table of commands, from the lines at the top of `pyo3-base-python --help`."""
    lines = [line.strip() for line in str(main.help).partition("\b")[2].splitlines() if line.strip()]
    rows = [re.split(r" {2,}", line) for line in lines]
    return _table(["command", "what for"], [[f"`{typed}`", what] for typed, what in rows])


def exit_codes() -> str:
    """The table of exit codes."""
    return _table(["exit code", "meaning"], [[str(code), meaning] for code, meaning in MEANINGS.items()])


def workflows() -> str:
    """The table of what people type, as it was measured: each line once."""
    rows: dict[str, list[str]] = {}
    for row in json.loads(WORKFLOWS.read_text(encoding="utf-8"))["workflows"]:
        ways = [row["without"], row["shim"]]
        crates = [", ".join(str(len(one["crates"])) for one in rounds) for rounds in ways]
        seconds = [", ".join(f"{one['seconds']:.1f}" for one in rounds) for rounds in ways]
        rows.setdefault(row["typed"], [f"`{row['typed']}`", row["project"], *crates, *seconds])
    headings = ["typed twice", "project", "crates without", "crates with", "seconds without", "seconds with"]
    return _table(headings, list(rows.values()))


def matrix(measured: dict[str, Any]) -> str:
    """The published matrix: the version-specific rows in which something is compiled today, and what became of hazards.

    pip's own isolation is no environment, and is left out.
    """
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for cell in measured["cells"]:
        if cell["abi"] == "version-specific" and cell["front_end"] != "pip":
            key = (cell["pyo3"]["label"], f"{cell['backend']}, {cell['builder']['label']}", cell["front_end"])
            rows.setdefault(key, {})[cell["shim"]] = f"{len(cell['crates'])}, {cell['seconds']:.1f} s"
    headings = ["pyo3", "backend", "front end", "crates, shim off", "crates, shim on"]
    table = _table(headings, [[*key, found["off"], found["full"]] for key, found in rows.items()])
    made = ", ".join(f"{name} {value}" for name, value in measured["context"].items())
    holds = "All that should hold in them, holds." if measured["holds"] else "Not all holds that should."
    words = textwrap.fill(f"There are {len(measured['cells'])} combinations. {holds} Made with {made}.", 120)
    return "\n".join([table, f"{words}\n", *_hazards(measured)])


def _hazards(measured: dict[str, Any]) -> list[str]:
    """A table of the hazards: in how many cells each was tried, and in how many it came true; nothing if none was."""
    shims = ("off", "full")
    names = dict.fromkeys(name for cell in measured["cells"] for name in cell["hazards"])
    rows = []
    for name in names:
        tried = {shim: [c["hazards"][name] for c in _with(measured, name, shim)] for shim in shims}
        bad = [f"{sum(not one['holds'] for one in tried[shim])} of {len(tried[shim])}" for shim in shims]
        rows.append([f"`{name}`", *bad])
    return [_table(["hazard", "came true, shim off", "came true, shim on"], rows)] if rows else []


def _with(measured: dict[str, Any], hazard: str, shim: str) -> list[dict[str, Any]]:
    """The cells of a mode of the shim in which ``hazard`` was tried."""
    return [cell for cell in measured["cells"] if cell["shim"] == shim and hazard in cell["hazards"]]


def _measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MATRIX.read_text(encoding="utf-8"))
    return found


def every_help() -> str:
    """What `--help` of each command prints."""
    return "\n".join(f"## {name}\n\n```text\n{text.rstrip()}\n```\n" for name, text in _helps(main, []))


def _helps(group: click.Group, path: list[str]) -> list[tuple[str, str]]:
    found = []
    for name in group.commands:
        words = [*path, name]
        done = CliRunner().invoke(main, [*words, "--help"], prog_name=PROGRAM, color=False)
        found.append((" ".join(words), done.output))
        command = group.commands[name]
        if isinstance(command, click.Group):
            found += _helps(command, words)
    return found


def picture(matrix: dict[str, Any]) -> str:
    """A chart of the released tools, from the published matrix: the second build without the shim and with it."""
    bars = []
    for backend, name in (("maturin", "maturin"), ("setuptools-rust", "setuptools-rust")):
        for front_end, command in (("uv", "uv build --wheel"), ("build", "python -m build --wheel")):
            cells = [_cell(matrix, backend, front_end, shim) for shim in ("off", "full")]
            bars.append((command, f"{name}, pyo3 {cells[0]['pyo3']['version']}", cells))
    scale = 330 / max(cell["seconds"] for _, _, cells in bars for cell in cells)
    parts = []
    for number, (command, below, cells) in enumerate(bars):
        y = 52 + number * 50
        parts.append(f'<text x="212" y="{y + 12}" class="code" text-anchor="end">{command}</text>')
        parts.append(f'<text x="212" y="{y + 27}" class="small" text-anchor="end">{below}</text>')
        for place, (cell, colour) in enumerate(zip(cells, ("#c0504d", "#2e8b57"))):
            top, width, count = y + place * 17, max(2, cell["seconds"] * scale), len(cell["crates"])
            parts.append(f'<rect x="222" y="{top}" width="{width:.0f}" height="14" rx="2" fill="{colour}"/>')
            words = f"{cell['seconds']:.1f} s, {count} crates compiled"
            parts.append(f'<text x="{229 + width:.0f}" y="{top + 11}">{words}</text>')
    for x, colour, words in ((440, "#c0504d", "without the shim"), (580, "#2e8b57", "with the shim")):
        parts.append(f'<rect x="{x}" y="15" width="12" height="12" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{x + 18}" y="26">{words}</text>')
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="720" height="256" viewBox="0 0 720 256" role="img">
<title>Seconds of the second isolated build, without and with the shim</title>
<style>
text {{ font: 12px sans-serif; fill: #333 }}
.code {{ font: 12px monospace }}
.small {{ font-size: 11px; fill: #666 }}
.head {{ font-weight: bold; font-size: 14px }}
</style>
<rect width="720" height="256" rx="6" fill="#fff"/>
<text x="16" y="26" class="head">The second isolated build, nothing changed</text>
{chr(10).join(parts)}
</svg>
"""


def _cell(matrix: dict[str, Any], backend: str, front_end: str, shim: str) -> dict[str, Any]:
    """The cell of released tools, for a version-specific module."""
    wanted = {"backend": backend, "front_end": front_end, "shim": shim, "abi": "version-specific"}
    found: list[dict[str, Any]] = [
        cell
        for cell in matrix["cells"]
        if wanted.items() <= cell.items() and cell["pyo3"]["kind"] == cell["builder"]["kind"] == "released"
    ]
    assert len(found) == 1, wanted
    return found[0]


def _table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _filled(path: Path, parts: dict[str, Callable[[], str]]) -> str:
    """The text of ``path`` with each part between its two comments."""
    text = path.read_text(encoding="utf-8")
    for name, make in parts.items():
        pattern = rf"(<!-- {re.escape(name)}: [^\n]* -->\n).*?(<!-- end -->)"
        made = make()
        text, count = re.subn(pattern, lambda m, made=made: f"{m[1]}\n{made}\n{m[2]}", text, flags=re.DOTALL)  # type: ignore[misc]
        assert count == 1, f"{path} has no place for {name}"
    return text


if __name__ == "__main__":
    for file, content in generated().items():
        file.write_text(content, encoding="utf-8")
