"""A lasting place for what cargo compiles of unpacked sdists.

Front ends unpack an sdist at a new path for each build, with the target directory inside, so that everything would be
compiled each time. Cargo's build directory (``build.build-dir``, since 1.91) can lie elsewhere, while the finished
artifact still goes where the build backend looks for it.

One place serves all projects of an interpreter, so that another project with the same pyo3 compiles only its own
crates. Cargo locks a build directory: builds at the same time would wait for each other. So if a place is in use, a new
project takes the next one, up to as many as there are processors; later it goes to its own place again, and waits for
it. The lock is held by the process that becomes cargo, up to its end: a record lock (``fcntl``), which its children do
not inherit and a crash does not leave behind.

A tree that is built again where it lies, for another interpreter, say, comes back to the place where it was built: what
does not depend on the interpreter is compiled there. If cargo has compiled in the tree itself, it goes on there.

The total size of the places is limited: it is checked when one is made, and once a day. The least recently used place
is removed first, and none that is in use.
"""

from __future__ import annotations

import os
import stat
import time

from . import build_dir, out_dir, paths, process, store
from .errors import CannotSteady, UserError
from .files import decoded, open_lock, read, write
from .left_behind import FINGERPRINTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .command_line import Invocation
    from .interpreter import Interpreter
    from .project import Project

__all__ = [
    "HELD",
    "LIMIT",
    "VARIABLE",
    "bound",
    "check",
    "choose",
    "clear",
    "limit",
    "places",
    "remember",
    "remembered",
    "root",
    "size",
    "take",
]

# A folder, or `off`.
VARIABLE = "PYO3_SHIM_SDIST_DIR"
# How much the places may hold, in MiB.
LIMIT = "PYO3_SHIM_SDIST_LIMIT"
DEFAULT_LIMIT = 5120
# Set while one is held: what a build script builds in turn must not wait for it.
HELD = "PYO3_SHIM_PLACE"
MEBIBYTE = 1 << 20
# Where less is free, the temporary folder may have more.
NEEDED = 512 * MEBIBYTE
DAY = 24 * 60 * 60
# In a place: a file for each project that was built there. Beside the places: a lock for each, and the last look.
PROJECTS = ".pyo3-base-python-projects"
LOCK = ".lock"
LOOKED = ".looked"
# In the target directory of a tree: the name of its place.
NAME = ".pyo3-base-python-place"


def root(environ: Mapping[str, str]) -> str:
    """The folder of the places, absolute: ``PYO3_SHIM_SDIST_DIR``, else one in the user's cache; ``""`` for none.

    Raises ``UserError`` for one that is not absolute: a front end starts cargo in a folder that does not stay.
    """
    chosen = environ.get(VARIABLE)
    if chosen == "off":
        return ""
    if chosen:
        if not os.path.isabs(chosen):
            raise UserError(f"{VARIABLE} is {chosen!r}, which is no absolute path", "set it to one, or to off")
        return os.path.normpath(chosen)
    base = paths.cache(environ)
    return os.path.join(base, "pyo3-base-python", "sdists") if base else ""


def check(environ: Mapping[str, str]) -> None:
    """Raise ``UserError`` or ``CannotSteady`` if the folder that the user has chosen can't be used. Makes it."""
    folder = root(environ) if environ.get(VARIABLE) else ""
    if folder:
        try:
            store.private_folder(folder)
        except OSError as error:
            raise _unusable(folder, error) from None


def choose(
    environ: Mapping[str, str],
    call: Invocation,
    project: Project,
    interpreter: Interpreter,
    profile_dirs: Iterable[str] = (),
) -> str:
    """The name of the place for ``project``, if it was unpacked from an sdist and no target directory is set.

    ``""`` for none. Not on Windows, where it has not been tried; not within a build that holds one; not where cargo has
    compiled in the tree itself: into one of ``profile_dirs``; and not where a build script writes beside the artifacts
    by way of the build directory (``build_dir.choose`` says so).
    """
    folder = root(environ)
    if process.WINDOWS or not folder or environ.get(HELD) or not (project.sdist and project.target_dir):
        return ""
    # By an option, a variable, or cargo's configuration: what was chosen is elsewhere.
    if not paths.is_inside(os.path.realpath(project.target_dir), project.sdist):
        return ""
    if not build_dir.takes_option(call) or not build_dir.nameable(folder):
        return ""
    if any(os.path.isdir(os.path.join(profile_dir, FINGERPRINTS)) for profile_dir in profile_dirs):
        return ""
    # Cargo knows vendored crates by their path: each unpacking would leave its own in the place, and find none.
    if _vendors(project) or out_dir.climber(project):
        return ""
    return build_dir.name_for(interpreter, environ, _c_library())


def _c_library() -> str:
    """The C library of this system, as ``glibc 2.36``; ``""`` where it is another than glibc.

    Images that share a cache may have different ones: a macro or build script linked to a newer one does not load.
    """
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return ""


def limit(environ: Mapping[str, str]) -> int:
    """How many bytes the places may hold. Raises ``UserError``."""
    chosen = environ.get(LIMIT)
    if not chosen:
        return DEFAULT_LIMIT * MEBIBYTE
    if not chosen.isdecimal():
        raise UserError(f"{LIMIT} is {chosen!r}, which is no number of MiB", f"unset it, or set it to {DEFAULT_LIMIT}")
    return int(chosen) * MEBIBYTE


def remembered(target_dir: str) -> str:
    """The name of the place where the tree with ``target_dir`` was built last; ``""`` for none."""
    return decoded(read(os.path.join(target_dir, NAME)) or b"")


def remember(target_dir: str, place: str) -> None:
    """Note for ``remembered`` that the tree with ``target_dir`` is built in ``place``, if it can be written there."""
    name = os.path.basename(place)
    if remembered(target_dir) == name:
        return
    try:
        write(os.path.join(target_dir, NAME), os.fsencode(name))
    except OSError:  # a repository may have brought a link, for instance
        return


def take(folder: str, name: str, project: str, most: int, waiting: Callable[[str], None], *, earlier: str = "") -> str:
    """The place below ``folder`` for the interpreter called ``name``, locked until this process ends.

    ``project`` is a name for what is built; ``most`` is how many bytes all places may hold; ``waiting`` is told the
    place if another build has to end first; ``earlier`` is the name of the place where this very tree was built last,
    for whatever interpreter. Raises ``CannotSteady`` if there can't be one.
    """
    names = [name, *(f"{name}.{number}" for number in range(2, (os.cpu_count() or 1) + 1))]
    try:
        store.private_folder(folder)
        if earlier in places(folder):
            names = [earlier]
        known = [one for one in names if os.path.exists(os.path.join(folder, one, PROJECTS, project))]
        for one in known or names:
            if _lock(folder, one) is not None:
                break
        else:
            one = (known or names)[0]
            waiting(os.path.join(folder, one))
            _lock(folder, one, wait=True)
        place = os.path.join(folder, one)
        if not os.path.isdir(place) or _age(os.path.join(folder, LOOKED)) > DAY:
            bound(folder, most, one)
            _touch(os.path.join(folder, LOOKED))
        os.makedirs(os.path.join(place, PROJECTS), exist_ok=True)
        _touch(os.path.join(place, PROJECTS, project))
        disk = os.statvfs(place)
        if disk.f_bavail * disk.f_frsize < NEEDED:
            raise CannotSteady(f"less than {NEEDED // MEBIBYTE} MiB are free in the place for sdists {folder}")
        if disk.f_flag & getattr(os, "ST_NOEXEC", 0):
            # Build scripts are started where they are compiled.
            raise CannotSteady(f"programs in the place for sdists {folder} can't be executed: it is mounted noexec")
        # Not opened: to close a file is to lose the locks on it.
        os.utime(os.path.join(folder, one + LOCK))
    except OSError as error:
        raise _unusable(folder, error) from None
    return place


def _unusable(folder: str, error: OSError) -> CannotSteady:
    return CannotSteady(
        f"can't use the place for sdists {folder}: {error.strerror or error}",
        f"set {VARIABLE} to a folder of your own, or to off",
    )


def places(folder: str) -> list[str]:
    """The names of the places below ``folder``, the least recently used first."""
    try:
        found = [entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda name: _age(os.path.join(folder, name + LOCK)), reverse=True)


def bound(folder: str, most: int, mine: str = "") -> list[str]:
    """Remove the least recently used places until the rest has at most ``most`` bytes; returns what was removed.

    None that is in use; ``mine`` is the one that this process holds: it goes as well, if it is too large by itself.
    """
    sizes = {name: size(os.path.join(folder, name)) for name in places(folder)}
    total = sum(sizes.values())
    removed = []
    for name in [*(name for name in sizes if name != mine), *([mine] if mine in sizes else [])]:
        if total <= most:
            break
        try:
            if name == mine:
                _remove(os.path.join(folder, name))
            elif not _remove_free(folder, name):
                continue
        except OSError:  # what a build script has made may not be ours to remove
            continue
        total -= sizes[name]
        removed.append(name)
    return removed


def clear(folder: str, unused_for: float) -> list[str]:
    """Remove the places that have not been used for so many seconds, and are not in use; returns which."""
    idle = [name for name in places(folder) if _age(os.path.join(folder, name + LOCK)) >= unused_for]
    return [name for name in idle if _remove_free(folder, name)]


def size(place: str) -> int:
    """The bytes of all files below ``place``."""
    total = 0
    for path, _, names in os.walk(place):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size
            except OSError:
                continue
    return total


def _vendors(project: Project) -> bool:
    """Whether cargo's configuration in the sdist takes crates from a folder: judged by its words."""
    for folder in paths.with_parents(project.manifest_dir):
        for name in ("config", "config.toml"):
            text = read(os.path.join(folder, ".cargo", name)) or b""
            if b"source" in text and b"directory" in text:
                return True
        if folder == project.sdist:
            break
    return False


def _lock(folder: str, name: str, *, wait: bool = False) -> int | None:
    """The open file by which this process, and what it becomes, holds a place; ``None`` if another one does."""
    import fcntl  # noqa: PLC0415 - not on Windows, where there are no places

    handle = open_lock(os.path.join(folder, name + LOCK))
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _remove_free(folder: str, name: str) -> bool:
    """Remove a place unless another process holds it."""
    held = _lock(folder, name)
    if held is None:
        return False
    try:
        _remove(os.path.join(folder, name))
    finally:
        os.close(held)
    return True


def _age(path: str) -> float:
    """Seconds since ``path`` was touched; very many if it does not exist."""
    try:
        return time.time() - os.stat(path).st_mtime
    except FileNotFoundError:
        return float("inf")


def _touch(path: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.close(handle)
    os.utime(path)


def _remove(path: str) -> None:
    """Remove a folder with its content; no half of it is ever taken for a place. Not ``shutil``: slow to import."""
    gone = path if path.endswith(".gone") else f"{path}.gone"
    if os.path.lexists(gone):  # a removal that was cut short
        _remove_tree(gone)
    if path != gone:
        os.rename(path, gone)
        _remove_tree(gone)


def _remove_tree(path: str) -> None:
    for place, folders, names in os.walk(path, topdown=False):
        for name in [*names, *folders]:
            file = os.path.join(place, name)
            if stat.S_ISDIR(os.lstat(file).st_mode):
                os.rmdir(file)
            else:
                os.unlink(file)
    os.rmdir(path)
