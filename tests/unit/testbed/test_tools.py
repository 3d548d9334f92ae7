"""Interpreters, environments, and programs that end badly."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyo3_base_python.testbed import building, failures, running, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.tools import Python
from pyo3_base_python.testbed.workfolder import WorkFolder
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError

THIS_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_what_decides_for_builds_is_left_out_and_settings_of_indexes_stay() -> None:
    environ = {"CARGO": "x", "PYO3_PYTHON": "x", "RUSTFLAGS": "x", "MATURIN_PEP517_ARGS": "x", "PIP_FIND_LINKS": "y"}
    assert tools.clean({**environ, "CARGO_HOME": "y"}) == {"PIP_FIND_LINKS": "y", "CARGO_HOME": "y"}


def test_the_default_interpreter_is_outside_of_any_environment() -> None:
    found = tools.default_python(os.environ)
    assert found.version == THIS_VERSION
    assert not (Path(found.path).parent.parent / "pyvenv.cfg").exists()
    assert tools.find_python(found.path, os.environ) == found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("short", marks=pytest.mark.slow),  # as in every test that builds with such an environment
        "too-long-for-the-first-line-of-a-script-" * 3,
    ],
)
def test_programs_of_an_environment_run_where_it_is_at_last(tmp_path: Path, name: str) -> None:
    work = WorkFolder(tmp_path / name)
    environ = tools.environment(tools.default_python(os.environ), (), work, os.environ)
    done = subprocess.run(["pip", "--version"], env=environ, check=True, stdout=subprocess.PIPE, text=True)
    assert os.fspath(tools.folder(environ)) in done.stdout


@pytest.mark.parametrize("named", ["3.99", "/nowhere/python", "/bin/sh"])
def test_an_interpreter_that_is_none_is_told(named: str) -> None:
    with pytest.raises(ShimError) as raised:
        tools.find_python(named, os.environ)
    assert raised.value.exit_code == Exit.NAMED


def test_another_interpreter_is_of_another_version() -> None:
    mine = tools.default_python(os.environ)
    other = tools.other_python(mine, os.environ)
    assert other is None or other.version != mine.version
    same = tools.other_python(Python("/somewhere", "3.99"), os.environ)
    assert same is not None


@pytest.mark.parametrize(
    ("mine", "there", "expected"),
    [
        ("3.11", ["3.9", "3.10", "3.12", "3.15"], "3.10"),
        ("3.11", ["3.12", "3.9"], "3.12"),
        ("3.11", ["3.9", "3.15"], "3.9"),
        ("3.11", ["3.11", "3.8"], None),
    ],
)
def test_the_nearest_version_is_taken(
    monkeypatch: pytest.MonkeyPatch, mine: str, there: list[str], expected: str | None
) -> None:
    """An old pyo3 may not know the newest one."""
    monkeypatch.setattr(tools, "_names", lambda version: [version])
    monkeypatch.setattr(process, "find_program", lambda name, _: name if name in there else None)
    monkeypatch.setattr(tools, "_ask", lambda program, _, also: Python(program, program) if also else None)
    other = tools.other_python(Python("/mine", mine), {})
    assert (other and other.version) == expected


def test_output_is_kept_and_the_exit_code_handed_on(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    assert running.run(["sh", "-c", "echo out; echo err >&2; exit 3"], os.environ, tmp_path, log) == (3, "out\nerr\n")
    assert log.read_text() == "out\nerr\n"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo 'error: no such thing'; exit 1", Exit.BUILD),
        ("echo 'ld: final link failed: No space left on device'; exit 1", Exit.DISK),
    ],
)
def test_a_full_disk_is_told_from_a_failed_build(tmp_path: Path, script: str, code: int) -> None:
    with pytest.raises(ShimError) as raised:
        running.must_run("it does not build", ["sh", "-c", script], os.environ, tmp_path, tmp_path / "log")
    assert raised.value.exit_code == code


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ShimError) as raised:
        running.run(["no-such-program"], os.environ, tmp_path, tmp_path / "log")
    assert raised.value.exit_code == Exit.PROGRAM


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_an_error_of_the_work_folder_is_one_line(number: int) -> None:
    with pytest.raises(ShimError) as raised, failures.os_errors_told():
        raise OSError(number, os.strerror(number), "/bed/folder")
    assert raised.value.exit_code == Exit.DISK
    assert "/bed/folder" in raised.value.what
    assert "\n" not in raised.value.what


def test_one_run_keeps_others_out(work: WorkFolder) -> None:
    with work.locked(), pytest.raises(ShimError, match="another run"), WorkFolder(work.top).locked():
        pass
    with WorkFolder(work.top).locked():
        pass


def test_scratch_copies_have_fresh_times(work: WorkFolder) -> None:
    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "old").touch()
        os.utime(folder / "old", (1153704088, 1153704088))

    tree = work.settled("sources/one", make)
    assert (work.scratch(tree) / "old").stat().st_mtime > 1153704088 + 10**8
    assert (tree / "old").stat().st_mtime == 1153704088


@pytest.mark.parametrize("front_end", ["uv", "build", "pip"])
def test_by_sdist_and_not_differ_for_each_front_end(front_end: str) -> None:
    direct = building.wheel_command(front_end, Path("/out"))
    by_sdist = building.wheel_command(front_end, Path("/out"), by_sdist=True)
    assert direct != by_sdist
    words = [word for command in by_sdist for word in command]
    assert "--wheel" not in words
    assert sum("/out" in word for word in words) >= 1
