"""Programs found, run and interrupted; files of commands, and what cmd.exe makes of their arguments."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.wrapper import process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.support import Wrapper

UNDER_WINE = sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
SAY_ARGUMENTS = "import json, sys; print(json.dumps(sys.argv[1:]))"


def run(wrapper: Wrapper, *command: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pyo3_base_python", "run", *command],
        env=wrapper.variables(**changes),
        cwd=wrapper.project,
        capture_output=True,
        check=False,
    )


# Programs


def test_a_file_is_a_program_by_its_suffix(tmp_path: Path) -> None:
    """X3: `python` of pyenv-win, `npm` beside `npm.cmd`."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, name in ((first, "tool"), (first, "tool.txt"), (second, "tool.cmd")):
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    environ = {"PATH": f"{first};{second}", "PATHEXT": ".TXT;.EXE;.CMD"}
    assert process.find_program("tool", environ) == os.fspath(second / "tool.cmd")
    assert process.find_program("tool.cmd", environ) == os.fspath(second / "tool.cmd")
    assert process.find_program(os.fspath(second / "tool"), environ) == os.fspath(second / "tool.cmd")
    assert not process.is_program(os.fspath(first / "tool"))
    assert not process.is_program(os.fspath(first / "tool.txt"))
    assert process.is_program(sys.executable)


def test_run_starts_what_is_found_so(wrapper: Wrapper) -> None:
    (wrapper.bin / "tool").write_text("no program")
    (wrapper.bin / "tool.cmd").write_text("@echo from cmd\r\n")
    done = run(wrapper, "--", "tool")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"from cmd\r\n", b"")


def test_run_ends_as_the_command_does(wrapper: Wrapper) -> None:
    for code in (0, 7, 0xC0000005):
        signed = code - (1 << 32) if code > 1 << 31 else code
        assert run(wrapper, "--", sys.executable, "-c", f"import os; os._exit({signed})").returncode == code


# Files of commands


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    "argument",
    [
        "plain",
        "a b",
        "",
        "%OS%",
        "100%",
        "%%",
        "^&|<>",
        "&whoami",
        'q"uo"te',
        '"&whoami',
        "back\\",
        "sp ace\\",
        "(x)",
        "!OS!",
        "ä",
    ],
)
def test_cmd_does_not_read_an_argument(wrapper: Wrapper, argument: str) -> None:
    """X10: `%OS%` was replaced by the variable's value."""
    if "%" in argument and UNDER_WINE:
        pytest.skip("wine's cmd.exe does not read per cent signs as that of Windows does")
    (wrapper.bin / "say.py").write_text(SAY_ARGUMENTS)
    (wrapper.bin / "say it.cmd").write_text(f'@"{sys.executable}" "{wrapper.bin / "say.py"}" %*\r\n')
    done = run(wrapper, "--", "say it", argument, "last", OS="replaced")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == [argument, "last"]


@pytest.mark.promise("bad input")
def test_a_line_break_in_such_an_argument_is_an_error(wrapper: Wrapper) -> None:
    (wrapper.bin / "say.cmd").write_text("@echo started\r\n")
    done = run(wrapper, "--", "say", "a\nb")
    assert (done.returncode, done.stdout) == (126, b"")
    assert b"a batch file can't be given a line break" in done.stderr


# Interrupts


def test_an_interrupt_while_the_interpreter_is_asked_is_an_end_without_a_traceback() -> None:
    """X5: there is no SIGKILL to compare with."""
    code = "from pyo3_base_python.wrapper import process; process.die_of_interrupt()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0xC000013A, b"")


def test_an_interrupt_is_the_childs_to_answer(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys\n"
        "from pyo3_base_python.wrapper import process\n"
        "wait, calls = subprocess.Popen.wait, []\n"
        "def interrupted(self, timeout=None):\n"
        "    calls.append(1)\n"
        "    if len(calls) < 3:\n"
        "        raise KeyboardInterrupt\n"
        "    return wait(self, timeout)\n"
        "subprocess.Popen.wait = interrupted\n"
        f"process.become({sys.executable!r}, ['python', '-c', 'raise SystemExit(4)'], os.environ)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 4


def test_to_ask_early_leaves_no_descriptor_open() -> None:
    with pytest.raises(AttributeError):
        process.Capture([sys.executable], os.environ)
    one, other = os.pipe()
    os.close(one)
    os.close(other)
    with pytest.raises(AttributeError):
        process.Capture([sys.executable], os.environ)
    assert os.pipe() == (one, other)
    os.close(one)
    os.close(other)
