"""What people type: which lines there are, how each is counted, and what the report says."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pyo3_base_python.commands.cli import main
from pyo3_base_python.testbed import workflows
from pyo3_base_python.testbed.tables import document
from pyo3_base_python.testbed.workflows import Result, Round, Row
from pyo3_base_python.wrapper.errors import ShimError

COLD, WARM, BAD = Round(("libc", "pyo3"), 20.04), Round((), 1.26), Round(("pyo3",), 5.0)
GOOD = Row("uv build", "maturin new", (COLD, COLD), (COLD, WARM))
RESULT = Result(
    [GOOD, Row("nox", "abi3", (COLD, BAD), (COLD, BAD)), Row("tox", "abi3", (), (), "`tox` fails")], {"cargo": "1.95"}
)
SAID = """\
       Dirty pyo3-ffi v0.30.1: the environment variable PYO3_PYTHON changed
   Compiling pyo3-ffi v0.30.1
    Checking pyo3 v0.30.1
       Fresh libc v0.2.1
   Compiling pyo3-ffi v0.30.1
    Finished `dev` profile
"""


def test_a_package_counts_as_often_as_cargo_compiles_or_checks_it() -> None:
    assert workflows._each(SAID) == ("pyo3-ffi", "pyo3", "pyo3-ffi")


def test_lines_are_chosen_by_a_text_in_them_or_in_their_project() -> None:
    assert {one.project for one in workflows.choose(["(setuptools_rust)"])} == {"setuptools_rust"}
    assert [one.typed for one in workflows.choose(["tox"])] == ["tox"]
    assert workflows.choose([]) == list(workflows.WORKFLOWS)
    with pytest.raises(ShimError, match="no workflow has nothing like it in it"):
        workflows.choose(["nothing like it"])


def test_each_line_is_there_once() -> None:
    shown = [(one.typed, one.project) for one in workflows.WORKFLOWS]
    assert len(shown) == len(set(shown)) >= 16


def test_what_compiles_again_or_fails_is_named() -> None:
    assert [row.typed for row in workflows.compiled_again(RESULT)] == ["nox", "tox"]


def test_the_table_has_both_times_without_and_with() -> None:
    text = document(workflows.sheet(RESULT))
    assert "| uv build | maturin new | 2 | 2 | 2 | 0 | 20.0 → 1.3 |" in text
    assert "| tox | abi3 |  |  |  |  | `tox` fails |" in text
    assert text.endswith("Made with cargo 1.95.\n")


def test_json_has_all_of_it_and_a_version() -> None:
    found = json.loads(workflows.as_json(RESULT))
    assert found["format"] == 1
    assert found["workflows"][0]["shim"][1] == {"crates": [], "seconds": 1.26}


def test_command_lists_what_would_be_typed() -> None:
    shown = CliRunner().invoke(main, ["testbed", "workflows", "--list", "tox"])
    assert (shown.exit_code, shown.output) == (0, "tox (maturin new)\n")
    assert CliRunner().invoke(main, ["testbed", "workflows", "--list", "nothing like it"]).exit_code == 3
