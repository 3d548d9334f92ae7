"""Results, kept in a file of JSON lines: an interrupted run continues where it stopped.

The first line is ``{"format": 2}``; each other line is a cell: its key, which names all that the result depends on, and
what was found. Lines are only ever appended, so a run that is killed loses only the cell that it was measuring.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyo3_base_python.testbed.matrix import Cause, Found, Outcome

__all__ = ["FORMAT", "State", "from_json", "to_json"]

FORMAT = 2


class State:
    """The results in the file ``path``; it is created with the first result."""

    def __init__(self, path: Path, *, restart: bool = False) -> None:
        """Read the file. Begin anew on ``restart``, or if the file has another format. Raises ``OSError``."""
        self.path = path
        self._found: dict[str, Found] = {}
        if restart:
            path.unlink(missing_ok=True)
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        if not lines or _read(lines[0]).get("format") != FORMAT:
            path.unlink(missing_ok=True)
            return
        for line in lines[1:]:
            data = _read(line)
            if "key" in data and "found" in data:
                self._found[data["key"]] = from_json(data["found"])

    def get(self, key: str) -> Found | None:
        """The result of the cell ``key``; ``None`` if it has none yet."""
        return self._found.get(key)

    def add(self, key: str, found: Found) -> None:
        """Keep a result. Raises ``OSError``."""
        self._found[key] = found
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.path.write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
        # The line before may be torn: it ends here, whatever it is.
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps({"key": key, "found": to_json(found)}) + "\n")


def to_json(found: Found) -> dict[str, Any]:
    """``found`` in the form of JSON."""
    hazards = {name: outcome._asdict() for name, outcome in found.hazards.items()}
    return {
        "crates": list(found.crates),
        "seconds": round(found.seconds, 2),
        "hazards": hazards,
        "error": found.error,
        "cause": found.cause._asdict(),
    }


def from_json(data: dict[str, Any]) -> Found:
    """The inverse of ``to_json``."""
    hazards = {name: Outcome(**value) for name, value in data["hazards"].items()}
    return Found(tuple(data["crates"]), data["seconds"], hazards, data["error"], Cause(**data["cause"]))


def _read(line: str) -> dict[str, Any]:
    """A line's object; empty for a line that is torn or blank."""
    try:
        data = json.loads(line)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
