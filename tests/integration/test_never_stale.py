"""One target directory for sources that are unpacked again and again: the wheel is always that of current sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from .conftest import FrontEnd, Site, build, build_by_sdist, uv

pytestmark = pytest.mark.promise("stale")

Make = Callable[[str], Site]
Shared = Callable[[str], "tuple[Site, str]"]


def uv_by_sdist(site: Site, wheels: Path) -> list[str]:
    """`uv build`: an sdist, unpacked elsewhere, then a wheel from it."""
    return ["uv", "build", "--python", site.python, "--out-dir", os.fspath(wheels)]


SDIST_FRONT_ENDS = [pytest.param(build_by_sdist, id="build"), pytest.param(uv_by_sdist, id="uv")]


@pytest.fixture
def shared(site_of: Make, tmp_path: Path) -> Shared:
    """A crate that has been built once, and a target directory outside it with what was compiled."""

    def make(crate: str) -> tuple[Site, str]:
        site = site_of(crate)
        target = os.fspath(tmp_path / "target")
        shutil.move(site.project / "target", target)
        return site, target

    return make


@pytest.mark.parametrize("crate", ["version_specific", "abi3"])
@pytest.mark.parametrize("front_end", SDIST_FRONT_ENDS)
def test_an_edit_at_the_same_version_reaches_the_wheel_through_an_sdist(
    shared: Shared, crate: str, front_end: FrontEnd
) -> None:
    site, target = shared(crate)
    assert site.answer(site.build(front_end, CARGO_TARGET_DIR=target)) == 42
    site.edit("src/lib.rs", "    42", "    43")
    edited = site.build(front_end, CARGO_TARGET_DIR=target)
    assert edited.recompiled == (crate,)
    assert site.answer(edited) == 43


def test_two_projects_with_one_name_and_one_target_directory(shared: Shared, tmp_path: Path) -> None:
    site, target = shared("version_specific")
    other = Site(tmp_path / "other" / "version_specific", tmp_path / "other-scratch", site.environ)
    shutil.copytree(site.project, other.project)
    other.edit("src/lib.rs", "    42", "    43")
    for _ in range(2):
        for place, answer in ((site, 42), (other, 43)):
            built = place.build(build_by_sdist, CARGO_TARGET_DIR=target)
            assert place.answer(built) == answer


@pytest.mark.parametrize("front_end", SDIST_FRONT_ENDS)
def test_the_same_sources_unpacked_again_compile_nothing(shared: Shared, front_end: FrontEnd) -> None:
    site, target = shared("version_specific")
    site.build(front_end, CARGO_TARGET_DIR=target)
    again = site.build(front_end, CARGO_TARGET_DIR=target)
    assert again.recompiled == ()
    assert site.answer(again) == 42


def test_content_that_returns(shared: Shared) -> None:
    """42, 43, and 42 again: what was compiled of the first 42 is gone, whatever the times say."""
    site, target = shared("version_specific")
    for old, new in (("    42", "    43"), ("    43", "    42"), ("    42", "    44")):
        site.build(build_by_sdist, CARGO_TARGET_DIR=target)
        site.edit("src/lib.rs", old, new)
        assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == int(new)


def test_a_file_comes_goes_and_is_renamed(shared: Shared) -> None:
    site, target = shared("version_specific")
    source = site.project / "src" / "lib.rs"
    original = source.read_text()
    with_module = original.replace("    42", "    extra::ANSWER") + "\nmod extra;\n"
    site.build(build_by_sdist, CARGO_TARGET_DIR=target)
    for name, number in (("extra.rs", 43), ("extra/mod.rs", 44)):
        file = site.project / "src" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"pub const ANSWER: u32 = {number};\n")
        source.write_text(with_module)
        assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == number
        file.unlink()
    (site.project / "src" / "extra").rmdir()
    source.write_text(original)
    assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == 42


def test_profiles_in_turn(shared: Shared) -> None:
    site, target = shared("version_specific")
    dev = "--profile dev"
    for arguments, number in (("", 42), (dev, 43), ("", 43), ("", 42), (dev, 42), (dev, 43)):
        text = (site.project / "src" / "lib.rs").read_text()
        site.project.joinpath("src", "lib.rs").write_text(re.sub(r"    \d+", f"    {number}", text, count=1))
        built = site.build(build_by_sdist, CARGO_TARGET_DIR=target, MATURIN_PEP517_ARGS=arguments)
        assert site.answer(built) == number


def test_a_build_without_the_shim_in_between(shared: Shared) -> None:
    """In a package that does not depend on pyo3, so that nothing else has cargo compile it again."""
    site, target = shared("workspace")
    site.build(uv_by_sdist, CARGO_TARGET_DIR=target)
    site.edit("numbers/src/lib.rs", "42", "43")
    assert site.answer(site.build(uv_by_sdist, shim=False, CARGO_TARGET_DIR=target)) == 43
    site.edit("numbers/src/lib.rs", "43", "42")
    assert site.answer(site.build(uv_by_sdist, CARGO_TARGET_DIR=target)) == 42


def test_a_build_that_failed_in_between(shared: Shared) -> None:
    site, target = shared("version_specific")
    site.build(build_by_sdist, CARGO_TARGET_DIR=target)
    site.edit("src/lib.rs", "    42", "    43 no rust")
    site.run(build_by_sdist(site, site.scratch / "none"), expect=1, CARGO_TARGET_DIR=target)
    site.edit("src/lib.rs", "    43 no rust", "    43")
    assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == 43


def test_a_record_that_is_lost(shared: Shared) -> None:
    """As when a CI cache drops the loose folders of a target directory: then compile."""
    site, target = shared("version_specific")
    site.build(build_by_sdist, CARGO_TARGET_DIR=target)
    (records,) = Path(target).rglob(".pyo3-base-python")
    shutil.rmtree(records)
    site.edit("src/lib.rs", "    42", "    43")
    built = site.build(build_by_sdist, CARGO_TARGET_DIR=target)
    assert built.recompiled == ("version_specific",)
    assert site.answer(built) == 43


@pytest.mark.parametrize("crate", ["version_specific", "workspace"])
def test_two_checkouts_in_turn(shared: Shared, tmp_path: Path, crate: str) -> None:
    """Nobody's files are touched, and the second is older than what was built of the first."""
    site, target = shared(crate)
    other = Site(tmp_path / "elsewhere" / crate, tmp_path / "elsewhere-scratch", site.environ)
    shutil.copytree(site.project, other.project)
    file = "src/lib.rs" if crate == "version_specific" else "numbers/src/lib.rs"
    other.edit(file, "42", "43")
    for path in other.project.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for _ in range(2):
        for place, answer in ((site, 42), (other, 43)):
            built = place.build(build, CARGO_TARGET_DIR=target)
            assert place.answer(built) == answer
            assert "pyo3" in built.fresh
    assert other.build(build, CARGO_TARGET_DIR=target).recompiled == ()
    assert {path.stat().st_mtime for path in other.project.rglob("*.rs")} == {1_000_000_000}


def twin(site: Site, folder: Path) -> Site:
    """Another checkout, which answers 43; the sources of both are older than anything that cargo has built."""
    other = Site(folder / "elsewhere", folder / "elsewhere-scratch", site.environ)
    shutil.copytree(site.project, other.project, ignore=shutil.ignore_patterns("target"))
    other.edit("src/lib.rs", "42", "43")
    for path in [*site.project.glob("src/*"), *other.project.rglob("*")]:
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return other


def test_a_target_directory_inside_one_of_two_checkouts(site_of: Make, tmp_path: Path) -> None:
    site = site_of("version_specific")
    other = twin(site, tmp_path)
    target = os.fspath(site.project / "target")
    for place, answer in ((site, 42), (other, 43), (site, 42), (other, 43)):
        assert place.answer(place.build(uv, CARGO_TARGET_DIR=target)) == answer


@pytest.mark.parametrize("place", ["a config that is not understood", "a build directory elsewhere"])
def test_where_it_is_not_known_where_cargo_compiles_to(site_of: Make, tmp_path: Path, place: str) -> None:
    """Cargo is left alone: the changing interpreter has it compile again, as it does without the shim."""
    site = site_of("version_specific")
    other = twin(site, tmp_path)
    if place == "a build directory elsewhere":
        site.environ["CARGO_BUILD_BUILD_DIR"] = os.fspath(tmp_path / "built")
    else:
        (tmp_path / ".cargo").mkdir()
        # TOML 1.1, which cargo reads, and Python does not.
        text = '[build]\ntarget-dir = "shared"\n[env]\nX = {\n  value = "1",\n}\n'
        (tmp_path / ".cargo" / "config.toml").write_text(text)
    log = tmp_path / "log"
    for site_now, answer in ((site, 42), (other, 43), (site, 42)):
        log.write_text("")
        built = site_now.build(uv, PYO3_SHIM_LOG=os.fspath(log))
        assert "left alone: it is not known where" in log.read_text()
        assert site_now.answer(built) == answer


def test_a_checkout_after_an_sdist_of_another_content(shared: Shared) -> None:
    site, target = shared("version_specific")
    site.build(build, CARGO_TARGET_DIR=target)
    site.edit("src/lib.rs", "    42", "    43")
    assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == 43
    site.edit("src/lib.rs", "    43", "    42")
    os.utime(site.project / "src" / "lib.rs", (1_000_000_000, 1_000_000_000))
    assert site.answer(site.build(build, CARGO_TARGET_DIR=target)) == 42
    assert site.build(build, CARGO_TARGET_DIR=target).recompiled == ()


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


@pytest.mark.parametrize("moment", ["before the compiler", "after the compiler"])
def test_a_build_that_was_killed_in_between(shared: Shared, moment: str) -> None:
    """Cargo gets SIGKILL when the module is compiled: what lies in the target directory then is of no known sources."""
    site, target = shared("version_specific")
    site.build(build_by_sdist, CARGO_TARGET_DIR=target)
    killer = site.scratch / "killer"
    compiles = '"$@"' if moment == "after the compiler" else ":"
    case = f'*"crate-name version_specific "*) {compiles}; kill -9 $PPID; exit 1;;'
    killer.write_text(f'#!/bin/sh\ncase "$*" in {case} esac\nexec "$@"\n')
    killer.chmod(0o755)
    site.edit("src/lib.rs", "    42", "    43")
    killed = site.run(
        build_by_sdist(site, site.scratch / "none"), expect=1, CARGO_TARGET_DIR=target, RUSTC_WRAPPER=os.fspath(killer)
    )
    assert killed.recompiled == ("version_specific",)
    for old, new in (("    43", "    42"), ("    42", "    43")):
        site.edit("src/lib.rs", old, new)
        assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == int(new)


def test_an_edit_with_a_time_before_the_last_build(shared: Shared) -> None:
    """Sdists of setuptools keep the times of the files: this one says that it is of 2001."""
    site, target = shared("setuptools_rust")
    assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == 42
    site.edit("src/lib.rs", "    42", "    43")
    os.utime(site.project / "src" / "lib.rs", (1_000_000_000, 1_000_000_000))
    assert site.answer(site.build(build_by_sdist, CARGO_TARGET_DIR=target)) == 43


def git(folder: Path, *arguments: str) -> None:
    """Run git in `folder`, without what its user has configured."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_an_older_commit_and_worktrees_in_turn(shared: Shared, tmp_path: Path) -> None:
    site, target = shared("version_specific")
    git(site.project, "init", "--quiet", "--initial-branch=main")
    git(site.project, "add", ".")
    git(site.project, "commit", "--quiet", "--message=42")
    git(site.project, "worktree", "add", "--quiet", os.fspath(tmp_path / "worktree"))
    older = Site(tmp_path / "worktree", tmp_path / "worktree-scratch", site.environ)
    site.edit("src/lib.rs", "    42", "    43")
    git(site.project, "commit", "--quiet", "--all", "--message=43")
    for place, answer in ((site, 43), (older, 42), (site, 43)):
        assert place.answer(place.build(uv, CARGO_TARGET_DIR=target)) == answer
    git(site.project, "checkout", "--quiet", "HEAD~1")
    assert site.answer(site.build(uv, CARGO_TARGET_DIR=target)) == 42
