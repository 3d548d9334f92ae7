"""What lies in a tree of sources: digests of files, links' targets and folders' lists of names, by relative path.

There are two ways to look. An unpacked sdist is read in full. The user's own tree may be large, and little of it
changes: a file is read again only if the file system says that something about it has changed (``st_ctime``, which no
program can set, so that content with an older time is found as well). What builds and tools leave in a tree is no
source.
"""

from __future__ import annotations

import itertools
import os
import stat
import time

from . import outside, paths, store
from .files import decoded, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["contents", "is_left", "look", "look_at"]

# Left by Python, setuptools and tools that run tests; and what is installed beside the sources, which is not theirs.
LEFT = frozenset("__pycache__ .eggs .hypothesis .hg .nox .svn .tox node_modules".split())
LEFT_BY_BUILDS = (".egg-info", ".pyc")
# `pip wheel .` leaves it at the top.
WHEEL = ".whl"
# Behind a name and a version: https://packaging.python.org/en/latest/specifications/source-distribution-format/
SDIST = ".tar.gz"
# At the top, too: of front ends, and of setuptools.
OUTPUTS = ("dist", "build")
# Of the extension modules that are put beside Python sources; any other library may be linked.
MODULES = (".cpython-", ".pypy", ".abi3.")
EXTENSIONS = (".so", ".pyd")
# In place of a digest: it is named, and may come into being later.
MISSING = "missing"
UNREADABLE = "unreadable"
# A git repository's word of what is checked out, beside the branch itself: build scripts embed it.
GIT = ("HEAD", "packed-refs")
BRANCH = b"ref: "
# In a worktree and a submodule ``.git`` is a file that says where the repository is.
POINTER = b"gitdir: "
# Of a larger file in a tree of the user's only size and time are looked at: those of an sdist's say nothing.
MOST_READ = 64 << 20
# In a folder behind a link, which may be any, no more files and folders than these are looked at.
MOST_BEHIND = 20_000


def contents(tree: str, target_dir: str = "") -> dict[str, str]:
    """Digests of everything below ``tree``, and of files elsewhere that build scripts name by their absolute paths.

    ``target_dir`` (a real path) holds no sources, wherever it is; cargo need not have marked it yet. Nor does ``dist``
    with what earlier builds made: without a git repository around it maturin packs that into the next sdist.
    """
    found: dict[str, str] = {}
    for path, folders, names in os.walk(tree):
        if path != tree and any(mark in names for mark in paths.MARKS):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if os.path.realpath(os.path.join(path, name)) != target_dir)
        if path == tree and "dist" in folders and all(map(_is_built, os.listdir(os.path.join(path, "dist")))):
            folders.remove("dist")
        if ".git" in folders:
            folders.remove(".git")
            git = os.path.join(path, ".git")
            found.update((name, digest) for name, (digest, _) in _of_git(git, paths.relative(git, tree), {}))
        links = [name for name in folders if os.path.islink(os.path.join(path, name))]
        sources = [name for name in (*links, *names) if path != tree or not name.endswith(WHEEL)]
        found[paths.relative(path, tree)] = _of_names([*folders, "", *sorted(sources)])
        for name in sources:
            file = os.path.join(path, name)
            found[paths.relative(file, tree)] = _of_file(file, os.lstat(file), whole=True)
            found.update((one, _of_file(one, os.stat(one))) for one in outside.named_in_full(file, tree))
    return found


def look(
    tree: str, target_dir: str, known: Mapping[str, tuple[str, int]], named: Iterable[str] = ()
) -> dict[str, tuple[str, int]]:
    """Digest and time of change (ns) of everything that may be a source for a build in ``tree``.

    That is below it, below the packages outside that its manifests and cargo's configuration name, and outside where
    its build scripts and, for macros, other sources name it in quotes. A source that was not changed is not read again:
    what an earlier look found outside is looked at again. ``known`` is the result of that look; ``named`` are other
    places that are named, absolute; ``target_dir`` as for ``contents``. Raises ``OSError``.
    """
    if "." not in known:  # some files only: what sources name was not looked for
        known = {}
    found: dict[str, tuple[str, int]] = {}
    seen: set[str] = set()
    places = [*named, *_outside(tree, known), tree]
    while places:
        place = places.pop()
        if place in seen:
            continue
        seen.add(place)
        path = paths.relative(place, tree)
        if place != tree and not _is_source(place, tree, target_dir):
            if not os.path.lexists(place) and not paths.is_inside(place, tree):
                found[path] = (MISSING, 0)
            continue
        if os.path.isfile(place):
            found[path] = _entry(place, os.lstat(place), known.get(path))
            continue
        new: dict[str, tuple[str, int]] = {}
        # No link is followed: what lies below is named by its real path if the top is.
        real = os.path.realpath(place)
        inner = os.path.join(place, os.path.relpath(target_dir, real)) if paths.is_inside(target_dir, real) else ""
        _look(place, "" if place == tree else f"{path}/", inner, known, new, top=True)
        found.update(new)
        for path, entry in new.items():
            if path.endswith(outside.NAMING) or (path.endswith(outside.MAY_NAME) and entry != known.get(path)):
                places += outside.named(os.path.join(tree, path))
    for git in {_git_above(place) for place in seen if place == tree or outside.is_package(place)} - {""}:
        found.update(_of_git(git, paths.relative(git, os.path.realpath(tree)), known))
    return found


def look_at(tree: str, files: Iterable[str], known: Mapping[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    """Like ``look``, but only at ``files`` (absolute paths); those that do not exist are left out."""
    found = {}
    for file in files:
        try:
            of_file = os.lstat(file)
        except FileNotFoundError:
            continue
        path = paths.relative(file, tree)
        found[path] = _entry(file, of_file, known.get(path))
    return found


def is_left(path: str) -> bool:
    """Whether the relative ``path`` is something that builds and tools leave in a tree."""
    top, _, below = path.partition("/")
    if (below and _is_output_of(top, below.partition("/")[0])) or (path.endswith(WHEEL) and not below):
        return True
    return any(_is_left(name) for name in path.split("/"))


def _is_left(name: str) -> bool:
    is_module = name.endswith(EXTENSIONS) and any(part in name for part in MODULES)
    return name in LEFT or name.endswith(LEFT_BY_BUILDS) or is_module


def _outside(tree: str, known: Iterable[str]) -> Iterator[str]:
    """The files and folders outside of ``tree`` that an earlier look has found; not what lies in them."""
    last = "/"
    for path in sorted(path for path in known if path.startswith("../") and "/.git/" not in path):
        if not (last.endswith("/") and path.startswith(last)):
            last = path
            yield os.path.normpath(os.path.join(tree, path))


def _is_source(place: str, tree: str, target_dir: str) -> bool:
    """Whether a file or folder outside of ``tree`` that is named in it may hold sources."""
    if paths.is_inside(place, tree):
        return False
    if not os.path.isdir(place):
        return os.path.isfile(place)
    if outside.is_package(place):
        return True
    marked = any(os.path.exists(os.path.join(place, mark)) for mark in paths.MARKS)
    return not (marked or paths.is_inside(tree, place) or os.path.realpath(place) == target_dir)


def _look(
    folder: str,
    prefix: str,
    target_dir: str,
    known: Mapping[str, tuple[str, int]],
    found: dict[str, tuple[str, int]],
    *,
    top: bool = False,
) -> bool:
    """Add what lies in ``folder`` to ``found``, its path with ``prefix``; ``False`` if it holds no sources.

    ``target_dir`` is its path by way of ``folder``.
    """
    try:
        with os.scandir(folder) as opened:
            entries = sorted(opened, key=lambda entry: entry.name)
    except PermissionError:  # no build script of this user's can read it
        entries = []
    names = {entry.name for entry in entries}
    if not top and (names.intersection(paths.MARKS) or folder == target_dir):
        return False
    listed = []
    for entry in entries:
        name = entry.name
        if _is_left(name) or (top and name.endswith(WHEEL)):
            continue
        if name == ".git":
            found.update(_of_git(entry.path, prefix + name, known))
            continue
        if entry.is_dir(follow_symlinks=False):
            if not (top and _is_output(name, entry.path)) and _look(
                entry.path, f"{prefix}{name}/", target_dir, known, found
            ):
                listed.append(name + "/")
            continue
        listed.append(name)
        found[prefix + name] = _entry(entry.path, entry.stat(follow_symlinks=False), known.get(prefix + name))
    found[prefix or "."] = (_of_names(listed), 0)
    return True


def _git_above(tree: str) -> str:
    """The ``.git`` of the repository that ``tree`` is a folder of; empty if it is none's, or has one itself."""
    for number, folder in enumerate(paths.with_parents(os.path.realpath(tree))):
        git = os.path.join(folder, ".git")
        if os.path.lexists(git):
            return git if number else ""
    return ""


def _of_git(git: str, prefix: str, known: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, tuple[str, int]]]:
    """What a repository has checked out, and its tags: paths, with ``prefix`` in place of ``git``, and as ``look``.

    ``git`` is its folder, or the file that names it: https://git-scm.com/docs/gitrepository-layout.
    """
    pointer = read(git, POINTER)
    folder = os.path.join(os.path.dirname(git), decoded(pointer[len(POINTER) :].strip())) if pointer else git
    common = read(os.path.join(folder, "commondir"))
    shared = os.path.join(folder, decoded(common.strip())) if common else folder
    head = read(os.path.join(folder, "HEAD"), BRANCH)
    branch = decoded(head[len(BRANCH) :].strip()) if head else "HEAD"
    for name in (*GIT, branch):
        content = read(os.path.join(folder if name == "HEAD" else shared, name))
        if content is not None:
            yield f"{prefix}/{name}", (store.digest(content), 0)
    for path, _, names in os.walk(os.path.join(shared, "refs", "tags")):
        for tag in names:
            file = os.path.join(path, tag)
            key = f"{prefix}/{paths.relative(file, shared)}"
            yield key, _entry(file, os.lstat(file), known.get(key))


def _entry(path: str, found: os.stat_result, known: tuple[str, int] | None) -> tuple[str, int]:
    """Digest and time of change of a file, which is read only if that time is not the ``known`` one's."""
    changed = _changed(found)
    if known is not None and known[1] == changed and not stat.S_ISLNK(found.st_mode):
        return known[0], changed
    try:
        return _of_named_file(path, found), changed
    except PermissionError:  # no build script of this user's can read it
        return UNREADABLE, changed


def _of_names(names: Iterable[str]) -> str:
    return store.digest("\0".join(names).encode(errors="surrogateescape"))


def _of_file(path: str, found: os.stat_result, *, whole: bool = False) -> str:
    if stat.S_ISLNK(found.st_mode):
        return store.digest(b"link to " + os.fsencode(os.readlink(path)))
    if not stat.S_ISREG(found.st_mode):
        return store.digest(b"no regular file")  # to open a pipe is to wait for who writes to it
    if found.st_size > MOST_READ and not whole:
        return store.digest(f"{found.st_size} bytes, {_changed(found)}".encode())
    with open(path, "rb") as opened:
        digest = store.digest(opened.read(MOST_READ))
        while block := opened.read(MOST_READ):
            digest = store.digest(digest.encode(), block)
    return digest


def _of_named_file(path: str, found: os.stat_result) -> str:
    """Like ``_of_file``; for a link also when its target was changed, which cargo need not see."""
    digest = _of_file(path, found)
    if stat.S_ISLNK(found.st_mode):
        try:
            behind = os.stat(path)
        except OSError:
            return digest
        if stat.S_ISREG(behind.st_mode):
            return store.digest(digest.encode(), f"{behind.st_size} {behind.st_ctime_ns}".encode())
        if stat.S_ISDIR(behind.st_mode) and os.access(path, os.R_OK):
            rows = [*itertools.islice(_behind(path), MOST_BEHIND + 1)]
            if len(rows) > MOST_BEHIND:  # it counts as changed each time
                rows = [str(time.time_ns())]
            return store.digest(digest.encode(), "\n".join(rows).encode(errors="surrogateescape"))
    return digest


def _behind(folder: str) -> Iterator[str]:
    """What lies in a folder behind a link, and behind links in it: paths and times of change, its top first."""
    folders = [folder]
    behind: set[str] = set()
    for place in folders:
        try:
            with os.scandir(place) as opened:
                entries = sorted(opened, key=lambda entry: entry.name)
        except OSError:  # no build script of this user's can read it
            continue
        if place != folder and any(entry.name in paths.MARKS for entry in entries):
            continue
        for entry in entries:
            name = entry.path[len(folder) :]
            if entry.is_symlink():
                yield f"{name} {entry.stat(follow_symlinks=False).st_ctime_ns}"
                if not os.path.exists(entry.path):  # or it leads round in a circle
                    continue
                if entry.is_dir():
                    real = os.path.realpath(entry.path)
                    # A link may lead to where it lies.
                    if real in behind:
                        continue
                    behind.add(real)
            if entry.is_dir():
                if entry.name != ".git" and not _is_left(entry.name):
                    folders.append(entry.path)
                    yield f"{name}/"
            else:
                yield f"{name} {entry.stat().st_size} {entry.stat().st_ctime_ns}"


def _changed(found: os.stat_result) -> int:
    """When something about a file was changed, in ns; on Windows, which does not tell, when it was made and written."""
    return found.st_mtime_ns + found.st_ctime_ns if os.name == "nt" else found.st_ctime_ns


def _is_output(name: str, path: str) -> bool:
    """Whether a folder at the top holds results of builds, and nothing else."""
    return name in OUTPUTS and all(_is_output_of(name, one) for one in os.listdir(path))


def _is_output_of(folder: str, name: str) -> bool:
    """Whether builds put something of that name into that folder at the top: front ends and setuptools do."""
    if folder == "dist":
        return _is_built(name)
    return folder == "build" and (name.startswith("bdist.") or (name.startswith(("lib.", "temp.")) and "-" in name))


def _is_built(name: str) -> bool:
    """Whether a file in ``dist`` is what a front end puts there (uv adds a ``.gitignore``)."""
    is_sdist = name.endswith(SDIST) and name.rpartition("-")[2][:1].isdigit()
    return name.endswith(WHEEL) or is_sdist or name == ".gitignore"
