"""Versions of tools, from tools that answer, answer nonsense, or do not answer."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.doctor import tools

if TYPE_CHECKING:
    from tests.unit.support import InterpreterOf, Script


def test_what_is_installed_with_its_files() -> None:
    found = tools.installed(sys.executable, ["maturin", "no-such-thing"], os.environ)
    assert set(found) == {"maturin"}
    assert found["maturin"].version == version("maturin")
    assert any(os.path.basename(path) == "maturin" and os.access(path, os.X_OK) for path in found["maturin"].files)


def test_the_working_directory_and_pythonpath_do_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    (tmp_path / "fake-1.dist-info").mkdir()
    (tmp_path / "fake-1.dist-info" / "METADATA").write_text("Name: fake\nVersion: 1\n")
    monkeypatch.chdir(tmp_path)
    found = tools.installed(sys.executable, ["fake", "maturin"], {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert set(found) == {"maturin"}


@pytest.mark.parametrize("body", ["exit 1", "echo nonsense", "echo '{\"pip\": 3}'", "echo '[]'", "exec true"])
def test_an_interpreter_that_does_not_answer(script: Script, body: str) -> None:
    assert tools.installed(script("python", body), ["pip"], os.environ) == {}


def test_an_interpreter_that_is_not_there_or_too_old(interpreter_of: InterpreterOf, tmp_path: Path) -> None:
    assert tools.installed(str(tmp_path / "python"), ["pip"], os.environ) == {}
    assert tools.installed(interpreter_of("3.7"), ["pip"], os.environ) == {}


def test_a_word_in_the_files_of_a_distribution(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\0\xffPYO3_BASE_PYTHON\0")
    there, gone = str(tmp_path / "program"), str(tmp_path / "gone")
    assert tools.Installed("1", (gone, there)).mentions(b"PYO3_BASE_PYTHON")
    assert not tools.Installed("1", (gone, there)).mentions(b"OTHER")
    assert not tools.Installed("1", (gone, str(tmp_path))).mentions(b"PYO3_BASE_PYTHON")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("echo uv 0.13.9 '(x86_64)'", "0.13.9"),
        ("echo cargo 1.95.0; echo 2.0", "1.95.0"),
        ("echo 1.0; exit 1", ""),
        ("echo nothing", ""),
        ("exit 0", ""),
    ],
)
def test_the_version_of_a_program(script: Script, body: str, expected: str) -> None:
    assert tools.program_version(script("tool", body), os.environ) == expected


def test_the_version_of_a_program_that_is_not_there() -> None:
    assert tools.program_version("/nowhere/tool", os.environ) == ""


def test_a_command_runs_in_its_folder_and_both_streams_are_read(tmp_path: Path) -> None:
    command = ["sh", "-c", "pwd; echo said >&2; echo $VALUE; exit 9"]
    found = tools.output_of(command, {**os.environ, "VALUE": "v\u00e4lue"}, str(tmp_path))
    assert found == (9, f"{os.path.realpath(tmp_path)}\nsaid\nv\u00e4lue\n")
