"""The data that a failure carries."""

from __future__ import annotations

from pyo3_base_python.wrapper.errors import ShimError, UserError


def test_a_failure_carries_its_line_its_hint_and_its_exit_code() -> None:
    error = ShimError("it broke", "mend it", 7)
    assert (str(error), error.what, error.hint, error.exit_code) == ("it broke", "it broke", "mend it", 7)


def test_a_failure_is_exit_code_3_and_needs_no_hint() -> None:
    assert (ShimError("it broke").exit_code, ShimError("it broke").hint) == (3, "")


def test_what_the_user_asked_for_by_name_has_an_exit_code_of_its_own() -> None:
    assert UserError("no", "yes").exit_code == 3
