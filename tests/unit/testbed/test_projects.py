"""The crates that are built: bundled ones, made to use the candidates."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit

from pyo3_base_python.testbed import projects

VERSIONS = {"maturin": "0.30.1", "setuptools-rust": "0.26.0"}


@pytest.mark.parametrize("abi3", [False, True])
@pytest.mark.parametrize("backend", ["maturin", "setuptools-rust"])
@pytest.mark.parametrize("variant", list(projects.VARIANTS))
def test_each_crate_is_called_after_its_variant(tmp_path: Path, backend: str, variant: str, abi3: bool) -> None:
    folder = tmp_path / variant
    projects.make(folder, backend, variant, abi3=abi3, version=VERSIONS[backend], crates={})
    manifest = tomlkit.parse((folder / "Cargo.toml").read_text()).unwrap()
    assert manifest["package"]["name"] == variant
    assert manifest["dependencies"]["pyo3"] == {
        "version": f"={VERSIONS[backend]}",
        "features": ["abi3-py39"] if abi3 else [],
    }
    assert f"fn {variant}(" in (folder / "src" / "lib.rs").read_text()
    assert f'name = "{variant}"' in (folder / "Cargo.lock").read_text()


def test_a_candidate_takes_the_place_of_the_registry(tmp_path: Path) -> None:
    crates = {"pyo3-build-config": Path("/somewhere/pyo3-build-config")}
    projects.make(tmp_path / "plain", "maturin", "plain", abi3=False, version="0.30.1", crates=crates)
    manifest = tomlkit.parse((tmp_path / "plain" / "Cargo.toml").read_text()).unwrap()
    assert manifest["patch"]["crates-io"]["pyo3-build-config"]["path"] == "/somewhere/pyo3-build-config"


def test_the_lock_file_is_kept_for_the_version_that_it_names_only(tmp_path: Path) -> None:
    projects.make(tmp_path / "same", "maturin", "plain", abi3=False, version="0.30.1", crates={})
    projects.make(tmp_path / "other", "maturin", "plain", abi3=False, version="0.29.3", crates={})
    assert projects.locked_pyo3(tmp_path / "same") == "0.30.1"
    assert projects.locked_pyo3(tmp_path / "other") == ""


def test_the_backend_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    projects.make(tmp_path / "imports", "maturin", projects.IMPORTS, abi3=False, version="0.30.1", crates={})
    projects.set_backend(tmp_path / "imports", "maturin", "maturin @ file:///wheel.whl")
    for wheel in ("/old/requirement.whl", "/requirement.whl"):
        projects.require(tmp_path / "imports", Path(wheel))
    requires = tomlkit.parse((tmp_path / "imports" / "pyproject.toml").read_text()).unwrap()["build-system"]["requires"]
    assert requires == ["maturin @ file:///wheel.whl", "pyo3_testbed_requirement @ file:///requirement.whl"]


@pytest.mark.parametrize(("version", "getter"), [("0.26.0", "executable.as_deref()"), ("0.29.0", "executable()")])
def test_the_executable_is_a_field_or_a_getter(tmp_path: Path, version: str, getter: str) -> None:
    projects.make(tmp_path / "imports", "maturin", projects.IMPORTS, abi3=False, version=version, crates={})
    script = (tmp_path / "imports" / "pyo3_by_config_of_ffi" / "build.rs").read_text()
    assert f"get().{getter}.map_or(" in script
    assert not {"WAY", "CODE", "RECORD", "GETTER", "CALL"} & set(re.findall(r"\w+", script))


def test_the_build_requirement_is_a_wheel_that_pip_installs(tmp_path: Path) -> None:
    projects.make_requirement(tmp_path / "requirement", 7)
    (wheel,) = (tmp_path / "requirement").iterdir()
    install = [sys.executable, "-m", "pip", "install", "--no-index", "--target", "site", os.fspath(wheel)]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True)
    code = f"import {projects.REQUIREMENT} as found; print(found.ANSWER)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "site", check=True, capture_output=True)
    assert int(done.stdout) == 7


def test_what_the_build_scripts_wrote_down_is_of_this_trial(tmp_path: Path) -> None:
    projects.make(tmp_path / "crate", "maturin", projects.IMPORTS, abi3=False, version="0.30.1", crates={})
    assert projects.imported(tmp_path / "crate") == {}
    scripts = list((tmp_path / "crate").glob("*/build.rs"))
    assert len(scripts) == len(projects.WAYS)
    for script in scripts:
        script.with_name("imported.txt").write_text("42")
    assert projects.imported(tmp_path / "crate") == dict.fromkeys(projects.WAYS, "42")
    stamps = [script.with_name("stamp.txt").read_text() for script in scripts]
    projects.forget(tmp_path / "crate")
    assert projects.imported(tmp_path / "crate") == {}
    assert [script.with_name("stamp.txt").read_text() for script in scripts] == stamps
    projects.try_again(tmp_path / "crate")
    assert not {script.with_name("stamp.txt").read_text() for script in scripts} & set(stamps)


@pytest.mark.parametrize("backend", ["maturin", "setuptools-rust"])
def test_the_answer_is_edited(tmp_path: Path, backend: str) -> None:
    projects.make(tmp_path / "edited", backend, "edited", abi3=False, version=VERSIONS[backend], crates={})
    projects.set_answer(tmp_path / "edited", 1234)
    projects.set_answer(tmp_path / "edited", 123456789)
    text = (tmp_path / "edited" / "src" / "lib.rs").read_text()
    assert text.count("123456789") == 1
    assert "42" not in text.partition("fn answer")[2].partition("}")[0]
