"""What cargo compiled, read from its messages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python import measure
from pyo3_base_python.measure import Compiled, Recorder, compiled
from pyo3_base_python.wrapper.errors import ShimError

if TYPE_CHECKING:
    from .support import Script

MESSAGES = """\
    Updating some index
       Dirty pyo3-ffi v0.26.0: the environment variable PYO3_PYTHON changed
   Compiling pyo3-ffi v0.26.0
     Running `rustc --crate-name pyo3_ffi`
       Fresh serde v1.0.0
       Fresh pyo3-ffi v0.26.0
   Compiling crate v0.1.0 (/tmp/some where)
       Fresh proc-macro2 v1.0.95
warning: unused variable: `Compiling`
Compiling notindented v1.0.0
   Compiling pyo3-ffi v0.26.0
    Finished `release` profile [optimized] target(s) in 1.00s
"""


def test_packages_that_cargo_calls_compiled_or_fresh_are_named_once_and_in_order() -> None:
    assert compiled(MESSAGES) == Compiled(("pyo3-ffi", "crate"), ("serde", "proc-macro2"))


def test_nothing_said_is_nothing_compiled() -> None:
    assert compiled("") == Compiled((), ())


@pytest.fixture
def recorder(tmp_path: Path, script: Script) -> Recorder:
    """A recorder in front of a cargo that prints to both of its streams."""
    cargo = script("cargo", 'echo out; echo "   Compiling $1 v1.0.0" >&2; echo "$CARGO_TERM_VERBOSE" >&2; exit 3')
    folder = tmp_path / "folder with 'quote"
    folder.mkdir()
    return Recorder(folder, {"PATH": os.path.dirname(cargo)})


def call(recorder: Recorder, name: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([recorder.program, name], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=False)


def test_recording_cargo_keeps_messages_and_leaves_stdout_and_exit_code(recorder: Recorder) -> None:
    assert recorder.log.read_text(encoding="utf-8") == ""
    for name in ("first", "second"):
        done = call(recorder, name)
        assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"")
    messages = recorder.take()
    assert compiled(messages).recompiled == ("first", "second")
    assert "true" in messages


def test_what_was_taken_is_gone(recorder: Recorder) -> None:
    call(recorder, "first")
    recorder.take()
    assert recorder.take() == ""
    call(recorder, "second")
    assert compiled(recorder.take()).recompiled == ("second",)


def test_with_reasons_it_writes_what_cargo_was_given(tmp_path: Path, script: Script) -> None:
    cargo = script("cargo", 'echo "$CARGO_LOG" >&2')
    (tmp_path / "bench").mkdir()
    config = tmp_path / "config.txt"
    config.write_text("version=3.11\nexecutable=/tmp/a b/python\n")
    environ = {"PATH": os.path.dirname(cargo)}
    given = {"PATH": "/usr/bin:/bin", "PYO3_PYTHON": "/tmp/a=b", "PYO3_CONFIG_FILE": os.fspath(config), "OTHER": "x"}
    for reasons, expected in (
        (False, [""]),
        (
            True,
            [
                "pyo3-base-python: call rustc --release",
                "pyo3-base-python: configured executable=/tmp/a b/python",
                "pyo3-base-python: configured version=3.11",
                f"pyo3-base-python: given PYO3_CONFIG_FILE={config}",
                "pyo3-base-python: given PYO3_PYTHON=/tmp/a=b",
                "cargo::core::compiler::fingerprint=info,cargo::compiler::fingerprint=info",
            ],
        ),
    ):
        recorder = Recorder(tmp_path / "bench", environ, reasons=reasons)
        done = subprocess.run([recorder.program, "rustc", "--release"], env=given, capture_output=True, check=True)
        assert (done.stdout, done.stderr) == (b"", b"")
        assert sorted(recorder.take().splitlines()) == sorted(expected)


def test_messages_that_are_not_utf_8_are_read(recorder: Recorder) -> None:
    recorder.log.write_bytes(b"\xff\n   Compiling a v1.0.0\n")
    assert compiled(recorder.take()).recompiled == ("a",)


def test_recorder_without_cargo_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ShimError, match="there is no cargo on PATH"):
        measure.Recorder(tmp_path, {"PATH": "/not/there"})
