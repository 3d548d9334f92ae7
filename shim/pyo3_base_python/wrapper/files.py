"""Files: other people's are read only if they are regular files, without waiting; our own are written at once."""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["open_lock", "read", "write"]

# A pipe is not waited for; to open a terminal is not to be controlled by it.
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
BLOCK = 1 << 16
# The numbers of stdin, stdout and stderr come before.
STREAMS = 3


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
        os.replace(draft, path)
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
