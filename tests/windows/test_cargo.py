"""What CARGO names: one program in the store, whatever made it, and what is left when its code is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import switch, windows_program
from pyo3_base_python.wrapper import real_cargo
from pyo3_base_python.wrapper.errors import CannotSteady

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.support import Wrapper

AWKWARD = ["", "a b", 'q"uo"te', "back\\", "back\\\\ slash\\", "%OS%", "^&|<>", "ä€", "--config=x='y'"]
PRINT_CARGO = (
    "import os; from pyo3_base_python_core.activation import switch; print(switch.variables(os.environ)['CARGO'])"
)
# A backend of a project's own, whose wheel says what was built with which variables.
BACKEND = """\
import os, subprocess, sys, types, zipfile
from pyo3_base_python_core.backend import hooks

def build_wheel(folder, settings=None, metadata=None):
    os.environ["PYO3_PYTHON"] = sys.executable
    subprocess.run([os.environ["CARGO"], "rustc", "--release"], check=True)
    name = "project-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("project-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: project\\nVersion: 1\\n")
        wheel.writestr("project-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("project-1.dist-info/RECORD", "")
    return name

backend = types.ModuleType("backend")
backend.build_wheel = build_wheel
globals().update(hooks.around(backend))
"""
PYPROJECT = """\
[build-system]
requires = ["pyo3-base-python-core", "cffi"]
build-backend = "backend"
backend-path = ["."]

[project]
name = "project"
version = "1"
"""

pytestmark = pytest.mark.promise("fault")


# The program


def test_it_is_one_lasting_path_and_its_name_is_cargo(wrapper: Wrapper) -> None:
    assert wrapper.program == os.fspath(wrapper.store / "bin" / "cargo.exe")
    assert switch.variables(wrapper.environ)["CARGO"] == wrapper.own_program
    assert Path(wrapper.own_program).read_bytes() == Path(wrapper.program).read_bytes()
    assert Path(wrapper.own_program).name == "cargo.exe"


def test_arguments_streams_and_exit_code_are_cargos_own(wrapper: Wrapper) -> None:
    does = f'"{sys.executable}" -c "import sys; print(sys.stdin.read()); sys.stderr.write(\'e\'); sys.exit(7)"'
    result = wrapper.run("build", *AWKWARD, stdin="typed", FAKE_CARGO_DOES=does)
    assert (result.code, result.out, result.err) == (7, b"typed\r\n", "e")
    assert result.arguments == ["build", *AWKWARD]
    assert "CARGO" not in result.environ
    assert Path(result.environ["PYO3_CONFIG_FILE"]).is_file()


@pytest.mark.parametrize("code", [0, 1, 101, 0xC0000005, 0xC000013A])
def test_exit_codes_of_32_bits_come_through(wrapper: Wrapper, code: int) -> None:
    does = f'"{sys.executable}" -c "import os; os._exit({code - (1 << 32) if code > 1 << 31 else code})"'
    assert wrapper.run("metadata", FAKE_CARGO_DOES=does).code == code


@pytest.mark.parametrize(
    "options", [["-vV"], ["--version"], ["-Z", "help"], ["+nightly", "build"], ["-q", "build"], []]
)
def test_options_are_cargos_and_not_pythons(wrapper: Wrapper, options: list[str]) -> None:
    assert wrapper.run(*options).arguments == options


def test_pythons_variables_do_not_reach_the_wrapper(wrapper: Wrapper) -> None:
    for module in ("os", "sitecustomize", "pyo3_base_python", "runpy"):
        (wrapper.project / f"{module}.py").write_text("raise SystemExit('imported')")
    result = wrapper.run("metadata", PYTHONPATH=os.fspath(wrapper.project), PYTHONHOME=r"C:\not\there")
    assert (result.code, result.err, result.arguments) == (0, "", ["metadata"])


def test_it_is_known_for_a_wrapper_and_cargo_is_not(wrapper: Wrapper) -> None:
    """X9: two would start each other for ever."""
    assert real_cargo.is_wrapper(wrapper.program)
    assert not real_cargo.is_wrapper(wrapper.cargo)
    assert not real_cargo.is_wrapper(sys.executable)
    path = os.pathsep.join(
        [os.path.dirname(wrapper.program), os.path.dirname(wrapper.own_program), wrapper.environ["PATH"]]
    )
    assert wrapper.run("build", PATH=path, PYO3_SHIM_CARGO=wrapper.own_program).arguments == ["build"]


def test_store_may_have_any_path(tmp_path: Path) -> None:
    from tests.unit.support import Wrapper  # noqa: PLC0415 - by another name a type

    folder = tmp_path / "a b'c&d%OS%ä"
    folder.mkdir()
    result = Wrapper(folder, sys.executable).run("build")
    assert (result.code, result.err, result.arguments) == (0, "", ["build"])


@pytest.mark.parametrize("broken", ["gone", "empty"])
def test_without_its_code_it_is_plain_cargo_and_says_so_in_one_line(wrapper: Wrapper, broken: str) -> None:
    for folder in (wrapper.store / "wrapper").iterdir():
        if broken == "gone":
            shutil.rmtree(folder / "pyo3_base_python")
        else:
            (folder / "pyo3_base_python" / "wrapper" / "main.py").write_text("")
    path = os.pathsep.join([os.path.dirname(wrapper.program), wrapper.environ["PATH"]])
    does = f'"{sys.executable}" -c "raise SystemExit(5)"'
    result = wrapper.run("build", "a b", PATH=path, CARGO=wrapper.program, FAKE_CARGO_DOES=does)
    assert (result.code, result.arguments, len(result.lines)) == (5, ["build", "a b"], 1)
    assert "is gone or broken ('pyo3-base-python env' mends it)" in result.err
    assert "CARGO" not in result.environ
    assert "PYO3_CONFIG_FILE" not in result.environ


def test_without_pip_there_is_none_and_it_is_said(wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_program, "_candidates", lambda _: iter([b"no program"]))
    with pytest.raises(CannotSteady, match="no pip"):
        switch.variables(wrapper.environ)


# However it was installed


@pytest.fixture
def scheme(wheels: str, tmp_path: Path, environment: Callable[[str], Path]) -> Callable[[str], list[str]]:
    """Installs pyo3-base-python-core by one of pip's schemes; returns the command that prints what CARGO is then."""

    def install(kind: str) -> list[str]:
        python, options = sys.executable, {"user": ["--user"], "prefix": ["--prefix", os.fspath(tmp_path / "overlay")]}
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", wheels]
        if kind == "environment":
            python = os.fspath(environment("installed"))
            pip[3:3] = []
            pip = [sys.executable, "-m", "pip", "--python", python, *pip[3:]]
        subprocess.run([*pip, *options.get(kind, []), "pyo3-base-python-core"], check=True)
        return [python, "-c", PRINT_CARGO]

    return install


def test_one_path_for_all_install_schemes(
    scheme: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X1, X2: after `pip install --user` there was none."""
    monkeypatch.setenv("PYTHONUSERBASE", os.fspath(tmp_path / "user"))
    found = set()
    for kind in ("user", "environment", "prefix"):
        command = scheme(kind)
        if kind == "prefix":
            monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path / "overlay" / "Lib" / "site-packages"))
        found.add(subprocess.check_output(command, text=True).strip())
    (path,) = found
    assert Path(path).is_relative_to(tmp_path / "store")


@pytest.mark.parametrize("front_end", ["pip", "uv"])
def test_an_adopted_project_has_the_shim_in_isolated_builds(
    wrapper: Wrapper, wheels: str, tmp_path: Path, front_end: str
) -> None:
    """X1: it said twice per build that there was no launcher."""
    (wrapper.project / "pyproject.toml").write_text(PYPROJECT)
    (wrapper.project / "backend.py").write_text(BACKEND)
    uv = os.path.join(os.path.dirname(sys.executable), "Scripts", "uv.exe")
    command = {
        "pip": [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--find-links", wheels, "-w"],
        "uv": [
            uv,
            "build",
            "--wheel",
            "--python",
            sys.executable,
            "--offline",
            "--no-index",
            "--find-links",
            wheels,
            "-o",
        ],
    }[front_end]
    environ = {**os.environ, **wrapper.environ, "UV_CACHE_DIR": os.fspath(tmp_path / "uv")}
    del environ["PYO3_PYTHON"]
    seen = []
    for _ in range(2):
        done = subprocess.run(
            [*command, tmp_path / "dist", wrapper.project], env=environ, capture_output=True, check=False, cwd=tmp_path
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, said
        assert "pyo3-base-python:" not in said
        pairs = [pair for pair in (wrapper.folder / "record" / "environ").read_bytes().split(b"\0") if pair]
        seen.append(dict(pair.decode().split("=", 1) for pair in pairs))
    for variable in ("PYO3_PYTHON", "PYO3_CONFIG_FILE", "PYO3_BASE_PYTHON"):
        assert seen[0][variable] == seen[1][variable]
    assert seen[0]["PYO3_PYTHON"].startswith(os.fspath(wrapper.store))
