"""The wheel is the same as without the shim: extension module byte for byte, name and metadata."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Callable

import pytest

from .conftest import CRATES, RPDS_PY, Outcome, Site, uv
from .test_pyo3_versions import write_crate

pytestmark = pytest.mark.promise("module")

Make = Callable[[str], Site]
TURNS = 3


def content(outcome: Outcome) -> dict[str, str]:
    """Names in the wheel to digests; without RECORD, and without SBOMs, which hold a time or a random number."""
    assert outcome.wheel is not None
    with zipfile.ZipFile(outcome.wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("RECORD") and "/sboms/" not in name]
        return {outcome.wheel.name: "", **{name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}}


def assert_same(site: Site) -> None:
    """Builds without and with the shim make the same wheel; if not at once, then most of a few turns.

    Once in some hundreds of these builds a module was 32 bytes shorter, for a reason that was not found (compilers do
    so now and then: rust issue 34902 and its kin). A difference that comes of the shim is there in each turn.
    """
    plain: list[dict[str, str]] = []
    steadied: list[dict[str, str]] = []
    for _ in range(TURNS):
        builds = site.build(uv, shim=False), site.build(uv)
        assert any("pyo3" in build.recompiled for build in builds), "both were the same build"
        plain.append(content(builds[0]))
        steadied.append(content(builds[1]))
        if plain == steadied:
            return
    assert most_frequent(plain) == most_frequent(steadied)


def most_frequent(found: list[dict[str, str]]) -> dict[str, str]:
    """The content that most of ``found`` have; fails if they all differ."""
    most = max(found, key=found.count)
    assert found.count(most) > 1, found
    return most


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
