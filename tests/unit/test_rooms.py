"""Which module imports which: no cycles, not even through imports that are deferred into functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pyo3_base_python

NAME = "pyo3_base_python"
PACKAGE = Path(pyo3_base_python.__file__).parent


def module_of(path: Path) -> str:
    parts = [NAME, *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, ast.Module]:
    paths = [path for path in PACKAGE.rglob("*.py") if "rust_fixture" not in path.parts]
    return {module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes except those that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            yield node
            yield from run_time(node)


def imported(module: str, tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of the package that ``module``, which reads as ``tree``, imports anywhere."""
    found = set()
    for node in run_time(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= (names & known) or ({base} & known)
    return found


def graph() -> dict[str, set[str]]:
    trees = modules()
    return {name: imported(name, tree, set(trees)) for name, tree in trees.items()}


def test_no_module_imports_itself_by_way_of_others() -> None:
    edges = graph()
    assert f"{NAME}.wrapper.errors" in edges[f"{NAME}.wrapper.decide"]
    assert edges[f"{NAME}.commands.cli"] >= {f"{NAME}.testbed.commands", f"{NAME}.commands.group"}
    assert tuple(TopologicalSorter(edges).static_order())
    with pytest.raises(CycleError):
        TopologicalSorter({**edges, f"{NAME}.commands.group": {f"{NAME}.commands.cli"}}).prepare()
