"""pyproject.toml as the doctor reads it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Callable

import pytest
import tomlkit

from pyo3_base_python.doctor import pyproject
from pyo3_base_python.doctor.pyproject import PyProject
from pyo3_base_python.wrapper.errors import ShimError


def parsed(text: str) -> PyProject:
    return pyproject.parse(tomlkit.parse(text).unwrap())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", PyProject("setuptools.build_meta")),
        ('[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"', PyProject("hatchling.build")),
        (
            '[build-system]\nrequires = ["cffi", "Maturin[patchelf]>=1.5,<2"]\nbuild-backend = "maturin"',
            PyProject("maturin", "maturin", "Maturin[patchelf]>=1.5,<2"),
        ),
        (
            '[build-system]\nrequires = ["setuptools", "setuptools_rust"]\nbuild-backend = "own"\nbackend-path = ["."]',
            PyProject("own", "setuptools-rust", "setuptools_rust", in_tree=True),
        ),
        (
            '[build-system]\nrequires = ["not a requirement!", 3, "maturin"]',
            PyProject(rust_backend="maturin", requirement="maturin"),
        ),
        ('build-system = "nonsense"', PyProject()),
        ("[build-system]\nrequires = 3", PyProject()),
    ],
)
def test_build_system(text: str, expected: PyProject) -> None:
    assert parsed(text) == expected


def test_where_maturins_manifest_is_and_its_features() -> None:
    found = parsed(
        '[build-system]\nrequires = ["maturin"]\n[tool.maturin]\nmanifest-path = "module/Cargo.toml"\n'
        'no-default-features = true\nall-features = false\nfeatures = ["pyo3/abi3-py39", "fast"]\n'
    )
    assert found.manifests == ("module/Cargo.toml",)
    assert found.cargo_features == ("--no-default-features", "--features", "pyo3/abi3-py39,fast")


def test_where_setuptools_rusts_manifest_is_and_its_features() -> None:
    found = parsed(
        '[build-system]\nrequires = ["setuptools-rust"]\n[[tool.setuptools-rust.ext-modules]]\ntarget = "a"\n'
        'path = "rust/Cargo.toml"\nfeatures = ["abi3"]\n'
        '[[tool.setuptools-rust.ext-modules]]\ntarget = "b"\npath = "other/Cargo.toml"\n'
    )
    assert found.manifests == ("rust/Cargo.toml", "other/Cargo.toml")
    assert found.cargo_features == ("--features", "abi3")


def test_the_settings_of_a_backend_that_is_not_used_do_not_count() -> None:
    assert parsed('[tool.maturin]\nmanifest-path = "module/Cargo.toml"').manifests == ()


def test_a_folder_without_the_file(tmp_path: Path) -> None:
    assert pyproject.read(str(tmp_path)) == (None, {})


def test_a_file_that_is_no_toml_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[build-system\n")
    with pytest.raises(ShimError) as caught:
        pyproject.read(str(tmp_path))
    assert str(tmp_path / "pyproject.toml") in caught.value.what
    assert "line 1" in caught.value.what
    assert "\n" not in caught.value.what
    assert caught.value.hint


def test_a_byte_order_mark_and_bytes_that_are_not_utf_8_do_not_raise_anything_else(tmp_path: Path) -> None:
    for content in (b"\xef\xbb\xbf[project]\n", b"[project]\nname = '\xff'\n", b"\x00"):
        (tmp_path / "pyproject.toml").write_bytes(content)
        with contextlib.suppress(ShimError):
            pyproject.read(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", None),
        ("cache-keys = 3", None),
        ("cache-keys = []", ()),
        ('cache-keys = ["a.rs", { file = "b/**" }, { git = true }, { file = 3 }]', ("a.rs", "b/**")),
    ],
)
def test_what_uv_looks_at(text: str, keys: tuple[str, ...] | None) -> None:
    assert parsed(f"[tool.uv]\n{text}").cache_keys == keys


IN_TREE = '[build-system]\nrequires = []\nbuild-backend = "{}"\nbackend-path = ["build"]\n'


@pytest.mark.parametrize(
    ("backend", "file", "text", "rust_backend"),
    [
        ("own", "build/own.py", 'return [*requires, "setuptools-rust"]', "setuptools-rust"),
        ("own.a:backend", "build/own/a/__init__.py", "import setuptools_rust", "setuptools-rust"),
        ("own", "build/own.py", "from maturin import *", "maturin"),
        ("own", "build/own.py", "from setuptools.build_meta import *", ""),
        ("own", "own.py", "import setuptools_rust", ""),
    ],
)
def test_a_backend_in_the_tree_may_wrap_one_that_starts_cargo(
    tree: Callable[..., Path], backend: str, file: str, text: str, rust_backend: str
) -> None:
    folder = tree({"pyproject.toml": IN_TREE.format(backend), file: text})
    found, _ = pyproject.read(str(folder))
    assert found
    assert (found.in_tree, found.rust_backend, found.requirement) == (True, rust_backend, rust_backend)


def test_what_is_required_says_more_than_what_a_backend_in_the_tree_speaks_of(tree: Callable[..., Path]) -> None:
    text = IN_TREE.format("own").replace("[]", '["maturin>=1"]')
    found, _ = pyproject.read(str(tree({"pyproject.toml": text, "build/own.py": "setuptools_rust"})))
    assert found
    assert found.requirement == "maturin>=1"
