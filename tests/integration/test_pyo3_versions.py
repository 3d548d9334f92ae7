"""pyo3 from 0.18 to 0.30: the shim finds what pyo3 itself finds out, and nothing is compiled twice."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Callable

import pytest
import tomlkit

from pyo3_base_python.wrapper import pyo3_config

from .conftest import Site, uv

# The first that applies its features to a config file and tracks it, the last of the old design, the new ones.
TAKE_NO_CONFIG_FILE = {"0.18.3": 11, "0.20.3": 12, "0.22.6": 13, "0.29.0": 14}  # the newest minor version of each
TAKE_A_CONFIG_FILE = ["0.23.3", "0.24.2", "0.26.0", "0.28.3", "0.29.1", "0.30.1"]
KNOW_FREE_THREADS = [*TAKE_A_CONFIG_FILE, "0.29.0"]
NEWEST = {**TAKE_NO_CONFIG_FILE, "0.23.3": 13, "0.24.2": 13}  # 14 for later ones
OLDEST_PYPY = {"0.23.3": 9, "0.24.2": 9, "0.26.0": 9}  # minor versions; 11 for later ones
# Before 0.21 a module is another type.
MODULE = {
    "0.18.3": "fn example(_python: Python<'_>, _module: &PyModule) -> PyResult<()> {\n    Ok(())\n}\n",
}
BOUND_MODULE = "fn example(_module: &Bound<'_, PyModule>) -> PyResult<()> {\n    Ok(())\n}\n"


def write_crate(folder: Path, version: str, *features: str) -> Path:
    """A maturin project named `example` that uses exactly this pyo3."""
    (folder / "src").mkdir(parents=True)
    manifest = tomlkit.document()
    manifest["package"] = {"name": "example", "version": "0.1.0", "edition": "2021"}
    manifest["lib"] = {"crate-type": ["cdylib"]}
    all_features = [*features, "extension-module"]
    manifest["dependencies"] = {"pyo3": {"version": f"={version}", "features": all_features}}
    (folder / "Cargo.toml").write_text(tomlkit.dumps(manifest))
    (folder / "src" / "lib.rs").write_text(
        "#![allow(warnings)]\nuse pyo3::prelude::*;\n\n#[pymodule]\n" + MODULE.get(version, BOUND_MODULE)
    )
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["maturin>=1.5,<2"]\nbuild-backend = "maturin"\n'
        '[project]\nname = "example"\nversion = "0.1.0"\n'
    )
    return folder


@pytest.mark.parametrize("abi3", [False, True], ids=["version-specific", "abi3"])
@pytest.mark.parametrize("version", ["0.18.3", "0.22.6", "0.24.2", "0.28.3"])
def test_a_second_isolated_build_compiles_nothing(
    tmp_path: Path, environ: dict[str, str], interpreters: dict[str, str], version: str, abi3: bool
) -> None:
    if "3.11" not in interpreters:
        pytest.skip("there is no Python 3.11 on this machine, the newest that all these versions know")
    features = ["abi3-py37"] if abi3 else []
    site = Site(write_crate(tmp_path / "example", version, *features), tmp_path / "scratch", environ)
    site.python = interpreters["3.11"]
    first = site.build(uv)
    second = site.build(uv)
    assert second.recompiled == ()
    assert "pyo3" in second.fresh
    for outcome in (first, second):
        assert outcome.wheel is not None
        assert ("abi3" in outcome.wheel.name) == abi3
    assert site.call(second, "module.__name__").endswith("example")


def test_pypy(tmp_path: Path, environ: dict[str, str], interpreters: dict[str, str]) -> None:
    """Two environments made from one PyPy: nothing is compiled for the second, and its module can be imported."""
    pypy = next((path for name, path in interpreters.items() if name.startswith("pypy")), None)
    if pypy is None:
        pytest.skip("there is no PyPy on this machine")
    site = Site(write_crate(tmp_path / "example", "0.24.2"), tmp_path / "scratch", environ)
    for number in (1, 2):
        folder = tmp_path / f"environment-{number}"
        site.run(["uv", "venv", "-q", "--python", pypy, os.fspath(folder)], shim=False)
        site.python = os.fspath(folder / "bin" / "python")
        wheels = tmp_path / f"wheels-{number}"
        command = ["maturin-shim", "build", "--release", "-i", site.python, "-o", os.fspath(wheels)]
        outcome = site.run(command, shim=False)
    assert outcome.recompiled == ()
    assert "pyo3" in outcome.fresh
    (wheel,) = wheels.glob("*-pp*.whl")
    assert site.call(outcome._replace(wheel=wheel), "module.__name__") == "example"


def printed_config(crate: Path, python: str, environ: dict[str, str], *prefix: str) -> dict[str, str]:
    """What the build script of pyo3-ffi prints when `PYO3_PRINT_CONFIG` is set (it ends the build)."""
    done = subprocess.run(
        [*prefix, "cargo", "check", "-q", "-p", "pyo3-ffi"],
        cwd=crate,
        env={**environ, "PYO3_PYTHON": python, "PYO3_PRINT_CONFIG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = re.findall(r"^\s*(\w+)=(.*)$", done.stdout + done.stderr, re.MULTILINE)
    found = {key: value for key, value in lines if key in {*pyo3_config.KEYS, "abi3", "target_abi"}}
    assert "version" in found, done.stderr
    return found


@pytest.mark.promise("config")
@pytest.mark.parametrize("abi3", [False, True], ids=["version-specific", "abi3"])
@pytest.mark.parametrize("version", [*TAKE_NO_CONFIG_FILE, *TAKE_A_CONFIG_FILE])
def test_pyo3_agrees(
    tmp_path: Path,
    environ: dict[str, str],
    interpreters: dict[str, str],
    record_property: Callable[[str, object], None],
    version: str,
    abi3: bool,
) -> None:
    """Behind the shim pyo3 prints, key by key, what it prints for the interpreter itself; `executable` aside."""
    crate = write_crate(tmp_path / "example", version, *(["abi3-py39"] if abi3 else []))
    log = tmp_path / "log"
    environ |= {"CARGO_TARGET_DIR": os.fspath(tmp_path / "target"), "PYO3_SHIM_LOG": os.fspath(log)}
    compared = 0
    for name, python in sorted(interpreters.items()):
        oldest = OLDEST_PYPY.get(version, 11) if name.startswith("pypy") and version in KNOW_FREE_THREADS else 9
        if not oldest <= int(name.rstrip("t").split(".")[1]) <= NEWEST.get(version, 14):
            continue
        if name.endswith("t") and version not in KNOW_FREE_THREADS:
            continue
        by_itself = printed_config(crate, python, environ)
        behind_the_shim = printed_config(crate, python, environ, "pyo3-base-python", "run", "--")
        steadied = "PYO3_CONFIG_FILE=/" if version in TAKE_A_CONFIG_FILE else "PYO3_PYTHON=/"
        assert steadied in log.read_text().splitlines()[-1]
        for answer in (by_itself, behind_the_shim):
            answer.pop("executable")
            # pyo3 writes what a Python says that is no framework, nothing or None; the file leaves it out.
            if answer.get("python_framework_prefix") in {"", "None"}:
                del answer["python_framework_prefix"]
        assert behind_the_shim == by_itself, (name, version)
        compared += 1
    assert compared
    record_property("cases", compared)
