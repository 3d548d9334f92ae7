"""The bundled crates: in the wheel beside this file, in a checkout at its top."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

__all__ = ["copy", "folder"]


def folder() -> Path:
    """Where the bundled crates are. Raises ``ShimError`` if this installation has none."""
    here = Path(__file__).resolve().parent
    for place in (here / "rust_fixture", here.parent.parent / "rust_fixture"):
        if (place / "README.md").is_file():
            return place
    raise ShimError("the bundled crates are missing", "install pyo3-base-python anew", Exit.DISK)


def copy(name: str, destination: Path) -> Path:
    """Copy the crate ``name`` (a folder's name) to ``destination``, which must not exist, and return that."""
    shutil.copytree(folder() / name, destination, ignore=shutil.ignore_patterns("target", "*.egg-info", "build"))
    return destination
