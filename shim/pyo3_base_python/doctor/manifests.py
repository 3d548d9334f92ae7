"""The place of the Cargo.toml that the build backend builds."""

from __future__ import annotations

import os
import re

from pyo3_base_python.wrapper import cargo_config, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyo3_base_python.doctor.pyproject import PyProject

__all__ = ["find"]

NAME = "Cargo.toml"
# setuptools-rust's extension in a setup.py, and the manifests that it names there.
EXTENSION = "RustExtension"
NAMED = re.compile(r"[\"']([^\"'\n]*\bCargo\.toml)[\"']")
# How deep below the project's folder a manifest is looked for that nothing names.
DEEPEST = 3


def find(folder: str, declared: PyProject | None) -> list[str]:
    """Paths relative to ``folder``, with the one that is built first; none if cargo finds none either."""
    named = [*(declared.manifests if declared else ()), *_in_setup_py(folder)]
    # maturin looks into `rust/` (its `src/project_layout.rs`).
    places = named or [NAME, os.path.join("rust", NAME)]
    found = [place for place in dict.fromkeys(places) if os.path.isfile(os.path.join(folder, place))]
    if not found and declared and declared.rust_backend:
        found = list(_below(folder))
    return found if named or not found else found[:1]


def _in_setup_py(folder: str) -> list[str]:
    text = cargo_config.read(os.path.join(folder, "setup.py")) or ""
    return NAMED.findall(text) if EXTENSION in text else []


def _below(folder: str) -> Iterator[str]:
    """Manifests below ``folder``, the uppermost first, except in hidden folders, caches and environments."""
    for path, folders, names in os.walk(folder):
        depth = 0 if path == folder else len(os.path.relpath(path, folder).split(os.sep))
        if any(mark in names for mark in paths.MARKS) or depth >= DEEPEST:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "target")
        if NAME in names:
            folders.clear()
            yield os.path.relpath(os.path.join(path, NAME), folder)
