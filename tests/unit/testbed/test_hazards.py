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
        ({**BEFORE, "new.rs": (3, b"")}, Outcome(holds=False, what="made new.rs", half=BACKEND)),
        ({**BEFORE, "lib.rs": (9, b"a")}, Outcome(holds=False, what="new times for lib.rs", half=BACKEND)),
        ({"lib.rs": (9, b"x")}, Outcome(holds=False, what="deleted build.rs; changed lib.rs", half=BACKEND)),
        ({**BEFORE, **{f"{n}": (1, b"") for n in range(7)}}, Outcome(False, "made 0, 1, 2, 3, 4 and 2 more", BACKEND)),
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
        ({"script": "42", "path": "42"}, Outcome(holds=True, what="imported")),
        ({"script": "/base can't", "path": "42"}, Outcome(False, f"by script: /base can't ({GIVEN})", PYO3)),
        ({"script": "42", "path": "/base can't"}, Outcome(False, f"by path: /base can't ({GIVEN})", PYO3)),
        ({"script": "42"}, Outcome(False, f"by path: the build ended before it was tried ({GIVEN})", PYO3)),
    ],
)
def test_an_import_went_well_if_it_has_the_answer(found: dict[str, str], expected: Outcome) -> None:
    assert hazards._imported(found, ["script", "path"], {"PYO3_PYTHON": "/e/python"}, PYO3) == expected


FIRST = {"variable": "42", "script": "42", "config": "there is no executable"}
NEXT = {"variable": "43", "script": "43", "config": "there is no executable"}


@pytest.mark.parametrize(
    ("after", "python", "told", "half"),
    [
        (NEXT, "/f/python", "", ""),
        # A stable name of the environment, and cargo is told by other means.
        (NEXT, "/e/python", "", ""),
        (FIRST, "/f/python", "by variable: 42", PYO3),
        ({}, "/f/python", "by variable: the build script did not run", PYO3),
        ({}, "/e/python", "by variable: the build script did not run", BACKEND),
        ({"variable": "43"}, "/f/python", "by script: the build script did not run", PYO3),
        ({**NEXT, "script": "/e/python can't be started"}, "/f/python", "by script: /e/python can't be started", PYO3),
    ],
)
def test_a_script_that_imports_a_requirement_runs_again_for_its_next_version(
    after: dict[str, str], python: str, told: str, half: str
) -> None:
    outcome = hazards._imported_again(FIRST, after, {"PYO3_PYTHON": "/e/python"}, {"PYO3_PYTHON": python})
    if told:
        assert outcome == Outcome(False, f"{told}; PYO3_PYTHON was /e/python, is {python}", half)
    else:
        assert outcome.holds


def test_what_could_not_be_imported_at_all_is_no_matter_of_the_next_version() -> None:
    assert hazards._imported_again({"script": "/base can't import it"}, {}, {}, {}).holds


def test_an_exported_base_is_an_absolute_path_of_the_base_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, link = tmp_path / "base" / "bin" / "python3.11", tmp_path / "python3"
    environment = tmp_path / "env" / "bin" / "python"
    for folder in (base.parent, environment.parent):
        folder.mkdir(parents=True)
    base.touch()
    link.symlink_to(base)
    environment.symlink_to(base)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    python = Python(f"{base}", "3.11")
    for well in ("", f"{base}", f"{link}"):
        assert hazards.judge_value(well, python).holds, well
    monkeypatch.chdir(base.parent)
    for wrong, told in (
        ("python3.11", "which is no absolute path"),
        ("../bin/python3.11", "which is no absolute path"),
        (f"{tmp_path / 'other'}", f"and the base interpreter is {base}"),
        (f"{environment}", "which is in an environment"),
    ):
        assert hazards.judge_value(wrong, python) == Outcome(False, f"PYO3_BASE_PYTHON is {wrong}, {told}", BACKEND)


def test_each_hazard_is_tried() -> None:
    tried = [name for group in hazards.TRIALS for name in group]
    assert sorted([*tried, matrix.TREE, matrix.BASE_VALUE]) == sorted(matrix.HAZARDS)


@pytest.mark.parametrize("front_end", matrix.FRONT_ENDS)
@pytest.mark.parametrize("by_sdist", [False, True])
def test_a_wheel_is_built_for_the_python_that_is_named(front_end: str, by_sdist: bool) -> None:
    commands = building.wheel_command(front_end, Path("/w"), by_sdist=by_sdist, python="/other/python")
    assert all("/other/python" in command for command in commands)
    assert not any("python" in command for command in commands)
