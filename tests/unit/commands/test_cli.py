"""`pyo3-base-python`: what is printed where, and with which exit code. `run` is run for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python import __version__, measure
from pyo3_base_python.activation import switch
from pyo3_base_python.commands import cli, demo
from pyo3_base_python.wrapper.errors import ShimError
from tests.unit.support import click_runner

if TYPE_CHECKING:
    from click.testing import Result

    from tests.unit.support import Script, Wrapper

RECORD = 'printf "<%s>" "$@"; printf "|$CARGO|"; cat; echo said >&2; exit 9'


def invoke(*arguments: str) -> Result:
    return click_runner().invoke(cli.main, arguments)


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
    assert done.stdout == f"<-v><--help><><a b>|{wrapper.own_program}|for it".encode()
    assert (done.returncode, done.stderr) == (9, b"said\n")


def test_run_execs(wrapper: Wrapper) -> None:
    command = [sys.executable, "-m", "pyo3_base_python", "run", "--", "sh", "-c", "echo $$"]
    with subprocess.Popen(command, env=wrapper.environ, stdout=subprocess.PIPE) as started:
        assert started.communicate()[0] == b"%d\n" % started.pid


@pytest.mark.parametrize("option", ["-v", "--verbose", "--help", "-h"])
def test_run_leaves_the_commands_options_alone_without_two_dashes(wrapper: Wrapper, tool: str, option: str) -> None:
    assert execute(wrapper, "run", tool, option).stdout == f"<{option}>|{wrapper.own_program}|".encode()


def test_verbose_run_says_what_is_set(wrapper: Wrapper, tool: str) -> None:
    lines = execute(wrapper, "run", "-v", "--", tool).stderr.decode().splitlines()
    assert lines == [
        f"pyo3-base-python: CARGO={wrapper.own_program}",
        f"pyo3-base-python: TOX_OVERRIDE={switch.TOX_OVERRIDE}",
        "said",
    ]


def test_cargo_typed_as_such_is_the_wrapper(wrapper: Wrapper) -> None:
    done = execute(wrapper, "run", "--", "cargo", "build", FAKE_CARGO_DOES="echo $PYO3_BASE_PYTHON")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"/")


@pytest.mark.promise("bad input")
def test_command_that_is_missing_is_a_line_a_hint_and_127(wrapper: Wrapper) -> None:
    done = execute(wrapper, "run", "--", "no-such-command")
    what, hint = done.stderr.decode().splitlines()
    assert (done.returncode, what) == (127, "pyo3-base-python: error: there is no command 'no-such-command'")
    assert hint.startswith("pyo3-base-python: hint: ")


@pytest.mark.promise("bad input")
def test_command_that_can_not_be_started_is_one_line_and_126(wrapper: Wrapper) -> None:
    (wrapper.bin / "tool").write_text("neither a script nor a binary", encoding="utf-8")
    (wrapper.bin / "tool").chmod(0o755)
    done = execute(wrapper, "run", "--", "tool")
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, line) == (
        126,
        f"pyo3-base-python: error: can't start {wrapper.bin / 'tool'}: Exec format error",
    )


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("variable", ["PYO3_SHIM_MODE", "PYO3_SHIM_BUILD_DIR"])
@pytest.mark.usefixtures("tool")
def test_word_that_the_wrapper_would_refuse_is_refused_before_the_command_starts(
    wrapper: Wrapper, variable: str
) -> None:
    wrapper.environ[variable] = "ful"
    refused = wrapper.run("build")
    done = execute(wrapper, "run", "--", "tool")
    assert (done.returncode, done.stdout) == (refused.code, b"") == (3, b"")
    assert done.stderr.decode().splitlines() == refused.lines
    assert refused.lines[0].startswith(f"pyo3-base-python: error: {variable} is 'ful', which is none of ")


@pytest.mark.parametrize("words", [("off", "shared"), ("export", "interpreter"), ("", "")])
def test_word_that_the_wrapper_knows_is_handed_on(wrapper: Wrapper, words: tuple[str, str]) -> None:
    mode, build_dir = words
    command = ("run", "--", "sh", "-c", 'echo "$PYO3_SHIM_MODE $PYO3_SHIM_BUILD_DIR"')
    done = execute(wrapper, *command, PYO3_SHIM_MODE=mode, PYO3_SHIM_BUILD_DIR=build_dir)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"{mode} {build_dir}\n", b"")


@pytest.mark.promise("fault")
@pytest.mark.parametrize("command", ["tool", "cargo"])
@pytest.mark.usefixtures("tool")
def test_store_that_can_not_be_used_costs_one_line_and_the_command_runs(wrapper: Wrapper, command: str) -> None:
    done = execute(
        wrapper, "run", "--", command, PYO3_SHIM_STORE="/dev/null/store", FAKE_CARGO_DOES="echo said >&2; exit 9"
    )
    line, said = done.stderr.decode().splitlines()
    assert (done.returncode, said) == (9, "said")
    assert line.endswith("the command runs without a stable interpreter")


@pytest.mark.promise("bad input")
def test_run_without_a_command_is_a_usage_error() -> None:
    assert invoke("run").exit_code == 2


def test_quiet_run_does_not_say_so(wrapper: Wrapper, tool: str) -> None:
    done = execute(wrapper, "run", "-q", "--", tool, PYO3_SHIM_STORE="/dev/null/store")
    assert (done.returncode, done.stderr) == (9, b"said\n")


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
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == "pyo3-base-python: error: GITHUB_ENV is not set"
    assert done.stderr.splitlines()[1].startswith("pyo3-base-python: hint: ")


@pytest.mark.promise("fault")
def test_env_does_not_print_half_of_it_where_the_store_can_not_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_SHIM_STORE", "/dev/null/store")
    done = invoke("env")
    assert (done.exit_code, done.stdout) == (1, "")
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


def test_quiet_demo_prints_the_table_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, (), ())
    done = invoke("demo", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "crates recompiled" in done.stdout


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


# adopt

PYPROJECT = '[build-system]\r\nrequires = ["maturin"]\r\nbuild-backend = "maturin"'


@pytest.fixture
def pyproject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pyproject.toml of the folder in which the command runs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pyproject.toml"
    path.write_bytes(PYPROJECT.encode())
    return path


def test_adopt_says_what_it_did_and_undo_gives_the_file_back(pyproject: Path) -> None:
    hint = f"hint: {cli.ADOPTED}"
    assert "PIP_FIND_LINKS and UV_FIND_LINKS" in hint
    for options, line in (
        ((), f"pyproject.toml is adopted\n{hint}"),
        ((), "pyproject.toml is already adopted: nothing to do"),
        (("--undo",), "pyproject.toml is as it was"),
        (("--undo",), "pyproject.toml is not adopted: nothing to do"),
    ):
        done = invoke("adopt", *options)
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{line}\n")
        assert (pyproject.read_bytes() == PYPROJECT.encode()) == ("--undo" in options)


def test_adopt_requires_no_older_version_than_this(pyproject: Path) -> None:
    assert invoke("adopt", str(pyproject.parent)).exit_code == 0
    assert f'requires = ["maturin", "pyo3-base-python>={__version__}"]' in pyproject.read_text(encoding="utf-8")


def test_adopt_looks_into_setup_py(pyproject: Path) -> None:
    pyproject.write_bytes(PYPROJECT.replace('d = "maturin"', 'd = "setuptools.build_meta"').encode())
    assert "does not use setuptools-rust" in invoke("adopt").stderr
    pyproject.with_name("setup.py").write_text("import setuptools_rust\n", encoding="utf-8")
    assert invoke("adopt").exit_code == 0


def test_dry_run_of_adopt_prints_a_diff_and_writes_nothing(pyproject: Path) -> None:
    done = invoke("adopt", "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert '\n-requires = ["maturin"]\r\n' in done.stdout_bytes.decode()
    assert done.stdout.endswith("\n\\ No newline at end of file\n")
    assert pyproject.read_bytes() == PYPROJECT.encode()
    invoke("adopt")
    written = pyproject.read_bytes()
    assert '\n+requires = ["maturin"]\r\n' in invoke("adopt", "--dry-run", "--undo").stdout_bytes.decode()
    assert pyproject.read_bytes() == written


def test_adopt_that_is_refused_is_a_line_a_hint_and_1(pyproject: Path) -> None:
    pyproject.unlink()
    done = invoke("adopt")
    what, hint = done.stderr.splitlines()
    assert (done.exit_code, what) == (1, "pyo3-base-python: error: there is no file pyproject.toml")
    assert hint.startswith("pyo3-base-python: hint: ")


# All


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(option: str) -> None:
    done = invoke(option)
    assert done.exit_code == 0
    assert sorted(cli.main.commands) == [*"adopt completion demo doctor env explain run store testbed".split()]
    for name in cli.main.commands:
        assert f"pyo3-base-python {name}" in done.stdout


COMMANDS = [["env"], ["env", "--format", "rust-analyzer"], ["store"], ["store", "--clear"], ["doctor"], ["demo"]]


@pytest.mark.parametrize("arguments", [*COMMANDS, ["testbed", "validate"], ["completion", "bash"]], ids=" ".join)
@pytest.mark.parametrize(
    "trouble", ["the folder is gone", "the disk is full", "nobody reads", "the store is no folder"]
)
def test_no_command_ends_with_a_traceback(wrapper: Wrapper, arguments: list[str], trouble: str, tmp_path: Path) -> None:
    """Whatever goes wrong around it: at most a line and a hint (a command that is not concerned just works)."""
    gone = tmp_path / "gone"
    gone.mkdir()
    lines = {
        "the folder is gone": f"cd '{gone}' && rmdir '{gone}' && exec \"$@\"",
        "the disk is full": 'exec "$@" >/dev/full',
        "nobody reads": 'exec "$@" | true',
        "the store is no folder": 'PYO3_SHIM_STORE=/dev/null/store exec "$@"',
    }
    # No cargo: the demo ends at once.
    environ = wrapper.variables(PATH="/usr/bin:/bin", PWD=os.fspath(gone))
    command = ["sh", "-c", lines[trouble], "sh", sys.executable, "-m", "pyo3_base_python", *arguments]
    done = subprocess.run(command, env=environ, cwd=wrapper.project, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2, done.stderr
    if done.returncode:
        assert done.stderr or done.stdout


def test_a_folder_that_is_gone_and_a_full_disk_are_told(wrapper: Wrapper, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    python = f"'{sys.executable}' -m pyo3_base_python"
    for line, code, words in (
        (f"cd '{gone}' && rmdir '{gone}' && {python} doctor", 1, "the current folder is gone"),
        (f"{python} env >/dev/full", 1, "No space left on device"),
    ):
        done = subprocess.run(["sh", "-c", line], env=wrapper.environ, capture_output=True, text=True, check=False)
        what, hint = done.stderr.splitlines()
        assert (done.returncode, what) == (code, f"pyo3-base-python: error: {words}")
        assert hint.startswith("pyo3-base-python: hint: ")


def test_version_is_the_packages(wrapper: Wrapper) -> None:
    assert execute(wrapper, "--version").stdout.decode().split()[-1] == __version__
