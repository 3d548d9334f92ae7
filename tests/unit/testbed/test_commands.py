"""The command group: a wrong request gets one line and an exit code of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import click
import pytest
from click.testing import CliRunner, Result

from pyo3_base_python.commands.cli import main
from pyo3_base_python.testbed import commands, comparison, matrix
from pyo3_base_python.testbed.failures import Exit

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(*arguments: str) -> Result:
        command, *rest = arguments
        work = [] if command == "validate" else ["--work", os.fspath(tmp_path / "work")]
        return CliRunner().invoke(main, ["testbed", command, *work, *rest])

    return invoke


def one_line(result: Result) -> str:
    lines = [line for line in result.output.splitlines() if "error: " in line]
    assert len(lines) == 1, result.output
    return lines[0]


def test_the_words_of_the_options_are_those_of_the_matrix() -> None:
    assert commands.BACKENDS == matrix.BACKENDS
    assert commands.ABIS == matrix.ABIS
    assert commands.FRONT_ENDS == matrix.FRONT_ENDS
    assert commands.SHIMS == matrix.SHIMS
    assert tuple(matrix.HAZARDS) == commands.HAZARDS
    assert tuple(comparison.WAYS) == commands.WAYS
    assert set(comparison.BREAKS) == set(commands.WAYS)


def test_each_exit_code_is_in_the_help() -> None:
    text = CliRunner().invoke(main, ["testbed", "--help"]).output
    for code in range(Exit.FAILED, Exit.DISK + 1):
        assert f"\n    {code}  " in text, code


@pytest.mark.parametrize("name", sorted(commands.testbed.commands))
def test_each_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main, ["testbed", name, "--help"])
    assert result.exit_code == 0
    assert isinstance(commands.testbed.commands[name], click.Command)
    assert len(result.output.splitlines()) > 4


def test_the_bundled_patches_are_valid(run: Run) -> None:
    result = run("validate")
    assert result.exit_code == 0
    assert "7 patch sets, 0 problems" in result.output


def test_problems_are_listed(run: Run, patch_folder: Path) -> None:
    (patch_folder / "series").unlink()
    result = run("validate", os.fspath(patch_folder.parent.parent))
    assert result.exit_code == Exit.PATCH
    assert "maturin/1.0.0: series can't be read" in result.output


def test_a_folder_without_patch_sets_is_not_valid(run: Run, tmp_path: Path) -> None:
    assert run("validate", os.fspath(tmp_path)).exit_code == Exit.NAMED


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fetch", "numpy"], Exit.NAMED, "there are no patches for numpy"),
        (["matrix", "--pyo3", "/nowhere/pyo3"], Exit.NAMED, "/nowhere/pyo3 is no checkout of pyo3"),
        (["matrix", "--pyo3", "newest"], Exit.NAMED, "'newest' is no candidate for pyo3"),
        (["matrix", "--interpreter", "3.99"], Exit.NAMED, "there is no Python 3.99"),
        (["compare", "/nowhere"], Exit.NAMED, "/nowhere is no folder with a pyproject.toml"),
        (["compare", "numpy"], Exit.NAMED, "numpy is no folder with a pyproject.toml"),
    ],
)
def test_what_was_named_wrongly_is_one_line(run: Run, arguments: list[str], code: int, words: str) -> None:
    arguments += ["--maturin", "released", "--setuptools-rust", "released"] if arguments[0] == "matrix" else []
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert words in one_line(result)


def test_a_project_of_another_backend_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["hatchling"]\n')
    result = run("compare", os.fspath(tmp_path))
    assert result.exit_code == Exit.NAMED
    assert "neither by maturin nor by setuptools-rust" in one_line(result)


def test_a_work_folder_within_the_project_is_refused(run: Run, tmp_path: Path) -> None:
    """The copy of the project would hold itself."""
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["maturin"]\n')
    result = run("compare", os.fspath(tmp_path))
    assert result.exit_code == Exit.NAMED
    assert "lies in the project" in one_line(result)


def test_no_cargo_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    for arguments in (["matrix", "--list"], ["compare", "."]):
        result = run(*arguments)
        assert result.exit_code == Exit.PROGRAM, result.output
        assert "there is no cargo on PATH" in one_line(result)


def test_a_work_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(main, ["testbed", "fetch", "--work", os.fspath(tmp_path / "file" / "below")])
    assert result.exit_code == Exit.DISK
    assert os.fspath(tmp_path) in one_line(result)


@pytest.mark.parametrize("option", ["--backend", "--abi", "--front-end", "--shim", "--hazard"])
def test_an_unknown_word_is_a_matter_of_usage(run: Run, option: str) -> None:
    result = run("matrix", option, "nothing")
    assert result.exit_code == 2
    assert "is none of" in result.output


def test_a_list_may_be_given_in_parts(run: Run) -> None:
    released = ["--pyo3", "released", "--maturin", "released", "--setuptools-rust", "released"]
    several = ["--front-end", "uv", "--front-end", "build,uv", "--shim", "off", "--abi", "abi3"]
    result = run("matrix", "--list", *released, *several)
    assert result.exit_code == 0, result.output
    cells = [line for line in result.output.splitlines() if " | " in line]
    assert [line.split(" | ")[5] for line in cells] == ["uv", "build"] * 2


def test_two_candidates_of_one_name_are_both_measured(run: Run, tmp_path: Path) -> None:
    for fork in ("ours", "theirs"):
        (tmp_path / fork / "maturin").mkdir(parents=True)
        (tmp_path / fork / "maturin" / "Cargo.toml").write_text('[package]\nname = "maturin"\nversion = "1.17.0"\n')
    forks = [word for fork in ("ours", "theirs") for word in ("--maturin", os.fspath(tmp_path / fork / "maturin"))]
    options = ["--backend", "maturin", "--pyo3", "released", "--front-end", "uv", "--abi", "abi3", "--shim", "off"]
    result = run("matrix", "--list", *options, *forks)
    assert result.exit_code == 0, result.output
    cells = [line for line in result.output.splitlines() if " | " in line]
    assert [line.split(" | ")[3] for line in cells] == ["ours/maturin 1.17.0", "theirs/maturin 1.17.0"]


def test_an_interrupt_has_a_code_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_patch_sets", interrupted)
    result = run("fetch")
    assert result.exit_code == Exit.INTERRUPTED
    assert "the same command continues from there" in result.output


def test_the_cells_can_be_listed_without_building(run: Run) -> None:
    released = ["--pyo3", "released", "--maturin", "released", "--setuptools-rust", "released"]
    result = run("matrix", "--list", *released, "--front-end", "uv,build", "--abi", "version-specific")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if " | " in line]
    assert len(lines) == 2 * 2 * 3
    assert sum("3 or more" in line for line in lines) == 2 * 2 * 2  # off and export


@pytest.mark.parametrize(
    ("home", "expected"),
    [("/home/me", "~/.cache/bench and /home/meg/bench"), ("/", "/home/me/.cache/bench and /home/meg/bench")],
)
def test_what_is_written_to_be_shown_names_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("USERPROFILE", home)
    commands._write(tmp_path, {"matrix.json": "/home/me/.cache/bench and /home/meg/bench"})
    assert (tmp_path / "matrix.json").read_text(encoding="utf-8") == expected
