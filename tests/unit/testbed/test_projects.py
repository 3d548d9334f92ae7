"""The crates that are built: bundled ones, made to use the candidates."""

from __future__ import annotations

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
    requires = tomlkit.parse((folder / "pyproject.toml").read_text()).unwrap()["build-system"]["requires"]
    assert any(line.startswith("cffi") for line in requires) == (variant == "imports")


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
    projects.make(tmp_path / "imports", "maturin", "imports", abi3=False, version="0.30.1", crates={})
    projects.set_backend(tmp_path / "imports", "maturin", "maturin @ file:///wheel.whl")
    requires = tomlkit.parse((tmp_path / "imports" / "pyproject.toml").read_text()).unwrap()["build-system"]["requires"]
    assert requires == ["maturin @ file:///wheel.whl", "cffi==2.0.0"]


@pytest.mark.parametrize("backend", ["maturin", "setuptools-rust"])
def test_the_answer_is_edited(tmp_path: Path, backend: str) -> None:
    projects.make(tmp_path / "edited", backend, "edited", abi3=False, version=VERSIONS[backend], crates={})
    projects.set_answer(tmp_path / "edited", 1234)
    projects.set_answer(tmp_path / "edited", 123456789)
    text = (tmp_path / "edited" / "src" / "lib.rs").read_text()
    assert text.count("123456789") == 1
    assert "42" not in text.partition("fn answer")[2].partition("}")[0]
