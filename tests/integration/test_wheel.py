"""The project's own wheel, installed where no checkout is: launcher, package data and commands work from there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment into which the wheel has been installed."""
    top = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", top, ROOT], check=True, capture_output=True)
    (wheel,) = top.glob("pyo3_base_python-*.whl")
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, top / "env"], check=True)
    python = top / "env" / "bin" / "python"
    subprocess.run([uv, "pip", "install", "-q", "--python", python, wheel], check=True)
    return top / "env" / "bin"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: Path) -> Path:
    """A folder and an environment that know nothing of the checkout; a store that is new."""
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
