"""The crates that are built: copies of the bundled ones, made to use the candidates under test."""

from __future__ import annotations

import json
import os
import re
import uuid
import zipfile
from pathlib import Path
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pyo3_base_python import bundled
from pyo3_base_python.testbed.matrix import EXECUTABLE_GETTER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ANSWER",
    "IMPORTS",
    "NEXT_ANSWER",
    "VARIANTS",
    "forget",
    "imported",
    "locked_pyo3",
    "make",
    "make_requirement",
    "require",
    "set_answer",
    "set_backend",
    "sources",
    "try_again",
]

BUNDLED = {"maturin": "version_specific", "setuptools-rust": "setuptools_rust"}
MODULES = {"maturin": "version_specific", "setuptools-rust": "setuptools_rust_fixture"}
ABI3_FEATURE = "abi3-py39"
# What `answer()` returns in each bundled crate, and the build requirement has; and what its next version has.
ANSWER, NEXT_ANSWER = 42, 43
# Named as crates around pyo3 often are: pyo3 must not take it for one of its own.
IMPORTS = "pyo3_imports"
# Each has a name of its own: cargo would take crates of one name in one target directory for each other.
VARIANTS = {
    "plain": "a module, and nothing else",
    "edited": "the same, for sources that are edited",
    IMPORTS: "its build script imports a build requirement by each way there is, and writes down what became of it",
    "built_for": "it says for which version of Python pyo3 was configured",
}
NEWEST_MINOR = 20
# Folders: of cargo, setuptools and Python.
MADE = ("target", "build", ".egg-info", "__pycache__")
REQUIREMENT = "pyo3_testbed_requirement"
# It watches a file, or cargo would watch all of the crate, in which setuptools writes.
CFGS_SCRIPT = """\
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    pyo3_build_config::use_pyo3_cfgs();
}
"""
IMPORTING_SCRIPT = """\
use std::{env, ffi::OsStr, fs, panic, path::Path, process::Command};

const SCRIPT: &str = CODE;

fn main() {
    println!("cargo:rerun-if-changed=stamp.txt");
    let config = pyo3_build_config::get();
    let variable = env::var_os("PYO3_PYTHON");
    let found = [
        ("variable", variable.map_or("PYO3_PYTHON is not set".to_owned(), |python| run(&python))),
        ("config", config.GETTER.map_or("there is no executable".to_owned(), |python| run(python.as_ref()))),
        ("script", run_by_pyo3(config)),
        ("path", run("python".as_ref())),
    ];
    let line = |(way, words): &(&str, String)| format!("{way}: {}", words.trim().replace('\\n', " / "));
    let lines: Vec<_> = found.iter().map(line).collect();
    let folder = env::var_os("CARGO_MANIFEST_DIR").unwrap();
    fs::write(Path::new(&folder).join("imported.txt"), lines.join("\\n")).unwrap();
}

// Where the configuration names no executable, pyo3 panics.
fn run_by_pyo3(config: &pyo3_build_config::InterpreterConfig) -> String {
    let script = panic::AssertUnwindSafe(|| config.run_python_script(SCRIPT));
    match panic::catch_unwind(script) {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "run_python_script panics".to_owned(),
    }
}

fn run(python: &OsStr) -> String {
    match Command::new(python).args(["-c", SCRIPT]).output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(_) => format!("{} can't import it", python.to_string_lossy()),
        Err(error) => format!("{} can't be started: {error}", python.to_string_lossy()),
    }
}
"""


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
    if variant in {"built_for", IMPORTS}:
        manifest["build-dependencies"] = {"pyo3-build-config": f"={version}"}
    if variant == "built_for":
        (folder / "build.rs").write_text(CFGS_SCRIPT, encoding="utf-8")
        (folder / "src" / "lib.rs").write_text(_built_for_source(variant), encoding="utf-8")
    if variant == IMPORTS:
        (folder / "build.rs").write_text(_importing_script(version), encoding="utf-8")
        try_again(folder)
    _write(folder / "Cargo.toml", manifest)
    if abi3 and backend == "setuptools-rust":
        pyproject = _read(folder / "pyproject.toml")
        for module in pyproject["tool"]["setuptools-rust"]["ext-modules"]:
            module["py-limited-api"] = True
        _write(folder / "pyproject.toml", pyproject)
    if backend == "setuptools-rust":
        with (folder / "MANIFEST.in").open("a", encoding="utf-8") as file:
            file.write("include build.rs stamp.txt\n")


def set_backend(folder: Path, project: str, line: str) -> None:
    """Replace the build requirement ``project`` in ``folder`` by ``line``; a file that has it already is left alone."""
    path = folder / "pyproject.toml"
    pyproject = _read(path)
    lines = list(pyproject["build-system"]["requires"])
    wanted = canonicalize_name(project)
    changed = [line if canonicalize_name(Requirement(old).name) == wanted else old for old in lines]
    if changed != lines:
        pyproject["build-system"]["requires"] = changed
        _write(path, pyproject)


def make_requirement(folder: Path, answer: int) -> None:
    """Create in ``folder`` the wheel of version ``answer`` of a build requirement that no Python has by default."""
    folder.mkdir(exist_ok=True)
    name = f"{REQUIREMENT}-{answer}"
    wheel = folder / f"{name}-py3-none-any.whl"
    info = f"{name}.dist-info"
    files = {
        f"{REQUIREMENT}.py": f"ANSWER = {answer}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {REQUIREMENT}\nVersion: {answer}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: testbed\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)


def require(folder: Path, wheel: Path) -> None:
    """Make ``wheel`` (of ``make_requirement``) the last requirement of the build in ``folder``."""
    pyproject = _read(folder / "pyproject.toml")
    line = f"{REQUIREMENT} @ {wheel.as_uri()}"
    others = [old for old in pyproject["build-system"]["requires"] if not old.startswith(REQUIREMENT)]
    pyproject["build-system"]["requires"] = [*others, line]
    _write(folder / "pyproject.toml", pyproject)


def try_again(folder: Path) -> None:
    """Make the build script of ``IMPORTS`` in ``folder`` run once more, and forget what it recorded."""
    (folder / "stamp.txt").write_text(uuid.uuid4().hex, encoding="utf-8")
    forget(folder)


def forget(folder: Path) -> None:
    """Delete what the build script of ``IMPORTS`` in ``folder`` recorded; to cargo nothing has changed."""
    (folder / "imported.txt").unlink(missing_ok=True)


def imported(folder: Path) -> dict[str, str]:
    """What the build script of ``IMPORTS`` recorded: its words for each way; only ``ANSWER`` if all went well.

    Empty if it did not run.
    """
    try:
        lines = (folder / "imported.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    return {way: words for way, _, words in (line.partition(": ") for line in lines)}


def sources(folder: Path) -> list[Path]:
    """The files of a crate, without what the build backends have always made beside them."""
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.endswith(MADE))
        found += [Path(path) / name for name in sorted(names)]
    return found


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


def _importing_script(version: str) -> str:
    getter = "executable()" if Version(version) >= EXECUTABLE_GETTER else "executable.as_deref()"
    code = f"import {REQUIREMENT}; print({REQUIREMENT}.ANSWER)"
    return IMPORTING_SCRIPT.replace("CODE", json.dumps(code)).replace("GETTER", getter)


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
