"""What the shim did, read from its log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.activation import launcher
from pyo3_base_python.explain import shim


def test_each_entry_is_taken_once_and_by_its_own_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("'cargo build': one\n'cargo test': other\n'cargo build': two\n", encoding="utf-8")
    words = ("cargo", "build")
    assert [shim.take(os.fspath(log), words) for _ in range(3)] == ["one\n", "two\n", ""]
    assert shim.take(os.fspath(log), ("cargo", "test")) == "other\n"
    assert shim.take(os.fspath(log), ("cargo", "b")) == ""


def test_an_entry_of_several_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("'cargo b': left alone: E\nTraceback:\n  File\n\"cargo 'x'\": one\n", encoding="utf-8")
    assert shim.take(os.fspath(log), ("cargo", "b")) == "left alone: E\nTraceback:\n  File\n"
    assert shim.take(os.fspath(log), ("cargo", "'x'")) == "one\n"


def test_no_log_is_no_entry(tmp_path: Path) -> None:
    assert shim.take(os.fspath(tmp_path / "log"), ("cargo", "build")) == ""


@pytest.mark.parametrize(
    ("words", "on"),
    [
        (["pyo3-base-python", "run", "--", "uv", "build"], True),
        (["/opt/bin/pyo3-base-python", "run", "nox"], True),
        (["maturin-shim", "develop"], True),
        (["cargo", "base-python", "test"], True),
        (["pyo3-base-python", "demo"], False),
        (["cargo", "test"], False),
        (["uv", "build"], False),
    ],
)
def test_commands_that_switch_the_shim_on(words: list[str], on: bool) -> None:
    assert shim.switched_on(words, {}) is on


def test_cargo_that_names_the_wrapper_switches_it_on() -> None:
    assert shim.switched_on(["uv", "build"], {"CARGO": launcher.install(os.environ)})
    assert not shim.switched_on(["uv", "build"], {"CARGO": "/bin/true"})
