"""The contents of the store, and which of them are removed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from pyo3_base_python.activation import inventory, switch
from pyo3_base_python.commands.cli import main
from pyo3_base_python.wrapper import store
from pyo3_base_python.wrapper.errors import ShimError
from tests.unit.support import click_runner

LONG_AGO = time.time() - 40 * inventory.DAY
# No build was noted; and Windows finds a program by its name without the store's folder for PATH.
NOT_MADE = {"calls", "path"} if sys.platform == "win32" else {"calls"}
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links and their errors are other ones there")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with a launcher, and with a configuration and a name of an interpreter."""
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / "store"))
    monkeypatch.setenv("PYO3_SHIM_SDIST_DIR", os.fspath(tmp_path / "sdists"))
    switch.variables(os.environ, on_path=True)
    for name in ("config/a.txt", "python/b/python"):
        store.put(os.fspath(tmp_path / "store"), store.File(name, b"content"))
    return tmp_path / "store"


def age(found: list[inventory.Entry]) -> list[inventory.Entry]:
    """Make the entries older than the time for which unused ones are kept."""
    return [entry._replace(used=LONG_AGO) for entry in found]


def test_entries_are_those_of_all_kinds(root: Path) -> None:
    assert {entry.kind for entry in inventory.entries(root)} == set(inventory.KINDS) - NOT_MADE
    sizes = {os.fspath(entry.path.relative_to(root)): entry.size for entry in inventory.entries(root)}
    assert sizes[os.path.join("config", "a.txt")] == len(b"content")
    assert sizes[os.path.join("python", "b")] == len(b"content")


def test_an_empty_folder_is_an_entry(root: Path) -> None:
    (root / "python" / "empty").mkdir()
    assert any(entry.path == root / "python" / "empty" for entry in inventory.unused(inventory.entries(root)))


def test_there_are_none_without_a_store(tmp_path: Path) -> None:
    assert inventory.entries(tmp_path / "none") == []
    assert not inventory.crowded(tmp_path / "none")


@pytest.mark.promise("fault")
def test_there_are_none_in_what_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "config").touch()
    assert inventory.entries(tmp_path) == []
    assert not inventory.crowded(tmp_path)


def test_what_was_used_lately_is_kept(root: Path) -> None:
    assert inventory.unused(inventory.entries(root)) == []


def test_what_cargo_names_is_never_unused(root: Path) -> None:
    assert {entry.kind for entry in inventory.unused(age(inventory.entries(root)))} == {"config", "python"}


def test_cleared_entries_are_gone_and_come_back_as_they_were(root: Path) -> None:
    file = root / "config" / "a.txt"
    before = file.stat().st_mtime
    inventory.clear(inventory.unused(age(inventory.entries(root))))
    assert not file.exists()
    assert not (root / "python" / "b").exists()
    store.put(os.fspath(root), store.File("config/a.txt", b"content"))
    assert file.stat().st_mtime == before


@pytest.mark.promise("fault")
def test_a_link_in_the_store_is_removed_and_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (root / "python" / "link").symlink_to(tmp_path / "precious")
    inventory.clear(inventory.entries(root))
    assert (tmp_path / "precious" / "file").exists()
    assert not (root / "python" / "link").is_symlink()


@pytest.mark.promise("fault")
@pytest.mark.parametrize("gone", ["config/a.txt", "python/b/python", "python/b"])
def test_what_another_process_removes_meanwhile_is_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """It goes after the folder that holds it was listed, and before it is looked at."""
    victim = root / gone
    listed = Path.iterdir

    def iterdir(folder: Path) -> Iterator[Path]:
        found = list(listed(folder))
        if folder == victim.parent:
            shutil.rmtree(victim, ignore_errors=True)
            victim.unlink(missing_ok=True)
        return iter(found)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    found = inventory.entries(root)
    assert not victim.exists()
    assert {entry.kind for entry in found} >= {"bin", "wrapper"}
    assert all(entry.path.exists() for entry in found)


def test_a_crowded_store_is_cleared_when_the_shim_is_switched_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "UNUSED_AFTER_DAYS", -1)
    switch.variables(os.environ)
    assert (root / "config" / "a.txt").exists()
    monkeypatch.setattr(inventory, "CROWDED", 2)
    switch.variables(os.environ)
    assert not (root / "config" / "a.txt").exists()
    assert list((root / "bin").iterdir())


def test_command_shows_and_clears(root: Path) -> None:
    count = len(inventory.entries(root))
    shown = CliRunner().invoke(main, ["store"])
    assert shown.output.startswith(f"{root}\n  configurations of interpreters: 1")
    kept = CliRunner().invoke(main, ["store", "--clear"])
    first, second = kept.output.splitlines()
    assert first == f"removed 0 of {count} entries from {root}"
    assert second == (
        f"kept {count}: what was used in the last 30 days, and what CARGO names with its code;"
        " `pyo3-base-python store --clear --all` removes everything"
    )
    cleared = CliRunner().invoke(main, ["store", "--clear", "--all"])
    assert cleared.output == f"removed {count} of {count} entries from {root}\n"
    assert inventory.entries(root) == []
    assert CliRunner().invoke(main, ["store", "--all"]).exit_code == 2


@pytest.mark.parametrize("options", [(), ("--clear",), ("--clear", "--all")])
def test_command_says_that_there_is_no_store_yet_and_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    none = tmp_path / "no" / "store"
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(none))
    monkeypatch.setenv("PYO3_SHIM_SDIST_DIR", os.fspath(tmp_path / "sdists"))
    done = CliRunner().invoke(main, ["store", *options])
    assert (done.exit_code, done.output.splitlines()) == (
        0,
        [f"{none}", "there is no store there yet: the first `pyo3-base-python run` or `env` creates it"],
    )
    assert not none.parent.exists()


@pytest.mark.promise("bad input")
def test_command_says_where_no_store_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = tmp_path / "no" / "store"
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(none))
    # Whoever runs the tests may be root, who may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path or not mode & os.W_OK)
    done = click_runner().invoke(main, ["store"])
    what, hint = done.stderr.splitlines()
    assert (done.exit_code, done.stdout) == (8, "")
    assert what == f"pyo3-base-python: error: there is no store at {none}, nor can one be made in {tmp_path}"
    assert hint == "pyo3-base-python: hint: set PYO3_SHIM_STORE to a folder of your own"


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("file", "it is not a folder"),
        pytest.param("link", "it is not a folder", marks=POSIX),
        pytest.param("file/store", "Not a directory", marks=POSIX),
    ],
)
def test_command_says_why_there_can_be_no_store(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, why: str
) -> None:
    """As `run` and `env` say it, which do not follow a link either."""
    (tmp_path / "file").touch()
    if place == "link":
        (tmp_path / "link").symlink_to(root)
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / place))
    for options in ((), ("--clear", "--all")):
        done = click_runner().invoke(main, ["store", *options])
        what, hint = done.stderr.splitlines()
        assert (done.exit_code, done.stdout) == (8, "")
        assert what == f"pyo3-base-python: error: can't use the store {tmp_path / place}: {why}"
        assert hint == "pyo3-base-python: hint: set PYO3_SHIM_STORE to a folder of your own"
    assert inventory.entries(root)
    with pytest.raises(ShimError):
        switch.variables(os.environ)
