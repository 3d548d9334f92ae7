"""The files that cargo's build scripts are pointed to: content-addressed, verified, private, with a fixed time.

A config file can carry linker arguments, so no file in the store is trusted because of its name: its owner, kind and
content are checked before use, and if they are wrong, it is written anew. Writing is a rename, so two builds at once
never see half a file.
"""

from __future__ import annotations

import os
import stat
import sys

try:
    from _blake2 import blake2b  # 3 ms less than hashlib, which loads OpenSSL
except ImportError:
    from hashlib import blake2b

from . import files, paths
from .errors import CannotSteady
from .exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# A planted link is not followed, and a planted pipe not waited for.
READ_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))

__all__ = ["ANOTHER_PLACE", "PINNED_TIME", "File", "Links", "default_root", "digest", "put"]

# Seconds; the day Rust 1.0 came out. cargo reruns a build script when a file it names is newer than its last run.
PINNED_TIME = 1431648000
# What to do where the store can't be.
ANOTHER_PLACE = "set PYO3_SHIM_STORE to a folder of your own"


class File:
    """A file that belongs in the store: a path relative to its root (``/`` between folders), bytes, and mode."""

    __slots__ = ("content", "executable", "name")

    def __init__(self, name: str, content: bytes, *, executable: bool = False) -> None:
        self.name = name
        self.content = content
        self.executable = executable


class Links:
    """Symbolic links that belong in a folder of the store (with a path like that of a ``File``): name to target."""

    __slots__ = ("name", "targets")

    def __init__(self, name: str, targets: Mapping[str, str]) -> None:
        self.name = name
        self.targets = targets


def digest(*parts: bytes) -> str:
    """A name for content: 20 hexadecimal digits over ``parts``, each told apart from the next."""
    summary = blake2b(digest_size=10)
    for part in parts:
        summary.update(b"%d:" % len(part))
        summary.update(part)
    return summary.hexdigest()


def default_root(environ: Mapping[str, str]) -> str:
    """Where the store is: ``PYO3_SHIM_STORE``, else the user's data folder (not a cache: ``$CARGO`` points into it).

    Raises ``CannotSteady`` if there is neither that variable nor a home, or if a build script can't name the place to
    cargo: it does so on a line of UTF-8, and would be run again for each build.
    """
    chosen = environ.get("PYO3_SHIM_STORE")
    root = os.path.abspath(chosen) if chosen else _data_folder(environ)
    if "\n" in root or any("\udc80" <= character <= "\udcff" for character in root):
        raise CannotSteady(f"cargo can't be told of a store at {root!r}", "set PYO3_SHIM_STORE to a plain path")
    return root


def _data_folder(environ: Mapping[str, str]) -> str:
    if os.name == "nt":
        # What Python from the Store writes into AppData lies elsewhere for all other programs.
        store_app = f"{os.sep}WindowsApps{os.sep}" in sys.base_prefix
        base = paths.home(environ) if store_app else environ.get("LOCALAPPDATA") or ""
    elif os.uname().sysname == "Darwin":
        base = os.path.join(paths.home(environ), "Library", "Application Support")
    else:
        base = environ.get("XDG_DATA_HOME") or os.path.join(paths.home(environ), ".local", "share")
    if not os.path.isabs(base):
        raise CannotSteady("there is no home folder for the store", ANOTHER_PLACE)
    return os.path.join(base, "pyo3-base-python")


def put(root: str, item: File | Links) -> str:
    """Make sure that the store below ``root`` holds ``item``, and return its absolute path.

    Raises ``CannotSteady`` if that is not possible.
    """
    is_file = isinstance(item, File)
    path = os.path.join(root, *item.name.split("/"))
    try:
        private_folder(root)
        _check_parent(os.path.dirname(root))
        folder = root
        for below in item.name.split("/")[: -1 if is_file else None]:
            folder = os.path.join(folder, below)
            private_folder(folder)
        if isinstance(item, Links):
            _put_links(folder, item.targets)
        elif not _holds(path, item):
            _write(path, item)
    except OSError as error:
        why = error.strerror or error
        raise CannotSteady(f"can't use the store {root}: {why}", ANOTHER_PLACE, Exit.DISK) from None
    if isinstance(item, File) and item.executable and not os.access(path, os.X_OK):
        what = f"programs in the store {root} can't be executed (is it mounted noexec?)"
        raise CannotSteady(what, ANOTHER_PLACE, Exit.DISK)
    return path


def private_folder(path: str) -> None:
    """Create ``path`` for this user alone, or check that it is a real folder that nobody else can write to."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        _make_folder(path)
        found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise CannotSteady(f"{path} in the store is not a folder")
    if os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & 0o022):
        raise CannotSteady(f"the store folder {path} can be written to by other users")


def _make_folder(path: str, *, again: bool = False) -> None:
    """Create ``path`` and missing parents for this user alone: ``makedirs`` applies its mode only to the last one."""
    try:
        os.mkdir(path, 0o700)
    except FileNotFoundError:
        above = os.path.dirname(path)
        if above == path or again:  # Windows says so of a file in the way
            raise
        _make_folder(above)
        _make_folder(path, again=True)
    except FileExistsError:  # another build was faster
        pass


def _check_parent(path: str) -> None:
    """Refuse a folder where everybody may rename everything: the file that is used need not be the one checked."""
    if os.name == "posix" and os.stat(path).st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
        raise CannotSteady(f"everybody can write to {path}, which holds the store", ANOTHER_PLACE)


def _holds(path: str, file: File) -> bool:
    """Whether ``path`` is exactly ``file``: regular, unshared, this user's, same mode, same time, same bytes."""
    try:
        handle = os.open(path, READ_FLAGS)
    except OSError:
        return False
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size != len(file.content):
            return False
        if int(found.st_mtime) != PINNED_TIME or found.st_nlink != 1:
            return False
        if os.name == "posix" and (found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) != _mode(file)):
            return False
        content = b""
        while block := os.read(handle, len(file.content)):
            content += block
        return content == file.content
    finally:
        os.close(handle)


def _write(path: str, file: File) -> None:
    # The name is this process's own, so that two builds at once do not write into one file; O_EXCL follows no link.
    draft = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(draft, flags, 0o600)
    try:
        try:
            view = memoryview(file.content)
            while view:
                view = view[os.write(handle, view) :]
            if os.name == "posix":
                os.fchmod(handle, _mode(file))
        finally:
            os.close(handle)
        os.utime(draft, (PINNED_TIME, PINNED_TIME))
        files.replace(draft, path)
    except BaseException:
        try:
            os.unlink(draft)
        except OSError:
            pass
        raise


def _put_links(folder: str, targets: Mapping[str, str]) -> None:
    """Make these links in ``folder``, one rename each; if one is new, remove those that lead nowhere."""
    new = [name for name, target in targets.items() if not _leads_to(os.path.join(folder, name), target)]
    for name in new:
        path = os.path.join(folder, name)
        draft = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
        os.symlink(targets[name], draft)
        try:
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    if new:
        for name in set(os.listdir(folder)) - set(targets):
            path = os.path.join(folder, name)
            if not os.path.exists(path) and os.path.islink(path):
                try:
                    os.unlink(path)
                except FileNotFoundError:  # another build was faster
                    pass


def _leads_to(path: str, target: str) -> bool:
    try:
        return os.readlink(path) == target
    except OSError:
        return False


def _mode(file: File) -> int:
    return 0o700 if file.executable else 0o600
