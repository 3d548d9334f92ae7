"""Findings on sources that are unpacked anew."""

from __future__ import annotations

from pyo3_base_python.doctor import crates, facts, pyproject, sdists
from pyo3_base_python.doctor.finding import NOTE, OK, PROBLEM, Finding
from pyo3_base_python.wrapper.errors import CannotSteady

from .support import WELL, decided


def said(**changes: object) -> list[Finding]:
    given: facts.Facts = WELL._replace(**changes)  # type: ignore[arg-type] # the fields' own types
    return list(sdists.judge(given))


def test_a_place_that_stays() -> None:
    (finding,) = said(sdist_place="/t")
    assert (finding.level, finding.what) == (OK, "what is compiled of unpacked sdists goes to /t")


def test_without_a_place_everything_is_compiled_and_the_hint_says_what_helps() -> None:
    (finding,) = said(sdist_place="")
    assert finding.level == NOTE
    assert "`uv build`, `python -m build` and `pip install NAME` build from an unpacked sdist" in finding.what
    assert "CARGO_TARGET_DIR" in finding.hint


def test_nothing_is_said_where_no_backend_builds_rust() -> None:
    assert said(pyproject=None, sdist_place="") == []
    assert said(pyproject=pyproject.PyProject("hatchling.build"), sdist_place="") == []
    assert said(project=None, sdist_place="") == []


def test_vendored_crates_that_go_into_the_sdist() -> None:
    _, finding = said(vendored="/src/include/cargo")
    assert finding.level == NOTE
    assert finding.what.startswith("the crates in include/cargo are vendored, and cargo knows them by their absolute")
    assert finding.hint
    assert len(said(vendored="/opt/crates")) == 1


def test_path_dependencies_outside_of_the_workspace() -> None:
    core = crates.Crate("core", "1.0", "/core", True, "", frozenset(), frozenset())
    _, finding = said(graph=facts.Graph(outside=(core,)))
    assert finding.level == NOTE
    assert finding.what.startswith("core (../core) lies outside the workspace")
    assert "[workspace]" in finding.hint


def test_a_folder_that_can_not_be_used_is_a_problem_that_is_said_once() -> None:
    error = CannotSteady("can't use the place for sdists /x: Not a directory", "set it to another")
    (finding,) = said(sdist_place="/x", sdist_error=error)
    assert finding == Finding(PROBLEM, "sdists", error.what, error.hint)
    assert said(sdist_place="", sdist_error=error, decision_error=error) == []


def test_where_cargo_is_left_alone_there_is_no_other_hint() -> None:
    (finding,) = said(sdist_place="", decision=decided(("off", "PYO3_SHIM_MODE is off")))
    assert (finding.level, finding.hint) == (NOTE, "")
    assert finding.what == "what is compiled of unpacked sdists does not stay, for what the wrapper says above"
