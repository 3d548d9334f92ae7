"""`pyo3-base-python env`: what it prints, and where."""

from __future__ import annotations

import json
import os
import shutil
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
    expected = switch.variables(wrapper.environ, lasting=True, on_path=True)
    assert json.loads(invoke("env", "--format", "json").stdout) == expected
    assert expected.pop("PATH").endswith(wrapper.environ["PATH"])
    assert json.loads(invoke("env", "--format", "json", "--no-path").stdout) == expected


def test_env_for_github_goes_to_its_file_and_not_to_stdout(monkeypatch: pytest.MonkeyPatch, wrapper: Wrapper) -> None:
    path = wrapper.folder / "github-env"
    monkeypatch.setenv("GITHUB_ENV", os.fspath(path))
    monkeypatch.setenv("GITHUB_PATH", os.fspath(wrapper.folder / "github-path"))
    done = invoke("env", "--format", "github")
    assert (done.exit_code, done.output) == (0, "")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"CARGO={wrapper.program}"
    assert not any(line.startswith("PATH=") for line in lines)
    (folder,) = (wrapper.folder / "github-path").read_text(encoding="utf-8").splitlines()
    assert os.path.samefile(os.path.join(folder, "cargo"), wrapper.program)


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


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_twice_is_as_once_and_unset_takes_back_path_as_well(wrapper: Wrapper, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} on this machine")
    ours = f"'{sys.executable}' -m pyo3_base_python env --format {shell}"
    say = 'echo "$PATH"'
    lines = [f'eval "$({ours})"', say, f'eval "$({ours})"', say, f'eval "$({ours} --unset)"', say]
    done = subprocess.run([program, "-c", "\n".join(lines)], env=wrapper.environ, capture_output=True, check=True)
    once, twice, off = done.stdout.decode().splitlines()
    assert once.endswith(f":{wrapper.environ['PATH']}")
    assert (twice, off) == (once, wrapper.environ["PATH"])


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
@pytest.mark.parametrize("before", [{}, {"CARGO": "/usr/bin/env", "TOX_OVERRIDE": "testenv.pass_env+=A"}])
def test_unset_takes_back_what_env_set(wrapper: Wrapper, shell: str, before: dict[str, str]) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} on this machine")
    ours = f"'{sys.executable}' -m pyo3_base_python env --format {shell}"
    names = '"${CARGO-none}" "${TOX_OVERRIDE-none}" "${PYO3_SHIM_CARGO-none}"'
    lines = [f'eval "$({ours})"', f"printf '%s\\n' {names}", f'eval "$({ours} --unset)"', f"printf '%s\\n' {names}"]
    done = subprocess.run(
        [program, "-c", "\n".join(lines)], env=wrapper.variables(**before), capture_output=True, text=True, check=True
    )
    *on, cargo, tox, own = done.stdout.splitlines()
    assert on[0] == wrapper.program
    assert (cargo, tox, own) == (before.get("CARGO", "none"), before.get("TOX_OVERRIDE", "none"), "none")


def test_unset_where_nothing_is_set_prints_nothing() -> None:
    done = invoke("env", "--unset")
    assert (done.exit_code, done.output) == (0, "")


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("form", ["github", "rust-analyzer"])
def test_unset_is_refused_where_there_are_no_words_for_it(form: str) -> None:
    done = invoke("env", "--unset", "--format", form)
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.promise("bad input")
def test_env_in_a_format_that_does_not_exist_is_a_usage_error() -> None:
    assert invoke("env", "--format", "tcsh").exit_code == 2
