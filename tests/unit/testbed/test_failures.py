"""The errors of the test bed: which lines of a program's output are told."""

from __future__ import annotations

from pyo3_base_python.testbed import failures


def test_a_build_that_failed_is_told_by_its_errors_and_not_by_quoted_commands() -> None:
    quoted = "Running `rustc --crate-name pyo3_macros --error-format=json`"
    output = f"{quoted}\nerror: couldn't read guide.md\n{quoted}\nCaused by: `rustc --error-format=json` failed\n"
    error = failures.build_failed("the first build", output, "/tmp/build.log")
    assert error.what == "the first build: error: couldn't read guide.md"
    assert error.hint == "the whole output is in /tmp/build.log"


def test_errors_of_compilers_and_of_python_say_more_than_other_lines_with_the_word() -> None:
    output = (
        "fingerprint error for syn v3.0.10\nerror[E0507]: cannot move out\nerror: could not compile `pyo3`\n"
        "  error: subprocess-exited-with-error\n  KeyError: 'PYO3_PYTHON'\n  ERROR: Failed building wheel\n"
    )
    told = "error[E0507]: cannot move out / error: could not compile `pyo3` / KeyError: 'PYO3_PYTHON'"
    assert failures.telling(output) == told


def test_without_a_line_that_says_so_the_last_ones_are_told() -> None:
    assert failures.build_failed("it", "one\ntwo\n", "/tmp/build.log").what == "it: one / two"
