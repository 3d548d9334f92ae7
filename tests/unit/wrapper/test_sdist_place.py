"""Places for sdists: real folders, and other processes that hold them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import pyo3_base_python
from pyo3_base_python.wrapper import paths, sdist_place
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.errors import CannotSteady, UserError
from pyo3_base_python.wrapper.project import Project
from pyo3_base_python.wrapper.sdist_place import bound, choose, limit, places, root, take
from tests.unit.support import an_interpreter

SOURCE = os.path.dirname(os.path.dirname(pyo3_base_python.__file__))
# Takes a place as the wrapper does, and becomes a program that lives until its stdin ends.
HOLDER = """
import os, sys
sys.path.append(sys.argv[1])
from pyo3_base_python.wrapper.sdist_place import take
def say(place):
    print(place, flush=True)
say(take(sys.argv[2], "python", sys.argv[3], 1 << 30, say))
os.execv("/bin/cat", ["cat"])
"""
PLENTY = 1 << 30


@contextmanager
def held(folder: Path, project: str) -> Iterator[str]:
    """A place that another process holds, for ``project``."""
    command = [sys.executable, "-c", HOLDER, SOURCE, os.fspath(folder), project]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield os.path.basename(process.stdout.readline().strip())
        process.stdin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "places"


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def name_of(place: str) -> str:
    return os.path.basename(place)


def refuse(place: str) -> None:
    raise AssertionError(f"waits for {place}")


def fill(folder: Path, name: str, size: int, age: int) -> None:
    """A place of ``size`` bytes that was last used ``age`` seconds ago."""
    (folder / name).mkdir(parents=True)
    (folder / name / "crate.rlib").write_bytes(bytes(size))
    lock = folder / f"{name}.lock"
    lock.touch()
    now = lock.stat().st_mtime
    os.utime(lock, (now - age, now - age))


# Where


def test_it_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "darwin":
        assert root({"HOME": "/home/me"}) == "/home/me/.cache/pyo3-base-python/sdists"
        assert root({"HOME": "/home/me", "XDG_CACHE_HOME": "/cache"}) == "/cache/pyo3-base-python/sdists"
    assert root({"PYO3_SHIM_SDIST_DIR": "/mine"}) == "/mine"
    assert root({"HOME": "/home/me", "PYO3_SHIM_SDIST_DIR": "off"}) == ""
    monkeypatch.setattr(paths, "cache", lambda _: "")
    assert root({}) == ""


ENVIRON = {"HOME": "/home/me"}
SDIST = Project("/tmp/x/crate", "/tmp/x", None, "/tmp/x/target", sdist="/tmp/x")


def chosen(project: Project = SDIST, line: str = "rustc --lib", **changes: str) -> str:
    return choose({**ENVIRON, **changes}, parse(line.split()), project, an_interpreter())


def test_each_interpreter_and_way_of_linking_has_its_own() -> None:
    assert chosen().startswith("cpython-3.11-")
    assert chosen() != chosen(PYO3_BUILD_EXTENSION_MODULE="1")


@pytest.mark.parametrize(
    ("project", "line", "changes"),
    [
        (Project("/src", "/src", None, "/src/target"), "build", {}),
        (Project("/tmp/x", "/tmp/x", None, "/elsewhere", sdist="/tmp/x"), "build", {}),
        (Project("/tmp/x", "/tmp/x", None, "", sdist="/tmp/x"), "build", {}),
        (SDIST, "build", {"PYO3_SHIM_SDIST_DIR": "off"}),
        (SDIST, "build", {"PYO3_SHIM_PLACE": "/held"}),
        (SDIST, "build", {"PYO3_SHIM_SDIST_DIR": "/a'b"}),
        (SDIST, "run --config a=1", {}),
    ],
)
def test_there_is_none_for_what_lies_elsewhere_or_can_not_be_told(
    project: Project, line: str, changes: dict[str, str]
) -> None:
    assert chosen(project, line, **changes) == ""


@pytest.mark.parametrize("name", ["config", "config.toml"])
def test_there_is_none_for_crates_that_are_vendored(tmp_path: Path, name: str) -> None:
    """Cargo knows them by their path: none would ever be found again."""
    tree = os.fspath(tmp_path)
    project = Project(os.path.join(tree, "crate"), tree, None, os.path.join(tree, "target"), sdist=tree)
    assert chosen(project)
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / name).write_text('[source.vendored-sources]\ndirectory = "vendor"\n')
    assert chosen(project) == ""


@pytest.mark.promise("fault")
def test_there_is_none_on_a_disk_that_is_nearly_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdist_place, "NEEDED", 1 << 62)
    with pytest.raises(CannotSteady, match="MiB are free"):
        take(os.fspath(folder), "python", "a", PLENTY, refuse)


def test_how_much_it_may_hold() -> None:
    assert limit({}) == 5 << 30
    assert limit({"PYO3_SHIM_SDIST_LIMIT": "3"}) == 3 << 20


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("value", ["5G", "-1", "1.5"])
def test_a_limit_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(UserError, match="no number of MiB"):
        limit({"PYO3_SHIM_SDIST_LIMIT": value})


# Which, while others build


def test_one_place_serves_all_projects(folder: Path) -> None:
    for project in ("a", "b"):
        assert name_of(take(os.fspath(folder), "python", project, PLENTY, refuse)) == "python"
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.promise("fault")
def test_a_project_that_is_new_takes_another_place_than_one_in_use_and_keeps_it(folder: Path) -> None:
    with held(folder, "a") as first, held(folder, "b") as second:
        assert (first, second) == ("python", "python.2")
    with held(folder, "b") as again:
        assert again == "python.2"


@pytest.mark.promise("fault")
def test_a_project_waits_for_its_own_place(folder: Path) -> None:
    with held(folder, "a"):
        pass
    place = os.fspath(folder / "python")
    command = [sys.executable, "-c", HOLDER, SOURCE, os.fspath(folder), "a"]
    with held(folder, "a") as name:
        assert name == "python"
        waiting = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert waiting.stdout is not None
        assert waiting.stdout.readline().strip() == place
        assert waiting.poll() is None
    assert waiting.communicate(timeout=60)[0].strip() == place


@pytest.mark.promise("fault")
def test_a_place_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotSteady):
        take(os.fspath(tmp_path / "file" / "places"), "python", "a", PLENTY, refuse)


@pytest.mark.promise("fault")
@pytest.mark.skipif(not hasattr(os, "ST_NOEXEC"), reason="this system does not say what is mounted noexec")
def test_a_place_where_no_program_can_be_started_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build scripts are started where they are compiled."""
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_bavail=1 << 40, f_frsize=1, f_flag=os.ST_NOEXEC | os.ST_NOSUID)
    )
    with pytest.raises(CannotSteady, match="noexec"):
        take(os.fspath(folder), "python", "a", PLENTY, refuse)


@pytest.mark.promise("fault")
def test_a_place_that_can_not_be_removed_is_in_nobodys_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, "old", 10, age=9)

    def refused(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "unlink", refused)
    for _ in range(2):
        assert bound(os.fspath(folder), 1) == []
        assert [path.name for path in folder.iterdir() if path.is_dir()] == ["old.gone"]


@pytest.mark.promise("fault")
def test_a_place_that_others_can_write_to_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(CannotSteady, match="other users"):
        take(os.fspath(folder), "python", "a", PLENTY, refuse)


# How much


def test_the_least_recently_used_goes_first(folder: Path) -> None:
    for name, age in (("new", 1), ("old", 30), ("older", 60)):
        fill(folder, name, 100, age)
    assert places(os.fspath(folder)) == ["older", "old", "new"]
    assert bound(os.fspath(folder), 250) == ["older"]
    assert bound(os.fspath(folder), 100) == ["old"]
    assert bound(os.fspath(folder), 100) == []
    assert places(os.fspath(folder)) == ["new"]


@pytest.mark.promise("fault")
def test_none_that_is_in_use_goes(folder: Path) -> None:
    with held(folder, "a") as name:
        (folder / name / "crate.rlib").write_bytes(bytes(100))
        fill(folder, "idle", 100, 0)
        assert bound(os.fspath(folder), 0) == ["idle"]
        assert places(os.fspath(folder)) == [name]


def test_a_new_place_makes_room_and_one_that_is_there_is_looked_at_once_a_day(folder: Path) -> None:
    take(os.fspath(folder), "first", "a", 0, refuse)
    (folder / "first" / "crate.rlib").write_bytes(bytes(100))
    take(os.fspath(folder), "first", "a", 0, refuse)
    assert (folder / "first" / "crate.rlib").exists()
    fill(folder, "idle", 100, 60)
    take(os.fspath(folder), "second", "a", 0, refuse)
    assert not (folder / "idle").exists()
    fill(folder, "idle", 100, 60)
    os.utime(folder / ".looked", (0, 0))
    take(os.fspath(folder), "second", "a", 0, refuse)
    assert not (folder / "idle").exists()
    assert (folder / "second").exists()


@pytest.mark.promise("fault")
def test_a_removal_that_was_cut_short_is_finished(folder: Path) -> None:
    fill(folder, "idle", 100, 60)
    (folder / "idle.gone" / "deps").mkdir(parents=True)
    (folder / "idle" / "link").symlink_to("/")
    assert bound(os.fspath(folder), 0) in (["idle.gone", "idle"], ["idle", "idle.gone"])
    assert places(os.fspath(folder)) == []
    assert os.path.isdir("/")
