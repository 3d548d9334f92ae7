"""`cargo base-python`: the program that cargo starts for it, run for real."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python import __version__
from tests.unit.support import posix

if TYPE_CHECKING:
    from tests.unit.support import Script, Wrapper

START = """
import sys
sys.argv[0] = "cargo-base-python"
from pyo3_base_python.commands.cargo_base_python import main
main()
"""


def execute(wrapper: Wrapper, *arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Start it as ``wrapper.cargo`` does for a subcommand."""
    return subprocess.run(
        [sys.executable, "-c", START, *arguments],
        env=wrapper.variables(**{"CARGO": wrapper.cargo, **changes}),
        cwd=wrapper.project,
        capture_output=True,
        text=True,
        check=False,
    )


def recorded(wrapper: Wrapper) -> tuple[list[str], dict[str, str]]:
    record = wrapper.folder / "record"
    _, *words = (record / "arguments").read_text().split("\0")[:-1]
    pairs = [pair.partition("=") for pair in (record / "environ").read_text().split("\0") if pair]
    return words, {name: value for name, _, value in pairs}


@pytest.mark.parametrize("first", [["base-python"], []], ids=["by cargo", "by hand"])
def test_cargo_gets_what_follows_and_what_the_wrapper_sets(wrapper: Wrapper, first: list[str]) -> None:
    done = execute(wrapper, *first, "build", "--release", "--", "a b", "", FAKE_CARGO_DOES="exit 9")
    assert (done.returncode, done.stdout, done.stderr) == (9, "", "")
    arguments, environ = recorded(wrapper)
    assert arguments == ["build", "--release", "--", "a b", ""]
    assert environ["PYO3_BASE_PYTHON"] == os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    assert "CARGO" not in environ
    assert "PYO3_SHIM_CARGO" not in environ


# Its launchers are scripts of a shell that loses a variable, as macOS removes DYLD_* before it starts /bin/sh.
AS_ON_MACOS = """
import sys
from pyo3_base_python.activation import launcher
real, shell = launcher.launcher_script, sys.argv.pop(1).encode()
launcher.launcher_script = lambda *arguments: real(*arguments).replace(b"/bin/sh", shell, 1)
"""
RUN = """
from pyo3_base_python.commands.cli import main
sys.argv[1:] = ["run", "--", "cargo", *sys.argv[2:]]
main()
"""


@posix("there are no such variables")
@pytest.mark.parametrize("start", [START, RUN], ids=["cargo base-python", "run"])
def test_no_shell_stands_before_cargo(wrapper: Wrapper, script: Script, start: str) -> None:
    """X13: what macOS takes from programs of its own, cargo still gets."""
    shell = script("sh", f'unset DYLD_OR_SO; echo >"{wrapper.folder}/shell"; exec /bin/sh "$@"')
    command = [sys.executable, "-c", AS_ON_MACOS + start, shell, "base-python", "build"]
    environ = wrapper.variables(DYLD_OR_SO="kept", CARGO=wrapper.cargo)
    subprocess.run(command, env=environ, cwd=wrapper.project, check=True)
    arguments, seen = recorded(wrapper)
    assert (arguments, seen["DYLD_OR_SO"]) == (["build"], "kept")
    assert "PYO3_CONFIG_FILE" in seen
    assert not (wrapper.folder / "shell").exists()


def test_the_interpreter_is_that_of_the_active_environment(wrapper: Wrapper) -> None:
    execute(wrapper, "base-python", "build", PYO3_PYTHON=None, VIRTUAL_ENV=sys.prefix)
    assert recorded(wrapper)[1]["PYO3_SHIM_PYTHON"] == os.path.join(sys.prefix, "bin", "python")


def test_the_cargo_that_started_it_is_the_one_that_runs(wrapper: Wrapper) -> None:
    (wrapper.folder / "nightly").mkdir()
    other = wrapper.fake_cargo(wrapper.folder / "nightly" / "cargo-of-nightly")
    execute(wrapper, "base-python", "build", CARGO=other)
    assert wrapper.called[0] == "cargo-of-nightly"


def test_a_store_that_can_not_be_used_costs_one_line_and_cargo_runs(wrapper: Wrapper) -> None:
    done = execute(
        wrapper, "base-python", "build", PYO3_SHIM_STORE="/dev/null/store", FAKE_CARGO_DOES="echo said >&2; exit 9"
    )
    line, said = done.stderr.splitlines()
    assert (done.returncode, said) == (9, "said")
    assert line.endswith("cargo runs without a stable interpreter")
    assert recorded(wrapper)[0] == ["build"]


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(wrapper: Wrapper, option: str) -> None:
    done = execute(wrapper, "base-python", option)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: cargo base-python <COMMAND>" in done.stdout


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(wrapper: Wrapper, option: str) -> None:
    assert execute(wrapper, "base-python", option).stdout == f"cargo-base-python {__version__}\n"


def test_the_help_of_a_cargo_command_is_cargos(wrapper: Wrapper) -> None:
    execute(wrapper, "base-python", "build", "--help")
    assert recorded(wrapper)[0] == ["build", "--help"]


def test_without_a_command_it_is_a_usage_error(wrapper: Wrapper) -> None:
    done = execute(wrapper, "base-python")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "pyo3-base-python: error: no cargo command is named"


def test_no_cargo_at_all_is_127_with_a_hint(wrapper: Wrapper) -> None:
    done = execute(wrapper, "base-python", "build", CARGO=None, PATH="/nowhere")
    assert done.returncode == 127
    assert "error: there is no cargo on PATH" in done.stderr
    store = execute(wrapper, "base-python", "build", CARGO=None, PATH="/nowhere", PYO3_SHIM_STORE="/dev/null/store")
    assert store.returncode == 127
    assert "error: there is no program cargo" in store.stderr


def test_a_cargo_that_can_not_be_started_is_126(wrapper: Wrapper) -> None:
    broken = wrapper.bin / "broken"
    broken.write_text("neither a script nor a binary", encoding="utf-8")
    broken.chmod(0o755)
    done = execute(wrapper, "base-python", "build", CARGO=os.fspath(broken))
    assert done.returncode == 126
    assert f"can't start {broken}" in done.stderr
    store = execute(wrapper, "base-python", "build", CARGO=os.fspath(broken), PYO3_SHIM_STORE="/dev/null/store")
    assert store.returncode == 126
