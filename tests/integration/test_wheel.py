"""The project's own wheel, installed far from any checkout: launcher, package data and commands work from there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pyo3_base_python import __version__
from tests import release

from .conftest import UV

ROOT = Path(__file__).resolve().parents[2]


# What a backend of the distribution would set for a build.
PRINT_CARGO = "import os; from {}.activation import switch; print(switch.variables(os.environ)['CARGO'])"


@pytest.fixture(scope="module")
def wheels(shim_index: Path) -> dict[str, Path]:
    """The wheel of each distribution, by its package's name."""
    return {wheel.name.partition("-")[0]: wheel for wheel in shim_index.glob("*.whl")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Path]) -> Path:
    """The folder of commands in an environment where the wheel is installed."""
    env = tmp_path_factory.mktemp("installed") / "env"
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, env], check=True)
    subprocess.run([UV, "pip", "install", "-q", "--python", env / "bin" / "python", wheels[WHOLE]], check=True)
    return env / "bin"


WHOLE, CORE = "pyo3_base_python", "pyo3_base_python_core"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: Path) -> Path:
    """A folder and an environment that know nothing of the checkout, and a new store."""
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != os.path.dirname(sys.executable)]
    monkeypatch.setenv("PATH", os.pathsep.join([os.fspath(installed), *path]))
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.quick
def test_the_launcher_works_and_needs_nothing_of_the_environment_that_wrote_it(outside: Path, installed: Path) -> None:
    printed = subprocess.run(["pyo3-base-python", "env"], check=True, capture_output=True, text=True).stdout
    assert printed.splitlines()[0] == f"export CARGO={outside / 'store' / 'bin' / 'cargo'}"
    script = (outside / "store" / "bin" / "cargo").read_text()
    assert os.fspath(installed) not in script
    version = subprocess.run([outside / "store" / "bin" / "cargo", "--version"], capture_output=True, check=True)
    assert version.stdout.startswith(b"cargo ")
    assert version.stderr == b""


@pytest.mark.quick
def test_both_distributions_can_be_in_one_environment_and_name_the_same_launcher(
    outside: Path, installed: Path, wheels: dict[str, Path]
) -> None:
    """Uninstalling one leaves the other whole: they share no file, and neither needs the other."""
    python = installed / "python"

    def launcher(package: str) -> str:
        command = [os.fspath(python), "-c", PRINT_CARGO.format(package)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=outside).stdout

    before = launcher(WHOLE)
    for remove, kept in ((WHOLE, CORE), (CORE, WHOLE)):
        subprocess.run([UV, "pip", "install", "-q", "--python", python, *wheels.values()], check=True)
        assert launcher(WHOLE) == launcher(CORE) == before
        subprocess.run([UV, "pip", "uninstall", "-q", "--python", python, remove], check=True)
        assert launcher(kept) == before


def test_small_distribution_is_the_same_from_its_sdist(wheels: dict[str, Path], tmp_path: Path) -> None:
    """Where it is built in the tree, sources lie in the same place as in the sdist."""
    command = [sys.executable, "-m", "build", "--outdir", os.fspath(tmp_path), os.fspath(ROOT / "shim")]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert contents(wheel) == contents(wheels[CORE])
    names = set(contents(wheel))
    assert {f"{CORE}/__init__.py", f"{CORE}/wrapper/main.py", f"{CORE}/backend/maturin.py"} <= names
    assert not [name for name in names if name.startswith(f"{WHOLE}/")]
    (metadata,) = (contents(wheel)[name].decode() for name in names if name.endswith(".dist-info/METADATA"))
    assert "Requires-Dist" not in metadata


def test_release_consists_of_what_it_should_and_what_should_not_be_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the release workflow runs, with one of its installations."""
    release.build(tmp_path)
    assert [*release.in_archives(tmp_path), *release.by_twine(tmp_path)] == []
    monkeypatch.chdir(tmp_path)
    (small,) = Path().glob(f"{CORE}-*.whl")
    assert [*release.on_python(sys.executable, small, ("-c", f"import {CORE}"))] == []
    (told,) = release.on_python(sys.executable, small, ("-c", "import none_of_that_name"))
    assert "none_of_that_name" in told
    (wheel,) = tmp_path.glob(f"{WHOLE}-*.whl")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("docs/index.md", "")
        archive.writestr(f"{WHOLE}/wrapper/old.pyc", "")
    (sdist,) = tmp_path.glob(f"{CORE}-*.tar.gz")
    sdist.unlink()
    told = "\n".join(release.in_archives(tmp_path))
    assert f"{wheel.name} has docs, which does not belong there" in told
    assert f"{wheel.name} has {WHOLE}/wrapper/old.pyc" in told
    assert f"no sdist of {CORE}" in told
    wheel.write_bytes(b"")
    assert [*release.by_twine(tmp_path)]


@pytest.mark.quick
def test_release_has_the_tag_of_its_version_and_its_part_of_the_changelog() -> None:
    changelog = f"# Changelog\n\n## {__version__} (2026-01-31)\n\n- this\n\n## 0.0.1 (2025-12-31)\n\n- that\n"
    assert [*release.of_tag(f"v{__version__}", changelog)] == []
    assert release.notes(changelog) == "- this\n"
    assert len([*release.of_tag(__version__, changelog.replace("2026-01-31", "unreleased"))]) == 2


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.quick
def test_the_commands_are_there(outside: Path) -> None:
    for command in (
        ["maturin-shim", "--version"],
        ["pyo3-base-python", "--version"],
        ["cargo", "base-python", "--version"],
        ["pyo3-base-python", "doctor"],
        ["pyo3-base-python", "testbed", "judge", "--list"],
    ):
        assert subprocess.run(command, check=True, capture_output=True, cwd=outside).stdout


@pytest.mark.quick
def test_explain_has_its_page(outside: Path) -> None:
    """The page is made from a file that is no Python, and the recording cargo runs code from where the wheel is."""
    (outside / "src").mkdir()
    (outside / "src" / "main.rs").write_text("fn main() {}\n")
    (outside / "Cargo.toml").write_text('[package]\nname = "tiny"\nversion = "0.1.0"\n')
    command = ["pyo3-base-python", "explain", "--html", "why.html", "--", "cargo", "build"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=outside)
    assert "1 crate compiled" in done.stderr
    assert "tiny" in (outside / "why.html").read_text()


def test_the_demo_ends_with_nothing_recompiled(outside: Path) -> None:
    """The newcomer's first command, from the wheel: before, three crates or more; after, none."""
    done = subprocess.run(["pyo3-base-python", "demo"], check=False, capture_output=True, text=True, cwd=outside)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without the shim, build 2: 3 crates compiled" in done.stderr
    assert "with the shim, build 2: 0 crates compiled" in done.stderr
    assert "pyo3-ffi" in done.stdout
    assert not list(outside.glob("pyo3-base-python-demo-*"))
