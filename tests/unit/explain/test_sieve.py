"""Cargo's stderr, taken apart: the user sees what cargo says without a log, to the byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.explain.sieve import MESSAGE, Sieve, part

from .support import CARGOS, STORIES, plain_stderr_of, stderr_of

MESSAGES = b"""\
   0.100000001s  INFO prepare_target{a=b}: cargo::core::compiler::fingerprint: fingerprint error for a v1.0.0/Build/T
   0.100000002s  INFO prepare_target{a=b}: cargo::core::compiler::fingerprint:     err: failed to read `/a b`

Caused by:
    No such file or directory (os error 2)

Stack backtrace:
   0: cargo_util::paths::read_bytes
             at /rustc/1/library/core/src/ops/function.rs:287:21
   1.200000000s TRACE execute: cargo::compiler::job_queue: queue: DependencyQueue {
    dep_map: {},
    reverse_dep_map: {
        Unit {
        },
    },
}
 100.000000000s DEBUG execute: cargo::core::compiler::job_queue: start 0: Unit { }
"""
WORDS = (
    b"   Compiling a v1.0.0",
    b"    Finished `dev` profile [unoptimized] target(s) in 0.01s",
    b"warning: unused variable: `x`",
    b"",
    b"    |",
    b"1 | let x = 1;",
    b"0.5s is not a log line",
    b"   0.1s  INFO somebody: else: this is the user's own CARGO_LOG",
    b"\xff not UTF-8",
    b"\x1b[1m\x1b[92m   Compiling\x1b[0m a v1.0.0",
)


VARIES = re.compile(rb"in \d+\.\d+s|thread 'main' \(\d+\)|    Blocking waiting for file lock.*\n")


@pytest.mark.parametrize("cargo", CARGOS)
@pytest.mark.parametrize("story", STORIES)
def test_of_a_real_log_the_user_sees_what_cargo_says_without_a_log(story: str, cargo: str) -> None:
    told = part(stderr_of(story, cargo)).told
    assert VARIES.sub(b"", told) == VARIES.sub(b"", plain_stderr_of(story, cargo))
    assert (told == b"") == (story == "quiet")


def test_messages_that_go_on_over_lines_are_the_logs() -> None:
    parted = part(MESSAGES)
    assert parted.log == MESSAGES
    assert parted.told == b""


@pytest.mark.parametrize("word", WORDS)
def test_words_between_messages_are_the_users(word: bytes) -> None:
    assert part(MESSAGES + word + b"\n" + MESSAGES) == (MESSAGES + MESSAGES, word + b"\n")


@pytest.mark.parametrize("status", WORDS[:3])
def test_a_status_after_an_error_is_the_users(status: bytes) -> None:
    """The causes of an error are indented as cargo's status is: what tells them apart is the column."""
    error = MESSAGES.partition(b"Stack")[0]
    assert part(error + status + b"\n") == (error, status + b"\n")


@given(st.lists(st.sampled_from([*WORDS, *MESSAGES.splitlines()]), max_size=30), st.data())
def test_how_the_stream_is_cut_makes_no_difference(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"\n".join(lines)
    sieve = Sieve()
    log, told = b"", b""
    rest = stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        parted = sieve.feed(rest[:size])
        rest = rest[size:]
        log, told = log + parted.log, told + parted.told
    parted = sieve.end()
    assert (log + parted.log, told + parted.told) == part(stream)


@given(st.binary())
def test_nothing_is_lost(stream: bytes) -> None:
    parted = part(stream)
    if not any(MESSAGE.match(line) for line in stream.split(b"\n")):
        assert parted == (b"", stream)
    assert len(parted.log) + len(parted.told) >= len(stream)


@pytest.mark.parametrize("begin", [b"Password: ", b"   Compi", b"\x1b[1m", b"a"])
def test_what_can_not_become_a_message_is_not_held_back(begin: bytes) -> None:
    sieve = Sieve()
    assert sieve.feed(begin).told == begin
    assert sieve.feed(b"   0.100000001s  INFO cargo::core::compiler::fingerprint: x\n") == (
        b"",
        b"   0.100000001s  INFO cargo::core::compiler::fingerprint: x\n",
    )
