"""Libraries and other files that were linked, and have been replaced since: cargo does not look at them.

They are named by build scripts, and lie in folders that those name, or ``-L`` in rustc's flags. Where only the folder
is known (the name may stand in a ``#[link]``), any library in it counts. What a linker is told of by an argument may be
an object, a script, a list of symbols. What counts is when a file came to be where it is, or a link on the way to it,
not how old it says to be.
"""

from __future__ import annotations

import os

from . import left_behind, paths, surroundings
from .files import decoded, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["replaced"]

SYSTEM_LIBRARIES = "/usr/lib"
LIBRARY_FOLDERS = ("/usr/local/lib", "/usr/lib", "/lib", "/usr/lib64", "/lib64")
STATIC = (".a", ".lib")
SHARED = (".so", ".dylib", ".dll")
# In a fingerprint.
FLAGS = b'"rustflags":['


def replaced(
    profile_dir: str, packages: Collection[str], since: float, *, root: str = "", made: Collection[str] = ()
) -> tuple[str, str]:
    """The path of a file that was linked and replaced ``since`` (seconds), and the package whose script named it.

    ``("", "")`` if there is none; the package is ``""`` where that is one of the local ``packages`` or was not told.
    ``root`` is the workspace's, where linkers are started. What lies in one of the folders ``made`` does not count if
    it is a static library or was named by an argument: a build may have made it, or it is looked at as a source.
    """
    build = os.path.join(profile_dir, "build")
    made = (*made, build)
    for folder in os.listdir(build) if os.path.isdir(build) else []:
        package = left_behind.package_of(folder)
        said = _Said(os.path.join(build, folder, "output"), root or profile_dir)
        for path in said.libraries():
            if _counts(path, made) and _since(path) > since:
                return path, package
        others = said.beside() if package in packages else ()
        for path in (*others, *said.told()):
            if not _is_in(path, made) and _since(path) > since:
                return path, "" if package in packages else package
    for path in _in_folders(_searched(_flags(profile_dir, packages))):
        if _counts(path, made) and _since(path) > since:
            return path, ""
    return "", ""


def _counts(path: str, made: Collection[str]) -> bool:
    return not path.endswith(STATIC) or not _is_in(path, made)


def _is_in(path: str, folders: Collection[str]) -> bool:
    return any(paths.is_inside(path, folder) for folder in folders)


def _since(path: str) -> float:
    """When ``path`` came to lead to what it leads to, in seconds: links on the way may have been turned elsewhere."""
    ways = [path, *paths.with_parents(os.path.dirname(path))]
    return max(os.stat(path).st_ctime, *(os.lstat(way).st_ctime for way in ways if way == path or os.path.islink(way)))


class _Said:
    """What a build script has told about linking, by its output; linkers are started in ``root``."""

    __slots__ = ("arguments", "folders", "names", "root")

    def __init__(self, output: str, root: str) -> None:
        self.root = root
        self.folders: list[str] = []
        self.names: list[tuple[str, str]] = []
        self.arguments: list[str] = []
        for line in decoded(read(output) or b"").splitlines():
            _, _, instruction = line.replace("cargo::", "cargo:").partition("cargo:")
            key, _, value = instruction.partition("=")
            if key == "rustc-link-search":
                self.folders.append(os.path.normpath(os.path.join(root, value.rpartition("=")[2])))
            elif key == "rustc-link-lib":
                kind, _, name = value.rpartition("=")
                self.names.append((kind, name.partition(":")[0]))
            elif key.startswith("rustc-") and "link-arg" in key:
                self.arguments.append(value)

    def libraries(self) -> Iterator[str]:
        """Those that it has named, as far as they are found."""
        for kind, name in self.names:
            files = (f"lib{name}.a",) if kind.startswith("static") else (f"lib{name}.so", f"lib{name}.a")
            places = (*self.folders, *LIBRARY_FOLDERS, *_multiarch())
            found = (os.path.join(folder, file) for folder in places for file in files)
            yield from [path for path in found if os.path.exists(path)][:1]

    def beside(self) -> Iterator[str]:
        """Those in its folders, if it has named no library: it is named elsewhere then."""
        return iter(()) if self.names else _in_folders(self.folders)

    def told(self) -> Iterator[str]:
        """The files that it has told the linker of."""
        for argument in self.arguments:
            yield from surroundings.named_files(argument, [self.root])


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


def _searched(flags: list[str]) -> list[str]:
    """The folders that ``flags`` have rustc look for libraries in."""
    words = [flag[len("-L") :] if flag.startswith("-L") else "" for flag in flags]
    words += [flags[place + 1] for place, flag in enumerate(flags[:-1]) if flag == "-L"]
    return [os.path.normpath(word.rpartition("=")[2]) for word in words if word]


def _in_folders(folders: Iterable[str]) -> Iterator[str]:
    """The libraries in ``folders``: any of them may have been linked."""
    for folder in folders:
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if name.endswith((*STATIC, *SHARED)) and os.path.exists(path):
                yield path
