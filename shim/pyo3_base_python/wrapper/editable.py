"""What an editable installation points to: the folder of a project, and the modules that a build script may import.

The RECORD of such a distribution stays the same while the project changes, so its modules (``*.py``) count by their
content. Its other files do not. The project that is being built does not count at all, though `maturin develop`
installs it as editable, with a RECORD that changes with each build: without the shim, too, its build scripts are not
run again for its own modules, and pyo3 must not be compiled for each edit.
"""

from __future__ import annotations

import os
import time

from . import files, paths, store

__all__ = ["holds", "linked_project", "modules", "project"]

# A project with more modules than this is not read; it counts as changed in each build.
MODULES_READ = 5000
NO_MODULES = frozenset({"__pycache__", "node_modules"})


def project(direct_url: str) -> str:
    """The folder of an editable installation, from its file ``direct_url.json``; ``""`` for any other installation.

    https://packaging.python.org/specifications/direct-url-data-structure/: read by its two words, since to import a
    reader of JSON takes 5 ms, and a URL of a file has neither blanks nor quotes in it. Never raises.
    """
    content = b"".join((files.read(direct_url) or b"").split()).replace(b"\\/", b"/")
    if b'"editable":true' not in content:
        return ""
    first, *others = content.partition(b'"url":"file://')[2].partition(b'"')[0].split(b"%")
    try:
        path = files.decoded(first + b"".join(bytes.fromhex(other[:2].decode("ascii")) + other[2:] for other in others))
    except ValueError:
        return ""
    return _on_windows(path) if os.name == "nt" and path else path


def _on_windows(path: str) -> str:
    """The path in a URL of a file: with the drive first, or the name of a machine."""
    return os.path.normpath(path[1:] if path.startswith("/") else f"//{path}")


def linked_project(egg_link: str) -> str:
    """The folder that an ``.egg-link`` names in its first line (``setup.py develop``); ``""`` if it can't be read."""
    return files.decoded((files.read(egg_link) or b"").partition(b"\n")[0].strip())


def modules(folder: str) -> str:
    """The content of the modules below ``folder``, as a word after a blank; ``""`` if there is no such folder."""
    if not os.path.isabs(folder) or "\0" in folder:
        return ""
    found: list[bytes] = []
    for place, folders, names in os.walk(folder):
        if place != folder and any(mark in names for mark in paths.MARKS):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in NO_MODULES)
        for name in sorted(names):
            path = os.path.join(place, name)
            content = files.read(path) if name.endswith(".py") else None
            if content is None:
                continue
            if len(found) == 2 * MODULES_READ:
                return f" modules:{time.time_ns()}"
            found += [os.fsencode(os.path.relpath(path, folder)), store.digest(content).encode()]
    return f" modules:{store.digest(*found)}"


def holds(folder: str, building: str) -> bool:
    """Whether ``folder`` exists, and is or holds ``building``, the folder of the package being built (or ``""``)."""
    if not building or not os.path.isabs(folder) or "\0" in folder:
        return False
    return paths.is_inside(os.path.realpath(building), folder)
