"""Libraries that were linked, and have been replaced since: cargo does not look at them.

They are named by build scripts, and lie in folders that those name, or ``-L`` in rustc's flags. What counts is when a
file came to be where it is, or a link on the way to it, not how old it says to be.
"""

from __future__ import annotations

import os

from . import left_behind, paths
from .files import decoded, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["replaced"]

SYSTEM_LIBRARIES = "/usr/lib"
LIBRARY_FOLDERS = ("/usr/local/lib", "/usr/lib", "/lib", "/usr/lib64", "/lib64")
STATIC = (".a", ".lib")
SHARED = (".so", ".dylib", ".dll")
# In a fingerprint.
FLAGS = b'"rustflags":['


def replaced(
    profile_dir: str, packages: Collection[str], since: float, *, made: Collection[str] = ()
) -> tuple[str, str]:
    """The path of a library that was replaced ``since`` (seconds), and the package whose build script named it.

    ``("", "")`` if there is none; the package is ``""`` for a library in a folder of rustc's flags for ``packages``.
    Static libraries in one of the folders ``made`` do not count: a build may have made them.
    """
    build = os.path.join(profile_dir, "build")
    made = (*made, build)
    for folder in os.listdir(build) if os.path.isdir(build) else []:
        for path in _named(os.path.join(build, folder, "output")):
            if _counts(path, made) and _since(path) > since:
                return path, left_behind.package_of(folder)
    for path in _beside(_flags(profile_dir, packages)):
        if _counts(path, made) and _since(path) > since:
            return path, ""
    return "", ""


def _counts(path: str, made: Collection[str]) -> bool:
    return not path.endswith(STATIC) or not any(paths.is_inside(path, folder) for folder in made)


def _since(path: str) -> float:
    """When ``path`` came to lead to what it leads to, in seconds: links on the way may have been turned elsewhere."""
    ways = [path, *paths.with_parents(os.path.dirname(path))]
    return max(os.stat(path).st_ctime, *(os.lstat(way).st_ctime for way in ways if way == path or os.path.islink(way)))


def _named(output: str) -> Iterator[str]:
    """The libraries that a build script's ``output`` has linked, as far as they are found."""
    folders: list[str] = []
    names: list[tuple[str, str]] = []
    for line in decoded(read(output) or b"").splitlines():
        _, _, instruction = line.replace("cargo::", "cargo:").partition("cargo:")
        key, _, value = instruction.partition("=")
        if key == "rustc-link-search":
            folders.append(value.rpartition("=")[2])
        elif key == "rustc-link-lib":
            kind, _, name = value.rpartition("=")
            names.append((kind, name.partition(":")[0]))
    for kind, name in names:
        files = (f"lib{name}.a",) if kind.startswith("static") else (f"lib{name}.so", f"lib{name}.a")
        places = (*folders, *LIBRARY_FOLDERS, *_multiarch())
        found = (os.path.join(folder, file) for folder in places for file in files)
        yield from [path for path in found if os.path.exists(path)][:1]


def _multiarch() -> list[str]:
    """Debian's folders of libraries, such as ``/usr/lib/x86_64-linux-gnu``; not every system has them."""
    names = os.listdir(SYSTEM_LIBRARIES) if os.path.isdir(SYSTEM_LIBRARIES) else []
    return [os.path.join(SYSTEM_LIBRARIES, name) for name in names if name.endswith("-linux-gnu")]


def _flags(profile_dir: str, packages: Collection[str]) -> list[str]:
    """Rustc's flags for ``packages``, by what cargo has written of them."""
    found: list[str] = []
    for folder in left_behind.removable(profile_dir, packages):
        for file in os.listdir(folder):
            if file.endswith(".json"):
                _, _, text = (read(os.path.join(folder, file)) or b"").partition(FLAGS)
                found += [flag for flag in decoded(text.partition(b"]")[0]).split('"')[1::2] if flag not in found]
    return found


def _beside(flags: list[str]) -> Iterator[str]:
    """The libraries in the folders that ``flags`` name: any of them may have been linked."""
    words = [flag[len("-L") :] if flag.startswith("-L") else "" for flag in flags]
    words += [flags[place + 1] for place, flag in enumerate(flags[:-1]) if flag == "-L"]
    for folder in [word.rpartition("=")[2] for word in words if word]:
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if name.endswith((*STATIC, *SHARED)) and os.path.exists(path):
                yield path
