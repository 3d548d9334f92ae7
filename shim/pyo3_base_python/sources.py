"""Sources unpacked from an sdist look unchanged to cargo: give them fresh times before it looks.

maturin's sdists carry one fixed mtime and front ends unpack them with it. Cargo knows a workspace's crate by its path
relative to the root and trusts mtimes, so an edited source at the same version, built into a target directory that
outlives the unpacked tree, passes for the one compiled before. Without the shim the changed interpreter hides it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyo3_base_python.project import Project

__all__ = ["freshen", "unpacked_sdist"]

# What no compiler reads, and what may be large.
SKIPPED_FOLDERS = frozenset({".git", ".hg", ".venv", "__pycache__", "node_modules", "target"})


def unpacked_sdist(project: Project) -> str | None:
    """The folder of the sdist that ``project`` was unpacked from: PKG-INFO lies beside pyproject.toml or setup.py.

    ``None`` if it was not, or if its target directory lies inside of it and so is as young as the sources are.
    """
    folder = project.manifest_dir
    while True:
        if _is_file(folder, "PKG-INFO") and (_is_file(folder, "pyproject.toml") or _is_file(folder, "setup.py")):
            break
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    inside = project.target_dir and os.path.commonpath([folder, project.target_dir]) == folder
    return None if inside else folder


def freshen(folder: str) -> int:
    """Set the mtime of each file below ``folder`` to now; return how many there were. Links are not followed."""
    count = 0
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            file = os.path.join(path, name)
            if not os.path.islink(file):
                os.utime(file)
                count += 1
    return count


def _is_file(folder: str, name: str) -> bool:
    return os.path.isfile(os.path.join(folder, name))
