"""Build scripts according to their sources, and the graph according to cargo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python.doctor import crates
from pyo3_base_python.doctor.crates import Script

NAMES = 'println!("cargo:rerun-if-changed=build.rs");\n'


@pytest.mark.parametrize(
    ("line", "watches"),
    [
        ('println!("cargo:rerun-if-env-changed=PATH");', {"PATH"}),
        ('println!("cargo::rerun-if-env-changed=PATH");', {"PATH"}),
        ('println!("cargo:rerun-if-env-changed=VIRTUAL_ENV");', {"VIRTUAL_ENV"}),
        ('println!("cargo:rerun-if-env-changed=PYO3_PYTHON");', {"PYO3_PYTHON"}),
        ('println!("cargo:rerun-if-env-changed=PATH_TO_SOMETHING");', set()),
        ('println!("cargo:rerun-if-env-changed=CC");', set()),
        ('for v in ["CC", "PATH"] { println!("cargo:rerun-if-env-changed={}", v); }', {"PATH"}),
        ('for v in ["CC", "PATH"] { println!("cargo:rerun-if-env-changed={v}"); }', {"PATH"}),
        ('for v in ["CC"] { println!("cargo:rerun-if-env-changed={v}"); }', set()),
        ('let path = env::var("PATH");', set()),
        ('    // println!("cargo:rerun-if-env-changed=PATH");', set()),
    ],
)
def test_what_a_build_script_watches(line: str, watches: set[str]) -> None:
    assert crates.script(NAMES + line) == Script(
        frozenset(watches), runs_python=False, names_something=True, files=("build.rs",)
    )


@pytest.mark.parametrize(
    ("source", "runs"),
    [
        ('pyo3_build_config::get().run_python_script("import cffi")', True),
        ("interpreter\n    .executable.as_ref()", True),
        ("config.executable_suffix", False),
        ("// config.executable", False),
        ("pyo3_build_config::use_pyo3_cfgs();", False),
    ],
)
def test_whether_it_runs_the_interpreter(source: str, runs: bool) -> None:
    assert crates.script(source).runs_python is runs


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ('println!("cargo:rerun-if-changed=include/x/*");', ("include/x/*",)),
        ('println!("cargo::rerun-if-changed=src/a.c");', ("src/a.c",)),
        ('println!("cargo:rerun-if-changed={path}");', ()),
        ('println!("cargo:rerun-if-changed={}/a.c", dir);', ()),
        ('// println!("cargo:rerun-if-changed=a.c");', ()),
    ],
)
def test_files_that_it_names(line: str, files: tuple[str, ...]) -> None:
    assert crates.script(line).files == files


def test_patterns_among_the_files() -> None:
    found = crates.script("")._replace(files=("a/*", "b?.c", "[ab].c", "a.c", "a b"))
    assert found.patterns == ["a/*", "b?.c", "[ab].c"]


def test_of_a_crates_build_script_the_files_that_are_not_there_are_kept(tree: Callable[..., Path]) -> None:
    lines = [f'println!("cargo:rerun-if-changed={name}");' for name in ("src", "a.c", "gone.c", "src/*")]
    folder = tree({"build.rs": "\n".join(lines), "a.c": "", "src/lib.rs": ""})
    found = crates.build_script(a_crate(folder, "build.rs"))
    assert found
    assert found.files == ("gone.c", "src/*")


def test_whether_it_names_anything_to_watch() -> None:
    assert not crates.script("fn main() {}").names_something
    assert not crates.script(f"// {NAMES}").names_something
    assert crates.script(NAMES).names_something


def a_crate(folder: Path, script: str) -> crates.Crate:
    return crates.Crate("name", "1", str(folder), True, script and str(folder / script), frozenset(), frozenset())


def test_a_build_script_in_the_crate_is_read_without_the_files_beside_it(tree: Callable[..., Path]) -> None:
    folder = tree({"build.rs": NAMES, "other.rs": 'println!("cargo:rerun-if-env-changed=PATH");'})
    assert crates.build_script(a_crate(folder, "build.rs")) == Script(frozenset(), False, True)


def test_a_build_script_in_a_folder_of_its_own_is_read_with_them(tree: Callable[..., Path]) -> None:
    folder = tree({"build/main.rs": NAMES, "build/a/b.rs": 'println!("cargo:rerun-if-env-changed=PATH");'})
    found = crates.build_script(a_crate(folder, "build/main.rs"))
    assert found
    assert found.watches == {"PATH"}


def test_a_crate_without_a_build_script(tmp_path: Path) -> None:
    assert crates.build_script(a_crate(tmp_path, "")) is None


def test_a_build_script_that_is_not_there_is_as_an_empty_one(tmp_path: Path) -> None:
    assert crates.build_script(a_crate(tmp_path, "build.rs")) == crates.script("")


def test_a_word_in_the_sources(tree: Callable[..., Path]) -> None:
    folder = tree({"src/lib.rs": "", "src/a/impl_.rs": 'env_var("PYO3_BASE_PYTHON")', "README.md": "OTHER"})
    assert crates.mentions(str(folder), '"PYO3_BASE_PYTHON"')
    assert not crates.mentions(str(folder), "OTHER")
    assert not crates.mentions(str(folder / "gone"), "OTHER")


PACKAGE = {
    "id": "path+file:///src#0.1.0",
    "name": "mine",
    "version": "0.1.0",
    "source": None,
    "manifest_path": "/src/Cargo.toml",
    "targets": [
        {"kind": ["lib"], "src_path": "/src/src/lib.rs"},
        {"kind": ["custom-build"], "src_path": "/src/build.rs"},
    ],
    "dependencies": [{"name": "pyo3"}],
}


def test_the_graph_of_cargo_metadata() -> None:
    registry = {**PACKAGE, "id": "ring", "name": "ring", "source": "registry", "targets": [], "dependencies": []}
    document = {
        "packages": [PACKAGE, registry],
        "resolve": {"nodes": [{"id": PACKAGE["id"], "features": ["default", "abi3"]}]},
    }
    assert crates.crates(f"warning: something\n{json.dumps(document)}\n") == [
        crates.Crate(
            "mine",
            "0.1.0",
            "/src",
            True,
            "/src/build.rs",
            frozenset({"default", "abi3"}),
            frozenset({"pyo3"}),
        ),
        crates.Crate("ring", "0.1.0", "/src", False, "", frozenset(), frozenset()),
    ]


@pytest.mark.parametrize("output", ["", "error: no such command", "{", "{}", '{"packages": 3, "resolve": null}', "[]"])
def test_no_graph(output: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        crates.crates(output)
