"""Small trees of sources, and what a look at one of them finds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pyo3_base_python.wrapper.snapshot import look

__all__ = ["OLD", "digests", "grow", "seen"]

OLD = 10**18


def grow(tree: Path, files: Mapping[str, str]) -> Path:
    """A tree with these files."""
    for path, content in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(content, encoding="utf-8")
    return tree


def seen(tree: Path, known: Mapping[str, tuple[str, int]] | None = None) -> dict[str, tuple[str, int]]:
    """The result of a look at the tree."""
    return look(os.fspath(tree), os.path.realpath(tree / "target"), known or {})


def digests(tree: Path) -> dict[str, str]:
    """Without the times of change."""
    return {path: digest for path, (digest, _) in seen(tree).items()}
