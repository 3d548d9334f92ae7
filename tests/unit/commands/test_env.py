"""`pyo3-base-python env`: what is printed where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import switch
from tests.unit.commands.support import execute, invoke

if TYPE_CHECKING:
    from tests.unit.support import Wrapper


def test_env_is_for_sh_unless_another_format_is_asked_for(wrapper: Wrapper) -> None:
    done = invoke("env")
    assert done.exit_code == 0
    shell = subprocess.run(["sh", "-c", f'{done.stdout}\nprintf %s "$CARGO"'], stdout=subprocess.PIPE, check=True)
    assert shell.stdout.decode() == wrapper.program
    assert invoke("env", "--format", "sh").stdout == done.stdout


def test_env_as_json_holds_what_the_activation_sets(monkeypatch: pytest.MonkeyPatch, wrapper: Wrapper) -> None:
    for name, value in wrapper.environ.items():
        monkeypatch.setenv(name, value)
    assert json.loads(invoke("env", "--format", "json").stdout) == switch.variables(wrapper.environ, lasting=True)


def test_env_for_github_goes_to_its_file_and_not_to_stdout(monkeypatch: pytest.MonkeyPatch, wrapper: Wrapper) -> None:
    path = wrapper.folder / "github-env"
    monkeypatch.setenv("GITHUB_ENV", os.fspath(path))
    done = invoke("env", "--format", "github")
    assert (done.exit_code, done.output) == (0, "")
    assert path.read_text(encoding="utf-8").startswith(f"CARGO={wrapper.program}\n")


@pytest.mark.promise("bad input")
def test_env_for_github_outside_of_it_is_an_error_with_a_hint() -> None:
    done = invoke("env", "--format", "github")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.splitlines()[0] == "pyo3-base-python: error: GITHUB_ENV is not set"
    assert done.stderr.splitlines()[1].startswith("pyo3-base-python: hint: ")


@pytest.mark.promise("fault")
def test_env_does_not_print_half_of_it_where_the_store_can_not_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_SHIM_STORE", "/dev/null/store")
    done = invoke("env")
    assert (done.exit_code, done.stdout) == (8, "")
    assert "can't use the store /dev/null/store" in done.stderr


def test_env_for_rust_analyzer_says_which_interpreter_it_is_for_if_none_is_named(wrapper: Wrapper) -> None:
    os.symlink(sys.executable, wrapper.bin / "python")
    arguments = ("env", "--format", "rust-analyzer")
    named = execute(wrapper, *arguments)
    assert (named.returncode, named.stderr) == (0, b"")
    del wrapper.environ["PYO3_PYTHON"]
    found = execute(wrapper, *arguments)
    (line,) = found.stderr.decode().splitlines()
    assert line == (
        f"pyo3-base-python: no virtual environment is active: this is for {wrapper.bin / 'python'}, the first on PATH"
    )
    assert json.loads(found.stdout).keys() == json.loads(named.stdout).keys()


@pytest.mark.promise("bad input")
def test_env_in_a_format_that_does_not_exist_is_a_usage_error() -> None:
    assert invoke("env", "--format", "tcsh").exit_code == 2
