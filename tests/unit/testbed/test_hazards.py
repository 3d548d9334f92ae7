"""What a trial concludes from what it finds; the builds themselves are left to the integration tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyo3_base_python.testbed import building, evidence, hazards, matrix
from pyo3_base_python.testbed.evidence import BACKEND, PYO3
from pyo3_base_python.testbed.matrix import Outcome
from pyo3_base_python.testbed.tools import Python

GIVEN = "PYO3_PYTHON is /e/python, PYO3_BASE_PYTHON is not set"
BEFORE = {"lib.rs": (1, b"a"), "build.rs": (2, b"b")}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (BEFORE, Outcome(holds=True, what="as it was")),
        ({**BEFORE, "new.rs": (3, b"")}, Outcome(holds=True, what="as it was")),
        ({**BEFORE, "lib.rs": (9, b"a")}, Outcome(holds=False, what="new times for lib.rs", half=BACKEND)),
        ({"lib.rs": (9, b"x")}, Outcome(holds=False, what="deleted build.rs; changed lib.rs", half=BACKEND)),
    ],
)
def test_a_tree_is_compared_by_content_and_times(after: dict[str, tuple[int, bytes]], expected: Outcome) -> None:
    assert hazards.compare_trees(BEFORE, after) == expected


@pytest.mark.parametrize(
    ("exported", "half"),
    [("{other}", BACKEND), ("{base}", PYO3), ("{link}", PYO3), ("", PYO3)],
)
def test_the_half_that_names_the_wrong_interpreter_is_to_blame(tmp_path: Path, exported: str, half: str) -> None:
    base, other, link = (tmp_path / name for name in ("base", "other", "link"))
    base.touch()
    other.touch()
    link.symlink_to(base)
    value = exported.format(base=base, other=other, link=link)
    found = evidence.Evidence((), {"PYO3_BASE_PYTHON": value} if value else {}, ())
    outcome = hazards._wrong("built for 3.11, tagged for 3.12", found, Python(f"{base}", "3.12"))
    assert not outcome.holds
    assert outcome.half == half
    assert outcome.what.endswith(f"PYO3_BASE_PYTHON is {value or 'not set'}")


def test_a_wrong_module_names_the_crate_the_variable_and_its_values() -> None:
    found = evidence.Evidence((), {"PYO3_BASE_PYTHON": "/b/python3.12"}, ())
    told = "built for 3.11, tagged for 3.12"
    words = {before: hazards._wrong(told, found, Python("/b", "3.12"), before).what for before in ("", "/b/python3.11")}
    assert words == {
        "": f"the crate built_for: {told}; PYO3_BASE_PYTHON is /b/python3.12",
        "/b/python3.11": f"the crate built_for: {told}; PYO3_BASE_PYTHON was /b/python3.11, is /b/python3.12",
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"script": "42"}, Outcome(holds=True, what="imported")),
        ({"script": "/base can't import it"}, Outcome(holds=False, what=f"/base can't import it ({GIVEN})", half=PYO3)),
        ({}, Outcome(holds=False, what=f"the build ended before it was tried ({GIVEN})", half=PYO3)),
    ],
)
def test_an_import_went_well_if_it_has_the_answer(found: dict[str, str], expected: Outcome) -> None:
    assert hazards._imported(found, "script", {"PYO3_PYTHON": "/e/python"}, PYO3) == expected


def test_each_hazard_is_tried() -> None:
    tried = [name for group in hazards.TRIALS for name in group]
    assert sorted([*tried, matrix.TREE]) == sorted(matrix.HAZARDS)


@pytest.mark.parametrize("front_end", matrix.FRONT_ENDS)
@pytest.mark.parametrize("by_sdist", [False, True])
def test_a_wheel_is_built_for_the_python_that_is_named(front_end: str, by_sdist: bool) -> None:
    commands = building.wheel_command(front_end, Path("/w"), by_sdist=by_sdist, python="/other/python")
    assert all("/other/python" in command for command in commands)
    assert not any("python" in command for command in commands)
