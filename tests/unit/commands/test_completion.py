"""Completion of commands and options, by a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from pyo3_base_python.commands import cli
from tests.unit.support import click_runner

BASH = shutil.which("bash")


def completed(*words: str) -> list[str]:
    """What bash offers when TAB is pressed after ``words``."""
    assert BASH
    script = (
        'eval "$(pyo3-base-python completion bash)"\n'
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
        "complete -p pyo3-base-python >/dev/null || exit 9\n"
        "_pyo3_base_python_completion pyo3-base-python\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    environ = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
    done = subprocess.run(
        [BASH, "--norc", "-c", script, "bash", "pyo3-base-python", *words],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason="there is no bash on this machine")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["te"], ["testbed"]),
        (["d"], ["demo", "doctor"]),
        (["doctor", "--j"], ["--json"]),
        (["env", "--format", "f"], ["fish"]),
        (["testbed", "ma"], ["machines", "matrix"]),
        (["nonsense"], []),
        (["run", "--", "pyo3-base-py"], ["pyo3-base-python"]),
        (["run", "maturin-s"], ["maturin-shim"]),
    ],
)
def test_bash_completes(words: list[str], expected: list[str]) -> None:
    assert completed(*words) == expected


@pytest.mark.skipif(BASH is None, reason="there is no bash on this machine")
def test_the_help_says_what_is_not_completed_and_its_line_for_maturin_shim_works() -> None:
    said = click_runner().invoke(cli.main, ["completion", "--help"]).stdout
    assert "`maturin-shim` and `cargo base-python` are not completed" in said
    (line,) = (line for line in said.splitlines() if "_maturin" in line)
    assert BASH
    script = (
        f"{line}\ncomplete -p maturin-shim >/dev/null || exit 9\n"
        'COMP_WORDS=(maturin-shim build --rel); COMP_CWORD=2\n_maturin maturin-shim --rel build\necho "${COMPREPLY[@]}"'
    )
    done = subprocess.run([BASH, "--norc", "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "--release\n"


@pytest.mark.parametrize(("shell", "words"), [("zsh", "#compdef pyo3-base-python"), ("fish", "complete --no-files")])
def test_other_shells_get_their_own(shell: str, words: str) -> None:
    done = click_runner().invoke(cli.main, ["completion", shell])
    assert done.exit_code == 0
    assert words in done.stdout
    assert "_PYO3_BASE_PYTHON_COMPLETE" in done.stdout


def test_the_users_shell_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert (
        click_runner().invoke(cli.main, ["completion"]).stdout
        == click_runner().invoke(cli.main, ["completion", "fish"]).stdout
    )


@pytest.mark.parametrize("shell", ["/bin/tcsh", ""])
def test_a_shell_that_is_not_known_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("SHELL", shell)
    done = click_runner().invoke(cli.main, ["completion"])
    assert done.exit_code == 2
    assert "name one of bash, zsh, fish" in done.stderr
