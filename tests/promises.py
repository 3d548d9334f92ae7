"""What the shim promises, counted at the end of a test run: a table of what was tried, and what failed.

A test says which promise it tries with `@pytest.mark.promise("stale")` (for a whole file: `pytestmark`). One that tries
several cases says how many with `record_property("cases", number)`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

# What is tried, and what a failed test of it would mean.
WORDS = {
    "stale": ("changes to what a wheel is made of", "stale wheels shipped"),
    "history": ("histories of projects, by chance and by name", "worse than without the shim"),
    "fault": ("faults injected", "builds broken"),
    "bad input": ("bad inputs", "unclear errors"),
    "config": ("configurations compared with pyo3's own", "differing"),
    "module": ("wheels compared with those built without the shim", "differing"),
}
PROPERTY = "promise"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note in the report which promise the test tries."""
    report = yield
    marker = item.get_closest_marker("promise")
    # A test that fails before its body was reached (a build in a fixture) tries the promise as well, and breaks it.
    counts = report.when == "call" or (report.when == "setup" and report.failed)
    if marker is not None and counts and not report.skipped:
        (promise,) = marker.args
        assert promise in WORDS, promise
        report.user_properties.append((PROPERTY, promise))
    return report


def count(reports: list[pytest.TestReport]) -> tuple[Counter[str], Counter[str]]:
    """Cases tried and cases failed, by promise."""
    tried: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for report in reports:
        noted = dict(getattr(report, "user_properties", ()))  # a file that can't be imported has none
        if PROPERTY in noted:
            promise = str(noted[PROPERTY])
            tried[promise] += int(str(noted.get("cases", 1)))
            failed[promise] += report.failed
    return tried, failed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, if any such test ran."""
    stats = terminalreporter.stats
    tried, failed = count([report for outcome in ("passed", "failed", "error") for report in stats.get(outcome, [])])
    if tried:
        terminalreporter.section("promises")
        for promise, (what, meaning) in WORDS.items():
            terminalreporter.write_line(f"{tried[promise]:5} {what:50} {failed[promise]:3} {meaning}")
