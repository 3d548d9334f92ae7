"""`pyo3-base-python run`, run for real."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import switch
from pyo3_base_python.wrapper import sdist_place
from tests.unit.commands.support import execute

if TYPE_CHECKING:
    from tests.unit.support import Script, Wrapper

RECORD = 'printf "<%s>" "$@"; printf "|$CARGO|"; cat; echo said >&2; exit 9'


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
        f"pyo3-base-python: PATH={switch.variables(wrapper.environ, on_path=True)['PATH']}",
        f"pyo3-base-python: TOX_OVERRIDE={switch.TOX_OVERRIDE}",
        f"pyo3-base-python: what is compiled of unpacked sdists goes to {sdist_place.root(wrapper.environ)}",
        "said",
    ]


@pytest.mark.parametrize("place", ["off", "/dev/null/sdists"])
def test_verbose_run_names_no_place_for_sdists_where_there_is_none(wrapper: Wrapper, tool: str, place: str) -> None:
    assert b" goes to " not in execute(wrapper, "run", "-v", "--", tool, PYO3_SHIM_SDIST_DIR=place).stderr


def test_cargo_typed_as_such_is_the_wrapper(wrapper: Wrapper) -> None:
    done = execute(wrapper, "run", "--", "cargo", "build", FAKE_CARGO_DOES="echo $PYO3_BASE_PYTHON")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"/")


@pytest.mark.parametrize(("options", "off", "shim"), [([], "", True), (["--no-path"], "", False), ([], "off", False)])
def test_cargo_that_a_script_starts_by_its_name_is_the_wrapper(
    wrapper: Wrapper, options: list[str], off: str, shim: bool
) -> None:
    does = "echo ${PYO3_CONFIG_FILE+on}"
    done = execute(wrapper, "run", *options, "--", "sh", "-c", "cargo test", FAKE_CARGO_DOES=does, PYO3_SHIM_PATH=off)
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, b"", b"on" if shim else b"")


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
@pytest.mark.parametrize("variable", ["PYO3_SHIM_MODE", "PYO3_SHIM_BUILD_DIR", "PYO3_SHIM_PATH"])
@pytest.mark.usefixtures("tool")
def test_word_that_the_wrapper_would_refuse_is_refused_before_the_command_starts(
    wrapper: Wrapper, variable: str
) -> None:
    wrapper.environ[variable] = "ful"
    done = execute(wrapper, "run", "--", "tool")
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (3, b"", 2)
    assert lines[0].startswith(f"pyo3-base-python: error: {variable} is 'ful', which is none of ")
    if variable != "PYO3_SHIM_PATH":  # which is not the wrapper's to read
        refused = wrapper.run("build")
        assert (refused.code, refused.lines) == (3, lines)


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
def test_folder_for_sdists_that_is_not_absolute_is_refused(wrapper: Wrapper, tool: str) -> None:
    wrapper.environ["PYO3_SHIM_SDIST_DIR"] = "sdists"
    done = execute(wrapper, "run", "--", tool)
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, lines) == (wrapper.run("build").code, wrapper.run("build").lines)
    assert (done.returncode, lines[0]) == (
        3,
        "pyo3-base-python: error: PYO3_SHIM_SDIST_DIR is 'sdists', which is no absolute path",
    )


@pytest.mark.promise("fault")
@pytest.mark.parametrize("options", [(), ("-q",)])
def test_folder_for_sdists_that_can_not_be_used_is_said_and_the_command_runs(
    wrapper: Wrapper, tool: str, options: tuple[str, ...]
) -> None:
    done = execute(wrapper, "run", *options, "--", tool, PYO3_SHIM_SDIST_DIR="/dev/null/places")
    *lines, said = done.stderr.decode().splitlines()
    assert (done.returncode, said, bool(lines)) == (9, "said", not options)
    for line, words in zip(lines, ("sdists are compiled where they lie", "hint: set PYO3_SHIM_SDIST_DIR to a folder")):
        assert words in line


@pytest.mark.promise("bad input")
def test_command_in_quotes_is_seen(wrapper: Wrapper) -> None:
    for command, hint in (("sh -c true", "leave the quotes out: sh -c true"), ("no such", "check its name, or PATH")):
        done = execute(wrapper, "run", "--", command)
        assert (done.returncode, done.stderr.decode().splitlines()[1]) == (127, f"pyo3-base-python: hint: {hint}")


def test_verbose_run_says_if_the_shim_is_off(wrapper: Wrapper, tool: str) -> None:
    done = execute(wrapper, "run", "-v", "--", tool, PYO3_SHIM_MODE="off")
    assert done.stderr.startswith(b"pyo3-base-python: PYO3_SHIM_MODE is off: nothing will be set for cargo\n")


@pytest.mark.promise("bad input")
def test_word_with_a_dash_after_two_dashes_is_a_command(wrapper: Wrapper) -> None:
    assert execute(wrapper, "run", "--", "--verbos").returncode == 127


def test_quiet_run_does_not_say_so(wrapper: Wrapper, tool: str) -> None:
    done = execute(wrapper, "run", "-q", "--", tool, PYO3_SHIM_STORE="/dev/null/store")
    assert (done.returncode, done.stderr) == (9, b"said\n")
