"""The wheel is the same as without the shim: extension module byte for byte, name and metadata."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Callable

import pytest

from .conftest import CRATES, RPDS_PY, Outcome, Site, uv
from .test_pyo3_versions import write_crate

pytestmark = pytest.mark.promise("module")

Make = Callable[[str], Site]


def content(outcome: Outcome) -> dict[str, bytes]:
    """Names in the wheel to bytes; without RECORD, and without SBOMs, which hold a time or a random number."""
    assert outcome.wheel is not None
    with zipfile.ZipFile(outcome.wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("RECORD") and "/sboms/" not in name]
        return {outcome.wheel.name: b"", **{name: archive.read(name) for name in names}}


def assert_same(site: Site) -> None:
    plain, steadied = site.build(uv, shim=False), site.build(uv)
    assert "pyo3" in plain.recompiled or "pyo3" in steadied.recompiled, "both were the same build"
    assert content(plain).keys() == content(steadied).keys()
    assert content(plain) == content(steadied)


@pytest.mark.parametrize("crate", CRATES)
def test_of_a_bundled_crate(site_of: Make, crate: str) -> None:
    assert_same(site_of(crate))


def test_of_a_released_project(unpack: Callable[[str], Path], environ: dict[str, str], tmp_path: Path) -> None:
    assert_same(Site(unpack(RPDS_PY), tmp_path / "scratch", environ))


@pytest.mark.parametrize("version", ["0.18.3", "0.22.6", "0.28.3"])
def test_of_a_stable_abi_module_with_an_older_pyo3(
    tmp_path: Path, environ: dict[str, str], interpreters: dict[str, str], version: str
) -> None:
    """Before 0.23 a configuration file would make it version-specific."""
    if "3.11" not in interpreters:
        pytest.skip("there is no Python 3.11 on this machine, the newest that all these versions know")
    site = Site(write_crate(tmp_path / "example", version, "abi3-py37"), tmp_path / "scratch", environ)
    site.python = interpreters["3.11"]
    assert_same(site)
