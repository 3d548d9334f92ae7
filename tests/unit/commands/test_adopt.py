"""`pyo3-base-python adopt`: what it writes, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyo3_base_python import __version__
from pyo3_base_python.commands import adopt
from tests.unit.commands.support import invoke

PYPROJECT = '[build-system]\r\nrequires = ["maturin"]\r\nbuild-backend = "maturin"'


@pytest.fixture
def pyproject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pyproject.toml of the folder in which the command runs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pyproject.toml"
    path.write_bytes(PYPROJECT.encode())
    return path


def test_adopt_says_what_it_did_and_undo_gives_the_file_back(pyproject: Path) -> None:
    hint = f"hint: {adopt.ADOPTED}"
    assert "PIP_FIND_LINKS and UV_FIND_LINKS" in hint
    for options, line in (
        ((), f"pyproject.toml is adopted\n{hint}"),
        ((), "pyproject.toml is already adopted: nothing to do"),
        (("--undo",), "pyproject.toml is as it was"),
        (("--undo",), "pyproject.toml is not adopted: nothing to do"),
    ):
        done = invoke("adopt", *options)
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{line}\n")
        assert (pyproject.read_bytes() == PYPROJECT.encode()) == ("--undo" in options)


def test_adopt_requires_no_older_version_than_this(pyproject: Path) -> None:
    assert invoke("adopt", str(pyproject.parent)).exit_code == 0
    assert f'requires = ["maturin", "pyo3-base-python-core>={__version__}"]' in pyproject.read_text(encoding="utf-8")


def test_adopt_looks_into_setup_py(pyproject: Path) -> None:
    pyproject.write_bytes(PYPROJECT.replace('d = "maturin"', 'd = "setuptools.build_meta"').encode())
    assert "does not use setuptools-rust" in invoke("adopt").stderr
    pyproject.with_name("setup.py").write_text("import setuptools_rust\n", encoding="utf-8")
    assert invoke("adopt").exit_code == 0


def test_dry_run_of_adopt_prints_a_diff_and_writes_nothing(pyproject: Path) -> None:
    done = invoke("adopt", "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert '\n-requires = ["maturin"]\r\n' in done.stdout_bytes.decode()
    assert done.stdout.endswith("\n\\ No newline at end of file\n")
    assert pyproject.read_bytes() == PYPROJECT.encode()
    invoke("adopt")
    written = pyproject.read_bytes()
    assert '\n+requires = ["maturin"]\r\n' in invoke("adopt", "--dry-run", "--undo").stdout_bytes.decode()
    assert pyproject.read_bytes() == written


def test_adopt_that_is_refused_is_a_line_a_hint_and_3(pyproject: Path) -> None:
    pyproject.unlink()
    done = invoke("adopt")
    what, hint = done.stderr.splitlines()
    assert (done.exit_code, what) == (3, "pyo3-base-python: error: there is no file pyproject.toml")
    assert hint.startswith("pyo3-base-python: hint: ")
