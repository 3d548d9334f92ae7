"""The wrapper in odd or broken surroundings: a build that works without it works with it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import launcher
from tests.unit.support import posix

if TYPE_CHECKING:
    from tests.unit.support import Result, Wrapper

pytestmark = [pytest.mark.promise("fault"), posix("what cargo is given there, and becomes, is tested in tests/windows")]

BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
LONG = "/".join(["x" * 150, "y" * 150])
AWKWARD = ["with blank", "quotes'\"`$HOME", "a=b", "new\nline", "umlaut-ä", "not UTF-8 \udcff", LONG]


def environment(folder: Path) -> str:
    """A virtual environment without packages, at a place that venv itself would refuse, and its interpreter."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {os.path.dirname(BASE)}\n", encoding="utf-8")
    (folder / "bin" / "python").symlink_to(BASE)
    return os.fspath(folder / "bin" / "python")


def assert_steady(wrapper: Wrapper, result: Result) -> None:
    assert (result.code, result.err) == (0, "")
    assert result.environ["PYO3_BASE_PYTHON"] == BASE
    for variable in ("PYO3_CONFIG_FILE", "PYO3_PYTHON"):
        assert os.path.isfile(result.environ[variable])
    assert wrapper.called[0] == "cargo"


# Paths


@pytest.mark.parametrize("name", AWKWARD)
def test_isolated_environment_may_be_anywhere(wrapper: Wrapper, tmp_path: Path, name: str) -> None:
    python = environment(tmp_path / name)
    does = '"$PYO3_PYTHON" -c "import os, sys; sys.stdout.buffer.write(os.fsencode(sys.prefix))"'
    result = wrapper.run("build", PYO3_PYTHON=python, does=does)
    assert_steady(wrapper, result)
    assert os.fsdecode(result.out) == os.fspath(tmp_path / name)


@pytest.mark.parametrize("name", AWKWARD)
def test_project_may_be_anywhere(wrapper: Wrapper, tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    wrapper.project = wrapper.project.rename(tmp_path / name)
    assert_steady(wrapper, wrapper.run("build", CARGO_TARGET_DIR=os.fspath(tmp_path / "target")))


@pytest.mark.parametrize("name", AWKWARD)
def test_store_may_be_anywhere_that_cargo_can_be_told_of(wrapper: Wrapper, tmp_path: Path, name: str) -> None:
    store = os.fspath(tmp_path / name)
    result = wrapper.run("build", PYO3_SHIM_STORE=store)
    if "\n" in name or "\udcff" in name:
        assert (result.code, wrapper.changes(result, PYO3_SHIM_STORE=store)) == (0, {})
        (line,) = result.lines
        assert "cargo can't be told of a store at" in line
    else:
        assert_steady(wrapper, result)
        assert result.environ["PYO3_CONFIG_FILE"].startswith(store)


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="there is no second file system at /dev/shm")
def test_store_on_another_file_system(wrapper: Wrapper, tmp_path: Path) -> None:
    store = f"/dev/shm/pyo3-base-python-{os.getpid()}-{tmp_path.name}"
    try:
        assert os.stat("/dev/shm").st_dev != os.stat(wrapper.project).st_dev, "this machine has one file system"
        for _ in range(2):
            assert_steady(wrapper, wrapper.run("build", PYO3_SHIM_STORE=store))
    finally:
        shutil.rmtree(store, ignore_errors=True)


# No home, and a cargo that stood before


@pytest.mark.parametrize("home", [None, "", "/not/there", "/dev/null"])
def test_home_that_is_none(wrapper: Wrapper, home: str | None) -> None:
    assert_steady(wrapper, wrapper.run("build", CARGO_HOME=None, HOME=home))


def test_without_home_and_store_cargo_runs(wrapper: Wrapper) -> None:
    changes = {"HOME": "/dev/null", "PYO3_SHIM_STORE": ""}
    result = wrapper.run("build", **changes)
    assert (result.code, result.arguments) == (0, ["build"])
    assert wrapper.changes(result, **changes) == {}
    (line,) = result.lines
    assert "can't use the store /dev/null" in line


def test_cargo_that_stood_before_is_stacked_upon(wrapper: Wrapper, tmp_path: Path) -> None:
    """As cargo-auditable and the like do: it was named by CARGO, and starts the cargo that it finds."""
    stacked = tmp_path / "stacked"
    stacked.write_text('#!/bin/sh\necho "stacked, CARGO is <$CARGO>"\nexec cargo "$@" --more\n', encoding="utf-8")
    stacked.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "pyo3_base_python", "run", "--", "sh", "-c", '"$CARGO" build'],
        env=wrapper.variables(CARGO=os.fspath(stacked), FAKE_CARGO_DOES='echo "$PYO3_BASE_PYTHON"'),
        cwd=wrapper.project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["stacked, CARGO is <>", BASE]
    assert (wrapper.folder / "record" / "arguments").read_bytes() == b"2\0build\0--more\0"


# Environments that are broken, or go while a build runs


@pytest.mark.parametrize(
    "content",
    [None, b"", b"home = /not/there\n", b"\xff\xfe garbage \0\n=\n", b"home" * 100_000],
    ids=["gone", "empty", "of a home that is gone", "binary", "one endless line"],
)
def test_environment_whose_marker_is_damaged(wrapper: Wrapper, tmp_path: Path, content: bytes | None) -> None:
    """Python may make sense of it, or not start at all."""
    python = environment(tmp_path / "environment")
    marker = tmp_path / "environment" / "pyvenv.cfg"
    marker.unlink()
    if content is not None:
        marker.write_bytes(content)
    result = wrapper.run("build", PYO3_PYTHON=python)
    if subprocess.run([python, "-c", ""], env=wrapper.environ, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        assert_steady(wrapper, result)
    else:
        assert (result.code, result.arguments, len(result.lines)) == (0, ["build"], 1)
        assert wrapper.changes(result, PYO3_PYTHON=python) == {}


def test_environment_that_goes_while_a_build_runs(wrapper: Wrapper, tmp_path: Path) -> None:
    """A build script that is run late gets no other interpreter for it, and is told why."""
    python = environment(tmp_path / "environment")
    prefix = '"$PYO3_PYTHON" -c "import sys; print(sys.prefix)"'
    result = wrapper.run("build", PYO3_PYTHON=python, does=f"{prefix}; rm -r {tmp_path}/environment; {prefix}")
    assert (result.out.decode().splitlines(), result.code) == ([os.fspath(tmp_path / "environment")], 127)
    (line,) = result.lines
    assert line.endswith("stands for is gone")


def test_store_that_goes_while_a_build_runs_is_back_for_the_next(wrapper: Wrapper) -> None:
    """The launcher that is running goes on, and so does the next call, but for the code: that is not the wrapper's."""
    first = wrapper.run("build", does=f"rm -r {wrapper.store}/config {wrapper.store}/python")
    second = wrapper.run("build")
    assert_steady(wrapper, second)
    assert wrapper.changes(first) == wrapper.changes(second)


# Killed at any moment

# Does what `run` and then the wrapper do, and is killed at one of the calls that change the store: argv is which one,
# and the folder of the code. Of what it writes there, half is written.
KILLED = """
import os, signal, sys
left = int(sys.argv[1])
sys.path.insert(0, sys.argv[2])
from pyo3_base_python.activation import launcher
from pyo3_base_python.wrapper.prepare import prepare

def counted(name):
    call = getattr(os, name)
    def counting(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            if name == "write":
                call(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    setattr(os, name, counting)

for name in ("mkdir", "open", "write", "fchmod", "utime", "replace", "symlink"):
    counted(name)
launcher.install(os.environ)
prepare("cargo", ["build"], os.environ, os.getcwd())
"""


# Of the calls at which it is killed: each would take a minute. Files take two or five, so that each of those is met.
STEP = 3


def whole(store: Path) -> dict[str, bytes]:
    """The files of a store that something could be pointed to, by name.

    Drafts are nobody's, `.pyc` Python's, the list of calls `stats`', and when the launcher has seen Python work is no
    content.
    """
    left_out = (".new", ".pyc", "/seen", "/calls.txt")
    files = {os.fspath(path.relative_to(store)): path for path in store.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.endswith(left_out)}


def exit_code_if_killed(wrapper: Wrapper, call: int) -> int:
    """Of activation and wrapper, on an empty store, with ``KILLED`` at this ``call``, counted from 1."""
    shutil.rmtree(wrapper.store, ignore_errors=True)
    code = os.fspath(Path(sys.modules["pyo3_base_python"].__file__ or "").parent.parent)
    program = [sys.executable, "-I", "-S", "-c", KILLED, str(call), code]
    return subprocess.run(program, env=wrapper.environ, cwd=wrapper.project, check=False).returncode


@pytest.mark.slow
def test_killed_at_any_moment_nothing_half_written_is_trusted(wrapper: Wrapper) -> None:
    result = wrapper.run("build")
    assert_steady(wrapper, result)
    expected = whole(wrapper.store)
    assert {name.partition("/")[0] for name in expected} == {"bin", "config", "python", "wrapper"}
    seen = set()
    for call in itertools.count(1, STEP):
        code = exit_code_if_killed(wrapper, call)
        found = whole(wrapper.store)
        assert found == {name: expected[name] for name in found}, f"killed at call {call}, it left half a file"
        if code == 0:
            break
        assert code == -signal.SIGKILL
        seen.add(len(found))
    assert found == expected
    assert len(seen) > len(expected) / STEP, "hardly any was killed between one file and the next"
    exit_code_if_killed(wrapper, call // 2)
    launcher.install(wrapper.environ)
    assert_steady(wrapper, wrapper.run("build"))
    assert {name: content for name, content in whole(wrapper.store).items() if name in expected} == expected
