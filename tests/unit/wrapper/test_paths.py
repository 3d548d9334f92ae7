"""Folders, with real ones where links are followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper.errors import CannotSteady
from pyo3_base_python.wrapper.paths import home, is_inside, is_plain, with_parents
from pyo3_base_python.wrapper.store import default_root
from tests.unit.support import posix

no_users = posix("Windows has no list of users with their home folders")


@posix("paths of POSIX")
def test_a_folder_and_those_that_hold_it() -> None:
    assert with_parents("/a/b/../c") == ["/a/c", "/a", "/"]


@pytest.mark.parametrize(
    ("path", "expected"), [("/a/b", True), ("/a/b/c", True), ("/a/bc", False), ("/a", False), ("/", False)]
)
def test_what_lies_inside_a_folder(path: str, expected: bool) -> None:
    assert is_inside(path, "/a/b") is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("a-b_1", True), ("ä.b", True), (".a", True)),
        *((name, False) for name in ("", ".", "..", "...", "a/b", "/a", "a\\b", "a b", "a\n", "a:b")),
    ],
)
def test_names_that_lead_nowhere_else(name: str, expected: bool) -> None:
    assert is_plain(name) is expected


@posix("a symbolic link takes a privilege there")
def test_folder_may_be_named_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert is_inside(os.path.realpath(tmp_path / "real" / "x"), os.fspath(tmp_path / "link"))


@no_users
@pytest.mark.parametrize("environ", [{}, {"HOME": ""}])
def test_home_is_that_of_the_user_where_the_environment_names_none(environ: dict[str, str]) -> None:
    import pwd  # noqa: PLC0415 - not on Windows

    assert home(environ) == pwd.getpwuid(os.getuid()).pw_dir


@no_users
@pytest.mark.promise("fault")
def test_there_may_be_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd  # noqa: PLC0415 - as above

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert home({}) == ""
    with pytest.raises(CannotSteady, match="home folder"):
        default_root({})
