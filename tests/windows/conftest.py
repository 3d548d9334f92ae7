"""What these tests stand on; and none of them where there is no Windows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.support import Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if sys.platform != "win32":
        elsewhere = pytest.mark.skip(reason="for Windows: `python -m tests.windows.run` has it run under wine")
        for item in items:
            if item.path.parent == Path(__file__).parent:
                item.add_marker(elsewhere)


@pytest.fixture(autouse=True)
def _settings_of_its_own(_clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / "store"))
    monkeypatch.setenv("CARGO_HOME", os.fspath(tmp_path / "cargo-home"))


@pytest.fixture
def wrapper(tmp_path: Path) -> Wrapper:
    """The wrapper, ready to be run on a project with pyo3 0.26, for the Python that runs the tests."""
    return Wrapper(tmp_path, sys.executable)


@pytest.fixture(scope="session")
def wheels() -> str:
    """A folder of wheels: cffi, pip, setuptools, and pyo3-base-python-core."""
    found = os.environ.get("WHEELS")
    return found or pytest.skip("there are no wheels here: `python -m tests.windows.run` brings them")


@pytest.fixture(scope="session")
def requirements(wheels: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of modules with cffi in it."""
    folder = tmp_path_factory.mktemp("requirements") / "site-packages"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", wheels]
    subprocess.run([*command, "--target", folder, "cffi"], check=True)
    return folder


@pytest.fixture
def environment(tmp_path: Path, requirements: Path) -> Callable[[str], Path]:
    """Makes a virtual environment of that name with cffi in it, and returns its interpreter."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        shutil.copytree(requirements, folder / "Lib" / "site-packages", dirs_exist_ok=True)
        return folder / "Scripts" / "python.exe"

    return make
