"""Cargo's stderr, taken apart: its log of reasons, and its output for the user. Pure.

With ``CARGO_LOG`` cargo writes to stderr why each unit is compiled and when its job starts and ends. It was chosen
over ``CARGO_TERM_VERBOSE`` because it gives the old and the new value of a variable, contradicts no `--quiet`, and
leaves the output for the user as it is. Three of its messages go on over several lines: the job queue (pretty printed),
an error with its causes, and a backtrace.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["LOG_DIRECTIVES", "MESSAGE", "Parted", "Sieve", "part"]

# `cargo::compiler` from cargo 1.98 on, `cargo::core::compiler` before; directives that match nothing do no harm.
LOG_DIRECTIVES = ",".join(
    f"cargo::{place}compiler::{module}"
    for place in ("core::", "")
    for module in ("fingerprint=info", "job_queue=trace")
)  # fmt: skip
# Time since cargo's start, level, spans, module, words: as tracing-subscriber writes it for cargo, since cargo 1.74.
MESSAGE = re.compile(
    rb"^ *(?P<time>\d+\.\d+)s +(?:TRACE|DEBUG|INFO|WARN) (?:[^\n]*?: )??"
    rb"cargo::(?:core::)?compiler::(?P<module>fingerprint|job_queue)(?:::\w+)*: (?P<words>.*)$"
)
MAY_BECOME_A_MESSAGE = re.compile(rb"^ *(?:\d*|\d+\.\d*|\d+\.\d+s(?: .*)?)$")
# `   Compiling crate v1.0.0`: one word, set flush with column 12. Nothing in causes and backtraces looks like that.
STATUS = re.compile(rb"^(?=.{12} ) *[A-Z][a-z]+ ")
QUEUE = b"queue: DependencyQueue {"
READ_ERROR = b"    err: "
JOB_ERROR = re.compile(rb"end \(Unit .*\): Err\(")
HEADINGS = (b"", b"Caused by:", b"Stack backtrace:")


class Parted(NamedTuple):
    """Bytes of cargo's log, in whole lines, and bytes that are for the user, as they come."""

    log: bytes
    told: bytes


class Sieve:
    """Takes a stream apart as it comes: output for the user is held back only while it may still become a message."""

    def __init__(self) -> None:
        self._rest = b""
        self._inside = ""  # what goes on: a "queue", an error's "text", its "causes", or nothing
        self._told_begin = False  # the beginning of this line has been handed on

    def feed(self, block: bytes) -> Parted:
        """The next bytes of the stream."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        log: list[bytes] = []
        told: list[bytes] = []
        for line in lines:
            (log if self._is_log(line) else told).append(line + b"\n")
        if self._rest and (self._told_begin or not (self._inside or MAY_BECOME_A_MESSAGE.match(self._rest))):
            told.append(self._rest)
            self._rest = b""
            self._told_begin = True
        return Parted(b"".join(log), b"".join(told))

    def end(self) -> Parted:
        """The rest, at the end of the stream."""
        rest, self._rest = self._rest, b""
        if rest and self._is_log(rest):
            return Parted(rest + b"\n", b"")
        return Parted(b"", rest)

    def _is_log(self, line: bytes) -> bool:
        if self._told_begin:
            self._told_begin = False
            return False
        message = MESSAGE.match(line)
        if message:
            words = message["words"]
            self._inside = _goes_on(words)
            return True
        if self._inside == "queue":
            belongs = line[:1] in (b" ", b"}")
            if line[:1] != b" ":
                self._inside = ""
            return belongs
        if self._inside == "text":
            if line in HEADINGS or line.endswith(b")"):
                self._inside = "causes"
            return True
        if self._inside == "causes":
            belongs = line in HEADINGS or (line[:1] == b" " and not STATUS.match(line))
            if not belongs:
                self._inside = ""
            return belongs
        return False


def _goes_on(words: bytes) -> str:
    """How a message with these words may go on over further lines."""
    if words.startswith(QUEUE):
        return "queue"
    if JOB_ERROR.match(words):
        return "causes" if words.endswith(b")") else "text"
    return "causes" if words.startswith(READ_ERROR) else ""


def part(stderr: bytes) -> Parted:
    """All that cargo has written, taken apart."""
    sieve = Sieve()
    fed, rest = sieve.feed(stderr), sieve.end()
    return Parted(fed.log + rest.log, fed.told + rest.told)
