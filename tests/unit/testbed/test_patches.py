"""Patch sets: read, and checked against themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python.testbed import patches
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

Edit = Callable[[Path, str, str], None]
PATCH = "0001-Change-the-answer.patch"


def test_the_bundled_patch_sets_have_no_problems() -> None:
    folders = patches.folders(patches.find())
    assert {folder.parent.name for folder in folders} == {"maturin", "pyo3", "setuptools-rust"}
    assert [problem for folder in folders for problem in patches.problems(folder)] == []


def test_a_patch_set_is_read(patch_folder: Path) -> None:
    found = patches.read(patch_folder)
    assert (found.project, found.version, found.name) == ("maturin", "1.0.0", "maturin-1.0.0")
    assert found.patches == (PATCH,)
    assert found.sources[0].file == "maturin-1.0.0.tar.gz"
    assert found.known_failures == frozenset()
    assert found.versions == ("1.0.0",)


def test_a_patch_set_for_several_versions_is_read(patch_folder: Path, edit: Edit) -> None:
    edit(patch_folder / "upstream.toml", 'licence = "MIT"', 'licence = "MIT"\nversions = ["0.9.0", "1.0.0"]')
    assert patches.read(patch_folder).versions == ("0.9.0", "1.0.0")


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        (
            "upstream.toml",
            'version = "1.0.0"\ntag',
            'version = "1.0.1"\ntag',
            "version is 1.0.1, but the folder is 1.0.0",
        ),
        ("upstream.toml", 'tag = "v1.0.0"', 'tag = "v1.0.1"', "tag v1.0.1 is not of version 1.0.0"),
        ("upstream.toml", 'licence = "MIT"', 'licence = "MIT"\nversions = ["0.9.0"]', "version 1.0.0 is not among"),
        ("upstream.toml", 'licence = "MIT"\n', "", "licence is missing"),
        ("upstream.toml", 'licence = "MIT"\n', 'license = "MIT"\n', "license is not known"),
        ("upstream.toml", 'kind = "sdist"', 'kind = "wheel"', "kind is wheel"),
        ("upstream.toml", 'file = "maturin-1.0.0.tar.gz"\n', "", "an sdist needs the name of its file"),
        ("upstream.toml", 'sha256 = "e3', 'sha256 = "', "sha256 is not 64 hexadecimal digits"),
        ("upstream.toml", 'directory = "."\n\n[apply]', 'directory = "../out"\n\n[apply]', "directory is not a folder"),
        ("upstream.toml", "strip = 1", 'strip = "1"', "apply.strip is not a number"),
        ("upstream.toml", "strip = 1", 'strip = 1\ninclude = ["src/*"]', "it changes nothing that apply.include"),
        ("upstream.toml", 'command = ["cargo", "test"]', "command = []", "test.command is not a list of words"),
        ("upstream.toml", "[apply]", "[apply", "upstream.toml can't be read"),
        ("series", PATCH, "", "series names no patch"),
        ("series", PATCH, "0001-Another.patch", "0001-Another.patch is in series, but is not there"),
        ("series", PATCH, "0001-Another.patch", f"{PATCH} is not in series"),
        ("series", PATCH, f"{PATCH}\n{PATCH}", f"{PATCH} is in series twice"),
        ("series", PATCH, "change.patch", "change.patch is not named as git format-patch does"),
        ("series", PATCH, f"0002-Another.patch\n{PATCH}", "0002-Another.patch is number 1"),
        (PATCH, "Forwarded: no\n", "", "the header Forwarded is missing"),
        (PATCH, "Bug: https", "Bug-Debian: https", "the header Bug is missing"),
        (PATCH, "+++ b/inner/answer.txt\n", "", "it changes nothing"),
        (PATCH, "From 0000", "Origin 0000", "it does not begin as git format-patch does"),
    ],
)
def test_a_contradiction_is_named(patch_folder: Path, edit: Edit, file: str, old: str, new: str, problem: str) -> None:
    edit(patch_folder / file, old, new)
    found = patches.problems(patch_folder)
    assert [line for line in found if problem in line], found
    assert all(line.startswith("maturin/1.0.0: ") for line in found)
    with pytest.raises(ShimError) as raised:
        patches.read(patch_folder)
    assert raised.value.exit_code == Exit.PATCH


@pytest.mark.parametrize("file", ["upstream.toml", "series"])
def test_a_missing_file_is_a_problem_and_no_crash(patch_folder: Path, file: str) -> None:
    (patch_folder / file).unlink()
    assert any(f"{file} can't be read" in line for line in patches.problems(patch_folder))


def test_touched_paths_can_be_limited(patch_folder: Path) -> None:
    text = (patch_folder / PATCH).read_text()
    assert patches.touched(text) == ["inner/answer.txt"]
    assert patches.touched(text, ("inner/*",)) == ["inner/answer.txt"]
    assert patches.touched(text, ("outer/*",)) == []


def test_the_digest_changes_with_the_content_and_the_order(patch_folder: Path, edit: Edit) -> None:
    before = patches.read(patch_folder).digest
    edit(patch_folder / PATCH, "+42", "+43")
    assert patches.read(patch_folder).digest != before
