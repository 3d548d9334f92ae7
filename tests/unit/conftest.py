"""Fixtures for the tests of more than one module."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from .support import InterpreterOf, Script, Wrapper

# Examples that start a process vary in time, and what was found once belongs into a test of its own.
settings.register_profile("unit", deadline=None, database=None, max_examples=100)
settings.load_profile("unit")
# Chosen by tests/mutation/run.py: the same examples each time, and that one fails is enough.
settings.register_profile(
    "mutation", settings.get_profile("unit"), derandomize=True, phases=(Phase.explicit, Phase.generate)
)


@pytest.fixture(autouse=True)
def settings_of_its_own(_clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A store of its own for each test, and none of the user's cargo settings."""
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / "store"))
    monkeypatch.setenv("CARGO_HOME", os.fspath(tmp_path / "cargo-home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


@pytest.fixture(scope="session")
def interpreter_of(interpreters: dict[str, str]) -> InterpreterOf:
    """The path of an interpreter of a version ("3.9")."""

    def find(version: str) -> str:
        if version not in interpreters:
            pytest.skip(f"there is no Python {version} on this machine")
        return interpreters[version]

    return find


@pytest.fixture(scope="session")
def python_2() -> str:
    """The path of a Python 2."""
    found = [os.fspath(path) for path in Path.home().glob(".pyenv/versions/2.*/bin/python2")]
    found += filter(None, [shutil.which("python2")])
    for path in found:
        answer = subprocess.run([path, "-c", "print('Python 2')"], capture_output=True, check=False)
        if answer.stdout == b"Python 2\n":
            return path
    pytest.skip("there is no Python 2 on this machine")


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes a program from the body of a shell script; skips where that is none."""
    if os.name == "nt":
        pytest.skip("a shell script is no program on Windows")

    def write(name: str, body: str) -> str:
        path = tmp_path / "scripts" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return os.fspath(path)

    return write


@pytest.fixture
def wrapper(tmp_path: Path) -> Wrapper:
    """The wrapper, ready to be run on a project with pyo3 0.26, for the Python that runs the tests."""
    return Wrapper(tmp_path, sys.executable)


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes files below ``tmp_path / "tree"``, by their paths, and returns that folder."""

    def write(files: dict[str, str]) -> Path:
        folder = tmp_path / "tree"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return folder

    return write
