"""The store: private, verified, complete at any time, and not fooled by planted files."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyo3_base_python
from pyo3_base_python.wrapper.errors import CannotSteady
from pyo3_base_python.wrapper.paths import home
from pyo3_base_python.wrapper.store import PINNED_TIME, File, Links, default_root, digest, put
from tests.unit.support import needs_root, posix

pytestmark = posix("modes, owners, links and pipes are POSIX's: see tests/windows/test_files.py")

CONTENT = b"version=3.11\n"
PLAIN = File("config/abc.txt", CONTENT)
PROGRAM = File("python/abc/python", b"#!/bin/sh\n", executable=True)


class StillWaitingError(Exception):
    """No OSError, which would be taken for the answer."""


@pytest.fixture
def root(tmp_path: Path) -> str:
    return os.fspath(tmp_path / "store")


def files_below(root: str) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names
    )


def check(root: str, file: File) -> None:
    """Check that it is exactly as it should be, and that nothing lies beside it."""
    path = os.path.join(root, file.name)
    found = os.lstat(path)
    assert stat.S_ISREG(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == (0o700 if file.executable else 0o600)
    assert (found.st_mtime_ns, found.st_nlink) == (PINNED_TIME * 10**9, 1)
    assert Path(path).read_bytes() == file.content
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


@pytest.mark.parametrize("file", [PLAIN, PROGRAM, File("a/b/c/empty", b""), File("large", b"\0\r\n" * 400_000)])
def test_file_is_private_and_has_the_pinned_time(root: str, file: File) -> None:
    assert put(root, file) == os.path.join(root, file.name)
    check(root, file)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("umask", [0o000, 0o277])
def test_the_users_umask_does_not_matter(root: str, umask: int) -> None:
    if umask:
        os.unlink(put(root, PLAIN))  # a umask that takes from the owner is for files alone
    before = os.umask(umask)
    try:
        put(root, PLAIN)
    finally:
        os.umask(before)
    check(root, PLAIN)
    for folder in (root, os.path.join(root, "config")):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


@pytest.mark.promise("fault")
def test_folders_above_the_store_are_made(root: str) -> None:
    below = os.path.join(root, "not", "there", "yet")
    put(below, PLAIN)
    check(below, PLAIN)
    assert stat.S_IMODE(os.stat(os.path.dirname(below)).st_mode) == 0o700


def test_a_file_that_is_as_it_should_be_is_not_written_again(root: str) -> None:
    before = os.stat(put(root, PLAIN))
    after = os.stat(put(root, PLAIN))
    assert (before.st_ino, before.st_ctime_ns) == (after.st_ino, after.st_ctime_ns)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("content", [b"version=3.12\n", b"", CONTENT[:-1], CONTENT + b"extra_build_script_line=x\n"])
def test_content_that_was_changed_is_written_anew(root: str, content: bytes) -> None:
    path = Path(put(root, PLAIN))
    path.write_bytes(content)
    os.utime(path, (PINNED_TIME, PINNED_TIME))
    put(root, PLAIN)
    check(root, PLAIN)


def test_file_that_should_be_empty_is_empty_again(root: str) -> None:
    empty = File("config/empty", b"")
    path = Path(put(root, empty))
    path.write_bytes(CONTENT)
    os.utime(path, (PINNED_TIME, PINNED_TIME))
    put(root, empty)
    check(root, empty)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("seconds", [-1, 1, 10**8])
def test_time_that_was_changed_is_pinned_anew(root: str, seconds: int) -> None:
    path = put(root, PLAIN)
    os.utime(path, (PINNED_TIME, PINNED_TIME + seconds))
    put(root, PLAIN)
    check(root, PLAIN)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("mode", [0o644, 0o666, 0o700, 0o400, 0o4600])
def test_mode_that_was_changed_is_set_anew(root: str, mode: int) -> None:
    path = put(root, PLAIN)
    os.chmod(path, mode)
    put(root, PLAIN)
    check(root, PLAIN)


@pytest.mark.promise("fault")
@needs_root
def test_file_of_another_user_is_replaced(root: str) -> None:
    os.chown(put(root, PLAIN), 12345, -1)
    put(root, PLAIN)
    assert os.stat(os.path.join(root, PLAIN.name)).st_uid == os.geteuid()


@pytest.mark.promise("fault")
@pytest.mark.parametrize("content", [CONTENT, b"not to be touched"])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_link_in_place_of_a_file_is_not_followed(root: str, tmp_path: Path, link: object, content: bytes) -> None:
    assert callable(link)
    path = put(root, PLAIN)
    outside = tmp_path / "outside"
    outside.write_bytes(content)
    outside.chmod(0o600)
    os.utime(outside, (PINNED_TIME, PINNED_TIME))
    before = outside.stat()
    os.unlink(path)
    link(outside, path)
    put(root, PLAIN)
    check(root, PLAIN)
    assert outside.read_bytes() == content
    assert (outside.stat().st_ino, outside.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert os.stat(path).st_ino != before.st_ino


@pytest.mark.promise("fault")
def test_link_to_nowhere_is_replaced(root: str, tmp_path: Path) -> None:
    path = put(root, PLAIN)
    os.unlink(path)
    os.symlink(tmp_path / "nowhere", path)
    put(root, PLAIN)
    check(root, PLAIN)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.promise("fault")
def test_pipe_in_place_of_a_file_is_replaced(root: str) -> None:
    path = put(root, PLAIN)
    os.unlink(path)
    os.mkfifo(path)

    def give_up(_: int, __: FrameType | None) -> None:
        raise StillWaitingError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        put(root, PLAIN)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    check(root, PLAIN)


@pytest.mark.promise("fault")
def test_folder_in_place_of_a_file_is_refused_and_leaves_no_draft(root: str) -> None:
    os.makedirs(os.path.join(root, PLAIN.name), 0o700)
    os.chmod(root, 0o700)
    with pytest.raises(CannotSteady, match="can't use the store"):
        put(root, PLAIN)
    assert files_below(root) == []


@pytest.mark.promise("fault")
@pytest.mark.parametrize("place", ["", "config"])
def test_file_in_place_of_a_folder_is_refused(root: str, place: str) -> None:
    path = Path(root, place)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text("a file", encoding="utf-8")
    with pytest.raises(CannotSteady, match="is not a folder"):
        put(root, PLAIN)
    assert path.read_text(encoding="utf-8") == "a file"


@pytest.mark.promise("fault")
@pytest.mark.parametrize("place", ["", "config"])
def test_link_in_place_of_a_folder_is_refused(root: str, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    path = Path(root, place)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.symlink_to(elsewhere)
    with pytest.raises(CannotSteady, match="is not a folder"):
        put(root, PLAIN)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.promise("fault")
@pytest.mark.parametrize("mode", [0o770, 0o720, 0o702, 0o777])
@pytest.mark.parametrize("place", ["", "config"])
def test_folder_that_others_can_write_to_is_refused(root: str, place: str, mode: int) -> None:
    os.makedirs(os.path.join(root, "config"), 0o700)
    os.chmod(os.path.join(root, place), mode)
    with pytest.raises(CannotSteady, match="written to by other users"):
        put(root, PLAIN)
    assert files_below(root) == []


@pytest.mark.promise("fault")
@pytest.mark.parametrize(("mode", "allowed"), [(0o777, False), (0o1777, True), (0o775, True)])
def test_folder_that_holds_the_store_must_not_be_everybodys(tmp_path: Path, mode: int, allowed: bool) -> None:
    """A sticky one is like the system's folder for temporary files: others can't rename what is not theirs."""
    parent = tmp_path / "parent"
    parent.mkdir()
    parent.chmod(mode)
    if allowed:
        assert put(os.fspath(parent / "store"), File("config/a.txt", b"content"))
    else:
        with pytest.raises(CannotSteady, match="everybody can write") as caught:
            put(os.fspath(parent / "store"), File("config/a.txt", b"content"))
        assert "PYO3_SHIM_STORE" in caught.value.hint


def test_folder_that_others_can_read_is_used(root: str) -> None:
    os.mkdir(root)
    os.chmod(root, 0o755)
    put(root, PLAIN)
    check(root, PLAIN)


@pytest.mark.promise("fault")
@needs_root
@pytest.mark.parametrize("place", ["", "config"])
def test_folder_of_another_user_is_refused(root: str, place: str) -> None:
    put(root, PLAIN)
    os.chown(os.path.join(root, place), 12345, -1)
    with pytest.raises(CannotSteady, match="written to by other users"):
        put(root, PLAIN)


@pytest.mark.promise("fault")
def test_store_that_can_not_be_made_says_where_it_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotSteady) as caught:
        put(os.fspath(tmp_path / "file" / "store"), PLAIN)
    assert caught.value.what == f"can't use the store {tmp_path}/file/store: Not a directory"
    assert "PYO3_SHIM_STORE" in caught.value.hint


@pytest.mark.promise("fault")
def test_no_draft_is_left_when_writing_fails(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(CannotSteady, match="No space left on device"):
            put(root, PLAIN)
    assert files_below(root) == []
    put(root, PLAIN)
    check(root, PLAIN)


@pytest.mark.promise("fault")
def test_content_is_whole_even_if_the_system_writes_and_reads_in_pieces(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, read = os.write, os.read
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, bytes(data)[:3]))
    monkeypatch.setattr(os, "read", lambda handle, count: read(handle, min(count, 2)))
    inode = os.stat(put(root, PLAIN)).st_ino
    assert os.stat(put(root, PLAIN)).st_ino == inode
    monkeypatch.undo()
    check(root, PLAIN)


@pytest.fixture
def noexec(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing can be executed."""
    place = tmp_path / "noexec"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", os.fspath(place)]
    if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount, and not in every container")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.promise("fault")
@pytest.mark.skipif(sys.platform != "linux", reason="the option is Linux's")
def test_store_where_nothing_can_be_executed_is_refused(noexec: Path) -> None:
    """S9: else the build ends with `Permission denied`."""
    place = os.fspath(noexec / "store")
    put(place, PLAIN)
    with pytest.raises(CannotSteady, match="can't be executed") as caught:
        put(place, PROGRAM)
    assert "PYO3_SHIM_STORE" in caught.value.hint
    for command in (["run", "--", "sh", "-c", "echo $CARGO"], ["doctor", "-q"]):
        done = subprocess.run(
            [sys.executable, "-m", "pyo3_base_python", *command],
            check=False,
            env={**os.environ, "PYO3_SHIM_STORE": place},
            capture_output=True,
        )
        lines = (done.stdout + done.stderr).decode().splitlines()
        assert [line for line in lines if "can't be executed" in line], lines
        if command[0] == "run":
            assert (done.returncode, done.stdout.strip(), len(done.stderr.splitlines())) == (0, b"", 1)


@pytest.mark.promise("fault")
def test_program_that_can_not_be_executed_is_refused(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S9, where nothing can be mounted."""
    monkeypatch.setattr(os, "access", lambda path, mode: path != os.path.join(root, PROGRAM.name) or mode != os.X_OK)
    put(root, PLAIN)
    with pytest.raises(CannotSteady, match="can't be executed"):
        put(root, PROGRAM)


WORKER = """
import os, sys
source, root, go = sys.argv[1:]
sys.path.append(source)
from pyo3_base_python.wrapper.paths import home
from pyo3_base_python.wrapper.store import PINNED_TIME, File, put
files = [File(f"folder{n % 3}/{n}", bytes([n]) * 100_000) for n in range(12)]
print("ready", flush=True)
while not os.path.exists(go):
    pass
for _ in range(6):
    for file in files:
        path = put(root, file)
        with open(path, "rb") as opened:
            found = os.fstat(opened.fileno())
            assert opened.read() == file.content, "half a file"
        assert found.st_mtime == PINNED_TIME, found
"""


@pytest.mark.promise("fault")
@pytest.mark.parametrize("count", [2, 8])
def test_processes_at_once_on_an_empty_store_never_see_half_a_file(root: str, tmp_path: Path, count: int) -> None:
    source = os.path.dirname(os.path.dirname(pyo3_base_python.__file__))
    workers = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WORKER, source, root, os.fspath(tmp_path / "go")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    (tmp_path / "go").touch()
    said = [worker.communicate(timeout=60)[1] for worker in workers]
    assert [(worker.returncode, words) for worker, words in zip(workers, said)] == [(0, b"")] * count
    assert len(files_below(root)) == 12


# Links


def test_links_are_made_and_put_right_and_written_once(root: str, tmp_path: Path) -> None:
    links = Links("python/abc", {"lib": os.fspath(tmp_path), "gone": "nowhere"})
    folder = put(root, links)
    assert folder == os.path.join(root, "python/abc")
    assert {name: os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)} == links.targets
    before = os.lstat(os.path.join(folder, "lib"))
    put(root, links)
    assert os.lstat(os.path.join(folder, "lib")).st_ino == before.st_ino
    os.unlink(os.path.join(folder, "lib"))
    os.symlink("/elsewhere", os.path.join(folder, "lib"))
    os.unlink(os.path.join(folder, "gone"))
    Path(folder, "gone").write_text("a file", encoding="utf-8")
    put(root, links)
    assert {name: os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)} == links.targets


def test_links_that_lead_nowhere_go_when_another_is_written(root: str, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    folder = put(root, Links("python/abc", {"there": os.fspath(tmp_path / "there"), "gone": "nowhere"}))
    Path(folder, "file").touch()
    put(root, Links("python/abc", {"new": "nowhere either"}))
    assert sorted(os.listdir(folder)) == ["file", "new", "there"]


@pytest.mark.promise("fault")
def test_folder_in_place_of_a_link_is_refused_and_leaves_no_draft(root: str) -> None:
    os.makedirs(os.path.join(root, "python", "lib"), 0o700)
    with pytest.raises(CannotSteady, match="can't use the store"):
        put(root, Links("python", {"lib": "/lib"}))
    assert os.listdir(os.path.join(root, "python")) == ["lib"]


# Where it is


def test_store_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_root({"PYO3_SHIM_STORE": "a/../b", "XDG_DATA_HOME": "/data"}) == os.fspath(tmp_path / "b")


def test_store_is_in_the_users_data_folder_and_not_in_a_cache() -> None:
    expected = "Library/Application Support" if sys.platform == "darwin" else ".local/share"
    for blank in ({}, {"PYO3_SHIM_STORE": ""}):
        environ = {"HOME": "/home/me", "XDG_CACHE_HOME": "/cache", **blank}
        assert default_root(environ) == f"/home/me/{expected}/pyo3-base-python"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one place")
def test_store_follows_xdg_data_home() -> None:
    assert default_root({"HOME": "/home/me", "XDG_DATA_HOME": "/data"}) == "/data/pyo3-base-python"


@pytest.mark.promise("fault")
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one place")
def test_store_without_a_home_is_refused_with_a_hint() -> None:
    with pytest.raises(CannotSteady, match=r"^there is no home folder") as caught:
        default_root({"XDG_DATA_HOME": "relative"})
    assert "PYO3_SHIM_STORE" in caught.value.hint


@pytest.mark.promise("fault")
@pytest.mark.parametrize("name", ["new\nline", "not UTF-8 \udcff"])
@pytest.mark.parametrize("variable", ["PYO3_SHIM_STORE", "XDG_DATA_HOME", "HOME"])
def test_store_that_a_build_script_can_not_name_to_cargo_is_refused(variable: str, name: str) -> None:
    """It prints `cargo:rerun-if-changed=<path>`: cargo would look for another file, and run the script each time."""
    with pytest.raises(CannotSteady, match="cargo can't be told"):
        default_root({variable: f"/home/{name}"})


# Names for content


def test_digest_is_the_same_in_every_process_and_release() -> None:
    assert digest(b"a", b"bc") == "8c3f54989e944f97e8e1"


PARTS = st.lists(st.binary(max_size=4) | st.sampled_from([b"", b"1:a", b"0:", b":"]), max_size=5)


@given(PARTS, PARTS)
def test_parts_are_told_apart(first: list[bytes], second: list[bytes]) -> None:
    assert (digest(*first) == digest(*second)) == (first == second)


@given(st.lists(st.binary(min_size=1), min_size=2))
def test_parts_are_not_their_sum(parts: list[bytes]) -> None:
    assert digest(*parts) != digest(b"".join(parts))


@given(PARTS)
def test_digest_can_be_the_name_of_a_file(parts: list[bytes]) -> None:
    assert len(digest(*parts)) == 20
    assert set(digest(*parts)) <= set("0123456789abcdef")


# While a file is written, and on other systems


def test_nobody_else_can_read_a_file_while_it_is_written(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, PLAIN)
    modes = []
    write = os.write

    def look(handle: int, data: bytes) -> int:
        modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
        return write(handle, data)

    monkeypatch.setattr(os, "write", look)
    before = os.umask(0)
    try:
        put(root, File("config/new.txt", CONTENT))
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_link_that_is_planted_just_before_a_file_is_written_is_not_followed(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"not to be touched")
    open_file = os.open

    def plant(path: str, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:
            os.symlink(outside, path)
        return open_file(path, flags, *mode)

    monkeypatch.setattr(os, "open", plant)
    with pytest.raises(CannotSteady, match="File exists"):
        put(root, PLAIN)
    assert outside.read_bytes() == b"not to be touched"


def test_home_may_be_that_of_windows() -> None:
    assert home({"HOME": "", "USERPROFILE": "/users/me"}) == "/users/me"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({"LOCALAPPDATA": "/users/me/local"}, "/users/me/local/pyo3-base-python"), ({}, None), ({"HOME": "/home"}, None)],
)
def test_store_is_in_the_local_data_folder_on_windows(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: str | None
) -> None:
    found = None
    with monkeypatch.context() as patched:
        patched.setattr(os, "name", "nt")
        try:
            found = default_root(environ)
        except CannotSteady:
            pass
    assert found == expected


def test_there_may_be_no_home_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "name", "nt")
        found = home({"HOME": ""})
    assert found == ""


def test_store_is_in_application_support_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname="Darwin"))
    found = default_root({"HOME": "/users/me", "XDG_DATA_HOME": "/data"})
    assert found == "/users/me/Library/Application Support/pyo3-base-python"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no umask for folders")
def test_all_folders_that_are_made_for_the_store_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        put(os.fspath(tmp_path / "local" / "share" / "store"), File("config/a.txt", b"a"))
    finally:
        os.umask(before)
    made = [tmp_path / "local", tmp_path / "local" / "share", tmp_path / "local" / "share" / "store"]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700] * 3
