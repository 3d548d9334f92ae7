"""What every command has in common: all errors have one form."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from pyo3_base_python.commands import cli
from pyo3_base_python.commands.group import Commands
from tests.unit.commands.support import execute, invoke
from tests.unit.support import click_runner, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.support import Script, Wrapper


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (["run", "--verbos", "--", "X"], "there is no option --verbos", "did you mean --verbose?"),
        (["explain", "--jsn", "x"], "there is no option --jsn", "did you mean --json?"),
        (["--versio"], "there is no option --versio", "did you mean --version?"),
        (["--bogus"], "there is no option --bogus", "`pyo3-base-python --help` says what there is"),
        (["run"], "missing argument 'COMMAND...'", "`pyo3-base-python run --help` says what there is"),
        (["env", "--format", "tcsh"], "invalid value for '--format': 'tcsh' is not one of", "env --help"),
        (["testbed", "apply", "--against"], "requires an argument", "`pyo3-base-python testbed apply --help`"),
        (["testbed", "matrix", "--shim", "no"], "'no' is none of", "`pyo3-base-python testbed matrix --help`"),
        (["store", "clear"], "got unexpected extra argument (clear)", "did you mean --clear?"),
        (["store", "cleer"], "got unexpected extra argument (cleer)", "store --help` says what there is"),
        (["env", "rust-analyzer"], "got unexpected extra argument", "did you mean --format rust-analyzer?"),
        (["help"], "there is no command 'help'", "did you mean `pyo3-base-python --help`?"),
        (["testbed", "help"], "there is no command 'testbed help'", "did you mean `pyo3-base-python testbed --help`?"),
        (["explain", "--html", "--", "x"], "--html needs the name of a file", "explain --html why.html -- cargo"),
        (["explain", "--json", "--", "x"], "--json needs the name of a file", "explain --json why.json -- cargo"),
        (["store", "--all"], "--all goes with --clear", "pyo3-base-python store --clear --all"),
        (["completion", "nosh"], "'nosh' is not one of", "completion --help"),
        (["explan", "x y"], "there is no command 'explan'", "did you mean `pyo3-base-python explain 'x y'`?"),
        (["testbed", "matrx"], "there is no command 'testbed matrx'", "`pyo3-base-python testbed matrix`?"),
        (["nothing-like-it"], "there is no command 'nothing-like-it'", "`pyo3-base-python --help` lists the commands"),
        (["testbed", "sh"], "there is no command 'testbed sh'", "`pyo3-base-python testbed --help` lists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_a_line_a_hint_and_2(arguments: list[str], what: str, hint: str) -> None:
    done = invoke(*arguments)
    first, second = done.stderr.splitlines()
    assert (done.exit_code, done.stdout) == (2, "")
    assert first.startswith("pyo3-base-python: error: ")
    assert what in first
    assert second.startswith("pyo3-base-python: hint: ")
    assert hint in second


def test_program_that_is_no_command_of_ours_may_have_been_meant_to_be_run(wrapper: Wrapper, script: Script) -> None:
    os.rename(script("front-end", ""), wrapper.bin / "front-end")
    done = execute(wrapper, "front-end", "build", "a b")
    assert done.returncode == 2
    hint = done.stderr.decode().splitlines()[1]
    assert hint == "pyo3-base-python: hint: did you mean `pyo3-base-python run -- front-end build 'a b'`?"


def test_without_a_command_there_is_help() -> None:
    assert invoke().output.startswith("Usage: ")
    assert "\nCommands:\n" in invoke("testbed").output


def test_version_has_a_short_option() -> None:
    assert invoke("-V").stdout == invoke("--version").stdout != ""


@click.group(cls=Commands)
def group() -> None:
    """Commands that fail."""


@group.command()
def mistaken() -> None:
    """Fail because of a bug."""
    raise ZeroDivisionError("by\nzero")


def test_mistake_of_ours_is_one_line_unless_a_traceback_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    what, hint = click_runner().invoke(group, ["mistaken"]).stderr.splitlines()
    assert what == "pyo3-base-python: error: internal error (ZeroDivisionError: by zero)"
    assert "PYO3_SHIM_LOG" in hint
    monkeypatch.setenv("PYO3_SHIM_LOG", "1")
    asked = click_runner().invoke(group, ["mistaken"])
    assert asked.exit_code == 70
    assert asked.stderr.startswith("Traceback ")
    assert asked.stderr.splitlines()[-2:] == [what, hint]


INTERRUPTED = """
import sys, time
from pathlib import Path
from pyo3_base_python.commands import demonstration
from pyo3_base_python.commands.cli import main
started = Path(sys.argv.pop())
def run(environ, scratch, progress):
    started.touch()
    time.sleep(60)
demonstration.run = run
main()
"""


def test_interrupt_is_no_answer(wrapper: Wrapper, tmp_path: Path) -> None:
    """Click would end with 1, which says that something does not hold."""
    started, temporary = tmp_path / "started", tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-c", INTERRUPTED, "demo", os.fspath(started)]
    environ = wrapper.variables(TMPDIR=os.fspath(temporary))
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as child:
        wait_for(started)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=60)[1]
    assert (child.returncode, said.splitlines()[-1]) == (130, b"pyo3-base-python: error: interrupted")
    assert list(temporary.iterdir()) == []


def test_every_group_is_of_this_kind() -> None:
    groups = [cli.main, *(command for command in cli.main.commands.values() if isinstance(command, click.Group))]
    assert len(groups) == 2
    assert all(isinstance(each, Commands) for each in groups)
