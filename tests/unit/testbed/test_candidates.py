"""What can be measured: released, patched, a version, somebody's checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.testbed import candidates, patches, session
from pyo3_base_python.testbed.candidates import FIX, RELEASED, UNKNOWN, choose
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.workfolder import WorkFolder


@pytest.fixture
def patch_set(patch_folder: Path) -> PatchSet:
    return patches.read(patch_folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "fork"
    (folder / "src" / "target").mkdir(parents=True)
    (folder / "Cargo.toml").write_text('[package]\nname = "maturin"\nversion = "1.17.0"\n')
    (folder / "src" / "target" / "mod.rs").write_text("// a module, not what cargo has built\n")
    return folder


def test_released_and_versions(patch_set: PatchSet, work: WorkFolder) -> None:
    released = choose("maturin", "released", patch_set, work, os.environ)
    assert (released.kind, released.version, released.checkout) == (RELEASED, "1.0.0", None)
    assert choose("maturin", "1.0.0", patch_set, work, os.environ) == released
    other = choose("maturin", "1.15.0", patch_set, work, os.environ)
    assert (other.kind, other.version) == (UNKNOWN, "1.15.0")


def test_a_checkout_is_judged_as_a_fix_and_known_by_its_content(
    patch_set: PatchSet, work: WorkFolder, checkout: Path
) -> None:
    before = choose("maturin", os.fspath(checkout), patch_set, work, os.environ)
    assert (before.kind, before.version, before.label) == (FIX, "1.17.0", "fork 1.17.0")
    (checkout / "src" / "target" / "mod.rs").write_text("// edited\n")
    assert choose("maturin", os.fspath(checkout), patch_set, work, os.environ).identity != before.identity


def test_what_cargo_has_built_is_no_part_of_a_checkout(patch_set: PatchSet, work: WorkFolder, checkout: Path) -> None:
    before = choose("maturin", os.fspath(checkout), patch_set, work, os.environ)
    (checkout / "target").mkdir()
    (checkout / "target" / "CACHEDIR.TAG").touch()
    (checkout / "target" / "built").touch()
    assert choose("maturin", os.fspath(checkout), patch_set, work, os.environ).identity == before.identity
    assert candidates.generated(os.fspath(checkout), ["src", "target"]) == ["target"]
    assert candidates.generated(os.fspath(checkout / "src"), ["target"]) == []


@pytest.mark.parametrize("project", ["pyo3", "setuptools-rust"])
def test_a_checkout_of_something_else_is_refused(
    patch_set: PatchSet, work: WorkFolder, checkout: Path, project: str
) -> None:
    with pytest.raises(ShimError, match=f"is no checkout of {project}") as raised:
        choose(project, os.fspath(checkout), patch_set, work, os.environ)
    assert raised.value.exit_code == Exit.NAMED


@pytest.mark.parametrize("named", ["/nowhere/pyo3", "newest", "1.x", ""])
def test_a_candidate_that_is_none_is_refused(patch_set: PatchSet, work: WorkFolder, named: str) -> None:
    with pytest.raises(ShimError) as raised:
        choose("pyo3", named, patch_set, work, os.environ)
    assert raised.value.exit_code == Exit.NAMED


def test_the_crates_of_a_pyo3_checkout(tmp_path: Path) -> None:
    for name in ("", "pyo3-ffi", "pyo3-build-config", "pyo3-macros"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "Cargo.toml").touch()
    whole = candidates.Candidate("pyo3", "x", FIX, "1", "1", tmp_path)
    assert candidates.crates(whole) == {
        "pyo3": tmp_path,
        **{name: tmp_path / name for name in ("pyo3-ffi", "pyo3-build-config", "pyo3-macros")},
    }
    part = whole._replace(checkout=tmp_path / "pyo3-build-config")
    assert candidates.crates(part) == {"pyo3-build-config": tmp_path / "pyo3-build-config"}
    assert candidates.crates(whole._replace(checkout=None)) == {}


def test_the_tree_that_apply_prints_is_a_candidate(patch_set: PatchSet, work: WorkFolder, tmp_path: Path) -> None:
    tree = tmp_path / "patched-0123"
    (tree / "pyo3-build-config").mkdir(parents=True)
    (tree / "pyo3-build-config" / "Cargo.toml").write_text(
        '[package]\nname = "pyo3-build-config"\nversion = "0.30.1"\n'
    )
    chosen = choose("pyo3", os.fspath(tree), patch_set, work, os.environ)
    assert (chosen.kind, chosen.version) == (FIX, "0.30.1")
    assert candidates.crates(chosen) == {"pyo3-build-config": tree / "pyo3-build-config"}


def fork(path: str, identity: str) -> candidates.Candidate:
    return candidates.Candidate("pyo3", f"{Path(path).name} 1.0", FIX, "1.0", identity, Path(path))


@pytest.mark.parametrize(
    ("paths", "labels"),
    [
        (["/a/pyo3", "/a/other"], ["pyo3 1.0", "other 1.0"]),
        (["/a/pyo3", "/a/pyo3"], ["pyo3 1.0"]),
        (["/a/pyo3", "/b/pyo3"], ["a/pyo3 1.0", "b/pyo3 1.0"]),
        (["/x/a/pyo3", "/y/a/pyo3", "/other"], ["x/a/pyo3 1.0", "y/a/pyo3 1.0", "other 1.0"]),
        (["/pyo3", "/a/pyo3"], ["pyo3 id-/pyo3 1.0", "a/pyo3 1.0"]),
    ],
)
def test_labels_differ(paths: list[str], labels: list[str]) -> None:
    found = candidates.distinct([fork(path, f"id-{path}") for path in paths])
    assert [one.label for one in found] == labels


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.24.0", "0.24.2"),
        ("0.25.1", "0.25.1"),
        ("0.26.0", "0.26.0"),
        ("0.28.3", "0.26.0"),
        ("0.29.0", "0.30.1"),
        ("0.31.0", "0.30.1"),
        ("", "0.30.1"),
    ],
)
def test_the_nearest_patch_set(version: str, expected: str) -> None:
    sets = patches.read_all(patches.find())
    assert session.patch_set_for("pyo3", version, sets).version == expected
