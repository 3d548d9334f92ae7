"""`pyo3-base-python`: what is printed where, and with which exit code. `run` is run for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from pyo3_base_python import __version__, activation, cli, demo, measure
from pyo3_base_python.errors import ShimError

if TYPE_CHECKING:
    from .support import Script, Wrapper

RECORD = 'printf "<%s>" "$@"; printf "|$CARGO|"; cat; echo said >&2; exit 9'


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def execute(
    wrapper: Wrapper, *arguments: str, stdin: bytes = b"", **changes: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pyo3_base_python", *arguments],
        env=wrapper.variables(**changes),
        cwd=wrapper.project,
        input=stdin,
        capture_output=True,
        check=False,
    )


# run


@pytest.fixture
def tool(wrapper: Wrapper, script: Script) -> str:
    """A command on PATH that says how it was called."""
    os.rename(script("tool", RECORD), wrapper.bin / "tool")
    return "tool"


def test_run_is_the_command_itself_with_the_wrapper_as_cargo(wrapper: Wrapper, tool: str) -> None:
    done = execute(wrapper, "run", "--", tool, "-v", "--help", "", "a b", stdin=b"for it")
    assert done.stdout == f"<-v><--help><><a b>|{wrapper.program}|for it".encode()
    assert (done.returncode, done.stderr) == (9, b"said\n")


def test_run_execs(wrapper: Wrapper) -> None:
    command = [sys.executable, "-m", "pyo3_base_python", "run", "--", "sh", "-c", "echo $$"]
    with subprocess.Popen(command, env=wrapper.environ, stdout=subprocess.PIPE) as started:
        assert started.communicate()[0] == b"%d\n" % started.pid


@pytest.mark.parametrize("option", ["-v", "--verbose", "--help", "-h"])
def test_run_leaves_the_commands_options_alone_without_two_dashes(wrapper: Wrapper, tool: str, option: str) -> None:
    assert execute(wrapper, "run", tool, option).stdout == f"<{option}>|{wrapper.program}|".encode()


def test_verbose_run_says_what_is_set(wrapper: Wrapper, tool: str) -> None:
    lines = execute(wrapper, "run", "-v", "--", tool).stderr.decode().splitlines()
    assert lines == [
        f"pyo3-base-python: CARGO={wrapper.program}",
        f"pyo3-base-python: TOX_OVERRIDE={activation.TOX_OVERRIDE}",
        "said",
    ]


def test_cargo_typed_as_such_is_the_wrapper(wrapper: Wrapper) -> None:
    done = execute(wrapper, "run", "--", "cargo", "build", FAKE_CARGO_DOES="echo $PYO3_BASE_PYTHON")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"/")


def test_command_that_is_missing_is_a_line_a_hint_and_127(wrapper: Wrapper) -> None:
    done = execute(wrapper, "run", "--", "no-such-command")
    what, hint = done.stderr.decode().splitlines()
    assert (done.returncode, what) == (127, "pyo3-base-python: error: there is no command 'no-such-command'")
    assert hint.startswith("pyo3-base-python: hint: ")


def test_command_that_can_not_be_started_is_one_line_and_126(wrapper: Wrapper) -> None:
    (wrapper.bin / "tool").write_text("neither a script nor a binary", encoding="utf-8")
    (wrapper.bin / "tool").chmod(0o755)
    done = execute(wrapper, "run", "--", "tool")
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, line) == (
        126,
        f"pyo3-base-python: error: can't start {wrapper.bin / 'tool'}: Exec format error",
    )


@pytest.mark.parametrize("command", ["tool", "cargo"])
@pytest.mark.usefixtures("tool")
def test_store_that_can_not_be_used_costs_one_line_and_the_command_runs(wrapper: Wrapper, command: str) -> None:
    done = execute(
        wrapper, "run", "--", command, PYO3_SHIM_STORE="/dev/null/store", FAKE_CARGO_DOES="echo said >&2; exit 9"
    )
    line, said = done.stderr.decode().splitlines()
    assert (done.returncode, said) == (9, "said")
    assert line.endswith("the command runs without a stable interpreter")


def test_run_without_a_command_is_a_usage_error() -> None:
    assert invoke("run").exit_code == 2


# env


def test_env_is_for_sh_unless_another_format_is_asked_for(wrapper: Wrapper) -> None:
    done = invoke("env")
    assert done.exit_code == 0
    shell = subprocess.run(["sh", "-c", f'{done.stdout}\nprintf %s "$CARGO"'], stdout=subprocess.PIPE, check=True)
    assert shell.stdout.decode() == wrapper.program
    assert invoke("env", "--format", "sh").stdout == done.stdout


def test_env_as_json_holds_what_the_activation_sets(monkeypatch: pytest.MonkeyPatch, wrapper: Wrapper) -> None:
    for name, value in wrapper.environ.items():
        monkeypatch.setenv(name, value)
    assert json.loads(invoke("env", "--format", "json").stdout) == activation.variables(wrapper.environ)


def test_env_for_github_goes_to_its_file_and_not_to_stdout(monkeypatch: pytest.MonkeyPatch, wrapper: Wrapper) -> None:
    path = wrapper.folder / "github-env"
    monkeypatch.setenv("GITHUB_ENV", os.fspath(path))
    done = invoke("env", "--format", "github")
    assert (done.exit_code, done.output) == (0, "")
    assert path.read_text(encoding="utf-8").startswith(f"CARGO={wrapper.program}\n")


def test_env_for_github_outside_of_it_is_an_error_with_a_hint() -> None:
    done = invoke("env", "--format", "github")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == "pyo3-base-python: error: GITHUB_ENV is not set"
    assert done.stderr.splitlines()[1].startswith("pyo3-base-python: hint: ")


def test_env_does_not_print_half_of_it_where_the_store_can_not_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_SHIM_STORE", "/dev/null/store")
    done = invoke("env")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "can't use the store /dev/null/store" in done.stderr


def test_env_in_a_format_that_does_not_exist_is_a_usage_error() -> None:
    assert invoke("env", "--format", "tcsh").exit_code == 2


# demo: the command around it


def a_build(*, shim: bool, number: int, crates: tuple[str, ...]) -> demo.Build:
    return demo.Build(shim, number, measure.Compiled(crates, ()), 1.0)


def pretend(monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...], after: tuple[str, ...]) -> list[Path]:
    """Let the demo have compiled these crates in its second builds; the folders that it was given."""
    scratches = []

    def run(environ: object, scratch: Path, progress: object) -> list[demo.Build]:
        assert environ is os.environ
        assert callable(progress)
        progress("building")
        assert list(scratch.iterdir()) == []
        (scratch / "file").touch()
        scratches.append(scratch)
        second = {False: before, True: after}
        return [
            a_build(shim=shim, number=number, crates=second[shim] if number == 2 else ("crate",))
            for shim in (False, True)
            for number in (1, 2)
        ]

    monkeypatch.setattr(demo, "run", run)
    return scratches


def test_demo_shows_a_table_on_stdout_and_succeeds_if_nothing_is_recompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    scratches = pretend(monkeypatch, ("pyo3", "crate"), ())
    done = invoke("demo")
    assert done.exit_code == 0
    assert "crates recompiled" in done.stdout
    assert "without the shim, build 2: 2 crates compiled" in done.stderr
    assert not scratches[0].exists()


def test_demo_fails_if_something_is_recompiled_with_the_shim(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, ("pyo3", "crate"), ("crate",))
    assert invoke("demo").exit_code == 1


def test_demo_says_where_the_shim_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, (), ())
    done = invoke("demo")
    assert done.exit_code == 0
    assert "do not need it" in " ".join(done.stderr.split())


def test_demo_keeps_its_folder_if_asked_and_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    scratches = pretend(monkeypatch, ("pyo3",), ())
    said = "".join(invoke("demo", "--keep").stderr.split())
    assert (scratches[0] / "file").exists()
    assert f"kept:{scratches[0]}" in said
    (scratches[0] / "file").unlink()
    scratches[0].rmdir()


def test_demo_that_fails_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scratches = []

    def run(_: object, scratch: Path, __: object) -> list[demo.Build]:
        scratches.append(scratch)
        raise ShimError("the build failed", "look above")

    monkeypatch.setattr(demo, "run", run)
    done = invoke("demo")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-2:] == [
        "pyo3-base-python: error: the build failed",
        "pyo3-base-python: hint: look above",
    ]
    assert not scratches[0].exists()


# All


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(option: str) -> None:
    done = invoke(option)
    assert done.exit_code == 0
    assert sorted(cli.main.commands) == ["demo", "env", "explain", "run", "store", "testbed"]
    for name in cli.main.commands:
        assert f"pyo3-base-python {name}" in done.stdout


def test_version_is_the_packages(wrapper: Wrapper) -> None:
    assert execute(wrapper, "--version").stdout.decode().split()[-1] == __version__
