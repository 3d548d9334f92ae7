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
# This and those below it are named as crates around pyo3 often are: pyo3 must not take them for its own.
IMPORTS = "pyo3_imports"
# Each has a name of its own: cargo would take crates of one name in one target directory for each other.
VARIANTS = {
    "plain": "a module, and nothing else",
    "edited": "the same, for sources that are edited",
    IMPORTS: "below it, build scripts import a build requirement, each by one of ``WAYS``, and record what they got",
    "built_for": "it says for which version of Python pyo3 was configured",
}
NEWEST_MINOR = 20
# Folders of cargo, setuptools and Python.
MADE = ("target", "build", "__pycache__")
REQUIREMENT = "pyo3_testbed_requirement"
RECORD = "imported.txt"
# It watches a file, or cargo would watch all of the crate, in which setuptools writes.
CFGS_SCRIPT = """\
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    pyo3_build_config::use_pyo3_cfgs();
}
"""
IMPORTING_SCRIPT = """\
#![allow(dead_code, unused_imports)]
use std::{env, ffi::OsString, fs, panic, process::Command};

const SCRIPT: &str = CODE;

fn main() {
    println!("cargo:rerun-if-changed=stamp.txt");
    // Where the configuration names no executable, pyo3 panics.
    let words = panic::catch_unwind(import).unwrap_or_else(|_| "pyo3 panics".into());
    fs::write("RECORD", words.trim().replace('\\n', " / ")).unwrap();
}

fn import() -> String {
    WAY
}

fn run(python: OsString) -> String {
    match Command::new(&python).args(["-c", SCRIPT]).output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(_) => format!("{} can't import it", python.to_string_lossy()),
        Err(error) => format!("{} can't be started: {error}", python.to_string_lossy()),
    }
}
"""
BY_CONFIG = 'pyo3_build_config::get().GETTER.map_or("there is no executable".into(), |python| run(python.into()))'
BY_SCRIPT = "pyo3_build_config::get().CALL.unwrap_or_else(|error| error.to_string())"
# The ways to import: how, in Rust, and the crate that has to be depended on. Each has a crate of its own: what cargo is
# told to watch for one says nothing of the others.
WAYS = {
    "variable": (
        'println!("cargo:rerun-if-env-changed=PYO3_PYTHON"); env::var_os("PYO3_PYTHON").map_or("not set".into(), run)',
        "pyo3",
    ),
    "path": ('println!("cargo:rerun-if-env-changed=PATH"); run("python".into())', "pyo3"),
    "config": (BY_CONFIG, "pyo3"),
    "config-of-ffi": (BY_CONFIG, "pyo3-ffi"),
    "script": (BY_SCRIPT.replace("CALL", "run_python_script(SCRIPT)"), "pyo3"),
    "script-with-envs": (BY_SCRIPT.replace("CALL", 'run_python_script_with_envs(SCRIPT, [("A", "b")])'), "pyo3"),
}


def make(folder: Path, backend: str, variant: str, *, abi3: bool, version: str, crates: Mapping[str, Path]) -> None:
    """Create in ``folder`` the crate ``variant`` (see ``VARIANTS``) for ``backend``; its module is called ``variant``.

    ``version`` is the version of pyo3, ``crates`` are folders to use in place of the registry's crates.
    """
    bundled.copy(BUNDLED[backend], folder)
    _rename(folder, MODULES[backend], variant)
    manifest = _read(folder / "Cargo.toml")
    if locked_pyo3(folder) != version:
        (folder / "Cargo.lock").unlink()
    manifest["dependencies"]["pyo3"] = _requirement(version, abi3=abi3)
    if crates:
        manifest["patch"] = {"crates-io": {name: {"path": path.as_posix()} for name, path in crates.items()}}
    if variant == "built_for":
        manifest["build-dependencies"] = {"pyo3-build-config": f"={version}"}
        (folder / "build.rs").write_text(CFGS_SCRIPT, encoding="utf-8")
        (folder / "src" / "lib.rs").write_text(_built_for_source(variant), encoding="utf-8")
    if variant == IMPORTS:
        for way in WAYS:
            crate = _crate_of(way)
            _add_way(folder / crate, way, version, abi3=abi3)
            manifest["dependencies"][crate] = {"path": crate}
        try_again(folder)
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
    """Make the build scripts of ``IMPORTS`` in ``folder`` run once more, and forget what they recorded."""
    for script in folder.glob("*/build.rs"):
        script.with_name("stamp.txt").write_text(uuid.uuid4().hex, encoding="utf-8")
    forget(folder)


def forget(folder: Path) -> None:
    """Delete what the build scripts of ``IMPORTS`` in ``folder`` recorded; to cargo nothing has changed."""
    for record in folder.glob(f"*/{RECORD}"):
        record.unlink()


def imported(folder: Path) -> dict[str, str]:
    """What the build scripts of ``IMPORTS`` recorded, by way: the requirement's answer, or what went wrong instead.

    A way is missing if its build script did not run.
    """
    records = {way: folder / _crate_of(way) / RECORD for way in WAYS}
    return {
        way: record.read_text(encoding="utf-8", errors="replace") for way, record in records.items() if record.exists()
    }


def sources(folder: Path) -> list[Path]:
    """The files of a crate, without what the build backends have always made beside them."""
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in MADE and not name.endswith(".egg-info"))
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


def _crate_of(way: str) -> str:
    return f"pyo3_by_{way.replace('-', '_')}"


def _add_way(folder: Path, way: str, version: str, *, abi3: bool) -> None:
    """Create in ``folder`` the crate whose build script imports the build requirement by ``way``."""
    body, below = WAYS[way]
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").touch()
    manifest = {
        "package": {"name": folder.name, "version": "0.1.0", "edition": "2021"},
        "dependencies": {below: _requirement(version, abi3=abi3)},
        "build-dependencies": {"pyo3-build-config": f"={version}"},
    }
    _write(folder / "Cargo.toml", manifest)
    getter = "executable()" if Version(version) >= EXECUTABLE_GETTER else "executable.as_deref()"
    code = json.dumps(f"import {REQUIREMENT}; print({REQUIREMENT}.ANSWER)")
    script = (
        IMPORTING_SCRIPT.replace("WAY", body).replace("RECORD", RECORD).replace("CODE", code).replace("GETTER", getter)
    )
    (folder / "build.rs").write_text(script, encoding="utf-8")


def _requirement(version: str, *, abi3: bool) -> dict[str, Any]:
    return {"version": f"={version}", "features": [ABI3_FEATURE] if abi3 else []}


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
