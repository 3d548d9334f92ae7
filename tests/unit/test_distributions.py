"""Two distributions from one tree: what their pyproject.toml files must agree on, without building them."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from pyo3_base_python.commands import adoption, requirements
from tests.unit.test_rooms import PACKAGE, run_time

ROOT = Path(__file__).parents[2]
# What the small distribution consists of.
ROOMS = ("wrapper", "activation", "backend")


def declared(folder: Path) -> dict[str, Any]:
    return tomlkit.parse((folder / "pyproject.toml").read_text(encoding="utf-8")).unwrap()


CORE = declared(ROOT / "shim")


def test_what_an_adopted_project_installs_has_no_dependencies() -> None:
    assert CORE["project"]["name"] == adoption.DISTRIBUTION
    assert CORE["project"]["dependencies"] == []


def test_both_have_one_version() -> None:
    whole = declared(ROOT)
    paths = {
        (folder / table["tool"]["hatch"]["version"]["path"]).resolve()
        for folder, table in ((ROOT, whole), (ROOT / "shim", CORE))
    }
    assert paths == {(PACKAGE / "__init__.py").resolve()}
    assert all("version" in table["project"]["dynamic"] for table in (whole, CORE))


def test_it_is_the_folders_that_it_should_be() -> None:
    included = {path.partition("/")[2] for path in CORE["tool"]["hatch"]["build"]["only-include"]}
    assert included == {"__init__.py", "py.typed", *ROOMS}


def test_adopt_knows_the_oldest_python_that_it_runs_on() -> None:
    assert CORE["project"]["requires-python"] == f">=3.{requirements.OLDEST_PYTHON}"


def test_backends_that_adopt_writes_are_in_it() -> None:
    (package,) = CORE["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"].values()
    for backend in adoption.BACKENDS.values():
        name, _, path = backend.partition(".")
        assert name == package
        assert (PACKAGE / f"{path.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("name", ["LICENSE-MIT", "LICENSE-APACHE"])
def test_licences_are_the_same(name: str) -> None:
    assert (ROOT / name).read_bytes() == (ROOT / "shim" / name).read_bytes()


@pytest.mark.parametrize("room", ROOMS)
def test_its_modules_import_each_other_by_relative_names_and_nothing_else_of_ours(room: str) -> None:
    """Its package has another name there, and no other room."""
    for path in (PACKAGE / room).glob("*.py"):
        for node in run_time(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not [alias.name for alias in node.names if alias.name.startswith("pyo3_base")], path
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert not str(node.module).startswith("pyo3_base"), path
            elif isinstance(node, ast.ImportFrom) and node.level > 1:
                assert node.level == 2, path
                assert node.module is None or node.module.split(".")[0] in ROOMS, path
