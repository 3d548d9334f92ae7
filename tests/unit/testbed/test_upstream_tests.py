"""Which failing tests the patches have caused."""

from __future__ import annotations

from pyo3_base_python.testbed.upstream_tests import Run, compare, parse

CARGO = """\
running 4 tests
test impl_::tests::one ... ok
test impl_::tests::two ... FAILED
test impl_::tests::three ... ignored
test src/impl_.rs - impl_::Flags (line 1159) - compile ... ok
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out
"""
PYTEST = """\
==== short test summary info ====
PASSED tests/test_build.py::test_one
PASSED tests/test_build.py::test_two[a - b]
FAILED tests/test_build.py::test_three - AssertionError: no
ERROR tests/test_build.py::test_four - RuntimeError
==== 1 failed, 2 passed, 1 error in 0.82s ====
"""


def run_of(*passed: str, failed: tuple[str, ...] = ()) -> Run:
    return Run(frozenset(passed), frozenset(failed))


def test_cargo_is_read_and_lines_of_documentation_tests_do_not_count() -> None:
    found = parse(CARGO)
    assert found.passed == {"impl_::tests::one", "src/impl_.rs - impl_::Flags - compile"}
    assert found.failed == {"impl_::tests::two"}


def test_pytest_is_read() -> None:
    found = parse(PYTEST)
    assert len(found.passed) == 2
    assert found.failed == {"tests/test_build.py::test_three", "tests/test_build.py::test_four"}


def test_what_failed_before_is_told_from_what_the_patches_broke() -> None:
    before = run_of("a", "b", "c", failed=("old", "older"))
    after = run_of("a", "new", failed=("old", "older", "b"))
    found = compare("x", before, after, frozenset({"old"}))
    assert found.broken == {"b"}
    assert found.lost == {"c"}
    assert found.before == {"old", "older"}
    assert found.unlisted == {"older"}
    assert not found.holds


def test_old_failures_do_no_harm() -> None:
    found = compare("x", run_of("a", failed=("old",)), run_of("a", "new", failed=("old",)), frozenset({"old"}))
    assert found.holds
    assert not found.unlisted


def test_a_new_test_that_fails_is_the_patches_doing() -> None:
    found = compare("x", run_of("a"), run_of("a", failed=("new",)), frozenset())
    assert found.broken == {"new"}
    assert not found.holds


def test_a_known_failure_that_passes_is_named() -> None:
    found = compare("x", run_of("a"), run_of("a", "old"), frozenset({"old"}))
    assert found.cured == {"old"}
    assert found.holds


def test_no_tests_at_all_prove_nothing() -> None:
    assert not compare("x", run_of(), run_of(), frozenset()).holds
