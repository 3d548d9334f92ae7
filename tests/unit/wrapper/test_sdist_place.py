"""Places for sdists: real folders, and other processes that hold them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import pyo3_base_python
from pyo3_base_python.wrapper import paths, sdist_place
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.errors import CannotSteady, UserError
from pyo3_base_python.wrapper.project import Project
from pyo3_base_python.wrapper.sdist_place import bound, check, choose, clear, limit, places, root, take
from tests.unit.support import an_interpreter, posix

pytestmark = posix("there are no places for sdists on Windows")

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
# Ends with exit code 1 if another process holds the file.
IS_FREE = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


@contextmanager
def held(folder: Path, project: str) -> Iterator[str]:
    """A place that another process holds, for ``project``."""
    command = [sys.executable, "-c", HOLDER, SOURCE, os.fspath(folder), project]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield os.path.basename(process.stdout.readline().strip())
        process.stdin.close()


def is_held(folder: Path, name: str) -> bool:
    """Whether another process finds that a place is held."""
    command = [sys.executable, "-c", IS_FREE, os.fspath(folder / f"{name}.lock")]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 1


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


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("folder", ["sdists", "~/sdists", "./sdists"])
def test_a_folder_that_would_lie_in_each_sdist_is_refused(folder: str) -> None:
    with pytest.raises(UserError, match=f"^PYO3_SHIM_SDIST_DIR is '{folder}', which is no absolute path$"):
        root({"PYO3_SHIM_SDIST_DIR": folder})


@pytest.mark.promise("fault")
def test_only_the_folder_that_was_chosen_is_tried(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check({"HOME": os.fspath(tmp_path / "file")})
    check({"PYO3_SHIM_SDIST_DIR": "off"})
    check({"PYO3_SHIM_SDIST_DIR": os.fspath(tmp_path / "places")})
    with pytest.raises(CannotSteady, match=f"^can't use the place for sdists {tmp_path}/file/places: Not a directory$"):
        check({"PYO3_SHIM_SDIST_DIR": os.fspath(tmp_path / "file" / "places")})


ENVIRON = {"HOME": "/home/me"}
SDIST = Project("/tmp/x/crate", "/tmp/x", None, "/tmp/x/target", sdist="/tmp/x")


def chosen(project: Project = SDIST, line: str = "rustc --lib", **changes: str) -> str:
    return choose({**ENVIRON, **changes}, parse(line.split()), project, an_interpreter())


def test_each_interpreter_and_way_of_linking_has_its_own() -> None:
    assert chosen().startswith("cpython-3.11-")
    assert chosen() != chosen(PYO3_BUILD_EXTENSION_MODULE="1")


@pytest.mark.promise("fault")
def test_images_with_different_c_libraries_share_a_cache_and_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    # A macro that is linked to the newer glibc does not load with the older one.
    def with_library(version: str | None) -> str:
        monkeypatch.setattr(os, "confstr", {"CS_GNU_LIBC_VERSION": version}.__getitem__)
        return chosen()

    bookworm, trixie, none = (with_library(version) for version in ("glibc 2.36", "glibc 2.41", None))
    assert len({bookworm, trixie, none}) == 3
    assert with_library("glibc 2.36") == bookworm


@pytest.mark.parametrize("error", [ValueError, OSError, AttributeError])
def test_a_system_without_glibc_has_a_place(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def refuse_name(name: str) -> str:
        raise error(name)

    monkeypatch.setattr(os, "confstr", refuse_name)
    assert chosen().startswith("cpython-3.11-")


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


def test_there_is_none_where_cargo_has_compiled_in_the_tree_itself(tmp_path: Path) -> None:
    def choose_for(profile_dir: Path) -> str:
        return choose(ENVIRON, parse(["rustc", "--lib"]), SDIST, an_interpreter(), [os.fspath(profile_dir)])

    (tmp_path / "release" / ".fingerprint").mkdir(parents=True)
    assert choose_for(tmp_path / "release") == ""
    assert choose_for(tmp_path / "debug")


@pytest.mark.parametrize("name", ["config", "config.toml"])
def test_there_is_none_for_crates_that_are_vendored(tmp_path: Path, name: str) -> None:
    """Cargo knows them by their path: none would ever be found again."""
    tree = os.fspath(tmp_path)
    project = Project(os.path.join(tree, "crate"), tree, None, os.path.join(tree, "target"), sdist=tree)
    assert chosen(project)
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / name).write_text('[source.vendored-sources]\ndirectory = "vendor"\n')
    assert chosen(project) == ""


def test_crates_of_another_index_are_not_vendored(tmp_path: Path) -> None:
    tree = os.fspath(tmp_path)
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_text('[source.mirror]\nregistry = "https://mirror"\n')
    assert chosen(Project(tree, tree, None, os.path.join(tree, "target"), sdist=tree))


@pytest.mark.promise("fault")
def test_there_is_none_on_a_disk_that_is_nearly_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdist_place, "NEEDED", 1 << 62)
    with pytest.raises(CannotSteady, match=f"less than {1 << 42} MiB are free"):
        take(os.fspath(folder), "python", "a", PLENTY, refuse)


def test_how_much_it_may_hold() -> None:
    assert limit({}) == 5 << 30
    assert limit({"PYO3_SHIM_SDIST_LIMIT": "3"}) == 3 << 20


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("value", ["5G", "-1", "1.5"])
def test_a_limit_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(UserError, match="no number of MiB") as caught:
        limit({"PYO3_SHIM_SDIST_LIMIT": value})
    assert caught.value.hint == "unset it, or set it to 5120"


# Which, while others build


def test_one_place_serves_all_projects(folder: Path) -> None:
    for project in ("a", "b"):
        assert name_of(take(os.fspath(folder), "python", project, PLENTY, refuse)) == "python"
    for path in (folder, *(path for path in folder.rglob("*") if path.is_file())):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_place_is_held_by_this_process(folder: Path) -> None:
    take(os.fspath(folder), "python", "a", PLENTY, refuse)
    assert is_held(folder, "python")
    assert (folder / "python" / ".pyo3-base-python-projects").is_dir()


@pytest.mark.promise("fault")
def test_the_second_place_is_taken_where_the_first_is_in_use(folder: Path) -> None:
    with held(folder, "a"):
        assert name_of(take(os.fspath(folder), "python", "b", PLENTY, refuse)) == "python.2"
    assert name_of(take(os.fspath(folder), "python", "b", PLENTY, refuse)) == "python.2"


def test_a_tree_comes_back_to_its_place_for_another_interpreter(folder: Path, tmp_path: Path) -> None:
    target = os.fspath(tmp_path / "target")
    assert sdist_place.remembered(target) == ""
    assert sdist_place.take(os.fspath(folder), "python", "a", PLENTY, refuse, earlier="python") == os.fspath(
        folder / "python"
    )
    sdist_place.remember(target, os.fspath(folder / "python"))
    earlier = sdist_place.remembered(target)
    assert name_of(take(os.fspath(folder), "pypy", "a", PLENTY, refuse, earlier=earlier)) == "python"
    assert name_of(take(os.fspath(folder), "pypy", "a", PLENTY, refuse)) == "pypy"


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("earlier", ["gone", "../elsewhere", "/", ".", "python.lock", "a\0b"])
def test_what_a_tree_names_is_taken_only_if_it_is_a_place(folder: Path, tmp_path: Path, earlier: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    sdist_place.clear(os.fspath(folder), 0)
    assert name_of(take(os.fspath(folder), "python", "a", PLENTY, refuse, earlier=earlier)) == "python"
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.promise("bad input")
def test_where_the_note_would_be_written_behind_a_link_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "target").symlink_to("elsewhere")
    sdist_place.remember(os.fspath(tmp_path / "target"), "/places/python")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.promise("fault")
def test_there_are_as_many_places_as_processors(folder: Path) -> None:
    told: list[str] = []
    with ExitStack() as builds:
        for project, name in (("a", "python"), ("b", "python.2")):
            assert builds.enter_context(held(folder, project)) == name

        def wait(place: str) -> None:
            told.append(place)
            builds.close()

        assert take(os.fspath(folder), "python", "c", PLENTY, wait) == os.fspath(folder / "python")
    assert told == [os.fspath(folder / "python")]


@pytest.mark.promise("fault")
def test_there_is_one_place_where_the_processors_are_not_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    with ExitStack() as builds:
        builds.enter_context(held(folder, "a"))
        assert name_of(take(os.fspath(folder), "python", "b", PLENTY, lambda _: builds.close())) == "python"


@pytest.mark.promise("fault")
def test_a_project_waits_for_its_own_place_until_that_is_free(folder: Path) -> None:
    """Though another one is: in its own it has compiled before."""
    told: list[str] = []
    over: list[bool] = []
    with held(folder, "a"), held(folder, "b"):
        pass
    with ExitStack() as builds:
        assert builds.enter_context(held(folder, "b")) == "python.2"

        def end() -> None:
            over.append(True)
            builds.close()

        def wait(place: str) -> None:
            told.append(place)
            threading.Timer(0.5, end).start()

        assert name_of(take(os.fspath(folder), "python", "b", PLENTY, wait)) == "python.2"
        assert over == [True]
    assert told == [os.fspath(folder / "python.2")]
    assert is_held(folder, "python.2")


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
    folder = os.fspath(tmp_path / "file" / "places")
    with pytest.raises(CannotSteady, match=f"^can't use the place for sdists {folder}: Not a directory$") as caught:
        take(folder, "python", "a", PLENTY, refuse)
    assert caught.value.hint == "set PYO3_SHIM_SDIST_DIR to a folder of your own, or to off"


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
    unlink = os.unlink

    def refused(path: str) -> None:
        if "old" in path:
            raise PermissionError
        unlink(path)

    for removed in ([], ["new"]):
        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", refused)
            assert bound(os.fspath(folder), 1) == removed
        assert [path.name for path in folder.iterdir() if path.is_dir()] == ["old.gone"]
        fill(folder, "new", 10, age=1)


@pytest.mark.promise("fault")
def test_a_place_that_others_can_write_to_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(CannotSteady, match="other users"):
        take(os.fspath(folder), "python", "a", PLENTY, refuse)


# How much


def test_the_least_recently_used_goes_first(folder: Path) -> None:
    for name, age in (("new", 1), ("old", 30), ("ancient", 60)):
        fill(folder, name, 100, age)
    assert places(os.fspath(folder)) == ["ancient", "old", "new"]
    assert bound(os.fspath(folder), 250) == ["ancient"]
    assert bound(os.fspath(folder), 100) == ["old"]
    assert bound(os.fspath(folder), 100) == []
    assert places(os.fspath(folder)) == ["new"]


def test_a_place_that_is_taken_was_used(folder: Path) -> None:
    for name, age in (("one", 60), ("two", 30)):
        fill(folder, name, 100, age)
    take(os.fspath(folder), "one", "a", PLENTY, refuse)
    assert places(os.fspath(folder)) == ["two", "one"]


@pytest.mark.promise("fault")
def test_a_link_is_no_place(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    assert places(os.fspath(folder)) == []


def test_what_is_in_a_place_counts_with_all_that_is_below(folder: Path) -> None:
    fill(folder, "one", 100, 0)
    (folder / "one" / "deps").mkdir()
    for name in "ab":
        (folder / "one" / "deps" / name).write_bytes(bytes(50))
    assert sdist_place.size(os.fspath(folder / "one")) == 200


def test_places_that_were_not_used_for_long_are_cleared_but_none_in_use(folder: Path) -> None:
    with held(folder, "a") as name:
        for idle, age in (("new", 1), ("old", 30)):
            fill(folder, idle, 100, age)
        os.utime(folder / f"{name}.lock", (0, 0))
        assert clear(os.fspath(folder), 20) == ["old"]
        assert places(os.fspath(folder)) == [name, "new"]


def test_a_place_that_is_too_large_by_itself_is_emptied_and_still_held(folder: Path) -> None:
    take(os.fspath(folder), "mine", "a", PLENTY, refuse)
    fill(folder, "other", 100, 60)
    (folder / "mine" / "crate.rlib").write_bytes(bytes(100))
    os.utime(folder / ".looked", (0, 0))
    take(os.fspath(folder), "mine", "a", 50, refuse)
    assert places(os.fspath(folder)) == ["mine"]
    assert not (folder / "mine" / "crate.rlib").exists()
    assert is_held(folder, "mine")


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
    (folder / "idle.gone" / "release" / "deps").mkdir(parents=True)
    (folder / "idle.gone" / "release" / "deps" / "crate.rlib").touch()
    (folder / "idle" / "link").symlink_to("/")
    assert bound(os.fspath(folder), 0) in (["idle.gone", "idle"], ["idle", "idle.gone"])
    assert places(os.fspath(folder)) == []
    assert os.path.isdir("/")
