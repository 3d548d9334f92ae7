"""The projects' own tests, with and without the patches: which failures the patches cause, and which they don't."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.testbed import failures, running, tools, upstream
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Comparison", "Run", "compare", "parse", "run"]

CARGO_LINE = re.compile(r"^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)", re.MULTILINE)
LINE_NUMBER = re.compile(r" \(line \d+\)")
PYTEST_LINE = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL) (\S+::.+?)(?: - .*)?$", re.MULTILINE)
PASSED = frozenset({"ok", "PASSED", "XFAIL"})
FAILED = frozenset({"FAILED", "ERROR"})


class Run(NamedTuple):
    """One run of a project's tests: names of those that passed and failed, and how long it took."""

    passed: frozenset[str]
    failed: frozenset[str]
    seconds: float = 0.0


class Comparison(NamedTuple):
    """A patch set's tests: ``released`` without the patches, ``patched`` with them.

    ``broken`` fail only with the patches, ``lost`` are no longer there, ``before`` fail either way; of those
    ``unlisted`` are not in the known failures of `upstream.toml`. ``cured`` are listed there, but pass.
    """

    name: str
    released: Run
    patched: Run
    broken: frozenset[str]
    lost: frozenset[str]
    before: frozenset[str]
    unlisted: frozenset[str]
    cured: frozenset[str]

    @property
    def holds(self) -> bool:
        """Whether the patches do no harm: nothing is broken or lost, and there are tests that pass."""
        return not self.broken and not self.lost and bool(self.patched.passed)


def run(
    patch_set: PatchSet, work: WorkFolder, environ: Mapping[str, str], progress: Callable[[str], None]
) -> Comparison:
    """Run the tests of a project on the released and on the patched tree. Raises ``ShimError`` if they don't build."""
    progress(f"{patch_set.name}: fetching, patching")
    trees = {
        "released": upstream.released(patch_set, work, environ),
        "patched": upstream.patched(patch_set, work, environ),
    }
    runs = {}
    for label, tree in trees.items():
        progress(f"{patch_set.name}: tests of the {label} sources")
        runs[label] = run_tests(patch_set, tree, label, work, environ)
    return compare(patch_set.name, runs["released"], runs["patched"], patch_set.known_failures)


def run_tests(patch_set: PatchSet, tree: Path, label: str, work: WorkFolder, environ: Mapping[str, str]) -> Run:
    """Run the tests in a copy of ``tree``: what they write must not become part of the sources."""
    log = work.log(f"tests-{patch_set.name}-{label}")
    variables = dict(environ)
    command = list(patch_set.test_command)
    if command[0] == "python":
        variables = tools.environment(tools.default_python(environ), patch_set.test_requires, work, environ)
        command.append("-rA")
    # The same for both trees: only what the patches change is compiled twice.
    variables["CARGO_TARGET_DIR"] = os.fspath(work.top / "targets" / f"tests-{patch_set.name}")
    variables["CARGO_TERM_COLOR"] = "never"
    began = time.monotonic()
    scratch = work.scratch(tree)
    status, output = running.run(command, variables, scratch / patch_set.test_directory, log)
    found = parse(output, time.monotonic() - began)
    if not found.passed and not found.failed:
        raise failures.build_failed(f"the tests of {patch_set.name} ({label}) did not run", output, os.fspath(log))
    if status and not found.failed:
        what = f"the tests of {patch_set.name} ({label}) ended with {status}, though none failed"
        raise ShimError(what, f"the whole output is in {log}", Exit.BUILD)
    return found


def parse(output: str, seconds: float = 0.0) -> Run:
    """What `cargo test` or `pytest -rA` says about each test."""
    # A documentation test is named after its line, which a patch may move.
    results = [(LINE_NUMBER.sub("", name), status) for name, status in CARGO_LINE.findall(output)]
    results += [(name, status) for status, name in PYTEST_LINE.findall(output)]
    failed = frozenset(name for name, status in results if status in FAILED)
    return Run(frozenset(name for name, status in results if status in PASSED) - failed, failed, seconds)


def compare(name: str, released: Run, patched: Run, known: frozenset[str]) -> Comparison:
    """Tell the failures that were there before from those that came with the patches. Pure."""
    return Comparison(
        name=name,
        released=released,
        patched=patched,
        broken=patched.failed - released.failed,
        lost=(released.passed | released.failed) - (patched.passed | patched.failed),
        before=patched.failed & released.failed,
        unlisted=(patched.failed & released.failed) - known,
        cured=known & patched.passed,
    )
