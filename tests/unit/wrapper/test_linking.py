"""Calls of cargo that link nothing configure pyo3 in the same way as the build backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.wrapper import linking
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.project import Lock, Project

if TYPE_CHECKING:
    from tests.unit.support import Wrapper

Tree = Callable[..., Path]
MATURIN = '[build-system]\nrequires = ["maturin>=1.9"]\nbuild-backend = "maturin"\n'
SETUPTOOLS_RUST = '[build-system]\nrequires = ["setuptools", "setuptools-rust"]\n'
MODULE = {"Cargo.toml": '[package]\nname = "crate"\n', "pyproject.toml": MATURIN}
VARIABLE = "PYO3_BUILD_EXTENSION_MODULE"


def borrowed(
    folder: Path, line: str = "check", pyo3: tuple[int, int, int] = (0, 26, 0), environ: dict[str, str] | None = None
) -> str:
    project = Project(str(folder), str(folder), Lock([pyo3]), str(folder / "target"))
    return linking.borrowed(environ or {}, parse(line.split()), project)


@pytest.mark.parametrize("line", ["check", "c", "clippy --all-targets", "+nightly check --tests", "doc --no-deps"])
def test_what_links_nothing_has_the_backends_value(tree: Tree, line: str) -> None:
    assert borrowed(tree(MODULE), line) == "1"


@pytest.mark.parametrize(
    "line", ["build", "test", "t", "run", "bench", "rustc --lib", "install --path .", "nextest run"]
)
def test_what_links_stays_as_the_user_has_it(tree: Tree, line: str) -> None:
    assert borrowed(tree(MODULE), line) == ""


@pytest.mark.parametrize("value", ["", "0", "1"])
def test_the_users_own_value_counts(tree: Tree, value: str) -> None:
    assert borrowed(tree(MODULE), environ={VARIABLE: value}) == ""


@pytest.mark.parametrize(("pyo3", "expected"), [((0, 25, 1), ""), ((0, 26, 0), "1"), ((0, 30, 1), "1")])
def test_a_pyo3_that_does_not_watch_it_is_not_told(tree: Tree, pyo3: tuple[int, int, int], expected: str) -> None:
    assert borrowed(tree(MODULE), pyo3=pyo3) == expected


def test_without_a_lock_nothing_is_known(tree: Tree) -> None:
    folder = str(tree(MODULE))
    assert linking.borrowed({}, parse(["check"]), Project(folder, folder, None, "")) == ""


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        (MATURIN, "1"),
        (SETUPTOOLS_RUST, "1"),
        (MATURIN.replace('"maturin"\n', '"pyo3_base_python_core.backend.maturin"\n'), "1"),
        (MATURIN + '[tool.maturin]\nbindings = "pyo3"\n', "1"),
        (MATURIN + "[tool.maturin]\nbindings = 'bin' # a program\n", ""),
        ('[build-system]\nrequires = ["hatchling"]  # no maturin\n', ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_where_a_backend_has_it(tree: Tree, pyproject: str | None, expected: str) -> None:
    files = {**MODULE, ".git/HEAD": ""}
    del files["pyproject.toml"]
    assert borrowed(tree({**files, **({} if pyproject is None else {"pyproject.toml": pyproject})})) == expected


def test_the_manifest_may_lie_below_the_project(tree: Tree) -> None:
    folder = tree({".git/HEAD": "", "pyproject.toml": MATURIN, "src/rust/Cargo.toml": ""})
    assert borrowed(folder / "src" / "rust") == "1"


def test_what_lies_around_a_checkout_does_not_count(tree: Tree) -> None:
    folder = tree({"pyproject.toml": MATURIN, "checkout/.git/HEAD": "", "checkout/Cargo.toml": ""})
    assert borrowed(folder / "checkout") == ""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('[build-dependencies]\npyo3 = "0.26"\n', ""),
        ("[build-dependencies]\npyo3.workspace = true\n", ""),
        ("[build-dependencies.pyo3]\nversion = '0.26'\n", ""),
        ("[target.'cfg(unix)'.build-dependencies]\n\"pyo3\" = '0.26'\n", ""),
        ('[build-dependencies]\npython = { version = "0.26", package = "pyo3" }\n', ""),
        ('[build-dependencies]\npyo3-build-config = "0.26"\n[dependencies]\npyo3 = "0.26"\n', "1"),
    ],
)
def test_a_build_script_that_is_linked_to_python_must_be(tree: Tree, lines: str, expected: str) -> None:
    assert borrowed(tree({**MODULE, "Cargo.toml": lines})) == expected


def test_in_the_wrapper(wrapper: Wrapper) -> None:
    (wrapper.project / "pyproject.toml").write_text(MATURIN)
    assert wrapper.run("check").environ[VARIABLE] == "1"
    assert VARIABLE not in wrapper.run("test").environ
    assert wrapper.run("check", PYO3_BUILD_EXTENSION_MODULE="").environ[VARIABLE] == ""
    assert VARIABLE not in wrapper.run("check", PYO3_SHIM_MODE="export").environ


def test_where_programs_were_built_first_their_pyo3_serves_as_well(wrapper: Wrapper) -> None:
    (wrapper.project / "pyproject.toml").write_text(MATURIN)
    output = wrapper.project / "target" / "debug" / "build" / "pyo3-ffi-1" / "output"
    output.parent.mkdir(parents=True)
    output.write_text(f"cargo:rerun-if-env-changed={VARIABLE}\ncargo:rustc-link-lib=python3.11\n")
    assert VARIABLE not in wrapper.run("check").environ
    assert wrapper.run("check", "--release").environ[VARIABLE] == "1"
