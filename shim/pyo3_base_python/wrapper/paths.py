"""Folders: which contains which, which lies above which, which is the user's own. No file is opened."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MARKS",
    "cache",
    "home",
    "is_inside",
    "is_plain",
    "passing",
    "relative",
    "with_parents",
    "with_slashes",
]

# Files that mark a folder with no sources or modules in it: a target directory or other cache, a virtual environment.
MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")


def with_parents(folder: str) -> list[str]:
    """``folder`` and those that contain it, the innermost first, absolute."""
    folders = [os.path.abspath(folder)]
    while os.path.dirname(folders[-1]) != folders[-1]:
        folders.append(os.path.dirname(folders[-1]))
    return folders


def is_inside(path: str, folder: str) -> bool:
    """Whether ``path`` lies in ``folder``, by name or through links."""
    places = {folder, os.path.realpath(folder)}
    if os.name == "nt":  # whatever their case
        path, places = os.path.normcase(path), {os.path.normcase(place) for place in places}
    return any(path == place or path.startswith(os.path.join(place, "")) for place in places)


def relative(path: str, folder: str) -> str:
    """``path`` as seen from ``folder``, with ``/`` between the names; as it is, if it is on another drive."""
    try:
        return with_slashes(os.path.relpath(path, folder))
    except ValueError:  # on Windows
        return with_slashes(path)


def with_slashes(path: str) -> str:
    """``path`` with ``/`` between the names, as manifests, records and cargo's messages have them everywhere."""
    return path.replace("\\", "/") if os.name == "nt" else path


def is_plain(name: str) -> bool:
    """Whether ``name`` is safe as the name of a file or folder: letters, digits, ``-``, ``_``, dots."""
    return bool(name.strip(".")) and all(character.isalnum() or character in "-_." for character in name)


def home(environ: Mapping[str, str]) -> str:
    """The user's home folder, ``""`` if there is none; a blank ``HOME`` counts as unset."""
    chosen = environ.get("HOME") or environ.get("USERPROFILE")
    if chosen or os.name != "posix":
        return chosen or ""
    import pwd  # noqa: PLC0415 - rarely needed

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def cache(environ: Mapping[str, str]) -> str:
    """The user's folder for caches, absolute; ``""`` if there is none."""
    if os.name == "nt":
        base = environ.get("LOCALAPPDATA") or ""
    elif os.uname().sysname == "Darwin":
        base = os.path.join(home(environ), "Library", "Caches")
    else:
        base = environ.get("XDG_CACHE_HOME") or os.path.join(home(environ), ".cache")
    return base if os.path.isabs(base) else ""


def passing(environ: Mapping[str, str]) -> list[str]:
    """Folders in which tools unpack things for a while: those for temporary files, and caches. Real paths."""
    named = ("TMPDIR", "TEMP", "TMP", "UV_CACHE_DIR", "PIP_CACHE_DIR")
    found = [environ.get(name) or "" for name in named] + [cache(environ), "/tmp", "/var/tmp"]  # noqa: S108 - read
    return [os.path.realpath(folder) for folder in dict.fromkeys(found) if os.path.isabs(folder)]
