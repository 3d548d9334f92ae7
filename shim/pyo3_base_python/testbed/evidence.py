"""What a recorded build shows, and which half of a fix is to blame: pyo3, or the build backend. Pure.

The halves have a contract. The backend names the base interpreter in ``PYO3_BASE_PYTHON``, by an absolute path that is
the same in each build, and the base of the interpreter it builds for, unless the user has chosen one; it leaves
``PYO3_PYTHON`` and ``PATH`` in the environment. pyo3 then reads the first, tracks it, and neither reads nor tracks the
second; but build scripts that run Python still do so in the environment.
"""

from __future__ import annotations

from typing import NamedTuple

from pyo3_base_python.explain import cargo_log, reasons, sieve
from pyo3_base_python.explain.reasons import Kind, Reason
from pyo3_base_python.measure import MARK
from pyo3_base_python.testbed.candidates import PYO3_CRATES
from pyo3_base_python.testbed.matrix import Cause
from pyo3_base_python.wrapper import command_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BACKEND", "BASE", "PYO3", "Change", "Evidence", "author", "churn", "read", "refusal"]

PYO3, BACKEND = "pyo3", "the backend"
BASE, CONFIG = "PYO3_BASE_PYTHON", "PYO3_CONFIG_FILE"
# Cargo's reasons that only say that something else was compiled, or that there is nothing to compare with.
NO_CAUSE = frozenset({"UnitDependencyInfoChanged", "StaleDependency", "StaleDepFingerprint", "FreshBuild"})


class Change(NamedTuple):
    """What cargo found changed, and the crate that it compiled because of it."""

    crate: str
    reason: Reason


class Evidence(NamedTuple):
    """A build: what cargo found changed; the variables that the last call was given, and its configuration file."""

    changes: tuple[Change, ...]
    variables: Mapping[str, str]
    configuration: tuple[str, ...]


def read(messages: str) -> Evidence:
    """The evidence in the ``messages`` of a recording cargo, if it writes its reasons (see ``measure.Recorder``)."""
    changes: list[Change] = []
    variables: dict[str, str] = {}
    configuration: list[str] = []
    builds = False
    verdict = None
    for line in messages.splitlines():
        if line.startswith(MARK):
            what, _, value = line[len(MARK) :].partition(" ")
            if what == "call":
                builds = command_line.parse(value.split()).may_build
                if builds:
                    variables, configuration = {}, []
            elif what == "given" and builds:
                name, _, text = value.partition("=")
                variables[name] = text
            elif what == "configured" and builds:
                configuration.append(value)
            continue
        message = sieve.MESSAGE.match(line.encode())
        words = message["words"].decode() if message else ""
        found = cargo_log.VERDICT.match(words)
        if found:
            verdict = found
        elif verdict and words.startswith(cargo_log.REASON):
            reason = cargo_log.reason(words)
            if reason.name not in NO_CAUSE:
                package = cargo_log.Package(verdict["name"], verdict["version"], verdict["place"] or "")
                mode = verdict["mode"].partition(" ")[0]
                unit = cargo_log.Unit(package, mode, False, reason, None, None, False, ())
                changes.append(Change(package.name, reasons.describe(unit)))
    return Evidence(tuple(changes), variables, tuple(configuration))


def churn(before: Evidence, after: Evidence) -> Cause:
    """Why the second of two builds, with nothing changed in between, compiled something: its first cause."""
    if not after.changes:
        return Cause()
    # Cargo begins with the project, whose own files say less than a variable that pyo3 tracks.
    crate, reason = min(after.changes, key=lambda change: change.reason.kind != Kind.VARIABLE)
    base = after.variables.get(BASE, "")
    if reason.kind == Kind.VARIABLE:
        words = f"{crate}: {reason.subject} was {_value(reason.old)}, is {_value(reason.new)}"
        if reason.subject in {BASE, CONFIG} or before.variables.get(BASE, "") != base:
            return Cause(f"{words}: exported with another value in each build", BACKEND)
        if not base:
            return Cause(f"{words}: {BASE} is not exported", BACKEND)
        return Cause(f"{words}: tracked, though {BASE} is {base} in both", PYO3)
    if reason.kind == Kind.FILE and reason.subject and reason.subject == after.variables.get(CONFIG):
        lines = _differing(before.configuration, after.configuration) or "written anew, and its time is new"
        return Cause(f"{crate}: {CONFIG} {reason.subject}: {lines}", BACKEND)
    if crate in PYO3_CRATES and reason.kind in {Kind.FILE, Kind.MISSING_FILE}:
        # Whatever the backend gives it: which files its build scripts watch is pyo3's own choice.
        return Cause(f"{crate}: {reason.what}, and its build script watches that", PYO3)
    local = reason.watched_by is not None and reason.watched_by.folder
    if local and reason.kind in {Kind.FILE, Kind.PACKAGE_FILES}:
        return Cause(f"{crate}: {reason.what}, though nobody edited it", BACKEND)
    return Cause(f"{crate}: {reason.what}")


def author(error: str) -> str:
    """The half whose code does not compile, by the words of a build's ``error``; empty if that is not known."""
    return PYO3 if any(f"could not compile `{crate}`" in error for crate in PYO3_CRATES) else ""


def refusal(output: str, variable: str, words: Sequence[str]) -> str:
    """The line of ``output`` that refuses ``variable``: it has its name and all of ``words``. Empty if there is none.

    Two versions of Python among ``words`` tell a refusal from a program that fails and says what it was given.
    """
    for line in output.splitlines():
        if variable in line and all(word in line for word in words):
            return line.strip()
    return ""


def _value(value: str | None) -> str:
    return value or "not set"


def _differing(before: Sequence[str], after: Sequence[str]) -> str:
    pairs = [(old, new) for old, new in zip(before, after) if old != new]
    return ", ".join(f"`{old}` became `{new}`" for old, new in pairs)
