"""A process on Windows, where none becomes another: it runs the other, and ends as that does. Imported there alone."""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

__all__ = ["end", "end_of_interrupt", "is_batch", "line_for_batch", "stand_for"]

# STATUS_CONTROL_C_EXIT: the end of a program that does not handle an interrupt.
INTERRUPTED = 0xC000013A
BATCH = (".bat", ".cmd")
# What cmd.exe takes as it is, beside letters and digits.
PLAIN = frozenset("#$*+-./:?@\\_")


def stand_for(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Run ``program`` on this process's own streams, and end with its exit code.

    ``arguments`` include the program's own name first. Raises ``OSError`` if it can't be started.
    """
    import subprocess  # noqa: PLC0415 - slow to import

    line = subprocess.list2cmdline(arguments)
    if is_batch(program):
        line = line_for_batch(program, arguments[1:])
        program = os.path.join(environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "cmd.exe")
    with subprocess.Popen(line, executable=program, env=dict(environ)) as child:
        while True:
            try:
                end(child.wait())
            except KeyboardInterrupt:  # the console has sent it to the child as well: its answer counts
                continue


def end(code: int) -> NoReturn:
    """End with an exit code of Windows, which has 32 bits; ``sys.exit`` takes those of a C ``long``, with its sign."""
    sys.exit(code - (1 << 32) if code >= 1 << 31 else code)


def end_of_interrupt() -> NoReturn:
    """End as a program does that does not handle an interrupt."""
    end(INTERRUPTED)


def is_batch(program: str) -> bool:
    """Whether ``program`` is a file of commands, which cmd.exe runs."""
    return program.lower().endswith(BATCH)


def line_for_batch(script: str, arguments: Sequence[str]) -> str:
    """The command line by which cmd.exe runs ``script`` with ``arguments``, and takes none of them for its own words.

    cmd.exe puts in variables between quotes as well, and knows no escape for that: a per cent sign is followed by a
    variable's name that stands for nothing, as Rust's standard library does it. Raises ``OSError`` for a line break.
    """
    words = " ".join(_word_of_batch(word) for word in (script, *arguments))
    return f'cmd.exe /e:ON /v:OFF /d /c "{words}"'


def _word_of_batch(word: str) -> str:
    if "\n" in word or "\r" in word:
        raise OSError(errno.EINVAL, "a batch file can't be given a line break")
    if word and not word.endswith("\\") and all((one.isascii() and one.isalnum()) or one in PLAIN for one in word):
        return word
    quoted, backslashes = "", 0
    for one in word:
        if one == '"':  # those before it are for themselves
            quoted += "\\" * backslashes + '"'
        elif one == "%":
            quoted += "%%cd:~,"
        quoted += one
        backslashes = backslashes + 1 if one == "\\" else 0
    return f'"{quoted}{chr(92) * backslashes}"'
