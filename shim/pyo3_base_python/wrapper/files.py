"""Files: other people's are read only if they are regular files, without waiting; our own are written at once."""

from __future__ import annotations

import errno
import os
import stat
import time

__all__ = ["decoded", "open_lock", "read", "replace", "write"]

# A pipe is not waited for; to open a terminal is not to be controlled by it.
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
BLOCK = 1 << 16
# The numbers of stdin, stdout and stderr come before.
STREAMS = 3
# How long to wait for who has a file open, on Windows.
PAUSES = [0.01] * 100  # s


def read(path: str, begins: bytes = b"") -> bytes | None:
    """The content of the regular file that ``path`` names or links to, if it ``begins`` as given; else ``None``.

    What is no regular file is not read: a pipe may never say anything, and a device never end. Never raises.
    """
    try:
        handle = os.open(path, FLAGS)
    except (OSError, ValueError):  # a name with a NUL in it
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        content = block = os.read(handle, BLOCK)
        if not content.startswith(begins):
            return None
        while len(block) == BLOCK:
            block = os.read(handle, BLOCK)
            content += block
    except OSError:
        return None
    finally:
        os.close(handle)
    return content


def decoded(content: bytes) -> str:
    """Text that may name paths, whatever its bytes are: ``os.fsdecode``, which on Windows refuses what is no UTF-8."""
    try:
        return os.fsdecode(content)
    except UnicodeDecodeError:
        return content.decode(errors="surrogateescape")


def replace(draft: str, path: str) -> None:
    """Rename ``draft`` to ``path``, as ``os.replace`` does. Raises ``OSError``.

    Windows has nobody replace a file that is open: a moment later it is not. A program that runs can be renamed.
    """
    for pause in PAUSES if os.name == "nt" else ():
        try:
            os.replace(draft, path)
        except PermissionError:
            time.sleep(pause)
        else:
            return
    if os.name == "nt" and os.path.isfile(path):
        os.rename(path, f"{draft}.old")
    os.replace(draft, path)


def write(path: str, content: bytes) -> None:
    """Write ``content`` to ``path``, at once or not at all. Raises ``OSError``, also where its folder is a link.

    A repository may have brought that link into the target directory.
    """
    folder = os.path.dirname(path)
    if os.path.islink(folder):
        raise OSError(errno.ELOOP, f"{folder} is a link")
    os.makedirs(folder, exist_ok=True)
    draft = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(draft, "xb") as opened:
            opened.write(content)
        replace(draft, path)
    except BaseException:  # a full disk, above all: not one more file with each build
        try:
            os.unlink(draft)
        except OSError:
            pass
        raise


def open_lock(path: str) -> int:
    """A file to lock, which stays open in the program that this process becomes. Raises ``OSError``.

    Never with the number of a stream that is closed: what is printed would go there.
    """
    import fcntl  # noqa: PLC0415 - not on Windows

    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        return fcntl.fcntl(handle, fcntl.F_DUPFD, STREAMS)  # inheritable
    finally:
        os.close(handle)
