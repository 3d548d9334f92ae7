"""Other programs, unusual prefixes and layouts: nothing is compiled twice, and the answer is that of plain cargo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Callable

import pytest

from .conftest import Site, uv
from .test_never_different import content

Make = Callable[[str], Site]
Arrange = Callable[[Site, Path], None]


def git(*arguments: str, cwd: Path) -> None:
    """A git command, in a repository of nobody's."""
    settings = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *settings, *arguments], cwd=cwd, check=True, capture_output=True)


def append(path: Path, text: str) -> None:
    """Add lines to the end of a file."""
    path.write_text(path.read_text() + text)


# Layouts of projects: what is arranged before the first build


def vendored(site: Site, _: Path) -> None:
    """All crates lie in the project, as for a distribution's offline build."""
    done = subprocess.run(["cargo", "vendor"], cwd=site.project, check=True, capture_output=True, text=True)
    (site.project / ".cargo").mkdir()
    (site.project / ".cargo" / "config.toml").write_text(done.stdout)


def patched(site: Site, _: Path) -> None:
    """`[patch]`: a folder of the project stands for a crate of the registry."""
    vendor = site.project / "vendor"
    subprocess.run(["cargo", "vendor"], cwd=site.project, check=True, capture_output=True)
    shutil.move(vendor / "unicode-ident", site.project / "unicode-ident")
    shutil.rmtree(vendor)
    append(site.project / "Cargo.toml", '\n[patch.crates-io]\nunicode-ident = { path = "unicode-ident" }\n')
    subprocess.run(["cargo", "update", "unicode-ident"], cwd=site.project, check=True, capture_output=True)


def submodule(site: Site, folder: Path) -> None:
    """A path dependency in a git submodule."""
    origin = folder / "origin"
    (origin / "src").mkdir(parents=True)
    (origin / "Cargo.toml").write_text('[package]\nname = "inner"\nversion = "0.1.0"\nedition = "2021"\n')
    (origin / "src" / "lib.rs").write_text("pub const ONE: u32 = 1;\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "inner"]):
        git(*command, cwd=origin)
    git("init", "-q", cwd=site.project)
    git("submodule", "--quiet", "add", os.fspath(origin), "inner", cwd=site.project)
    site.edit("Cargo.toml", "[features]", 'inner = { path = "inner" }\n\n[features]')
    site.edit("src/lib.rs", "    42 * FACTOR", "    42 * inner::ONE * FACTOR")


@pytest.mark.promise("stale")
@pytest.mark.parametrize("arrange", [vendored, patched, submodule])
def test_a_layout(site_of: Make, tmp_path: Path, arrange: Arrange) -> None:
    site = site_of("version_specific")
    arrange(site, tmp_path)
    site.build(uv)
    second = site.build(uv)
    assert second.recompiled == ()
    plain = site.build(uv, shim=False)
    assert content(plain) == content(second)
    site.edit("src/lib.rs", "    42", "    43")
    assert site.answer(site.build(uv)) == 43


# Environments: variables, and prefixes of interpreters


def with_sitecustomize(site: Site, folder: Path) -> None:
    """Code that each interpreter runs when it starts, and that prints."""
    (folder / "custom").mkdir()
    (folder / "custom" / "sitecustomize.py").write_text("import sys\nprint('hello', file=sys.stderr)\n")
    site.environ["PYTHONPATH"] = os.fspath(folder / "custom")


def with_pythonhome(site: Site, _: Path) -> None:
    """What an interpreter that is embedded may need; virtual environments do without."""
    site.environ["PYTHONHOME"] = sys.base_prefix


def with_a_home_that_is_read_only(site: Site, folder: Path) -> None:
    """Nobody can write there, root included; caches and data are elsewhere, as containers may have them."""
    cache = folder / "cache"
    site.environ.update(
        CARGO_HOME=os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo")),
        RUSTUP_HOME=os.environ.get("RUSTUP_HOME", os.path.expanduser("~/.rustup")),
        UV_CACHE_DIR=os.fspath(cache / "uv"),
        XDG_CACHE_HOME=os.fspath(cache),
        XDG_DATA_HOME=os.fspath(folder / "data"),
        HOME="/proc",
    )
    for name in ("PYO3_SHIM_STORE", "PYO3_SHIM_SDIST_DIR"):
        site.environ.pop(name)


def with_a_prefix_like_condas(site: Site, folder: Path) -> None:
    """`bin/python` is a program of its own in an environment without `pyvenv.cfg`."""
    prefix = folder / "conda"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "conda-meta").mkdir()
    (prefix / "lib").mkdir()
    base = Path(sys.base_prefix)
    name = f"python{sysconfig.get_python_version()}"
    shutil.copy(base / "bin" / name, prefix / "bin" / name)
    (prefix / "bin" / "python").symlink_to(name)
    for entry in (base / "lib").iterdir():
        (prefix / "lib" / entry.name).symlink_to(entry)
    site.python = os.fspath(prefix / "bin" / "python")
    site.environ["CONDA_PREFIX"] = os.fspath(prefix)


@pytest.mark.parametrize(
    "arrange", [with_sitecustomize, with_pythonhome, with_a_home_that_is_read_only, with_a_prefix_like_condas]
)
def test_an_environment(site_of: Make, tmp_path: Path, arrange: Arrange) -> None:
    site = site_of("version_specific")
    arrange(site, tmp_path)
    site.build(uv)
    second = site.build(uv)
    assert second.recompiled == ()
    assert site.answer(second) == 42
    plain = site.build(uv, shim=False)
    assert "pyo3" in plain.recompiled
    assert content(plain) == content(second)


def test_without_a_place_for_the_store_it_is_built_as_without_the_shim(site_of: Make) -> None:
    site = site_of("version_specific")
    site.environ["PYO3_SHIM_STORE"] = "/proc/store"
    told = site.build(uv)
    assert "can't use the store /proc/store: " in told.output
    assert "(set PYO3_SHIM_STORE to a folder of your own)" in told.output
    assert "pyo3" in told.recompiled
    assert site.answer(told) == 42


# Programs


def test_build_in_a_folder_that_the_user_chose(site_of: Make, tmp_path: Path) -> None:
    """`build --env-dir`: the environment stays, and its path with it."""
    site = site_of("version_specific")
    for number in range(2):
        command = [sys.executable, "-m", "build", "--wheel", "--env-dir", os.fspath(tmp_path / f"environment-{number}")]
        assert site.run(command).recompiled == ()


def test_packages_by_name_in_turn(site_of: Make) -> None:
    """Two modules of one workspace, one cargo call for each, as a Makefile has them."""
    site = site_of("workspace")
    shutil.copytree(site.project / "module", site.project / "second")
    manifest = site.project / "module" / "Cargo.toml"
    name = next(line.split('"')[1] for line in manifest.read_text().splitlines() if line.startswith("name"))
    other = site.project / "second" / "Cargo.toml"
    other.write_text(other.read_text().replace(f'"{name}"', '"second"'))
    site.edit("Cargo.toml", '"module"', '"module", "second"')
    site.environ["PYO3_PYTHON"] = sys.executable

    built = [site.run(["cargo", "build", "-p", package]) for package in (name, "second", name, "second")]
    assert [outcome.recompiled for outcome in built[2:]] == [(), ()]
