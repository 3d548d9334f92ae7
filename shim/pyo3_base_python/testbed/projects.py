"""The crates that are built: copies of the bundled ones, made to use the candidates under test."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pyo3_base_python import bundled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ANSWER", "VARIANTS", "locked_pyo3", "make", "set_answer", "set_backend"]

BUNDLED = {"maturin": "version_specific", "setuptools-rust": "setuptools_rust"}
MODULES = {"maturin": "version_specific", "setuptools-rust": "setuptools_rust_fixture"}
IMPORTING = "imports_by_variable"
ABI3_FEATURE = "abi3-py39"
# What `answer()` returns in each bundled crate.
ANSWER = 42
# Each has a name of its own: cargo would take crates of one name in one target directory for each other.
VARIANTS = {
    "plain": "a module, and nothing else",
    "edited": "the same, for sources that are edited",
    "imports": "its build script imports cffi, a build requirement, through PYO3_PYTHON",
    "built_for": "it says for which version of Python pyo3 was configured",
}
NEWEST_MINOR = 20


def make(folder: Path, backend: str, variant: str, *, abi3: bool, version: str, crates: Mapping[str, Path]) -> None:
    """Create in ``folder`` the crate ``variant`` (see ``VARIANTS``) for ``backend``; its module is called ``variant``.

    ``version`` is the version of pyo3, ``crates`` are folders to use in place of the registry's crates.
    """
    bundled.copy(BUNDLED[backend], folder)
    _rename(folder, MODULES[backend], variant)
    manifest = _read(folder / "Cargo.toml")
    if locked_pyo3(folder) != version:
        (folder / "Cargo.lock").unlink()
    manifest["dependencies"]["pyo3"] = {"version": f"={version}", "features": [ABI3_FEATURE] if abi3 else []}
    if crates:
        manifest["patch"] = {"crates-io": {name: {"path": path.as_posix()} for name, path in crates.items()}}
    if variant == "built_for":
        manifest["build-dependencies"] = {"pyo3-build-config": f"={version}"}
        (folder / "build.rs").write_text("fn main() {\n    pyo3_build_config::use_pyo3_cfgs();\n}\n", encoding="utf-8")
        (folder / "src" / "lib.rs").write_text(_built_for_source(variant), encoding="utf-8")
    if variant == "imports":
        _make_importing(folder)
    _write(folder / "Cargo.toml", manifest)
    if abi3 and backend == "setuptools-rust":
        pyproject = _read(folder / "pyproject.toml")
        for module in pyproject["tool"]["setuptools-rust"]["ext-modules"]:
            module["py-limited-api"] = True
        _write(folder / "pyproject.toml", pyproject)
    if backend == "setuptools-rust":
        with (folder / "MANIFEST.in").open("a", encoding="utf-8") as file:
            file.write("include build.rs\n")


def set_backend(folder: Path, project: str, line: str) -> None:
    """Replace the requirement ``project`` of the build in ``folder`` by ``line``; the file is left if it is there."""
    path = folder / "pyproject.toml"
    pyproject = _read(path)
    lines = list(pyproject["build-system"]["requires"])
    wanted = canonicalize_name(project)
    changed = [line if canonicalize_name(Requirement(old).name) == wanted else old for old in lines]
    if changed != lines:
        pyproject["build-system"]["requires"] = changed
        _write(path, pyproject)


def set_answer(folder: Path, answer: int) -> None:
    """Edit the source in ``folder`` so that ``answer()`` returns ``answer``."""
    path = folder / "src" / "lib.rs"
    text, count = re.subn(r"(fn answer\(\) -> u32 \{\s+)\d+", rf"\g<1>{answer}", path.read_text(encoding="utf-8"))
    assert count == 1, path
    path.write_text(text, encoding="utf-8")


def locked_pyo3(folder: Path) -> str:
    """The version of pyo3 in Cargo.lock; empty if there is none."""
    try:
        text = (folder / "Cargo.lock").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    match = re.search(r'name = "pyo3"\nversion = "([^"]+)"', text)
    return match.group(1) if match else ""


def _make_importing(folder: Path) -> None:
    source = bundled.folder() / IMPORTING
    shutil.copy(source / "build.rs", folder / "build.rs")
    text = (source / "src" / "lib.rs").read_text(encoding="utf-8")
    (folder / "src" / "lib.rs").write_text(text.replace(IMPORTING, "imports"), encoding="utf-8")
    wanted = [line for line in _read(source / "pyproject.toml")["build-system"]["requires"] if line.startswith("cffi")]
    pyproject = _read(folder / "pyproject.toml")
    pyproject["build-system"]["requires"] += wanted
    _write(folder / "pyproject.toml", pyproject)


def _built_for_source(module: str) -> str:
    branches = "".join(
        f"    if cfg!(Py_3_{minor}) {{\n        return {minor};\n    }}\n" for minor in range(NEWEST_MINOR, 6, -1)
    )
    return (
        "#![allow(unexpected_cfgs)]\n\nuse pyo3::prelude::*;\n\n#[pyfunction]\nfn answer() -> u32 {\n"
        f"{branches}    0\n}}\n\n#[pymodule]\nfn {module}(module: &Bound<'_, PyModule>) -> PyResult<()> {{\n"
        "    module.add_function(wrap_pyfunction!(answer, module)?)\n}\n"
    )


def _rename(folder: Path, old: str, new: str) -> None:
    for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "src/lib.rs"):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    return tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(tomlkit.dumps(data), encoding="utf-8")
