"""Exit codes: each has one meaning, and none is written as a number anywhere else."""

from __future__ import annotations

import ast
from pathlib import Path

import pyo3_base_python
from pyo3_base_python.wrapper.exit_codes import MEANINGS, Exit
from tests.unit.commands.support import invoke

PACKAGE = Path(pyo3_base_python.__file__).parent
CODES = {name: code for name, code in vars(Exit).items() if name.isupper()}


def test_each_code_has_one_meaning() -> None:
    assert sorted(CODES.values()) == sorted(MEANINGS)
    assert len(set(CODES.values())) == len(CODES)
    assert len(set(MEANINGS.values())) == len(MEANINGS)


def test_help_says_all_of_them() -> None:
    words = " ".join(invoke("--help").stdout.split())
    for code, meaning in MEANINGS.items():
        assert f"{code} {meaning}" in words


def numbers(tree: ast.AST) -> list[int]:
    """The lines that end a process, or make a failure, with an exit code written as a number."""
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        given = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, int)]
        if name in {"exit", "_exit", "ShimError", "UserError", "CannotSteady"} and any(given):
            found.append(call.lineno)
    return found


def test_no_code_is_a_number_elsewhere() -> None:
    assert numbers(ast.parse('sys.exit(1)\nShimError("a", exit_code=7)\nsys.exit(0)\nsys.exit(Exit.USAGE)')) == [1, 2]
    for path in PACKAGE.rglob("*.py"):
        assert numbers(ast.parse(path.read_text(encoding="utf-8"))) == [], path
