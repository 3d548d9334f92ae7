"""What still names the launcher: in the environment, in startup files, in the current folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.commands import leftovers
from tests.unit.commands.support import execute

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.support import Wrapper

LINE = 'eval "$(pyo3-base-python env)"\n'


@pytest.mark.parametrize("name", leftovers.AT_HOME)
def test_line_in_a_start_file_is_named_and_a_comment_is_not(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"first\n  # {LINE}{LINE}", encoding="utf-8")
    environ = {"HOME": os.fspath(tmp_path), "PYO3_SHIM_STORE": os.fspath(tmp_path / "store")}
    assert leftovers.found(environ, "/not/there") == [f"{path}, line 3, still names pyo3-base-python: remove it"]


def test_nothing_is_named_where_nothing_is_left(tmp_path: Path) -> None:
    environ = {"HOME": os.fspath(tmp_path), "PYO3_SHIM_STORE": os.fspath(tmp_path / "store"), "CARGO": "/usr/bin/cargo"}
    assert leftovers.found(environ, os.fspath(tmp_path)) == []


def test_clearing_everything_says_what_still_names_the_launcher(wrapper: Wrapper) -> None:
    """The next build would say `No such file or directory`, and no more."""
    (wrapper.project / ".envrc").write_text(LINE, encoding="utf-8")
    clear = ("store", "--clear", "--all")
    first, second = execute(wrapper, *clear, CARGO=wrapper.program).stderr.decode().splitlines()
    assert first == f"pyo3-base-python: {wrapper.project / '.envrc'}, line 1, still names pyo3-base-python: remove it"
    assert second.startswith("pyo3-base-python: CARGO still names the launcher, which is gone: ")
    assert not os.path.exists(wrapper.program)
    mended = execute(wrapper, "env", "--unset", CARGO=wrapper.program)
    assert mended.stdout == b"unset CARGO\n"
    (wrapper.project / ".envrc").unlink()
    assert execute(wrapper, "store", "--clear", "--all").stderr == b""


@pytest.mark.parametrize("name", leftovers.HERE)
def test_line_in_a_file_of_the_project_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('requires = ["pyo3-base-python-core"]\n', encoding="utf-8")
    environ = {"HOME": "/not/there", "PYO3_SHIM_STORE": os.fspath(tmp_path / "store")}
    found = leftovers.found(environ, os.fspath(tmp_path))
    assert leftovers.found(environ, os.fspath(path)) == []
    assert found == [f"{path}, line 1, still names pyo3-base-python: remove it"]
