"""`store` shows and clears what is compiled of sdists; the rest of it is tested beside the inventory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.commands.cli import main
from tests.unit.support import click_runner


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two places of a MiB each: one was used just now, one long ago."""
    folder = tmp_path / "sdists"
    for name, used in (("new", None), ("old", (0, 0))):
        (folder / name).mkdir(parents=True)
        (folder / name / "crate.rlib").write_bytes(bytes(1 << 20))
        (folder / f"{name}.lock").touch()
        os.utime(folder / f"{name}.lock", used)
    monkeypatch.setenv("PYO3_SHIM_SDIST_DIR", os.fspath(folder))
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / "store"))
    return folder


def said(*options: str) -> list[str]:
    """The lines on places."""
    done = click_runner().invoke(main, ["store", *options])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()[2:]


def test_places_are_shown_with_what_they_hold(places: Path) -> None:
    assert said() == [
        os.fspath(places),
        "  places for what is compiled of sdists: 2 (2 MiB of at most 5120)",
    ]


def test_what_was_not_used_lately_is_cleared(places: Path) -> None:
    assert said("--clear") == [f"removed 1 of 2 places for sdists from {places}"]
    assert [(places / name).exists() for name in ("new", "old")] == [True, False]


def test_everything_is_cleared(places: Path) -> None:
    assert said("--clear", "--all")[0] == f"removed 2 of 2 places for sdists from {places}"
    assert said() == []


def test_where_places_are_off_nothing_is_said(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_SHIM_SDIST_DIR", "off")
    assert said("--clear", "--all") == []
    assert (places / "new").exists()
