"""Files of others: read if they are files, and never waited for."""

from __future__ import annotations

import os
import stat

__all__ = ["read"]

# A pipe is not waited for; to open a terminal is not to be controlled by it.
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
BLOCK = 1 << 16


def read(path: str, begins: bytes = b"") -> bytes | None:
    """The content of the regular file that ``path`` names or links to, if it ``begins`` so; else ``None``.

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
