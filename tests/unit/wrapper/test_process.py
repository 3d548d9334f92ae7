"""Programs found, started, and become."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pyo3_base_python
from pyo3_base_python.wrapper import process
from tests.unit.support import posix

if TYPE_CHECKING:
    from tests.unit.support import Script

SOURCE = os.path.dirname(os.path.dirname(pyo3_base_python.__file__))
PATH = {"PATH": "/usr/bin:/bin"}

pytestmark = posix("the programs here are shell scripts: see tests/windows/test_processes.py")

captures = pytest.mark.parametrize("capture", [process.capture, process._capture_with_subprocess])


# Finding programs


def test_first_program_on_path_is_found(script: Script, tmp_path: Path) -> None:
    path = script("tool", "")
    other = tmp_path / "other"
    other.mkdir()
    (other / "tool").symlink_to(path)
    folders = [os.fspath(tmp_path / "not there"), os.fspath(other), os.path.dirname(path)]
    assert process.find_program("tool", {"PATH": os.pathsep.join(folders)}) == os.fspath(other / "tool")


@pytest.mark.promise("fault")
@pytest.mark.parametrize("kind", ["plain file", "folder", "link to nowhere"])
def test_what_can_not_be_run_is_passed_over(script: Script, tmp_path: Path, kind: str) -> None:
    path = script("tool", "")
    other = tmp_path / "other"
    other.mkdir()
    if kind == "plain file":
        (other / "tool").touch(0o644)
    elif kind == "folder":
        (other / "tool").mkdir()
    else:
        (other / "tool").symlink_to("nowhere")
    assert process.find_program("tool", {"PATH": f"{other}{os.pathsep}{os.path.dirname(path)}"}) == path


def test_name_with_a_folder_is_not_looked_for(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script("tool", "")
    monkeypatch.chdir(tmp_path)
    assert process.find_program(path, {"PATH": ""}) == path
    assert process.find_program("scripts/tool", {"PATH": ""}) == "scripts/tool"
    assert process.find_program("./tool", {"PATH": os.path.dirname(path)}) is None


def test_empty_entry_of_path_is_not_the_current_folder(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.path.dirname(script("tool", "")))
    assert process.find_program("tool", {"PATH": f"{os.pathsep}/not/there{os.pathsep}"}) is None


def test_path_of_the_given_environment_counts(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.path.dirname(script("tool", "")))
    assert process.find_program("tool", {"PATH": "/not/there"}) is None
    assert process.find_program("sh", {}) is not None


def test_program_that_is_to_be_skipped_is_not_found(script: Script, tmp_path: Path) -> None:
    path = script("tool", "")
    folders = []
    for name, link in (("symbolic", os.symlink), ("hard", os.link)):
        (tmp_path / name).mkdir()
        link(path, tmp_path / name / "tool")
        folders.append(os.fspath(tmp_path / name))
    environ = {"PATH": os.pathsep.join([*folders, os.path.dirname(path)])}
    assert process.find_program("tool", environ) is not None
    assert process.find_program("tool", environ, lambda found: os.path.samefile(found, path)) is None


# Capturing


@captures
def test_capture_returns_exit_code_and_stdout(capture: object, script: Script) -> None:
    assert callable(capture)
    program = script("program", 'printf "%s|" "$@" "$VARIABLE"; echo dropped >&2; cat; exit 7')
    assert capture([program, "a b", ""], {**PATH, "VARIABLE": "x"}, 10) == (7, b"a b||x|")


@pytest.mark.promise("fault")
@captures
def test_capture_takes_more_than_a_pipe_holds(capture: object, script: Script) -> None:
    assert callable(capture)
    code, output = capture([script("program", "head -c 300000 /dev/zero")], PATH, 10)
    assert (code, len(output)) == (0, 300_000)


@pytest.mark.promise("fault")
@captures
def test_death_by_signal_is_a_negative_code(capture: object, script: Script) -> None:
    assert callable(capture)
    assert capture([script("program", "kill -KILL $$")], PATH, 10) == (-9, b"")


@pytest.mark.promise("fault")
@captures
def test_program_that_hangs_is_killed(capture: object, script: Script, tmp_path: Path) -> None:
    assert callable(capture)
    program = script("program", f"echo $$ >{tmp_path}/pid; echo partial; exec sleep 60")
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"did not answer within 0\.3 s"):
        capture([program], PATH, 0.3)
    assert time.monotonic() - began < 50
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text(encoding="ascii")), 0)


@pytest.mark.promise("fault")
def test_program_that_closes_its_output_and_hangs_is_killed(script: Script) -> None:
    with pytest.raises(TimeoutError):
        process.capture([script("program", "exec sleep 60 >&-")], PATH, 0.3)


@pytest.mark.promise("fault")
@captures
def test_program_that_can_not_be_started_is_an_oserror(capture: object, tmp_path: Path) -> None:
    assert callable(capture)
    (tmp_path / "text").touch(0o644)
    for name in ("gone", "text"):
        with pytest.raises(OSError, match=r"No such file|Permission denied"):
            capture([os.fspath(tmp_path / name)], PATH, 10)


def test_capture_leaves_no_descriptor_open(script: Script) -> None:
    program = script("program", "exec sleep 60")
    before = os.listdir("/dev/fd")
    for arguments in (["/not/there"], [program]):
        with pytest.raises(OSError, match=r"No such file|did not answer"):
            process.capture(arguments, PATH, 0.05)
    assert os.listdir("/dev/fd") == before


def test_capture_gives_signals_their_default(script: Script) -> None:
    """Python ignores these two; a program that writes to a closed pipe is to end, as it would from a shell."""
    for name in ("PIPE", "XFSZ"):
        assert process.capture([script("program", f"kill -{name} $$; echo ignored")], PATH, 10)[1] == b""


def test_capture_keeps_this_process_own_stdin_and_stderr_to_itself(script: Script) -> None:
    program = script("program", "cat; echo said >&2")
    code = (
        "import sys; sys.path.append(sys.argv.pop(1)); from pyo3_base_python.wrapper import process;"
        " print(process.capture([sys.argv[1]], {'PATH': '/usr/bin:/bin'}, 10), sys.stdin.read())"
    )
    command = [sys.executable, "-I", "-c", code, SOURCE, program]
    done = subprocess.run(command, input=b"mine", capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"(0, b'') mine\n", b"")


@pytest.mark.promise("fault")
def test_capture_works_where_this_process_has_no_streams(script: Script) -> None:
    """Their numbers are then free, and the pipe gets them."""
    code = (
        "import sys; sys.path.append(sys.argv.pop(1)); from pyo3_base_python.wrapper import process;"
        " found = process.capture([sys.argv[1]], {}, 10); sys.exit(0 if found == (7, b'said') else 1)"
    )
    program = script("program", "printf said; exit 7")
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-I", "-S", "-c", code, SOURCE, program]
    assert subprocess.run(command, check=False).returncode == 0


# Starting


def test_start_sends_both_streams_to_one_file(script: Script, tmp_path: Path) -> None:
    program = script("program", 'echo out; echo err >&2; cat; pwd; echo "$VARIABLE"; exit 3')
    with (tmp_path / "output").open("wb") as output:
        started = process.start([program], {**PATH, "VARIABLE": "x"}, os.fspath(tmp_path), output.fileno())
        assert started.wait(10) == 3
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"out\nerr\n{os.path.realpath(tmp_path)}\nx\n"


# Becoming


def test_become_replaces_the_process_and_its_environment(script: Script) -> None:
    program = script("program", 'echo "$$|$0|$1|$VARIABLE|$INHERITED"')
    code = (
        "import sys; sys.path.append(sys.argv.pop(1)); from pyo3_base_python.wrapper import process;"
        " process.become(sys.argv[1], ['name', 'a b'], {'VARIABLE': 'x'})"
    )
    with subprocess.Popen(
        [sys.executable, "-I", "-c", code, SOURCE, program], env={"INHERITED": "no"}, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.communicate()[0] == f"{started.pid}|{program}|a b|x|\n"


def test_become_raises_what_it_can_not_start(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.append(sys.argv.pop(1)); from pyo3_base_python.wrapper import process\n"
        "try:\n    process.become(sys.argv[1], ['x'], {})\nexcept OSError as error:\n    print(error.strerror)"
    )
    (tmp_path / "text").write_text("neither a script nor a binary", encoding="utf-8")
    (tmp_path / "text").chmod(0o755)
    said = subprocess.run(
        [sys.executable, "-I", "-c", code, SOURCE, tmp_path / "text"], capture_output=True, check=True
    )
    assert said.stdout == b"Exec format error\n"


# A child that this process stands for


STANDS_FOR = """
import os, sys
sys.path.insert(0, {source!r})
from pyo3_base_python.wrapper import process
with process.handing_on_signals() as signals:
    child = process.begin("/bin/sh", ["sh", "-c", {does!r}], dict(os.environ))
    {late}
    signals.to(child)
    code = child.wait()
if code < 0:
    process.die_of(-code)
sys.exit(code)
"""


def stand_for(does: str, late: str = "", **options: object) -> subprocess.Popen[bytes]:
    """Start a process that starts a shell and ends in the same way."""
    code = STANDS_FOR.format(source=SOURCE, does=does, late=late)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


def test_begin_is_on_this_process_own_streams() -> None:
    with stand_for("cat; exit 3", stdin=subprocess.PIPE) as started:
        assert started.communicate(b"for it")[0] == b"for it"
        assert started.returncode == 3


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_is_handed_on_and_the_childs_answer_counts(name: str) -> None:
    does = f"trap 'echo got; exit 4' {name[3:]}; echo up; for i in $(seq 1000); do sleep 0.01; done"
    with stand_for(does) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"up\n"
        started.send_signal(signal.Signals[name])
        assert started.stdout.read() == b"got\n"
    assert started.returncode == 4


def test_a_signal_before_the_child_is_known_waits_for_it() -> None:
    does = "trap 'echo got; exit 4' TERM; echo up; for i in $(seq 1000); do sleep 0.01; done"
    with stand_for(does, late="import time; time.sleep(0.5)") as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"up\n"
        started.send_signal(signal.SIGTERM)
        assert started.stdout.read() == b"got\n"
    assert started.returncode == 4


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL", "SIGSEGV"])
def test_death_by_a_signal_is_handed_up(name: str, tmp_path: Path) -> None:
    with stand_for(f"ulimit -c 0; kill -{name[3:]} $$", cwd=tmp_path) as started:
        started.wait()
    assert started.returncode == -signal.Signals[name]


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    """As with `nohup`, and for a job in the background of a script."""
    with stand_for("echo up; sleep 0.3; echo done", preexec_fn=ignore_interrupt) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"up\n"
        started.send_signal(signal.SIGINT)
        assert started.stdout.read() == b"done\n"
    assert started.returncode == 0


def ignore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
