"""From the units of a cargo call to its root causes, and to what followed from each as a tree of crates. Pure.

A crate stands below the cause that cargo gives for it. One that cargo compiled since a dependency was compiled stands
below that dependency; of several, below the one that was started last, which is the one that it waited for. Cargo
gives one reason for each unit, the first that it finds: a crate whose sources changed as well is not named twice.
"""

from __future__ import annotations

from typing import NamedTuple

from pyo3_base_python.explain import cargo_log
from pyo3_base_python.explain.advice import Circumstances, Typed, advise
from pyo3_base_python.explain.reasons import Kind, Reason, describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyo3_base_python.explain.cargo_log import Package, Unit
    from pyo3_base_python.explain.recording import Recorded

__all__ = ["Call", "Cause", "Crate", "Job", "Typed", "explain"]

# Reasons that only say that a dependency was compiled.
FOLLOWS = frozenset({"UnitDependencyInfoChanged", "StaleDependency", "StaleDepFingerprint"})


class Job(NamedTuple):
    """A unit of work of a crate: what it is, and when it ran, in seconds since the call's start.

    ``ended`` is ``None`` if cargo ended before it did.
    """

    what: str
    started: float
    ended: float | None
    failed: bool


class Crate(NamedTuple):
    """A compiled crate, its jobs, and the crates that were compiled since it was.

    ``also_after`` is for one with a cause of its own the crate that it would have followed without it, or ``""``.
    """

    package: Package
    jobs: tuple[Job, ...]
    followed_by: tuple[Crate, ...]
    also_after: str

    @property
    def seconds(self) -> float:
        """Of all its jobs together: from start to end, by cargo's own clock."""
        return sum(job.ended - job.started for job in self.jobs if job.ended is not None)

    def walk(self) -> Iterator[Crate]:
        """The crate itself and all below it, in the order of the tree."""
        yield self
        for crate in self.followed_by:
            yield from crate.walk()


class Cause(NamedTuple):
    """A root cause: what it is, who watches it, what to do about it, and the crates that it begins with.

    ``watchers`` are words: a package, or the build script of one.
    """

    reason: Reason
    watchers: tuple[str, ...]
    advice: str
    crates: tuple[Crate, ...]

    @property
    def all_crates(self) -> list[Crate]:
        """Every crate that was compiled for this cause."""
        return [below for crate in self.crates for below in crate.walk()]

    @property
    def seconds(self) -> float:
        """Of all its crates together; those compiled side by side count both."""
        return sum(crate.seconds for crate in self.all_crates)


class Call(NamedTuple):
    """A call of cargo, explained. ``fresh`` are the crates that were not compiled.

    ``silent`` is whether cargo compiled without saying why (it is older than 1.74, or logs in another way).
    """

    recorded: Recorded
    causes: tuple[Cause, ...]
    fresh: tuple[Package, ...]
    silent: bool

    @property
    def compiled(self) -> list[Crate]:
        """Every crate that was compiled, in the order of the causes."""
        return [crate for cause in self.causes for crate in cause.all_crates]


def explain(recorded: Recorded, typed: Typed, store: str) -> Call:
    """Explain a call; ``typed`` is the user's command, and ``store`` the folder of the shim's store, for the advice."""
    units = cargo_log.read(recorded.log)
    compiled: dict[Package, list[Unit]] = {}
    fresh: dict[Package, None] = {}
    for unit in units:
        if unit.reason is not None and unit.started is not None:
            compiled.setdefault(unit.package, []).append(unit)
    for unit in units:
        if unit.package not in compiled and unit.reason is None and unit.started is not None:
            fresh[unit.package] = None
    after = _after(units, compiled)
    roots = _roots(compiled, after)
    followers: dict[Package, list[Package]] = {}
    own_causes = {package: reason for packages in roots for package, reason in packages.items()}
    for package, before in after.items():
        if package not in own_causes:
            followers.setdefault(before, []).append(package)

    def crate(package: Package) -> Crate:
        jobs = tuple(Job(_what(unit), unit.started or 0.0, unit.ended, unit.failed) for unit in compiled[package])
        changed = package in own_causes and own_causes[package].kind != Kind.FIRST
        also = after[package].name if changed and package in after else ""
        return Crate(package, jobs, tuple(map(crate, followers.get(package, ()))), also)

    seen = Circumstances(recorded.shim, recorded.sources, typed, store, recorded.cwd, recorded.command, cold=not fresh)
    causes = [
        Cause(
            next(iter(packages.values())),
            tuple(dict.fromkeys(reason.watcher for reason in packages.values() if reason.is_watched)),
            advise(next(iter(packages.values())), seen, tuple(packages)),
            tuple(map(crate, packages)),
        )
        for packages in roots
    ]
    causes.sort(key=lambda cause: cause.seconds, reverse=True)
    silent = not units and b"Compiling " in recorded.told
    return Call(recorded, tuple(causes), tuple(fresh), silent)


def _after(units: Sequence[Unit], compiled: dict[Package, list[Unit]]) -> dict[Package, Package]:
    """For each compiled crate, the last one that it waited for among those that were compiled as well."""
    begun = {package: min(unit.started or 0.0 for unit in own) for package, own in compiled.items()}
    result = {}
    for package, own in compiled.items():
        needed = {units[place].package for unit in own for place in unit.needs}
        # Only what began before: packages may need each other, by their tests.
        before = [other for other in needed if begun.get(other, begun[package]) < begun[package]]
        if before:
            result[package] = max(before, key=begun.__getitem__)
    return result


def _roots(compiled: dict[Package, list[Unit]], after: dict[Package, Package]) -> list[dict[Package, Reason]]:
    """For each root cause, the crates that it begins with, and what cargo says about each."""
    roots: dict[tuple[object, ...], dict[Package, Reason]] = {}
    for package, own in compiled.items():
        reasons = [describe(unit) for unit in own if unit.reason is not None and unit.reason.name not in FOLLOWS]
        if not reasons:
            if package in after:
                continue
            reasons = [describe(own[0])]
        # What was not there before says less than what has changed.
        reason = min(reasons, key=lambda reason: reason.kind == Kind.FIRST)
        roots.setdefault(reason.identity, {})[package] = reason
    return list(roots.values())


def _what(unit: Unit) -> str:
    if unit.runs_script:
        return "build script, run"
    if unit.script:
        return "build script"
    return "crate" if unit.mode == "Build" else unit.mode.lower()
