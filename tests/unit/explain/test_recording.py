"""The program in the place of cargo: it records, and neither cargo nor its caller notices."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyo3_base_python.activation import launcher
from pyo3_base_python.doctor.remedies import REMEDIES
from pyo3_base_python.explain import recording
from pyo3_base_python.explain.shim import LEFT_ALONE, OFF, PASSED_BY, SET, Shim
from pyo3_base_python.explain.sieve import LOG_DIRECTIVES
from pyo3_base_python.wrapper.errors import ShimError
from tests.unit.support import LOCK, MANIFEST, Script, wait_for

from .support import stderr_of

# What a cargo is that says how it was started.
TELLS = 'printf "%s\\n" "$0 $*" "CARGO=$CARGO" "SHIM=$PYO3_SHIM_CARGO" "PATH=$PATH" "LC_CTYPE=${LC_CTYPE-unset}"'


class Recording:
    """A folder to record in, a cargo on PATH, and the environment in which to start it."""

    def __init__(self, folder: Path, cargo: str, **environ: str) -> None:
        self.folder = folder
        folder.mkdir()
        self.before = {"PATH": f"{os.path.dirname(cargo)}:/usr/bin:/bin", "TERM": "xterm", **environ}
        self.environ = {**self.before, **recording.variables(folder, self.before)}

    def run(self, *words: str, program: str = "cargo", **changes: str) -> subprocess.CompletedProcess[str]:
        """Start a cargo, by its name on PATH or by its path, with something on stdin."""
        command = ["/usr/bin/env", program, *words]
        environ = {**self.environ, **changes}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, input="for it")

    @property
    def calls(self) -> list[recording.Recorded]:
        """The recorded calls."""
        return recording.calls(self.folder)


@pytest.fixture
def record(tmp_path: Path, script: Script) -> Callable[..., Recording]:
    """A recording of a cargo that does what a line of shell says."""

    def make(does: str = TELLS, **environ: str) -> Recording:
        return Recording(tmp_path / "record ing's", script("cargo", does), **environ)

    return make


def test_arguments_streams_and_exit_code_are_cargos(record: Callable[..., Recording]) -> None:
    one = record('cat; printf "<%s>" "$@"; echo said >&2; exit 9')
    done = one.run("build", "--config", "a b", "")
    assert (done.returncode, done.stdout, done.stderr) == (9, "for it<build><--config><a b><>", "said\n")
    (call,) = one.calls
    assert call.command == ("cargo", "build", "--config", "a b", "")
    assert (call.cwd, call.exit_code, call.shim) == (os.getcwd(), 9, Shim(OFF))
    assert call.told == b"said\n"
    assert call.seconds is not None


def test_the_environment_is_the_one_from_before(record: Callable[..., Recording]) -> None:
    """A build script may watch any of it: `explain` must not be what it explains."""
    one = record("env -0", SOME="thing")
    printed = one.run("build").stdout.split("\0")[:-1]
    found = dict(line.split("=", 1) for line in printed)
    assert found.pop("CARGO_LOG") == LOG_DIRECTIVES
    for own in ("PWD", "OLDPWD", "SHLVL", "_"):  # the shell's
        found.pop(own, None)
    assert found == one.before


def test_a_users_own_log_goes_on(record: Callable[..., Recording]) -> None:
    one = record('echo "$CARGO_LOG"', CARGO_LOG="cargo::ops=debug")
    assert one.run("build").stdout == f"cargo::ops=debug,{LOG_DIRECTIVES}\n"


def test_the_log_is_kept_and_the_rest_is_told(record: Callable[..., Recording], tmp_path: Path) -> None:
    (tmp_path / "said").write_bytes(stderr_of("variable-changed"))
    one = record(f"cat '{tmp_path / 'said'}' >&2")
    done = one.run("build")
    assert done.stderr.startswith("   Compiling base v0.2.0")
    assert "fingerprint" not in done.stderr
    (call,) = one.calls
    assert call.told.decode() == done.stderr
    assert b"EnvVarChanged" in call.log


@pytest.mark.parametrize("words", [["metadata"], ["--version"], [], ["clean"], ["+nightly", "fetch"]])
def test_what_never_compiles_is_not_recorded(record: Callable[..., Recording], words: list[str]) -> None:
    one = record(f"{TELLS}; echo said >&2; exit 3")
    done = one.run(*words)
    assert (done.returncode, done.stderr) == (3, "said\n")
    assert one.calls == []
    assert f"PATH={one.before['PATH']}\n" in done.stdout


def test_a_toolchain_is_handed_on(record: Callable[..., Recording]) -> None:
    one = record('echo "$*"')
    assert one.run("+nightly", "build").stdout == "+nightly build\n"
    assert one.calls[0].command == ("cargo", "+nightly", "build")


def test_a_cargo_of_the_users_is_replaced_and_named_again(record: Callable[..., Recording], script: Script) -> None:
    theirs = script("their-cargo", f"echo theirs; {TELLS}")
    one = record(TELLS, CARGO=theirs)
    assert one.environ["CARGO"] != theirs
    by_variable = one.run("build", program=one.environ["CARGO"]).stdout.splitlines()
    assert by_variable[:3] == ["theirs", f"{theirs} build", f"CARGO={theirs}"]
    by_path = one.run("build").stdout.splitlines()
    assert by_path[1] == f"CARGO={theirs}"
    assert "theirs" not in by_path
    assert [call.shim.state for call in one.calls] == [OFF, OFF]


def test_the_wrapper_stays_and_becomes_the_recording_cargo(
    record: Callable[..., Recording], script: Script, tmp_path: Path
) -> None:
    wrapper = launcher.install(dict(os.environ))
    theirs = script("their-cargo", f"echo theirs; {TELLS}")
    one = record(TELLS, CARGO=wrapper, PYO3_SHIM_CARGO=theirs, PYO3_SHIM_STORE=os.environ["PYO3_SHIM_STORE"])
    assert one.environ["CARGO"] == wrapper
    told = one.run("build", "--manifest-path", os.fspath(tmp_path), program=wrapper).stdout.splitlines()
    assert told[:4] == ["theirs", f"{theirs} build --manifest-path {tmp_path}", "CARGO=", "SHIM="]
    assert len(one.calls) == 1


def test_the_wrapper_without_a_cargo_of_its_own_finds_the_recording_one(record: Callable[..., Recording]) -> None:
    wrapper = launcher.install(dict(os.environ))
    one = record(TELLS, CARGO=wrapper, PYO3_SHIM_STORE=os.environ["PYO3_SHIM_STORE"])
    assert one.run("build", program=wrapper).returncode == 0
    assert len(one.calls) == 1


def test_of_cargo_base_python_the_cargo_behind_the_wrapper_is_recorded(
    record: Callable[..., Recording], project: Path
) -> None:
    """It hands the wrapper a cargo by a variable, as `activation.switch` does."""
    wrapper = launcher.install(dict(os.environ))
    again = f'if [ "$1" = base-python ]; then shift; exec {wrapper} "$@"; fi'
    one = record(f"{again}; {TELLS}", PYO3_SHIM_STORE=os.environ["PYO3_SHIM_STORE"])
    told = one.run("base-python", "test", "--manifest-path", os.fspath(project / "Cargo.toml")).stdout.splitlines()
    (call,) = one.calls
    assert call.command[:2] == ("cargo", "test")
    assert call.shim.state == LEFT_ALONE
    assert told[2:4] == ["SHIM=", f"PATH={one.before['PATH']}"]


def test_cross_is_left_alone(record: Callable[..., Recording], script: Script) -> None:
    script("cross", "")
    assert record(TELLS, CARGO="cross").environ["CARGO"] == "cross"


def test_an_interpreter_that_is_steady_without_the_wrapper_is_recorded(record: Callable[..., Recording]) -> None:
    """As in rust-analyzer's settings."""
    one = record(TELLS)
    one.run("build", PYO3_SHIM_PYTHON="/a/python")
    assert [call.shim for call in one.calls] == [Shim(SET)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A crate with a version of pyo3 that is too old."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Cargo.toml").write_text(MANIFEST, encoding="utf-8")
    (folder / "Cargo.lock").write_text(LOCK.replace("0.26.0", "0.15.2"), encoding="utf-8")
    return folder


def behind_the_wrapper(record: Callable[..., Recording], **environ: str) -> tuple[Recording, str]:
    wrapper = launcher.install(dict(os.environ))
    return record(TELLS, CARGO=wrapper, PYO3_SHIM_STORE=os.environ["PYO3_SHIM_STORE"], **environ), wrapper


def test_that_the_wrapper_left_cargo_alone_is_recorded_with_why_and_the_cure(
    record: Callable[..., Recording], project: Path
) -> None:
    one, wrapper = behind_the_wrapper(record)
    one.run("build", "--manifest-path", os.fspath(project / "Cargo.toml"), program=wrapper)
    (call,) = one.calls
    assert call.shim == Shim(LEFT_ALONE, "pyo3 0.15.2 is older than 0.18.0", REMEDIES["old pyo3"])
    assert (call.sources.root, call.sources.sdist) == (os.fspath(project), "")


def test_the_hint_of_an_error_of_the_wrappers_is_the_cure(record: Callable[..., Recording], project: Path) -> None:
    (project / "Cargo.toml").write_text(f'{MANIFEST}workspace = "../nowhere"\n', encoding="utf-8")
    one, wrapper = behind_the_wrapper(record)
    one.run("build", "--manifest-path", os.fspath(project / "Cargo.toml"), program=wrapper)
    (call,) = one.calls
    assert "cargo does not say which workspace" in call.shim.why
    assert call.shim.cure == "`cargo metadata` there says what is wrong"


def test_what_the_wrapper_did_is_recorded(record: Callable[..., Recording], project: Path) -> None:
    (project / "Cargo.lock").write_text(LOCK, encoding="utf-8")
    one, wrapper = behind_the_wrapper(record, PYO3_PYTHON=sys.executable)
    one.run("build", "--manifest-path", os.fspath(project / "Cargo.toml"), program=wrapper)
    (call,) = one.calls
    assert (call.shim.state, call.shim.why) == (SET, "")
    assert call.shim.did.startswith("PYO3_BASE_PYTHON=")


def test_a_cargo_that_is_started_past_the_wrapper_is_known(record: Callable[..., Recording], project: Path) -> None:
    one, wrapper = behind_the_wrapper(record)
    words = ("build", "--manifest-path", os.fspath(project / "Cargo.toml"))
    one.run(*words, program=wrapper)
    one.run(*words)
    assert [call.shim.state for call in one.calls] == [LEFT_ALONE, PASSED_BY]


def test_the_users_own_log_of_the_shim_is_as_without_the_recording(
    record: Callable[..., Recording], project: Path, tmp_path: Path
) -> None:
    log = tmp_path / "own log"
    one, wrapper = behind_the_wrapper(record, PYO3_SHIM_LOG=os.fspath(log))
    words = ("build", "--manifest-path", os.fspath(project / "Cargo.toml"))
    for environ in (one.environ, one.before):
        subprocess.run([wrapper, *words], env=environ, check=True, capture_output=True)
    recorded, alone = log.read_text(encoding="utf-8").splitlines()
    assert recorded == alone
    assert "left alone: pyo3 0.15.2" in alone


def test_sources_that_are_gone_by_the_end_are_known(record: Callable[..., Recording], project: Path) -> None:
    for name in ("PKG-INFO", "setup.py"):
        (project / name).touch()
    one = record(TELLS)
    one.run("build", "--manifest-path", os.fspath(project / "Cargo.toml"))
    (call,) = one.calls
    assert (call.sources.sdist, call.sources.unpacked_anew) == (os.fspath(project), False)
    shutil.rmtree(project)
    (call,) = one.calls
    assert call.sources.unpacked_anew


@pytest.mark.parametrize(("locale", "told"), [({}, "unset"), ({"LC_CTYPE": "C"}, "C"), ({"LC_CTYPE": ""}, "")])
def test_the_locale_is_the_one_from_before(record: Callable[..., Recording], locale: dict[str, str], told: str) -> None:
    """Python sets LC_CTYPE in a C locale."""
    one = record(TELLS, LC_ALL="", LANG="C", **locale)
    assert f"LC_CTYPE={told}\n" in one.run("build").stdout


def test_calls_in_parallel_do_not_mix(record: Callable[..., Recording]) -> None:
    one = record('for i in 1 2 3 4 5 6 7 8 9; do echo "$2" >&2; sleep 0.02; done')
    command = "cargo build a & cargo build b & wait"
    subprocess.run(["sh", "-c", command], env=one.environ, check=True, stderr=subprocess.DEVNULL)
    assert sorted(call.told for call in one.calls) == [b"a\n" * 9, b"b\n" * 9]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_passes_and_its_end_is_cargos(
    record: Callable[..., Recording], tmp_path: Path, number: signal.Signals
) -> None:
    # In one long sleep a signal that comes right before it would wait for its end.
    sleeps = f'import time; open("{tmp_path}/up", "w"); [time.sleep(0.05) for _ in range(1200)]'
    one = record(f"exec {sys.executable} -S -c '{sleeps}'")
    with subprocess.Popen(["cargo", "build"], executable=one.folder / "path" / "cargo", env=one.environ) as child:
        wait_for(tmp_path / "up")
        child.send_signal(number)
        assert child.wait(timeout=20) == -number
    assert [call.exit_code for call in one.calls] == [-number]


def test_a_call_that_was_killed_is_known_as_such(record: Callable[..., Recording], tmp_path: Path) -> None:
    one = record(f"touch '{tmp_path}/up'; exec sleep 60")
    with subprocess.Popen(
        ["cargo", "build"], executable=one.folder / "path" / "cargo", env=one.environ, start_new_session=True
    ) as child:
        wait_for(tmp_path / "up")
        os.killpg(child.pid, signal.SIGKILL)
    (call,) = one.calls
    assert (call.exit_code, call.seconds) == (None, None)


def test_a_daemon_that_holds_stderr_open_does_not_hold_cargo_up(record: Callable[..., Recording]) -> None:
    one = record("sleep 30 >/dev/null & echo $!")
    process = subprocess.run(
        [one.folder / "path" / "cargo", "build"], env=one.environ, capture_output=True, timeout=20, check=False
    )
    os.kill(int(process.stdout), signal.SIGKILL)
    assert process.returncode == 0


def test_a_cargo_that_can_not_be_started_is_one_line_and_126(record: Callable[..., Recording]) -> None:
    one = record(TELLS)
    cargo = Path(one.before["PATH"].partition(":")[0]) / "cargo"
    cargo.write_bytes(b"\0neither a script nor a binary")
    done = one.run("build")
    assert (done.returncode, done.stderr) == (126, f"pyo3-base-python: can't start {cargo}: Exec format error\n")


def test_without_cargo_there_is_nothing_to_record(tmp_path: Path) -> None:
    with pytest.raises(ShimError, match="there is no cargo on PATH"):
        recording.variables(tmp_path, {"PATH": "/not/there"})


def test_colours_are_for_a_terminal(record: Callable[..., Recording]) -> None:
    one = record('echo "${CARGO_TERM_COLOR-unset}"')
    assert one.run("build").stdout == "unset\n"
    for environ, told in (
        ({}, "always"),
        ({"NO_COLOR": "1"}, "unset"),
        ({"CARGO_TERM_COLOR": "never"}, "never"),
        ({"TERM": "dumb"}, "unset"),
    ):
        terminal, other = os.openpty()
        done = subprocess.run(
            ["cargo", "build"],
            executable=one.folder / "path" / "cargo",
            env={**one.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=other,
            text=True,
            check=True,
        )
        os.close(other)
        os.close(terminal)
        assert done.stdout == f"{told}\n"


def test_calls_are_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    for name, began in (("2-1", 2.0), ("10-1", 10.0), ("1-1", 1.0)):
        sources = {"root": "", "sdist": "", "vendored": ""}
        call = {"command": ["cargo", name], "cwd": "/", "began": began, "shim": {}, "sources": sources}
        (tmp_path / f"{name}.json").write_text(json.dumps(call), encoding="utf-8")
    assert [call.command[1] for call in recording.calls(tmp_path)] == ["1-1", "2-1", "10-1"]
