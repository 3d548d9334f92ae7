"""Vendored crates."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python.doctor import vendored


@pytest.mark.parametrize("folder", ["include/cargo", "../crates", "/opt/crates"])
def test_a_folder_of_crates_is_relative_to_that_which_holds_the_configuration(
    tree: Callable[..., Path], folder: str
) -> None:
    text = f'[source.crates-io]\nreplace-with = "here"\n[source.here]\ndirectory = "{folder}"\n'
    top = tree({".cargo/config.toml": text, "rust/Cargo.toml": ""})
    found = vendored.folder_of_crates({"CARGO_HOME": "/nowhere"}, os.fspath(top / "rust"))
    assert found == os.path.normpath(top / folder)


@pytest.mark.parametrize("text", ["", "[source.a]\nregistry = 'b'\n", "[build]\ndirectory = 'a'\n"])
def test_a_configuration_that_names_no_folder_of_crates(tree: Callable[..., Path], text: str) -> None:
    folder = tree({".cargo/config.toml": text})
    assert vendored.folder_of_crates({"CARGO_HOME": "/nowhere"}, os.fspath(folder)) == ""
