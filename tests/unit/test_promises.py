"""The table of promises: a failing test of one is counted as a broken promise, wherever it fails."""

from __future__ import annotations

import pytest

from tests import promises

HEAD = "import pytest\nfault = pytest.mark.promise('fault')\n"


@pytest.fixture
def table(pytester: pytest.Pytester) -> Table:
    return Table(pytester)


class Table:
    """Runs tests with the plugin, and reads the table that it prints."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makeini("[pytest]\nmarkers = promise(name)\naddopts = -p tests.promises -p no:cacheprovider\n")

    def run(self, tests: str) -> pytest.RunResult:
        """A run of pytest on these tests, in this process: a subprocess would not find the plugin."""
        self.pytester.makepyfile(HEAD + tests)
        return self.pytester.runpytest_inprocess()

    def of(self, tests: str) -> dict[str, tuple[int, int]]:
        """Tried and failed, by promise; nothing where there is no table."""
        lines = [line.strip() for line in self.run(tests).outlines]
        found = {}
        for promise, (what, meaning) in promises.WORDS.items():
            for line in lines:
                tried, _, rest = line.partition(f" {what} ")
                if rest.endswith(meaning):
                    found[promise] = (int(tried), int(rest.split()[0]))
        return found


def test_a_failing_test_is_a_broken_promise(table: Table) -> None:
    found = table.of("@fault\ndef test_good(): pass\n@fault\ndef test_bad(): assert False\n")
    assert found == {**dict.fromkeys(promises.WORDS, (0, 0)), "fault": (2, 1)}


def test_a_test_that_fails_in_a_fixture_is_a_broken_promise(table: Table) -> None:
    fixture = "@pytest.fixture\ndef built(): assert False, 'the build failed'\n"
    assert table.of(fixture + "@fault\ndef test_it(built): pass\n")["fault"] == (1, 1)


def test_a_test_is_counted_once_whatever_comes_after_it(table: Table) -> None:
    fixture = "@pytest.fixture\ndef built():\n    yield\n    assert False\n"
    assert table.of(fixture + "@fault\ndef test_it(built): pass\n")["fault"] == (1, 0)


def test_a_skipped_test_has_tried_nothing(table: Table) -> None:
    found = table.of("@fault\ndef test_it(): pytest.skip('not here')\n@fault\ndef test_other(): pass\n")
    assert found["fault"] == (1, 0)


def test_each_parameter_is_a_case_and_a_test_may_have_more(table: Table) -> None:
    tests = (
        "@fault\n@pytest.mark.parametrize('number', [1, 2])\ndef test_two(number): assert number == 1\n"
        "@pytest.mark.promise('config')\ndef test_many(record_property): record_property('cases', 7)\n"
    )
    found = table.of(tests)
    assert (found["fault"], found["config"]) == ((2, 1), (7, 0))


def test_mark_of_a_file_counts_for_each_of_its_tests(table: Table) -> None:
    assert table.of("pytestmark = fault\ndef test_one(): pass\ndef test_two(): pass\n")["fault"] == (2, 0)


def test_a_promise_that_does_not_exist_is_no_silent_pass(table: Table) -> None:
    table.run("@pytest.mark.promise('typo')\ndef test_it(): pass\n").stdout.fnmatch_lines("*AssertionError: typo*")


def test_there_is_no_table_without_such_tests(table: Table) -> None:
    result = table.run("def test_it(): pass\n")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*builds broken*")
