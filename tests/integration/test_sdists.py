"""What people type most: `uv build`, `python -m build`, `pip install` of an sdist, without setting a variable."""

from __future__ import annotations

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python import bundled

from .conftest import FrontEnd, Site, build_by_sdist, uv
from .test_never_different import content
from .test_never_stale import uv_by_sdist

Make = Callable[[str], Site]


@pytest.fixture
def site(tmp_path: Path, environ: dict[str, str]) -> Site:
    """A crate with nothing compiled in its folder: whatever is fresh comes from the place for sdists."""
    return Site(bundled.copy("version_specific", tmp_path / "project"), tmp_path / "scratch", environ)


def renamed(site: Site, name: str, folder: Path) -> Site:
    """Another project with the same dependencies."""
    other = Site(shutil.copytree(site.project, folder / name), folder / f"{name}-scratch", site.environ)
    for file in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "src/lib.rs"):
        path = other.project / file
        path.write_text(path.read_text().replace("version_specific", name))
    return other


def pip_of_an_sdist(site: Site, wheels: Path) -> list[str]:
    """`pip wheel` of the sdist that is in the project's folder."""
    (archive,) = (site.project / "sdist").glob("*.tar.gz")
    return [site.python, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", os.fspath(wheels), os.fspath(archive)]


@pytest.mark.quick
def test_the_second_uv_build_compiles_nothing_and_an_edit_its_own_crate(site: Site) -> None:
    site.edit("src/lib.rs", "    42", "    41")  # so that no other test has built it
    first = site.build(uv_by_sdist)
    assert "version_specific" in first.recompiled
    assert site.build(uv_by_sdist).recompiled == ()
    site.edit("src/lib.rs", "    41", "    43")
    edited = site.build(uv_by_sdist)
    assert edited.recompiled == ("version_specific",)
    assert site.answer(edited) == 43
    site.edit("src/lib.rs", "    43", "    42")
    assert site.answer(site.build(uv_by_sdist)) == 42


def test_what_is_typed_in_a_new_project_compiles_nothing_the_second_time(site: Site) -> None:
    """The wheel and the sdist go into `dist/`, and with it into the next sdist: there is no git repository."""
    for _ in range(3):
        built = site.run(["uv", "build"])
    assert built.recompiled == ()
    assert len(list((site.project / "dist").glob("*.tar.gz"))) == 1


def test_a_backend_that_calls_cargo_twice_and_writes_into_the_tree_in_between(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """setuptools-rust builds for `build_ext` and for `install`, and has written `build/` when it does so again."""
    site = Site(bundled.copy("setuptools_rust", tmp_path / "project"), tmp_path / "scratch", environ)
    site.edit("src/lib.rs", "    42", "    41")  # so that no other test has built it
    assert "setuptools_rust_fixture" in site.run(["uv", "build"]).recompiled
    assert site.run(["uv", "build"]).recompiled == ()
    site.edit("src/lib.rs", "    41", "    43")
    assert site.run(["uv", "build"]).recompiled == ("setuptools_rust_fixture",)
    assert site.run(["uv", "build"]).recompiled == ()


@pytest.mark.parametrize("front_end", [build_by_sdist, pip_of_an_sdist])
def test_other_front_ends_compile_nothing_either(site: Site, front_end: FrontEnd) -> None:
    site.run(["uv", "build", "--sdist", "--out-dir", "sdist"])
    site.build(front_end)
    second = site.build(front_end)
    assert second.recompiled == ()
    assert "pyo3" in second.fresh
    assert site.answer(second) == 42


def test_another_project_compiles_its_own_crate_alone(site: Site, tmp_path: Path) -> None:
    site.build(uv_by_sdist)
    other = renamed(site, "other_project", tmp_path)
    assert other.build(uv_by_sdist).recompiled == ("other_project",)
    assert other.build(uv_by_sdist).recompiled == ()
    assert site.build(uv_by_sdist).recompiled == ()


def test_the_module_is_the_one_that_is_built_without_the_shim(site: Site) -> None:
    for _ in range(2):
        built = site.build(uv_by_sdist)
    plain = site.build(uv_by_sdist, shim=False)
    assert content(built) == content(plain)


def test_a_place_that_is_off_or_chosen_elsewhere_is_not_used(site: Site, tmp_path: Path) -> None:
    site.build(uv_by_sdist)
    assert "pyo3" in site.build(uv_by_sdist, PYO3_SHIM_SDIST_DIR="off").recompiled
    chosen = tmp_path / "target"
    assert "pyo3" in site.build(uv_by_sdist, CARGO_TARGET_DIR=os.fspath(chosen)).recompiled
    assert (chosen / "release" / "deps").is_dir()


@pytest.mark.parametrize("interpreter", ["3.12"], indirect=True)
def test_a_tree_that_is_built_where_it_lies_takes_along_what_it_has(
    site: Site, tmp_path: Path, interpreter: str
) -> None:
    """Into `target`, an isolated build for another interpreter compiles pyo3 and what depends on it."""
    (site.project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: version_specific\nVersion: 0.1.0\n")
    bare = Site(shutil.copytree(site.project, tmp_path / "bare"), tmp_path / "bare-scratch", site.environ)
    for each in (site, bare):
        each.edit("src/lib.rs", "    42", "    41")  # so that no other test has built it
        first = each.build(uv, shim=each is site, PYO3_SHIM_SDIST_DIR=os.fspath(tmp_path / "places"))
        assert "pyo3" in first.recompiled
        each.python = interpreter
    second = site.build(uv, PYO3_SHIM_SDIST_DIR=os.fspath(tmp_path / "places"))
    plain = bare.build(uv, shim=False)
    assert set(second.recompiled) <= set(plain.recompiled)
    assert site.answer(second) == bare.answer(plain) == 41


def test_a_tree_in_which_cargo_has_compiled_without_the_shim_takes_along_what_it_has(site: Site) -> None:
    (site.project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: version_specific\nVersion: 0.1.0\n")
    assert "pyo3" in site.build(uv, shim=False).recompiled
    built = site.build(uv)
    assert "unicode-ident" in built.fresh
    assert site.build(uv).recompiled == ()


# What cargo does not look at


SCRIPT = """\
fn main() {{
    println!("cargo:rerun-if-env-changed=NOTHING");
    {does}
}}
"""


def scripted(site: Site, does: str, answer: str) -> None:
    """Give the crate a build script, and make the module answer with the script's result."""
    (site.project / "build.rs").write_text(SCRIPT.format(does=does))
    site.edit("src/lib.rs", "    42 * FACTOR", f"    {answer}")


@pytest.mark.promise("stale")
def test_a_file_that_a_build_script_reads_and_does_not_declare(site: Site) -> None:
    """Case S1: `cc` with a source that nobody declares, for instance."""
    scripted(
        site,
        'let text = std::fs::read_to_string("data.txt").unwrap();'
        ' std::fs::write(std::env::var("OUT_DIR").unwrap() + "/answer.rs", text).unwrap();',
        'include!(concat!(env!("OUT_DIR"), "/answer.rs"))',
    )
    for number in ("43", "44"):
        (site.project / "data.txt").write_text(number)
        assert site.answer(site.build(uv_by_sdist)) == int(number)
    assert site.build(uv_by_sdist).recompiled == ()


@pytest.mark.promise("stale")
def test_a_variable_that_a_build_script_reads_and_does_not_declare(site: Site) -> None:
    scripted(
        site,
        'let text = std::env::var("NUMBER").unwrap();'
        ' std::fs::write(std::env::var("OUT_DIR").unwrap() + "/answer.rs", text).unwrap();',
        'include!(concat!(env!("OUT_DIR"), "/answer.rs"))',
    )
    for number in ("43", "44"):
        assert site.answer(site.build(uv_by_sdist, NUMBER=number)) == int(number)
    assert site.build(uv_by_sdist, NUMBER="44").recompiled == ()


@pytest.mark.promise("stale")
def test_a_source_that_the_build_makes_in_the_tree(site: Site) -> None:
    """Case S4: it is not in the sdist, and so not in the tree that is unpacked next."""
    scripted(site, 'std::fs::write("src/made.rs", "pub fn made() -> u32 { 45 }").unwrap();', "made::made()")
    site.edit("src/lib.rs", "use pyo3::prelude::*;", "use pyo3::prelude::*;\nmod made;")
    pyproject = site.project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + '\n[tool.maturin]\nexclude = ["src/made.rs"]\n')
    for _ in range(3):
        built = site.build(uv_by_sdist)
        assert site.answer(built) == 45
    assert built.recompiled == ("version_specific",)


@pytest.mark.promise("stale")
def test_the_path_of_a_tree_that_is_gone_is_not_compiled_in(site: Site) -> None:
    site.edit("src/lib.rs", "    42 * FACTOR", '    env!("CARGO_MANIFEST_DIR").len() as u32 * 0 + 46')
    for _ in range(2):
        built = site.build(uv_by_sdist)
        assert site.answer(built) == 46
    assert built.recompiled == ("version_specific",)


@pytest.mark.promise("stale")
def test_a_build_script_that_leaves_the_path_of_its_sources_runs_again(site: Site) -> None:
    scripted(
        site,
        'let here = std::env::var("CARGO_MANIFEST_DIR").unwrap(); println!("cargo:rustc-env=HERE={here}/src/lib.rs");',
        'include_str!(env!("HERE")).len() as u32 * 0 + 47',
    )
    for _ in range(3):
        built = site.build(uv_by_sdist)
        assert site.answer(built) == 47
    assert built.recompiled == ("version_specific",)


@pytest.mark.promise("stale")
def test_a_build_script_that_was_compiled_with_the_path_of_its_sources_finds_them(site: Site) -> None:
    """It runs again, here for a file that is not in the sdist, and would look into a tree that is gone."""
    scripted(
        site,
        'println!("cargo:rerun-if-changed=nowhere");'
        ' let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data.txt")).unwrap();'
        ' std::fs::write(std::env::var("OUT_DIR").unwrap() + "/answer.rs", text).unwrap();',
        'include!(concat!(env!("OUT_DIR"), "/answer.rs"))',
    )
    (site.project / "data.txt").write_text("49")
    for _ in range(2):
        assert site.answer(site.build(uv_by_sdist)) == 49


@pytest.mark.promise("stale")
def test_a_member_whose_build_script_looks_at_its_path_and_at_another_member(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    site = Site(bundled.copy("workspace", tmp_path / "workspace"), tmp_path / "scratch", environ)
    does = (
        'let here = std::env::var("CARGO_MANIFEST_DIR").unwrap(); println!("cargo:rustc-env=HERE={here}/src/lib.rs");'
        ' let text = std::fs::read_to_string("../numbers/data.txt").unwrap();'
        ' std::fs::write(std::env::var("OUT_DIR").unwrap() + "/answer.rs", text).unwrap();'
    )
    (site.project / "module" / "build.rs").write_text(SCRIPT.format(does=does))
    answer = 'include!(concat!(env!("OUT_DIR"), "/answer.rs")) + include_str!(env!("HERE")).len() as u32 * 0'
    site.edit("module/src/lib.rs", "    numbers::ANSWER", f"    {answer}")
    for number in ("43", "44"):
        (site.project / "numbers" / "data.txt").write_text(number)
        assert site.answer(site.build(uv_by_sdist)) == int(number)


@pytest.mark.promise("stale")
def test_an_artifact_that_was_changed_after_cargo_made_it_is_made_again(site: Site) -> None:
    """Case S8: maturin repairs a wheel in cargo's own artifact, which is linked to the one in the place."""
    good = site.build(uv_by_sdist)
    places = Path(site.environ["PYO3_SHIM_SDIST_DIR"])
    (artifact,) = places.glob("*/release/deps/libversion_specific.so")
    artifact.write_bytes(artifact.read_bytes() + b"changed")
    built = site.build(uv_by_sdist)
    assert built.recompiled == ("version_specific",)
    assert content(built) == content(good)


# Several at once


def test_builds_at_the_same_time_do_not_wait_for_each_other_nor_meet(site: Site, tmp_path: Path) -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("there are as many places as processors")
    sites = [site, renamed(site, "other_project", tmp_path)]
    places = os.fspath(tmp_path / "places")
    for _ in range(2):
        with ThreadPoolExecutor() as pool:
            built = list(pool.map(lambda each: each.build(uv_by_sdist, PYO3_SHIM_SDIST_DIR=places), sites))
        assert [each.answer(outcome) for each, outcome in zip(sites, built)] == [42, 42]
    assert [outcome.recompiled for outcome in built] == [(), ()]


def test_one_project_twice_at_the_same_time(site: Site, tmp_path: Path) -> None:
    other = Site(shutil.copytree(site.project, tmp_path / "copy"), tmp_path / "copy-scratch", site.environ)
    other.edit("src/lib.rs", "    42", "    48")
    site.build(uv_by_sdist)
    for _ in range(3):
        with ThreadPoolExecutor() as pool:
            built = list(pool.map(lambda each: each.build(uv_by_sdist), [site, other]))
        assert [each.answer(outcome) for each, outcome in zip([site, other], built)] == [42, 48]


@pytest.mark.parametrize("interpreter", ["3.12"], indirect=True)
def test_each_interpreter_has_a_place_of_its_own(site: Site, interpreter: str) -> None:
    for _ in range(2):
        for python in (sys.executable, interpreter):
            site.python = python
            built = site.build(uv_by_sdist)
            assert site.answer(built) == 42
    assert built.recompiled == ()
