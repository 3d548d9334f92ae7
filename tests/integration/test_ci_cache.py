"""A CI cache keeps the target directory, pruned as Swatinem/rust-cache does it, between jobs on fresh machines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python import bundled

from .conftest import Site, uv
from .test_never_stale import uv_by_sdist

pytestmark = pytest.mark.promise("stale")

Make = Callable[[str], Site]
LIBRARIES = {"lib", "cdylib", "dylib", "rlib", "staticlib", "proc-macro"}


class Cache:
    """What rust-cache (of 2026-08) saves at the end of a job and restores at the start of the next."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive

    def save(self, site: Site) -> None:
        """Prune the target directory (`cleanTargetDir` in its src/cleanup.ts), and pack it with all times."""
        target = site.project / "target"
        prune(target, dependencies(site))
        # As actions/cache calls it: times in full.
        subprocess.run(["tar", "--posix", "-cf", self.archive, "-C", target, "."], check=True)

    def restore(self, site: Site) -> None:
        """Unpack it into a new checkout."""
        target = site.project / "target"
        target.mkdir()
        subprocess.run(["tar", "-xf", self.archive, "-C", target], check=True)


def dependencies(site: Site) -> dict[str, list[str]]:
    """Packages outside the workspace's folder, and the names of their libraries."""
    command = ["cargo", "metadata", "--all-features", "--format-version", "1", "--offline"]
    done = subprocess.run(command, cwd=site.project, env=site.environ, check=True, capture_output=True)
    return {
        package["name"]: [target["name"] for target in package["targets"] if LIBRARIES & set(target["kind"])]
        for package in json.loads(done.stdout)["packages"]
        if not package["manifest_path"].startswith(os.fspath(site.project))
    }


def prune(folder: Path, packages: dict[str, list[str]]) -> None:
    """Remove loose files, folders that are not a profile's, and everything in a profile but dependencies."""
    for entry in list(folder.iterdir()):
        if not entry.is_dir():
            if entry.name != "CACHEDIR.TAG":
                entry.unlink()
        elif any((entry / name).exists() for name in ("build", ".fingerprint", "deps")):
            keep_only(entry, {"build", ".fingerprint", "deps"})
            crates = {name.replace("-", "_") for libraries in packages.values() for name in libraries}
            names = {name.replace("-", "_") for name in packages} | crates
            keep_only(entry / "build", {*packages, *crates})
            keep_only(entry / ".fingerprint", {*packages, *crates})
            keep_only(entry / "deps", {*names, *(f"lib{name}" for name in names)})
        else:
            prune(entry, packages)


def keep_only(folder: Path, names: set[str]) -> None:
    """Remove what does not have one of the names, with or without a hash after the last hyphen."""
    for entry in list(folder.iterdir()) if folder.is_dir() else []:
        if entry.name not in names and entry.name.rpartition("-")[0] not in names:
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def new_machine(site: Site, crate: str) -> None:
    """The same path, a new checkout with the current time on all files, and no store."""
    shutil.rmtree(site.project)
    shutil.rmtree(site.environ["PYO3_SHIM_STORE"])
    bundled.copy(crate, site.project)
    for path in site.project.rglob("*"):
        os.utime(path)


@pytest.mark.parametrize(
    ("crate", "source", "members", "build_dir"),
    [
        ("version_specific", "src/lib.rs", {"version_specific"}, "shared"),
        ("version_specific", "src/lib.rs", {"version_specific"}, "interpreter"),
        # maturin writes pyo3's configuration into the target directory, from where it is pruned.
        ("abi3", "src/lib.rs", {"abi3"}, "shared"),
        ("workspace", "numbers/src/lib.rs", {"numbers", "workspace_module"}, "shared"),
    ],
)
def test_a_round_trip_compiles_the_workspace_and_nothing_else(
    site_of: Make, tmp_path: Path, crate: str, source: str, members: set[str], build_dir: str
) -> None:
    site = site_of(crate)
    site.environ["PYO3_SHIM_BUILD_DIR"] = build_dir
    site.build(uv)
    cache = Cache(tmp_path / "cache.tar")
    for answer in (42, 43):
        cache.save(site)
        assert not list((site.project / "target").rglob("pyo3-config-*"))
        new_machine(site, crate)
        if answer != 42:
            site.edit(source, "42", str(answer))
        cache.restore(site)
        built = site.build(uv)
        assert set(built.recompiled) == members
        assert "pyo3" in built.fresh
        assert site.answer(built) == answer


def test_the_place_for_sdists_makes_the_round_trip_as_it_is(site_of: Make, tmp_path: Path) -> None:
    """What a job saves of it, and a Dockerfile mounts: nothing is compiled on a machine that has never built."""
    site = site_of("version_specific")
    places = tmp_path / "places"
    site.environ["PYO3_SHIM_SDIST_DIR"] = os.fspath(places)
    site.build(uv_by_sdist)
    subprocess.run(["tar", "--posix", "-cf", tmp_path / "places.tar", "-C", places, "."], check=True)
    shutil.rmtree(places)
    new_machine(site, "version_specific")
    places.mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "places.tar", "-C", places], check=True)
    built = site.build(uv_by_sdist)
    assert built.recompiled == ()
    assert "pyo3" in built.fresh
    assert site.answer(built) == 42
    site.edit("src/lib.rs", "    42", "    43")
    edited = site.build(uv_by_sdist)
    assert edited.recompiled == ("version_specific",)
    assert site.answer(edited) == 43
