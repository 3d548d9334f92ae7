"""Which files of a tree are build scripts, and what their text says that they read and write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import tree_scripts

from .trees import digests, grow

WRITES = 'fn main() { fs::write("src/made.rs", "") }'


def of(tree: Path) -> dict[str, str]:
    """The build scripts of ``tree``."""
    return tree_scripts.of_tree(os.fspath(tree), digests(tree))


@pytest.mark.promise("stale")
def test_a_script_is_one_by_its_name_or_by_a_manifest_of_any_package(tmp_path: Path) -> None:
    tree = grow(
        tmp_path,
        {
            "Cargo.toml": 'package.build = "make/first.rs"',
            "make/first.rs": "1",
            "inner/Cargo.toml": '[package]\nbuild = "../make/second.rs"',
            "make/second.rs": "2",
            "inner/build.rs": "3",
            "inner/prebuild.rs": "4",
            "other/Cargo.toml": '[package]\nbuild = "nowhere.rs"',
            "other/OldCargo.toml": '[package]\nbuild = "prebuild.rs"',
            "other/prebuild.rs": "5",
        },
    )
    assert of(tree) == {"inner/build.rs": "3", "make/first.rs": "1", "make/second.rs": "2"}


def test_of_pyo3_none_is_looked_at(tmp_path: Path) -> None:
    tree = grow(tmp_path, {"pyo3-ffi/Cargo.toml": '[package]\nname = "pyo3-ffi"', "pyo3-ffi/build.rs": "1"})
    assert of(tree) == {}


@pytest.mark.promise("stale")
def test_only_a_script_that_names_a_variable_has_its_value(tmp_path: Path) -> None:
    found = {"build.rs": "1", "inner/build.rs": "2"}
    scripts = {"build.rs": 'env::var("NAMED")', "inner/build.rs": 'env::var("OTHER")'}

    def of_value(value: str) -> dict[str, str]:
        return tree_scripts.with_variables(found, scripts, {"NAMED": value, "PATH": "/bin"})

    file = tmp_path / "named"
    values = [of_value("1"), of_value("2"), of_value(os.fspath(file))]
    file.write_text("1")
    values.append(of_value(os.fspath(file)))
    assert [value.keys() for value in values] == [{"build.rs"}] * 4
    assert len({value["build.rs"] for value in values} | {"1"}) == 5


@pytest.mark.promise("stale")
def test_the_script_that_writes_into_the_tree_is_named() -> None:
    scripts = {"build.rs": "fn main() {}", "inner/build.rs": WRITES}
    found = [".", "src", "src/lib.rs", "inner", "inner/src", "inner/src/lib.rs"]
    assert tree_scripts.may_write(found, scripts) == "inner/build.rs may write into the sources"
    assert tree_scripts.may_write(found, {"build.rs": "fn main() {}"}) == ""
    to_out_dir = {"inner/build.rs": 'fn main() { fs::write(env::var("OUT_DIR")); read("src/lib.rs") }'}
    assert tree_scripts.may_write(found, to_out_dir) == ""
    assert tree_scripts.may_write(["inner", "inner/src"], to_out_dir) == "inner/build.rs may write into the sources"


@pytest.mark.promise("stale")
def test_a_file_that_a_script_may_make_and_that_is_not_there_is_named() -> None:
    scripts = {"build.rs": "fn main() {}", "inner/build.rs": WRITES}
    found = {".", "src/", "src/lib.rs", "inner/", "inner/src/", "inner/src/lib.rs"}
    said = "inner/src/made.rs, which inner/build.rs may make, is not there"
    assert tree_scripts.not_there(found, scripts) == said
    assert tree_scripts.not_there({*found, "inner/src/made.rs"}, scripts) == ""
