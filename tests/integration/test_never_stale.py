"""One target directory for sources that are unpacked again and again: the wheel is always of the sources at hand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable

import pytest

from .conftest import FrontEnd, Site, build, build_by_sdist, uv

Make = Callable[[str], Site]


def uv_by_sdist(site: Site, wheels: Path) -> list[str]:
    """`uv build`: an sdist, unpacked elsewhere, then a wheel from it."""
    return ["uv", "build", "--python", site.python, "--out-dir", os.fspath(wheels)]


@pytest.mark.parametrize("crate", ["version_specific", "abi3"])
@pytest.mark.parametrize("front_end", [pytest.param(build_by_sdist, id="build"), pytest.param(uv_by_sdist, id="uv")])
def test_an_edit_at_the_same_version_reaches_the_wheel_through_an_sdist(
    site_of: Make, tmp_path: Path, crate: str, front_end: FrontEnd
) -> None:
    site = site_of(crate)
    target = os.fspath(tmp_path / "target")
    shutil.move(site.project / "target", target)
    assert site.answer(site.build(front_end, CARGO_TARGET_DIR=target)) == 42
    site.edit("src/lib.rs", "    42", "    43")
    edited = site.build(front_end, CARGO_TARGET_DIR=target)
    assert edited.recompiled == (crate,)
    assert site.answer(edited) == 43


def test_two_projects_with_one_name_and_one_target_directory(site_of: Make, tmp_path: Path) -> None:
    site = site_of("version_specific")
    target = os.fspath(tmp_path / "target")
    other = Site(tmp_path / "other" / "version_specific", tmp_path / "other-scratch", site.environ)
    shutil.copytree(site.project, other.project, ignore=shutil.ignore_patterns("target"))
    other.edit("src/lib.rs", "    42", "    43")
    shutil.move(site.project / "target", target)
    for _ in range(2):
        for place, answer in ((site, 42), (other, 43)):
            built = place.build(build_by_sdist, CARGO_TARGET_DIR=target)
            assert place.answer(built) == answer


def test_sources_of_ones_own_keep_their_times(site_of: Make, tmp_path: Path) -> None:
    site = site_of("version_specific")
    before = {path: path.stat().st_mtime_ns for path in site.project.rglob("*.rs")}
    site.build(build, CARGO_TARGET_DIR=os.fspath(tmp_path / "target"))
    assert {path: path.stat().st_mtime_ns for path in site.project.rglob("*.rs")} == before
    assert before


def test_an_sdist_unpacked_by_hand_and_built_in_place_compiles_nothing_twice(site_of: Make) -> None:
    """Its target directory is as young as its sources are, so cargo may trust their times."""
    site = site_of("version_specific")
    (site.project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: version_specific\nVersion: 0.1.0\n")
    site.build(uv)
    assert site.build(uv).recompiled == ()
