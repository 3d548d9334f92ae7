"""What may read files that cargo does not track: the project's own build scripts, and macros."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import undeclared

INERT = "fn main() { pyo3_build_config::use_pyo3_cfgs(); }\n"


class Tree:
    """A package `own`, compiled for the host, with pyo3's macros."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile_dir = folder / "target" / "debug"
        for name in ("deps", "build/pyo3-ffi-0123456789abcdef"):
            (self.profile_dir / name).mkdir(parents=True)
        self.compiled("libown.so", "libpyo3_macros-0123456789abcdef.so", "libpyo3-0123456789abcdef.rlib")
        (folder / "target" / ".rustc_info.json").touch()
        (folder / "Cargo.toml").write_text('[package]\nname = "own"\n')

    def compiled(self, *names: str) -> None:
        """Add a crate that cargo has compiled."""
        for name in names:
            (self.profile_dir / "deps" / name).touch()

    def has_script(self, package: str) -> None:
        """Add what cargo has of a package with a build script."""
        (self.profile_dir / "build" / f"{package}-0123456789abcdef").mkdir()

    def may_be_read(self) -> bool:
        """The answer for `own`, with a local package `helper`."""
        return undeclared.may_be_read(os.fspath(self.profile_dir), os.fspath(self.folder), ["own", "helper"])


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_what_rustc_reads_cargo_tracks(tree: Tree) -> None:
    assert not tree.may_be_read()


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "library", ["liblists_folders-0123456789abcdef.so", "libmacro-0123456789abcdef.dylib", "m-0123456789abcdef.dll"]
)
def test_a_macro_may_read_anything(tree: Tree, library: str) -> None:
    tree.compiled(library)
    assert tree.may_be_read()


def test_macros_that_are_known_read_nothing(tree: Tree) -> None:
    tree.compiled("libserde_derive-0123456789abcdef.so", "libindoc-0123456789abcdef.so", "indoc-0123456789abcdef.dll")
    assert not tree.may_be_read()


@pytest.mark.promise("stale")
@pytest.mark.parametrize("package", ["own", "helper"])
def test_a_build_script_of_the_projects_may_read_anything(tree: Tree, package: str) -> None:
    tree.has_script(package)
    assert tree.may_be_read()


def test_a_build_script_of_another_package_reads_nothing_here(tree: Tree) -> None:
    tree.has_script("libc")
    assert not tree.may_be_read()


@pytest.mark.parametrize(
    ("manifest", "source", "may"),
    [
        ('[package]\nname = "own"\n', INERT, False),
        ('[package]\nname = "own"\n', 'fn main() { std::fs::read("data").unwrap(); }\n', True),
        ('[package]\nname = "own"\n', "fn main() { 'ä' }\n", True),
        ('[package]\nname = "own"\nbuild = "other.rs"\n', INERT, True),
        ('[package]\nname = "own"\n', None, True),
    ],
)
def test_a_build_script_that_has_only_flags_printed_reads_nothing(
    tree: Tree, manifest: str, source: str | None, may: bool
) -> None:
    tree.has_script("own")
    (tree.folder / "Cargo.toml").write_text(manifest)
    if source is not None:
        (tree.folder / "build.rs").write_text(source, encoding="latin-1")
    assert tree.may_be_read() is may


def test_where_nothing_is_compiled_or_a_target_is_named_nobody_knows(tree: Tree) -> None:
    (tree.folder / "target" / ".rustc_info.json").unlink()
    assert tree.may_be_read()
    (tree.folder / "target" / ".rustc_info.json").touch()
    (tree.profile_dir / "build" / "pyo3-ffi-0123456789abcdef").rmdir()
    (tree.profile_dir / "build").rmdir()
    assert tree.may_be_read()
