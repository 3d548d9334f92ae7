"""The program that CARGO names on Windows, as far as it can be looked at elsewhere; it is run in `tests/windows`."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from pyo3_base_python.activation import windows_program
from pyo3_base_python.wrapper.errors import CannotSteady
from tests.unit.support import posix

STUB = b"MZ stub"


def test_program_is_the_stub_a_line_and_a_zip() -> None:
    program = windows_program.program(STUB, r"C:\my python\python.exe", r"C:\store\wrapper\0")
    assert program.startswith(STUB + b'#!"C:\\my python\\python.exe" -I -S\r\nPK')
    with zipfile.ZipFile(io.BytesIO(program)) as archive:
        assert archive.namelist() == ["__main__.py"]
        compile(archive.read("__main__.py"), "__main__.py", "exec")


def test_program_is_the_same_whenever_it_is_made() -> None:
    made = {windows_program.program(STUB, "python.exe", "code") for _ in range(2)}
    assert len(made) == 1
    assert windows_program.program(STUB, "python.exe", "other code") not in made


@posix("run for real in tests/windows/test_cargo.py")
def test_its_script_runs_the_wrapper_in_the_folder_named(tmp_path: Path) -> None:
    wrapper = tmp_path / "ä" / "pyo3_base_python" / "wrapper"
    wrapper.mkdir(parents=True)
    for name in ("../__init__", "__init__", "prepare"):
        (wrapper / f"{name}.py").touch()
    (wrapper / "main.py").write_text("import sys\ndef main(): print(sys.argv[1:], sys.path[-1]); sys.exit()\n")
    program = tmp_path / "cargo.exe"
    program.write_bytes(windows_program.program(STUB, "python", os.fspath(tmp_path / "ä")))
    command = [sys.executable, "-I", "-S", os.fspath(program), "build", "-q"]
    said = subprocess.check_output(command, encoding="utf-8", env={"PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8"})
    assert said == f"['build', '-q'] {tmp_path / 'ä'}\n"


def pip_wheel(library: Path, members: dict[str, bytes]) -> None:
    folder = library / "ensurepip" / "_bundled"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "pip-23.2-py3-none-any.whl", "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The standard library of a Python for Windows with nothing beside it."""
    monkeypatch.setattr(os, "__file__", os.fspath(tmp_path / "Lib" / "os.py"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: os.fspath(tmp_path / "environment"))
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "win-amd64")
    return tmp_path / "Lib"


def test_stub_is_that_of_the_base_interpreter_first(library: Path, tmp_path: Path) -> None:
    place = tmp_path / "environment" / "pip" / "_vendor" / "distlib"
    place.mkdir(parents=True)
    (place / "t64.exe").write_bytes(b"MZ of the environment")
    assert windows_program.stub() == b"MZ of the environment"
    pip_wheel(library, {"pip/_vendor/distlib/t64.exe": b"MZ of ensurepip"})
    assert windows_program.stub() == b"MZ of ensurepip"


@pytest.mark.parametrize(
    ("platform", "stub"), [("win-amd64", "t64.exe"), ("win-arm64", "t64-arm.exe"), ("win32", "t32.exe")]
)
def test_stub_is_for_the_processor(library: Path, monkeypatch: pytest.MonkeyPatch, platform: str, stub: str) -> None:
    names = ("t64.exe", "t64-arm.exe", "t32.exe", "w64.exe")
    pip_wheel(library, {f"pip/_vendor/distlib/{name}": b"MZ" + name.encode() for name in names})
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform)
    assert windows_program.stub() == b"MZ" + stub.encode()


@pytest.mark.promise("fault")
def test_without_a_stub_the_error_says_what_brings_one(library: Path) -> None:
    pip_wheel(library, {"pip/_vendor/distlib/t64.exe": b"no program"})
    with pytest.raises(CannotSteady, match=r"there is no pip beside .* to take t64\.exe from") as error:
        windows_program.stub()
    assert "ensurepip" in error.value.hint
