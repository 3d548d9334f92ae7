"""From the units of a cargo call to its root causes, and to what followed from each as a tree of crates. Pure.

A crate stands below the cause that cargo gives for it. One that cargo compiled since a dependency was compiled stands
below that dependency; of several, below the one that was started last, which is the one that it waited for. Cargo
gives one reason for each unit, the first that it finds: a crate whose sources changed as well is not named twice.
"""

from __future__ import annotations

from typing import NamedTuple

from pyo3_base_python.explain import cargo_log
from pyo3_base_python.explain.advice import Circumstances, advise
from pyo3_base_python.explain.reasons import Kind, Reason, describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyo3_base_python.explain.cargo_log import Package, Unit
    from pyo3_base_python.explain.recording import Recorded

__all__ = ["Call", "Cause", "Crate", "Job", "explain"]

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
    """A compiled crate, its jobs, and the crates that were compiled since it was."""

    package: Package
    jobs: tuple[Job, ...]
    followed_by: tuple[Crate, ...]

    @property
    def seconds(self) -> float:
        """Of all its jobs together: from start to end, by cargo's own clock."""
        return sum(job.ended - job.started for job in self.jobs if job.ended is not None)

    def walk(self) -> Iterator[Crate]:
        """The crate itself and all below it, in the order in which they stand in the tree."""
        yield self
        for crate in self.followed_by:
            yield from crate.walk()


class Cause(NamedTuple):
    """A root cause: what it is, who watches that, what to do about it, and the crates that it begins with.

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


def explain(recorded: Recorded, typed: str, store: str) -> Call:
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
    followers, roots = _roots(units, compiled)
    circumstances = Circumstances(recorded.shim, typed, store, recorded.cwd, cold=not fresh)
    causes = [
        Cause(
            next(iter(packages.values())),
            tuple(dict.fromkeys(reason.watcher for reason in packages.values() if reason.is_watched)),
            advise(next(iter(packages.values())), circumstances),
            tuple(_crate(package, compiled, followers) for package in packages),
        )
        for packages in roots
    ]
    causes.sort(key=lambda cause: cause.seconds, reverse=True)
    silent = not units and b"Compiling " in recorded.told
    return Call(recorded, tuple(causes), tuple(fresh), silent)


def _roots(
    units: Sequence[Unit], compiled: dict[Package, list[Unit]]
) -> tuple[dict[Package, list[Package]], list[dict[Package, Reason]]]:
    """For each crate the ones that followed from it, and for each root cause the crates that it begins with."""
    begun = {package: min(unit.started or 0.0 for unit in own) for package, own in compiled.items()}
    followers: dict[Package, list[Package]] = {}
    roots: dict[tuple[object, ...], dict[Package, Reason]] = {}
    for package, own in compiled.items():
        reasons = [describe(unit) for unit in own if unit.reason is not None and unit.reason.name not in FOLLOWS]
        if not reasons:
            needed = {units[place].package for unit in own for place in unit.needs}
            # Only what began before: packages may need each other, by their tests.
            before = [other for other in needed if begun.get(other, begun[package]) < begun[package]]
            if before:
                followers.setdefault(max(before, key=begun.__getitem__), []).append(package)
                continue
            reasons = [describe(own[0])]
        # What was not there before says less than what has changed.
        reason = min(reasons, key=lambda reason: reason.kind == Kind.FIRST)
        roots.setdefault(reason.identity, {})[package] = reason
    return followers, list(roots.values())


def _crate(package: Package, compiled: dict[Package, list[Unit]], followers: dict[Package, list[Package]]) -> Crate:
    jobs = tuple(
        Job(_what(unit), unit.started or 0.0, unit.ended, unit.failed) for unit in compiled[package] if unit.reason
    )
    return Crate(package, jobs, tuple(_crate(other, compiled, followers) for other in followers.get(package, ())))


def _what(unit: Unit) -> str:
    if unit.runs_script:
        return "build script, run"
    if unit.script:
        return "build script"
    return "crate" if unit.mode == "Build" else unit.mode.lower()
