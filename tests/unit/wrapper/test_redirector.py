"""The stable name on Windows: what belongs into the store for it, and where there can be none. See `tests/windows`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.wrapper import redirector
from tests.unit.support import an_interpreter

if TYPE_CHECKING:
    from pyo3_base_python.wrapper.interpreter import Interpreter


def with_redirector(content: bytes = b"MZ", **changes: str) -> Interpreter:
    used = an_interpreter("/tmp/isolated/Scripts/python.exe", "/opt/python/python.exe")
    used.config.update(changes)
    used.redirector = content
    return used


def test_files_make_a_virtual_environment_of_the_base() -> None:
    files = {file.name.split("/", 2)[2]: file for file in redirector.files(with_redirector())}
    assert list(files) == ["Scripts/python.exe", "pyvenv.cfg", "Lib/site-packages/isolated.pth", "interpreter.txt"]
    assert (files["Scripts/python.exe"].content, files["Scripts/python.exe"].executable) == (b"MZ", True)
    assert files["pyvenv.cfg"].content.splitlines()[0] == b"home = /opt/python"
    assert files["interpreter.txt"].content == b"/tmp/isolated/Scripts/python.exe"


def test_what_starts_the_isolated_one_is_one_line_that_is_run_and_names_no_path() -> None:
    (file,) = [file for file in redirector.files(with_redirector()) if file.name.endswith(".pth")]
    (line,) = file.content.decode("ascii").splitlines()
    assert line.startswith("import ")
    compile(line, "isolated.pth", "exec")
    assert "/tmp/isolated" not in line


def test_name_changes_with_the_redirector_and_with_the_environment_alone() -> None:
    def name(used: Interpreter) -> str:
        return redirector.files(used)[0].name

    used = with_redirector()
    elsewhere = with_redirector()
    elsewhere.executable = "/tmp/other/Scripts/python.exe"
    assert name(used) == name(elsewhere)
    other = with_redirector()
    other.environment.append("helper-1.dist-info")
    assert len({name(used), name(other), name(with_redirector(b"MZ of another release"))}) == 3


@pytest.mark.parametrize(
    ("used", "why"),
    [
        (with_redirector(implementation="PyPy"), "PyPy has no redirector for virtual environments"),
        (with_redirector(version="3.9"), "Python 3.9 does not know by which arguments it was started"),
        (with_redirector(b""), "/opt/python/python.exe has no redirector for virtual environments"),
        (with_redirector(version="3.10"), ""),
        (with_redirector(version="3.14"), ""),
    ],
)
def test_why_there_is_none(used: Interpreter, why: str) -> None:
    assert redirector.why_not(used) == why


@pytest.mark.parametrize(
    ("present", "build_flags", "taken"),
    [
        (["python.exe", "pythonw.exe"], "", "python.exe"),
        (["venvlauncher.exe", "venvlaunchert.exe"], "", "venvlauncher.exe"),
        (["venvlauncher.exe", "venvlaunchert.exe"], "Py_GIL_DISABLED", "venvlaunchert.exe"),
        (["venvlauncher.exe"], "Py_GIL_DISABLED", ""),
        (["python.exe"], "Py_DEBUG,Py_REF_DEBUG", ""),
        ([], "", ""),
    ],
)
def test_redirector_is_that_of_the_version(tmp_path: Path, present: list[str], build_flags: str, taken: str) -> None:
    folder = tmp_path / "venv" / "scripts" / "nt"
    folder.mkdir(parents=True)
    for name in present:
        (folder / name).write_bytes(b"MZ" + name.encode())
    assert redirector.read(os.fspath(tmp_path), build_flags) == (b"MZ" + taken.encode() if taken else b"")


def test_what_is_no_program_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "venv" / "scripts" / "nt"
    folder.mkdir(parents=True)
    (folder / "python.exe").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    assert redirector.read(os.fspath(tmp_path), "") == b""
