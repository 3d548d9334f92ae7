"""The place of the Cargo.toml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python.doctor import manifests
from pyo3_base_python.doctor.pyproject import PyProject

RUST = PyProject("setuptools.build_meta", "setuptools-rust", "setuptools-rust")
SETUP = 'setup(rust_extensions=[RustExtension("a", "src/_a/Cargo.toml"), RustExtension("b", path="b/Cargo.toml")])'


@pytest.mark.parametrize(
    ("files", "declared", "found"),
    [
        (["Cargo.toml", "rust/Cargo.toml", "a/Cargo.toml"], RUST, ["Cargo.toml"]),
        (["rust/Cargo.toml"], None, ["rust/Cargo.toml"]),
        (["a/Cargo.toml", "Cargo.toml"], RUST._replace(manifests=("a/Cargo.toml",)), ["a/Cargo.toml"]),
        (["Cargo.toml"], RUST._replace(manifests=("gone/Cargo.toml",)), ["Cargo.toml"]),
        (["src/_bcrypt/Cargo.toml"], RUST, ["src/_bcrypt/Cargo.toml"]),
        (["src/_bcrypt/Cargo.toml"], PyProject("hatchling.build"), []),
        (["b/Cargo.toml", "a/Cargo.toml", "a/in/Cargo.toml"], RUST, ["a/Cargo.toml"]),
        (["a/b/c/d/Cargo.toml"], RUST, []),
        ([".hidden/Cargo.toml", "target/Cargo.toml"], RUST, []),
        ([], RUST, []),
    ],
)
def test_where_it_is(tree: Callable[..., Path], files: list[str], declared: PyProject | None, found: list[str]) -> None:
    assert manifests.find(os.fspath(tree(dict.fromkeys(files, ""))), declared) == found


def test_setup_py_names_each(tree: Callable[..., Path]) -> None:
    files = dict.fromkeys(["Cargo.toml", "src/_a/Cargo.toml", "b/Cargo.toml"], "")
    folder = tree({**files, "setup.py": SETUP})
    assert manifests.find(os.fspath(folder), RUST) == ["src/_a/Cargo.toml", "b/Cargo.toml"]
    (folder / "setup.py").write_text('include = ["b/Cargo.toml"]')
    assert manifests.find(os.fspath(folder), RUST) == ["Cargo.toml"]


@pytest.mark.parametrize("mark", ["CACHEDIR.TAG", "pyvenv.cfg"])
def test_caches_and_environments_hold_none(tree: Callable[..., Path], mark: str) -> None:
    assert manifests.find(os.fspath(tree({f"a/{mark}": "", "a/b/Cargo.toml": ""})), RUST) == []
