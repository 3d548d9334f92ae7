"""A patch set and a work folder to play with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python.measure import Compiled
from pyo3_base_python.testbed import building
from pyo3_base_python.testbed.workfolder import WorkFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PATCH = """\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: Somebody <somebody@users.noreply.example>
Date: Mon, 23 Nov 2026 05:25:53 +0000
Subject: [PATCH] Change the answer
Forwarded: no
Bug: https://github.com/PyO3/pyo3/issues/6113
Last-Update: 2026-11-23

It was wrong.
---
diff --git a/inner/answer.txt b/inner/answer.txt
--- a/inner/answer.txt
+++ b/inner/answer.txt
@@ -1,3 +1,3 @@
 before
-41
+42
 after
"""

METADATA = f"""\
repository = "https://github.com/PyO3/maturin"
version = "1.0.0"
tag = "v1.0.0"
licence = "MIT"
remove-when = "It is released."

[[source]]
kind = "sdist"
name = "maturin"
version = "1.0.0"
file = "maturin-1.0.0.tar.gz"
sha256 = "{hashlib.sha256(b"").hexdigest()}"
directory = "."

[apply]
strip = 1

[test]
directory = "."
command = ["cargo", "test"]
"""


class IdleBench(building.Bench):
    """Builds nothing, and remembers with which variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given: list[Mapping[str, str]] = []

    def begin(self, step: str) -> None:
        """As the real one."""

    def must_build(self, what: str, commands: object, environ: Mapping[str, str], project: Path) -> building.Built:
        """As the real one."""
        del what, commands, project
        self.given.append(environ)
        return building.Built(0, Compiled((), ()), 1.0, self.folder / "a.whl", "")


@pytest.fixture
def patch_folder(tmp_path: Path) -> Path:
    """A patch set without problems, of one patch, `maturin/1.0.0`."""
    folder = tmp_path / "patches" / "maturin" / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "upstream.toml").write_text(METADATA)
    (folder / "series").write_text("0001-Change-the-answer.patch\n")
    (folder / "0001-Change-the-answer.patch").write_text(PATCH)
    return folder


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replace a text, which must be there, in a file."""

    def replace(file: Path, old: str, new: str) -> None:
        text = file.read_text()
        assert old in text, (file, old)
        file.write_text(text.replace(old, new))

    return replace


@pytest.fixture
def work(tmp_path: Path) -> WorkFolder:
    return WorkFolder(tmp_path / "work")
