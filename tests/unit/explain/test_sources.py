"""Where the sources are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python.explain import sources
from pyo3_base_python.explain.sources import Sources
from pyo3_base_python.wrapper import command_line

VENDORED = '[source.crates-io]\nreplace-with = "here"\n[source.here]\ndirectory = "include/cargo"\n'
BUILD = command_line.parse(["build"])


def test_an_unpacked_sdist_with_vendored_crates(tree: Callable[..., Path]) -> None:
    folder = tree({"PKG-INFO": "", "setup.py": "", "rust/Cargo.toml": "[package]", ".cargo/config.toml": VENDORED})
    found = sources.look("", BUILD, {}, os.fspath(folder / "rust"))
    assert found == Sources(os.fspath(folder / "rust"), os.fspath(folder), os.fspath(folder / "include" / "cargo"))


def test_a_checkout(tree: Callable[..., Path]) -> None:
    folder = tree({"Cargo.toml": "[package]"})
    found = sources.look("", BUILD, {}, os.fspath(folder))
    assert (found, found.unpacked_anew) == (Sources(os.fspath(folder)), False)


@pytest.mark.parametrize("manifest", [None, '[package]\nworkspace = "../nowhere"\n'])
def test_where_there_are_none_or_cargo_does_not_tell(tree: Callable[..., Path], manifest: str | None) -> None:
    folder = tree({"Cargo.toml": manifest} if manifest else {"a": ""})
    assert sources.look("", BUILD, {}, os.fspath(folder)) == Sources()
