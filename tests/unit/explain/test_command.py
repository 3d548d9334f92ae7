"""`pyo3-base-python explain`: the command is its own, the answer comes after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.support import Script, wait_for

from .support import stderr_of


@pytest.fixture
def environ(tmp_path: Path, script: Script) -> dict[str, str]:
    """An environment with a cargo that prints what a real one once printed, and with a folder for scratch files."""
    (tmp_path / "said").write_bytes(stderr_of("variable-changed"))
    cargo = script("cargo", f"cat '{tmp_path / 'said'}' >&2; exit 7")
    (tmp_path / "tmp").mkdir()
    path = os.pathsep.join([os.path.dirname(cargo), "/usr/bin", "/bin"])
    return {"PATH": path, "HOME": os.fspath(tmp_path), "TMPDIR": os.fspath(tmp_path / "tmp"), "LANG": "C.UTF-8"}


def start(environ: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pyo3_base_python", "explain", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def execute(environ: dict[str, str], *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    with start(environ, *arguments) as child:
        out, err = child.communicate(stdin, timeout=60)
    return child.returncode, out, err


def test_the_commands_streams_and_exit_code_are_its_own(environ: dict[str, str]) -> None:
    code, out, err = execute(environ, "--", "sh", "-c", "cat; echo said >&2; exit 5", stdin="for it")
    assert (code, out) == (5, "for it")
    assert err.startswith("said\nwhy cargo compiled\nno cargo that compiles was started")


def test_the_answer_comes_after_what_cargo_tells(environ: dict[str, str]) -> None:
    code, out, err = execute(environ, "cargo", "build")
    assert (code, out) == (7, "")
    told, answer = err.split("why cargo compiled\n")
    assert told.startswith("   Compiling base v0.2.0")
    assert "fingerprint" not in told
    assert "WATCHED changed: 2 crates" in answer
    assert "; it failed with exit code 7" in answer


def test_scratch_files_are_gone(environ: dict[str, str], tmp_path: Path) -> None:
    execute(environ, "cargo", "build")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_json_and_page_are_written(environ: dict[str, str], tmp_path: Path) -> None:
    json_file, html_file = tmp_path / "why.json", tmp_path / "why.html"
    code, _, _ = execute(
        environ, "--json", os.fspath(json_file), "--html", os.fspath(html_file), "--", "cargo", "build"
    )
    assert code == 7
    content = json.loads(json_file.read_text(encoding="utf-8"))
    assert (content["command"], content["exit_code"]) == (["cargo", "build"], 7)
    assert "WATCHED changed" in html_file.read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.new"))


def test_a_file_that_can_not_be_written_is_a_line_and_a_hint(environ: dict[str, str]) -> None:
    code, _, err = execute(environ, "--json", "/not/there/why.json", "--", "true")
    assert code == 8
    what, hint = err.splitlines()[-2:]
    assert what == "pyo3-base-python: error: can't write /not/there/why.json: No such file or directory"
    assert hint.startswith("pyo3-base-python: hint: ")


def test_a_command_that_is_missing_is_127(environ: dict[str, str]) -> None:
    code, _, err = execute(environ, "no-such-command")
    assert code == 127
    assert err.startswith("pyo3-base-python: error: there is no command 'no-such-command'\n")


def test_a_command_that_can_not_be_started_is_126(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"\0")
    (tmp_path / "broken").chmod(0o755)
    code, _, err = execute(environ, os.fspath(tmp_path / "broken"))
    assert code == 126
    assert err == f"pyo3-base-python: error: can't start {tmp_path / 'broken'}: Exec format error\n"


def test_options_after_the_command_are_its_own(environ: dict[str, str]) -> None:
    assert execute(environ, "echo", "--json", "a")[1] == "--json a\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_passes_and_the_answer_still_comes(
    environ: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    sleeps = "import time; open('up', 'w'); [time.sleep(0.05) for _ in range(1200)]"
    words = f"cd '{tmp_path}'; cargo build; exec {sys.executable} -S -c \"{sleeps}\""
    with start(environ, "sh", "-c", words) as child:
        wait_for(tmp_path / "up", 30)
        child.send_signal(number)
        _, err = child.communicate(timeout=30)
    assert child.returncode == -number
    assert "WATCHED changed" in err


def test_no_colour_where_there_is_no_terminal(environ: dict[str, str]) -> None:
    assert "\x1b" not in execute(environ, "cargo", "build")[2]
