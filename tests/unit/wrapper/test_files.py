"""Other people's files are read in full, if they are regular files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import files
from tests.unit.support import posix


@posix("a symbolic link takes a privilege there")
@pytest.mark.parametrize("size", [0, 1, files.BLOCK - 1, files.BLOCK, files.BLOCK + 1, 3 * files.BLOCK])
def test_file_is_read_whole_through_a_link_as_well(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "link").symlink_to("file")
    assert files.read(os.fspath(tmp_path / "file")) == files.read(os.fspath(tmp_path / "link")) == content


def test_file_that_begins_otherwise_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"#!x")
    assert files.read(os.fspath(tmp_path / "file"), b"#!") == b"#!x"
    assert files.read(os.fspath(tmp_path / "file"), b"#!/") is None


@pytest.mark.promise("fault")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", "/not/there", "a\0b", "", os.fspath(tmp_path), os.fspath(tmp_path / "pipe")):
        assert files.read(path) is None
