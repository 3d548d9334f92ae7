"""The wrapper: run for real, with a recording cargo, and in this process where something has to be replaced."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from pyo3_base_python.wrapper import calls as written
from pyo3_base_python.wrapper import interpreter, plan, process, report
from pyo3_base_python.wrapper import main as entry
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.prepare import prepare
from tests.installations import Installation
from tests.unit.support import LOCK, MANIFEST, InterpreterOf, Script, Wrapper, needs_tomllib, posix, wait_for

pytestmark = posix("what cargo is given there, and becomes, is tested in tests/windows")

AWKWARD = ["", "a b", "'\"$HOME`e`\\", "new\nline", "--", "", "*", "ä", "-v"]
BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
NO_INTERPRETER = "cargo runs without a stable interpreter"


class BecameError(Exception):
    """The program that the wrapper would have become."""

    def __init__(self, program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        super().__init__(program)
        self.program = program
        self.arguments = list(arguments)
        self.environ = dict(environ)


@pytest.fixture
def main(wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch) -> Callable[..., BecameError]:
    """Runs the wrapper's `main` in this process, up to where it becomes cargo."""

    def become(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
        raise BecameError(program, arguments, environ)

    def run(*arguments: str, **changes: str | None) -> BecameError:
        with monkeypatch.context() as patched:
            patched.setattr(process, "become", become)
            patched.setattr(os, "environ", wrapper.variables(**changes))
            patched.setattr(sys, "argv", [wrapper.program, *arguments])
            patched.chdir(wrapper.project)
            with pytest.raises(BecameError) as caught:
                entry.main()
        return caught.value

    return run


def changed_at(folder: Path) -> dict[Path, int]:
    """When each file below was last changed in any way, except the list of calls, which grows."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "calls"]
    return {path: path.stat().st_ctime_ns for path in found}


# What cargo gets


def test_cargo_gets_a_stable_interpreter_and_nothing_else(wrapper: Wrapper) -> None:
    result = wrapper.run("build", CARGO=wrapper.program)
    changes = wrapper.changes(result, CARGO=wrapper.program)
    assert (result.code, result.err) == (0, "")
    assert sorted(changes) == ["CARGO", "PYO3_BASE_PYTHON", "PYO3_CONFIG_FILE", "PYO3_PYTHON", "PYO3_SHIM_PYTHON"]
    assert changes["CARGO"] is None
    assert changes["PYO3_BASE_PYTHON"] == BASE
    assert changes["PYO3_SHIM_PYTHON"] == sys.executable
    for variable in ("PYO3_CONFIG_FILE", "PYO3_PYTHON"):
        path = changes[variable]
        assert path is not None
        assert Path(path).is_file()
        assert Path(path).is_relative_to(wrapper.store)


def test_second_call_gives_the_same_names_and_writes_nothing(wrapper: Wrapper) -> None:
    first = wrapper.run("build")
    before = changed_at(wrapper.store)
    second = wrapper.run("build")
    assert wrapper.changes(first) == wrapper.changes(second)
    assert changed_at(wrapper.store) == before


@pytest.mark.promise("fault")
@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "POSIX", "not_a.LOCALE"])
def test_arguments_come_through_as_they_are(wrapper: Wrapper, locale: str) -> None:
    result = wrapper.run("build", *AWKWARD, b"\xff\xfe/\x80", LC_ALL=locale)
    assert result.arguments == ["build", *AWKWARD, os.fsdecode(b"\xff\xfe/\x80")]


@pytest.mark.parametrize("arguments", [[], [""], ["--version"], ["+nightly", "-vV"]])
def test_arguments_without_a_subcommand_come_through(wrapper: Wrapper, arguments: list[str]) -> None:
    assert wrapper.run(*arguments).arguments == arguments


@pytest.mark.promise("fault")
def test_two_hundred_kilobytes_of_arguments_come_through(wrapper: Wrapper) -> None:
    arguments = ["build", *(f"{number}" * 10_000 for number in range(10, 20))]
    assert sum(map(len, arguments)) > 200_000
    result = wrapper.run(*arguments)
    assert result.arguments == arguments
    assert result.environ["PYO3_BASE_PYTHON"] == BASE


@pytest.mark.promise("fault")
def test_variable_that_is_not_utf_8_comes_through(wrapper: Wrapper) -> None:
    assert wrapper.run("build", ODD="\udcff\udcfe ä\n").environ["ODD"] == "\udcff\udcfe ä\n"


@pytest.mark.promise("fault")
@pytest.mark.parametrize("subcommand", ["build", "metadata"])
def test_pythons_idea_of_the_locale_does_not_reach_cargo(wrapper: Wrapper, subcommand: str) -> None:
    assert "LC_CTYPE" not in wrapper.changes(wrapper.run(subcommand, LANG=None), LANG=None)


def test_streams_are_cargos_own(wrapper: Wrapper) -> None:
    stdin = bytes(range(256)) * 1000
    result = wrapper.run("build", stdin=stdin, does="cat; echo said >&2")
    assert (result.out, result.err) == (stdin, "said\n")


@pytest.mark.promise("fault")
def test_stdin_is_not_read_by_the_interpreter_that_is_asked(wrapper: Wrapper, script: Script) -> None:
    greedy = script("greedy", f'cat >/dev/null; exec {sys.executable} "$@"')
    assert wrapper.run("build", stdin=b"for cargo", does="cat", PYO3_PYTHON=greedy).out == b"for cargo"


@pytest.mark.parametrize("code", [0, 1, 101, 255])
def test_exit_code_is_cargos_own(wrapper: Wrapper, code: int) -> None:
    assert wrapper.run("build", does=f"exit {code}").code == code


@pytest.mark.promise("fault")
@pytest.mark.parametrize("name", ["KILL", "TERM", "INT", "SEGV", "PIPE", "XFSZ"])
def test_death_by_signal_is_cargos_own(wrapper: Wrapper, name: str) -> None:
    """Python ignores SIGPIPE and SIGXFSZ, and what is ignored stays so: cargo must get the default back."""
    result = wrapper.run("build", does=f"kill -{name} $$; echo ignored")
    assert (result.code, result.out) == (-getattr(signal, f"SIG{name}"), b"")


@pytest.mark.promise("fault")
@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
def test_signal_to_the_wrappers_process_reaches_cargo(wrapper: Wrapper, tmp_path: Path, name: str) -> None:
    does = f"trap 'exit 42' {name}; echo >{tmp_path}/ready; while :; do sleep 0.01; done"
    with wrapper.start("build", environ=wrapper.variables(FAKE_CARGO_DOES=does)) as started:
        wait_for(tmp_path / "ready")
        assert wrapper.called == ["cargo", str(started.pid)]
        started.send_signal(getattr(signal, f"SIG{name}"))
        assert started.wait(10) == 42


@pytest.mark.promise("fault")
def test_signal_while_the_interpreter_is_asked_ends_the_wrapper_and_the_interpreter(
    wrapper: Wrapper, script: Script, tmp_path: Path
) -> None:
    slow = script("slow", f"echo $$ >{tmp_path}/pid; echo >{tmp_path}/ready; exec sleep 60")
    with wrapper.start("build", environ=wrapper.variables(PYO3_PYTHON=slow)) as started:
        wait_for(tmp_path / "ready")
        time.sleep(0.2)  # the wrapper may not yet have been told that its child has started
        started.send_signal(signal.SIGINT)
        assert started.wait(10) == -signal.SIGINT
    assert not (tmp_path / "record" / "called").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text(encoding="ascii")), 0)


@pytest.mark.promise("fault")
def test_closed_streams_stay_closed(wrapper: Wrapper, script: Script) -> None:
    """Their numbers are free in the wrapper, and must not be given to what it opens."""
    program = script("closing", f'exec "{wrapper.program}" "$@" <&- >&- 2>&-')
    does = "for n in 0 1 2; do if [ -e /dev/fd/$n ]; then echo open >>open; fi; done; exit 3"
    result = wrapper.run("build", program=program, does=does)
    assert result.code == 3
    assert result.environ["PYO3_BASE_PYTHON"] == BASE
    assert not (wrapper.folder / "record" / "open").exists()


# Which cargo


def test_shim_cargo_names_the_real_one_and_is_used_up(wrapper: Wrapper, tmp_path: Path) -> None:
    named = wrapper.fake_cargo(tmp_path / "named")
    result = wrapper.run("build", PYO3_SHIM_CARGO=named)
    assert wrapper.called[0] == "named"
    assert "PYO3_SHIM_CARGO" not in result.environ


def test_shim_cargo_may_be_a_name_on_path(wrapper: Wrapper) -> None:
    wrapper.fake_cargo(wrapper.bin / "other-cargo")
    wrapper.run("build", PYO3_SHIM_CARGO="other-cargo")
    assert wrapper.called[0] == "other-cargo"


@pytest.mark.parametrize("mode", ["full", "export", "off"])
def test_cargo_never_hears_of_the_wrapper(wrapper: Wrapper, mode: str) -> None:
    result = wrapper.run("build", CARGO=wrapper.program, PYO3_SHIM_CARGO=wrapper.cargo, PYO3_SHIM_MODE=mode)
    assert result.arguments == ["build"]
    assert not {"CARGO", "PYO3_SHIM_CARGO"} & result.environ.keys()


@pytest.mark.promise("fault")
@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_wrapper_that_is_the_first_cargo_on_path_does_not_find_itself(
    wrapper: Wrapper, tmp_path: Path, link: Callable[[str, str], None] | None
) -> None:
    first = wrapper.store / "bin"
    if link is not None:
        first = tmp_path / "first"
        first.mkdir()
        link(wrapper.program, os.fspath(first / "cargo"))
    path = os.pathsep.join((os.fspath(first), os.fspath(wrapper.store / "bin"), wrapper.environ["PATH"]))
    result = wrapper.run("build", program=os.fspath(first / "cargo"), PATH=path)
    assert (result.code, result.err, result.arguments) == (0, "", ["build"])


@pytest.mark.promise("fault")
def test_cargo_that_starts_cargo_again_does_not_loop(wrapper: Wrapper) -> None:
    path = os.pathsep.join((os.fspath(wrapper.store / "bin"), wrapper.environ["PATH"]))
    result = wrapper.run("build", does="[ $1 = inner ] || exec cargo inner", PATH=path, PYO3_SHIM_CARGO=wrapper.cargo)
    assert (result.code, result.arguments) == (0, ["inner"])


DOUBTFUL = '[package]\nname = "crate"\nversion = "0.1.0"\nworkspace = "../root"\n'


def test_cargo_is_asked_for_the_workspace_with_the_toolchain_of_the_call(wrapper: Wrapper) -> None:
    wrapper.write_project(DOUBTFUL, LOCK)
    answers = f'[ "$2" != locate-project ] || {{ echo "{wrapper.project}/Cargo.toml"; exit; }}'
    result = wrapper.run("+nightly", "build", does=answers)
    assert result.err == ""
    assert "PYO3_CONFIG_FILE" in result.environ


@pytest.mark.promise("fault")
def test_cargo_that_does_not_tell_the_workspace_costs_one_line(wrapper: Wrapper) -> None:
    wrapper.write_project(DOUBTFUL, LOCK)
    result = wrapper.run("build", does="exit 5")
    (line,) = result.lines
    assert "does not say which workspace" in line
    assert (result.code, result.arguments) == (5, ["build"])


def test_a_shim_that_is_off_does_not_ask_cargo(wrapper: Wrapper) -> None:
    wrapper.write_project(DOUBTFUL, LOCK)
    result = wrapper.run("build", does="exit 5", PYO3_SHIM_MODE="off")
    assert (result.code, result.err, result.arguments) == (5, "", ["build"])


@pytest.mark.promise("fault")
def test_shim_cargo_that_is_the_wrapper_is_passed_over(wrapper: Wrapper) -> None:
    result = wrapper.run("build", PYO3_SHIM_CARGO=wrapper.program)
    assert (result.code, result.err, result.arguments) == (0, "", ["build"])


@pytest.mark.promise("fault")
def test_launchers_of_two_stores_on_path_do_not_call_each_other(wrapper: Wrapper, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = Wrapper(tmp_path / "second", sys.executable)
    folders = [os.path.dirname(one.program) for one in (wrapper, second)]
    path = os.pathsep.join([*folders, wrapper.environ["PATH"]])
    result = wrapper.run("metadata", PATH=path)
    assert (result.code, result.err, result.arguments) == (0, "", ["metadata"])


@pytest.mark.promise("bad input")
def test_missing_cargo_is_a_line_a_hint_and_127(wrapper: Wrapper) -> None:
    result = wrapper.run("build", PATH="/not/there")
    what, hint = result.lines
    assert (result.code, result.out) == (127, b"")
    assert what == "pyo3-base-python: error: there is no cargo on PATH"
    assert hint.startswith("pyo3-base-python: hint: install Rust")


@pytest.mark.promise("bad input")
def test_named_cargo_that_is_missing_is_a_line_a_hint_and_127(wrapper: Wrapper) -> None:
    result = wrapper.run("build", PYO3_SHIM_CARGO="/not/there/cargo")
    what, hint = result.lines
    assert (result.code, result.arguments) == (127, None)
    assert "PYO3_SHIM_CARGO is /not/there/cargo" in what
    assert "hint" in hint


@pytest.mark.promise("bad input")
def test_cargo_that_can_not_be_started_is_one_line_and_126(wrapper: Wrapper) -> None:
    Path(wrapper.cargo).write_text("neither a script nor a binary", encoding="utf-8")
    result = wrapper.run("metadata")
    assert result.code == 126
    assert result.lines == [f"pyo3-base-python: can't start {wrapper.cargo}: Exec format error"]


# Cargo's own configuration


def test_an_environment_that_cargo_is_to_set_is_left_to_pyo3(wrapper: Wrapper) -> None:
    """pyo3's build script finds it: another interpreter than the one that would be asked here, perhaps."""
    (wrapper.project / ".cargo").mkdir()
    (wrapper.project / ".cargo" / "config.toml").write_text('[env]\nVIRTUAL_ENV = "/another"\n', encoding="utf-8")
    assert wrapper.changes(wrapper.run("build", PYO3_PYTHON=None), PYO3_PYTHON=None) == {}
    assert "PYO3_BASE_PYTHON" in wrapper.run("build", PYO3_PYTHON=None, VIRTUAL_ENV=sys.prefix).environ
    assert "PYO3_BASE_PYTHON" in wrapper.run("build").environ


# Modes and the log


def test_mode_off_changes_nothing_and_asks_nobody(wrapper: Wrapper, tmp_path: Path, script: Script) -> None:
    witness = script("witness", f"echo >{tmp_path}/asked")
    changes = {"PYO3_SHIM_MODE": "off", "PYO3_PYTHON": witness}
    result = wrapper.run("build", **changes)
    assert (result.code, result.err) == (0, "")
    assert wrapper.changes(result, **changes) == {}
    assert not (tmp_path / "asked").exists()


def test_mode_export_exports_the_base_and_writes_nothing(wrapper: Wrapper) -> None:
    before = sorted(os.listdir(wrapper.store))
    result = wrapper.run("build", PYO3_SHIM_MODE="export")
    assert wrapper.changes(result, PYO3_SHIM_MODE="export") == {"PYO3_BASE_PYTHON": BASE}
    assert sorted(os.listdir(wrapper.store)) == before


@pytest.mark.parametrize("mode", ["full", ""])
def test_mode_full_is_the_default(wrapper: Wrapper, mode: str) -> None:
    expected = wrapper.changes(wrapper.run("build"))
    assert wrapper.changes(wrapper.run("build", PYO3_SHIM_MODE=mode), PYO3_SHIM_MODE=mode) == expected


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("subcommand", ["build", "metadata"])
def test_mode_that_does_not_exist_is_an_error_that_lists_those_that_do(wrapper: Wrapper, subcommand: str) -> None:
    result = wrapper.run(subcommand, PYO3_SHIM_MODE="nonsense")
    assert (result.code, result.arguments) == (3, None)
    assert result.lines[0].endswith("error: PYO3_SHIM_MODE is 'nonsense', which is none of full, export, off")
    assert len(result.lines) == 2


def test_calls_that_get_a_stable_interpreter_are_written_down(wrapper: Wrapper) -> None:
    for arguments in (["build", "--release"], ["metadata"], ["build", "--target-dir", "elsewhere"]):
        wrapper.run(*arguments)
    found = list(written.read(os.fspath(wrapper.store)))
    assert [os.path.relpath(call.profile_dir, wrapper.project) for call in found] == [
        "target/release",
        "elsewhere/debug",
    ]
    assert {(call.package, call.python, call.unpacked) for call in found} == {("crate", sys.executable, "")}


def test_log_has_a_line_for_each_call_with_what_was_done_and_why(wrapper: Wrapper, tmp_path: Path) -> None:
    log = tmp_path / "log"
    wrapper.run("build", "a\nb", b"\xff", PYO3_SHIM_LOG=os.fspath(log))
    wrapper.run("metadata", PYO3_SHIM_LOG=os.fspath(log))
    wrapper.run("build", PYO3_SHIM_LOG=os.fspath(log), PYO3_PYTHON="/not/there")
    steady, metadata, failed = log.read_text(encoding="utf-8").splitlines()
    assert steady.startswith(r"'cargo build a\nb \udcff': PYO3_BASE_PYTHON=")
    for variable in ("PYO3_BASE_PYTHON", "PYO3_CONFIG_FILE", "PYO3_PYTHON", "PYO3_SHIM_PYTHON"):
        assert f"{variable}=/" in steady
    assert metadata == "'cargo metadata': left alone: cargo metadata compiles nothing"
    assert failed.startswith("'cargo build': left alone: can't run the interpreter /not/there")


@pytest.mark.promise("fault")
@needs_tomllib
def test_an_alias_is_what_it_stands_for_and_reaches_cargo_as_it_is(wrapper: Wrapper, tmp_path: Path) -> None:
    (wrapper.project / ".cargo").mkdir()
    elsewhere = tmp_path / "elsewhere"
    (wrapper.project / ".cargo" / "config.toml").write_text(
        f'[alias]\nget = "fetch --locked"\nmake = ["build", "--target-dir", "{elsewhere}"]\nend = "end"\n'
    )
    log = tmp_path / "log"
    for name in ("get", "end"):
        assert wrapper.run(name, PYO3_SHIM_LOG=os.fspath(log)).arguments == [name]
    assert [line.partition(": ")[2] for line in log.read_text().splitlines()] == [
        "left alone: cargo fetch compiles nothing",
        "left alone: it is not known what the alias end stands for",
    ]
    result = wrapper.run("make")
    assert result.arguments == ["make"]
    assert result.environ["PYO3_BASE_PYTHON"] == BASE
    assert (elsewhere / "debug" / ".pyo3-base-python").is_dir()


@pytest.mark.promise("fault")
def test_where_cargo_leaves_the_folder_nobody_looks_what_is_there(wrapper: Wrapper, tmp_path: Path) -> None:
    wrapper.write_project('[package]\nworkspace = "of-nobody"\n', None)
    log = tmp_path / "log"
    result = wrapper.run("-C", "elsewhere", "build", PYO3_SHIM_LOG=os.fspath(log))
    assert (result.arguments, result.err) == (["-C", "elsewhere", "build"], "")
    assert log.read_text().endswith("left alone: cargo -C leads to another folder\n")


def test_log_that_can_not_be_written_costs_one_line(wrapper: Wrapper) -> None:
    result = wrapper.run("metadata", PYO3_SHIM_LOG="/not/there/log")
    assert (result.code, result.arguments) == (0, ["metadata"])
    assert result.lines == ["pyo3-base-python: can't write to PYO3_SHIM_LOG=/not/there/log: No such file or directory"]


# Never broken: one line, and cargo runs with the environment it was given


def not_executable(folder: Path) -> str:
    (folder / "python").touch(0o644)
    return os.fspath(folder / "python")


def another_architecture(folder: Path) -> str:
    """A real program, but for the number of its machine: 0xF3F3 is nobody's."""
    program = bytearray(Path(BASE).read_bytes()[: 1 << 16])
    program[18:20] = b"\xf3\xf3"
    (folder / "python").write_bytes(program)
    (folder / "python").chmod(0o755)
    return os.fspath(folder / "python")


def empty(folder: Path) -> str:
    (folder / "python").touch(0o755)
    return os.fspath(folder / "python")


STAND_INS: dict[str, tuple[Callable[[Path], str], str]] = {
    "missing": (lambda folder: os.fspath(folder / "gone" / "python"), "No such file or directory"),
    "not executable": (not_executable, "Permission denied"),
    "a folder": (os.fspath, "Permission denied"),
    "not Python": (lambda _: shutil.which("true") or "/bin/true", "does not answer like a Python 3 interpreter"),
    "of another architecture": (another_architecture, "Exec format error"),
    "empty": (empty, "Exec format error"),
    "a name that is nowhere": (lambda _: "python9.99", "No such file or directory"),
}


def check_left_alone(wrapper: Wrapper, said: str, **changes: str) -> None:
    result = wrapper.run("build", "a b", does="exit 7", **changes)
    assert (result.code, result.arguments, result.out) == (7, ["build", "a b"], b"")
    assert wrapper.changes(result, **changes) == {}
    (line,) = result.lines
    assert line.startswith("pyo3-base-python: ")
    assert line.endswith(f"; {NO_INTERPRETER}")
    assert said in line


@pytest.mark.promise("fault")
@pytest.mark.parametrize("kind", STAND_INS)
def test_interpreter_that_can_not_be_asked_costs_one_line(wrapper: Wrapper, tmp_path: Path, kind: str) -> None:
    make, said = STAND_INS[kind]
    path = make(tmp_path)
    check_left_alone(wrapper, said, PYO3_PYTHON=path)
    check_left_alone(wrapper, path, PYO3_PYTHON=path)


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    "body",
    ["exit 1", "echo noise; echo more noise >&2; exit 0", "kill -SEGV $$", "printf 'pyo3-base-python-probe:1 a=b\\n'"],
)
def test_interpreter_that_does_not_answer_costs_one_line(wrapper: Wrapper, script: Script, body: str) -> None:
    check_left_alone(wrapper, "does not answer like a Python 3", PYO3_PYTHON=script("python", body))


@pytest.mark.promise("fault")
def test_python_2_costs_one_line(wrapper: Wrapper, python_2: str) -> None:
    check_left_alone(wrapper, "does not answer like a Python 3", PYO3_PYTHON=python_2)


@posix("interpreters lie elsewhere there")
@pytest.mark.promise("fault")
def test_graalpy_costs_one_line(wrapper: Wrapper, tmp_path: Path) -> None:
    """A stand-in: an interpreter that says so of itself."""
    graalpy = Installation(tmp_path / "graalpy")
    (graalpy.library / "site-packages" / "sitecustomize.py").write_text(
        "import sys\nsys.implementation.name = 'graalpy'\n", encoding="utf-8"
    )
    check_left_alone(wrapper, "the implementation 'graalpy' is not known", PYO3_PYTHON=os.fspath(graalpy.python))


@pytest.mark.promise("fault")
def test_interpreter_that_hangs_costs_one_line(
    main: Callable[..., BecameError],
    wrapper: Wrapper,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(interpreter, "SECONDS_TO_ANSWER", 0.2)
    hangs = script("hangs", "exec sleep 60")
    became = main("build", PYO3_PYTHON=hangs)
    assert became.environ == wrapper.variables(PYO3_PYTHON=hangs)
    (line,) = capfd.readouterr().err.splitlines()
    assert "did not answer within 0.2 s" in line


@pytest.mark.promise("fault")
def test_interpreter_that_prints_before_and_after_is_understood(wrapper: Wrapper, script: Script) -> None:
    noisy = script("noisy", f'echo before; echo before >&2; {sys.executable} "$@"; echo after')
    result = wrapper.run("build", PYO3_PYTHON=noisy)
    assert (result.err, result.environ["PYO3_BASE_PYTHON"]) == ("", BASE)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("kind", ["below a file", "a file", "a link", "open to others"])
def test_store_that_can_not_be_used_costs_one_line(wrapper: Wrapper, tmp_path: Path, kind: str) -> None:
    store = tmp_path / "other"
    if kind == "below a file":
        store = wrapper.project / "Cargo.toml" / "store"
    elif kind == "a file":
        store.touch()
    elif kind == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        store.symlink_to("elsewhere")
    else:
        store.mkdir()
        store.chmod(0o777)
    check_left_alone(wrapper, os.fspath(store), PYO3_SHIM_STORE=os.fspath(store))


@pytest.mark.promise("fault")
def test_a_full_disk_costs_one_line(
    main: Callable[..., BecameError],
    wrapper: Wrapper,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    became = main("build")
    assert became.environ == wrapper.environ
    (line,) = capfd.readouterr().err.splitlines()
    assert "No space left on device" in line


@pytest.mark.promise("fault")
def test_a_mistake_of_ours_costs_one_line_and_the_log_has_the_rest(
    main: Callable[..., BecameError],
    wrapper: Wrapper,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def mistaken(*_: object, **__: object) -> NoReturn:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(plan, "steady", mistaken)
    log = tmp_path / "log"
    became = main("build", PYO3_SHIM_LOG=os.fspath(log))
    assert became.environ == wrapper.variables(PYO3_SHIM_LOG=os.fspath(log))
    (line,) = capfd.readouterr().err.splitlines()
    assert "internal error (KeyError: 'nobody thought of this')" in line
    assert "Traceback" in log.read_text(encoding="utf-8")


@pytest.mark.promise("fault")
def test_current_folder_that_is_gone_costs_one_line(wrapper: Wrapper, script: Script) -> None:
    program = script("program", f'mkdir gone && cd gone && rmdir ../gone && exec "{wrapper.program}" "$@"')
    result = wrapper.run("build", program=program)
    ours = [line for line in result.lines if "pyo3-base-python: " in line]  # shells remark on it as well
    assert (result.code, result.arguments, len(ours)) == (0, ["build"], 1)


@pytest.mark.promise("fault")
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_stderr_that_can_not_be_written_to_is_survived(wrapper: Wrapper, script: Script) -> None:
    program = script("program", f'exec "{wrapper.program}" "$@" 2>/dev/full')
    result = wrapper.run("build", program=program, PYO3_PYTHON="/not/there")
    assert (result.code, result.arguments) == (0, ["build"])


@pytest.mark.promise("fault")
def test_interrupt_while_the_interpreter_is_asked_is_silent(wrapper: Wrapper, script: Script, tmp_path: Path) -> None:
    slow = script("slow", f"echo >{tmp_path}/ready; exec sleep 60")
    with wrapper.start("build", environ=wrapper.variables(PYO3_PYTHON=slow)) as started:
        wait_for(tmp_path / "ready")
        started.send_signal(signal.SIGINT)
        assert started.communicate(timeout=10)[1] == b""


# When cargo is left alone


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (["metadata"], {}),
        (["build"], {"PYO3_NO_PYTHON": "1"}),
        (["build"], {"PYO3_CROSS_LIB_DIR": "/lib"}),
        (["build"], {"PYO3_CONFIG_FILE": "/mine"}),
        (["build", "--target", "other-triple"], {}),
        (["build"], {"CARGO_BUILD_TARGET": "other-triple"}),
        (["build", "--manifest-path", "/not/there/Cargo.toml"], {}),
    ],
)
def test_cargo_is_left_alone_without_a_word(wrapper: Wrapper, arguments: list[str], changes: dict[str, str]) -> None:
    result = wrapper.run(*arguments, **changes)
    assert (result.code, result.err, result.arguments) == (0, "", arguments)
    assert wrapper.changes(result, **changes) == {}


@pytest.mark.promise("fault")
def test_without_any_interpreter_cargo_is_left_alone(
    main: Callable[..., BecameError], wrapper: Wrapper, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"PYO3_PYTHON": None, "PATH": os.fspath(wrapper.bin), "PYO3_SHIM_LOG": os.fspath(tmp_path / "log")}
    assert main("build", **changes).environ == wrapper.variables(**changes)
    assert capfd.readouterr().err == ""
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert said == "'cargo build': left alone: there is no Python interpreter\n"


def rustc(script: Script, answer: str) -> str:
    return script("rustc", f"printf '{answer}'")


def test_target_that_is_the_host_is_no_cross_build(wrapper: Wrapper, script: Script) -> None:
    named = rustc(script, "rustc 1.95.0\\nhost: some-triple\\nrelease: 1.95.0\\n")
    for arguments, changes in ((["--target", "some-triple"], {}), ([], {"CARGO_BUILD_TARGET": "some-triple"})):
        result = wrapper.run("build", *arguments, RUSTC=named, **changes)
        assert result.environ["PYO3_BASE_PYTHON"] == BASE


def test_what_was_built_last_for_a_target_is_recorded_where_cargo_builds_for_it(
    wrapper: Wrapper, script: Script, tmp_path: Path
) -> None:
    named = rustc(script, "host: x86_64-apple-darwin\\n")
    for target, folder in (("host-tuple", "x86_64-apple-darwin"), ("aarch64-apple-darwin", "aarch64-apple-darwin")):
        changes = {"RUSTC": named, "CARGO_BUILD_TARGET": target, "CARGO_TARGET_DIR": os.fspath(tmp_path / target)}
        assert wrapper.run("build", **changes).environ["PYO3_BASE_PYTHON"] == BASE
        assert (tmp_path / target / folder / "debug" / ".pyo3-base-python").is_dir()


@pytest.mark.promise("fault")
@pytest.mark.parametrize("answer", ["", "host\\n", "\\377host: x", None])
def test_target_is_foreign_where_rustc_does_not_say(wrapper: Wrapper, script: Script, answer: str | None) -> None:
    named = "/not/there" if answer is None else rustc(script, answer)
    result = wrapper.run("build", "--target", "some-triple", RUSTC=named)
    assert wrapper.changes(result, RUSTC=named) == {}
    assert result.err == ""


def test_rustc_is_not_started_where_no_target_is_named(wrapper: Wrapper, script: Script, tmp_path: Path) -> None:
    wrapper.run("build", RUSTC=script("rustc", f"echo >{tmp_path}/started"))
    assert not (tmp_path / "started").exists()


# Maturin's own file


def test_maturins_file_moves_to_the_store(wrapper: Wrapper) -> None:
    own = wrapper.project / "target" / "maturin" / "pyo3-config-some-triple-3.11.txt"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"implementation=CPython\nabi3=true\n")
    result = wrapper.run("build", PYO3_CONFIG_FILE=os.fspath(own))
    moved = Path(result.environ["PYO3_CONFIG_FILE"])
    assert moved.is_relative_to(wrapper.store)
    assert moved.read_bytes() == own.read_bytes()


@pytest.mark.promise("fault")
def test_maturins_file_that_is_missing_costs_one_line(wrapper: Wrapper) -> None:
    check_left_alone(wrapper, "can't read maturin's", PYO3_CONFIG_FILE="/target/maturin/pyo3-config-x-3.11.txt")


# The older variable


def test_older_variable_follows(wrapper: Wrapper) -> None:
    result = wrapper.run("build", PYTHON_SYS_EXECUTABLE=sys.executable)
    assert result.environ["PYTHON_SYS_EXECUTABLE"] == result.environ["PYO3_PYTHON"]


def test_older_variable_alone_keeps_its_interpreter(wrapper: Wrapper, interpreter_of: InterpreterOf) -> None:
    wrapper.write_project(MANIFEST, LOCK.replace("pyo3", "cpython"))
    os.symlink(sys.executable, wrapper.bin / "python")
    other = interpreter_of("3.9" if sys.version_info[:2] != (3, 9) else "3.10")
    result = wrapper.run("build", PYO3_PYTHON=None, PYTHON_SYS_EXECUTABLE=other)
    named = result.environ["PYTHON_SYS_EXECUTABLE"]
    assert other in {named, result.environ.get("PYO3_SHIM_PYTHON")}


# PYO3_BASE_PYTHON of the user


def other_version(interpreter_of: InterpreterOf) -> str:
    return interpreter_of("3.9" if sys.version_info[:2] != (3, 9) else "3.10")


@pytest.mark.promise("bad input")
def test_base_of_another_version_is_an_error_that_names_both(wrapper: Wrapper, interpreter_of: InterpreterOf) -> None:
    other = other_version(interpreter_of)
    result = wrapper.run("build", PYO3_BASE_PYTHON=other)
    assert (result.code, result.arguments) == (3, None)
    what, hint = result.lines
    for part in (other, sys.executable, "CPython 3.9" if "3.9" in other else "CPython 3.10", "another version"):
        assert part in what
    assert "CPython {}.{}".format(*sys.version_info) in what
    assert BASE in hint


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("mode", ["full", "export"])
@pytest.mark.parametrize("kind", ["missing", "not executable", "a folder", "not Python", "of another architecture"])
def test_base_that_is_no_interpreter_is_an_error(wrapper: Wrapper, tmp_path: Path, kind: str, mode: str) -> None:
    path = STAND_INS[kind][0](tmp_path)
    result = wrapper.run("build", PYO3_BASE_PYTHON=path, PYO3_SHIM_MODE=mode)
    assert (result.code, result.arguments) == (3, None)
    what, hint = result.lines
    assert f"PYO3_BASE_PYTHON is {path}, which is not a program" in what or kind in {
        "not Python",
        "of another architecture",
    }
    assert path in what
    assert sys.executable in what
    assert BASE in hint


def test_base_is_not_looked_at_where_cargo_is_left_alone(wrapper: Wrapper) -> None:
    for arguments, changes in ((["metadata"], {}), (["build"], {"PYO3_SHIM_MODE": "off"})):
        result = wrapper.run(*arguments, PYO3_BASE_PYTHON="/not/there", **changes)
        assert (result.code, result.environ["PYO3_BASE_PYTHON"]) == (0, "/not/there")


def test_base_of_the_user_is_canonical_and_its_config_is_used(wrapper: Wrapper, tmp_path: Path) -> None:
    link = tmp_path / "my python"
    link.symlink_to(BASE)
    result = wrapper.run("build", PYO3_BASE_PYTHON=os.fspath(link))
    assert (result.err, result.environ["PYO3_BASE_PYTHON"]) == ("", BASE)


# Sources unpacked from an sdist


def make_sdist(wrapper: Wrapper) -> Path:
    for name in ("PKG-INFO", "pyproject.toml", "lib.rs"):
        (wrapper.project / name).touch()
    source = wrapper.project / "lib.rs"
    os.utime(source, (1153704088, 1153704088))
    return source


@pytest.mark.promise("stale")
def test_sources_of_an_sdist_are_fresh_before_cargo_looks(wrapper: Wrapper, tmp_path: Path) -> None:
    source = make_sdist(wrapper)
    does = f"test {source} -nt {tmp_path}/before"
    (tmp_path / "before").touch()
    os.utime(tmp_path / "before", (time.time() - 60,) * 2)
    assert wrapper.run("build", does=does, CARGO_TARGET_DIR=os.fspath(tmp_path / "target")).code == 0


def another_tree_in(tmp_path: Path) -> dict[str, str]:
    """Pretend that another tree was built last into the target directory, which is returned as a variable."""
    target = tmp_path / "shared target"
    (target / "release").mkdir(parents=True)
    (target / "release" / "libcrate.d").write_text(f"{target}/libcrate.so: /another/tree/lib.rs\n", encoding="utf-8")
    return {"CARGO_TARGET_DIR": os.fspath(target)}


CALLS = 'printf "<%s>" "$@" >>calls; echo >>calls'


def calls(wrapper: Wrapper) -> list[str]:
    return (wrapper.folder / "record" / "calls").read_text(encoding="utf-8").splitlines()


@pytest.mark.promise("stale")
def test_local_packages_are_cleaned_before_cargo_where_another_tree_was_built_last(
    wrapper: Wrapper, tmp_path: Path
) -> None:
    changes = another_tree_in(tmp_path)
    result = wrapper.run("+some", "build", "--release", "--config", "a.b=1", does=f"{CALLS}; echo said", **changes)
    clean, build = calls(wrapper)
    assert clean == (
        f"<+some><clean><--target-dir><{changes['CARGO_TARGET_DIR']}>"
        f"<--manifest-path><{wrapper.project}/Cargo.toml><--profile><release><--config><a.b=1><-p><crate><--offline>"
    )
    assert build == "<+some><build><--release><--config><a.b=1>"
    assert (result.out, result.err) == (b"said\n", "")
    wrapper.run("build", "--release", does=f": >calls; {CALLS}", **changes)


@pytest.mark.promise("fault")
def test_interpreter_is_not_steadied_where_cleaning_fails(wrapper: Wrapper, tmp_path: Path) -> None:
    changes = another_tree_in(tmp_path)
    does = "for word; do [ $word != clean ] || exit 101; done"
    result = wrapper.run("build", "--release", does=does, **changes)
    assert (result.code, result.arguments) == (0, ["build", "--release"])
    assert wrapper.changes(result, **changes) == {}
    (line,) = result.lines
    assert "cargo clean -p crate ended with exit code 101" in line


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (["build"], {}),
        (["metadata"], {"CARGO_TARGET_DIR": "/elsewhere"}),
        (["build"], {"CARGO_TARGET_DIR": "/elsewhere", "PYO3_SHIM_MODE": "off"}),
        (["build"], {"CARGO_TARGET_DIR": "/elsewhere", "PYO3_PYTHON": "/not/there"}),
    ],
)
def test_sources_keep_their_times_otherwise(wrapper: Wrapper, arguments: list[str], changes: dict[str, str]) -> None:
    source = make_sdist(wrapper)
    wrapper.run(*arguments, **changes)
    assert source.stat().st_mtime == 1153704088


@pytest.mark.promise("stale")
def test_interpreter_is_not_steadied_where_sources_can_not_be_made_fresh(
    main: Callable[..., BecameError],
    wrapper: Wrapper,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A stable interpreter without fresh sources would ship a stale wheel."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    changes = {"CARGO_TARGET_DIR": os.fspath(wrapper.folder / "elsewhere")}
    main("build", **changes)  # what belongs into the store is there
    make_sdist(wrapper)
    monkeypatch.setattr(os, "utime", refuse)
    assert main("build", **changes).environ == wrapper.variables(**changes)
    (line,) = capfd.readouterr().err.splitlines()
    assert "can't compare" in line


# Small parts


def test_prepare_leaves_the_environment_it_was_handed_alone(wrapper: Wrapper) -> None:
    before = dict(wrapper.environ)
    environ, _, log = prepare(wrapper.cargo, ["build"], wrapper.environ, os.fspath(wrapper.project))
    assert wrapper.environ == before
    assert environ["PYO3_BASE_PYTHON"] == BASE
    assert "PYO3_BASE_PYTHON=" in log


def test_line_that_holds_odd_bytes_can_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    report.say("path \udcff")
    assert capsys.readouterr().err == "pyo3-base-python: path \\udcff\n"


def test_a_failure_without_a_hint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        report.fail(ShimError("broken", exit_code=9))
    assert caught.value.code == 9
    assert capsys.readouterr().err == "pyo3-base-python: error: broken\n"
