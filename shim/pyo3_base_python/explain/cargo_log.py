"""Cargo's log, read: which units there are, why they are compiled, when they ran, what they depend on. Pure.

A unit is what cargo compiles or runs as one job: a crate, its build script, or a run of that. The reasons are those of
``DirtyReason`` in cargo's ``compiler/fingerprint/dirty_reason.rs`` (cargo 1.74 to 1.99).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pyo3_base_python.explain import rust_debug
from pyo3_base_python.explain.rust_debug import Struct
from pyo3_base_python.explain.sieve import MESSAGE, QUEUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ERROR", "FIRST", "NOT_SAID", "REASON", "VERDICT", "Package", "Unit", "read", "reason"]

# The reason of what was never compiled here; cargo has this name for it as well.
FIRST = Struct("FreshBuild", {}, [])
NOT_SAID = Struct("NothingObvious", {}, [])

VERDICT = re.compile(
    r"fingerprint (?P<verdict>dirty|error) for (?P<name>\S+) v(?P<version>\S+)(?: \((?P<place>.*)\))?"
    r"/(?P<mode>[A-Z]\w*(?: \{ [^}]*\})?)/(?P<target>TargetInner \{.*\})$"
)
REASON = "    dirty: "
ERROR = "    err: "
# Cargo's own file of the unit, in the folder that is compiled into.
NOT_READ = re.compile(r"failed to read `(.+)`$")
START = re.compile(r"start \d+: (Unit \{.*)$")
END = re.compile(r"end \((Unit \{.*\})\): (Ok|Err)\b")
# Of a unit in its packed form, see `_packed`.
UNIT = re.compile(
    r'^Unit\{pkg:Package\{id:PackageId\{name:"(?P<name>[^"]*)",version:"(?P<version>[^"]*)",source:"(?P<source>[^"]*)"'
    r".*?,target:(?P<target>TargetInner\{.*?\}),profile:.*?,mode:(?P<mode>[A-Z]\w*(?:\{[^}]*\})?),features:"
)
STRING_OR_BLANKS = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=[}\])])')
TARGET_NAME = re.compile(r'(\w+)\("([^"]*)"')
# Reasons that enclose another one: `FsStatusOutdated(StaleItem(ChangedFile { .. }))`.
ENCLOSING = ("FsStatusOutdated", "StaleItem")
# Depths of the pretty printed queue: `dep_map` holds units, and for each the units it waits for.
UNIT_BEGINS, UNIT_ENDS = " " * 8 + "Unit {", " " * 8 + "}: ("
NEEDED_BEGINS, NEEDED_ENDS = " " * 20 + "Unit {", " " * 20 + "},"


class Package(NamedTuple):
    """A package as cargo names it; ``folder`` is where it lies, or ``""`` if it comes from a registry."""

    name: str
    version: str
    folder: str


class Unit(NamedTuple):
    """One job of cargo's.

    ``mode`` is cargo's (``Build``, ``RunCustomBuild``, ``Check``, ``Test``); ``script`` is whether it compiles a build
    script; ``reason`` is why it was not fresh, or ``None``; ``started`` and ``ended`` are seconds since cargo's start,
    ``None`` where it did not come to that; ``needs`` are places in the list of units.
    """

    package: Package
    mode: str
    script: bool
    reason: Struct | None
    started: float | None
    ended: float | None
    failed: bool
    needs: tuple[int, ...]

    @property
    def runs_script(self) -> bool:
        """Whether this is the run of a build script."""
        return self.mode == "RunCustomBuild"

    @property
    def seconds(self) -> float:
        """From start to end; 0.0 if it did not end."""
        return self.ended - self.started if self.started is not None and self.ended is not None else 0.0


def read(log: bytes) -> list[Unit]:
    """The units of one cargo call, in the order of their start, then those that were never started."""
    reasons: dict[tuple[str, ...], list[Struct]] = {}
    times: dict[str, list[float | None]] = {}
    failed: set[str] = set()
    needs: dict[str, list[str]] = {}
    verdict = None
    lines = iter(log.split(b"\n"))
    for line in lines:
        message = MESSAGE.match(line)
        if message is None:
            continue
        time, words = float(message["time"]), message["words"].decode(errors="replace")
        if message["words"].startswith(QUEUE):
            needs.update(_queue(lines))
            continue
        found = VERDICT.match(words)
        if found:
            verdict = found
            continue
        if verdict and words.startswith((REASON, ERROR)):
            key = _key(verdict)
            reasons.setdefault(key, []).append(reason(words))
            verdict = None
            continue
        start, end = START.match(words), END.match(words)
        if start:
            unit = _packed(start[1])
            times.setdefault(unit, [time, None])
        elif end:
            unit = _packed(end[1])
            times.setdefault(unit, [None, None])[1] = time
            if end[2] == "Err":
                failed.add(unit)
    for unit in needs:
        times.setdefault(unit, [None, None])
    return _units(times, failed, needs, reasons)


def _units(
    times: dict[str, list[float | None]],
    failed: set[str],
    needs: dict[str, list[str]],
    reasons: dict[tuple[str, ...], list[Struct]],
) -> list[Unit]:
    """Put together what was found about each unit."""
    known = {unit: match for unit in times for match in [UNIT.search(unit)] if match}
    places = {unit: place for place, unit in enumerate(known)}
    # A verdict names package, mode and target, but no features or profile: of several such units those that ran longest
    # are the ones that were not fresh.
    alike: dict[tuple[str, ...], list[str]] = {}
    for unit, match in known.items():
        alike.setdefault(_key(match), []).append(unit)
    reason_of: dict[str, Struct] = {}
    for key, group in alike.items():
        group.sort(key=lambda unit: _ran(times[unit]), reverse=True)
        reason_of.update(zip(group, reasons.get(key, ())))
    result = []
    for unit, match in known.items():
        started, ended = times[unit]
        source = match["source"]
        package = Package(match["name"], match["version"], source if source.startswith("/") else "")
        kind = TARGET_NAME.search(match["target"])
        mode = match["mode"].partition("{")[0]
        result.append(
            Unit(
                package,
                mode,
                script=bool(kind and kind[1] == "custom_build_target" and mode != "RunCustomBuild"),
                reason=reason_of.get(unit),
                started=started,
                ended=ended,
                failed=unit in failed,
                needs=tuple(places[other] for other in needs.get(unit, ()) if other in places),
            )
        )
    return result


def _ran(times: Sequence[float | None]) -> float:
    started, ended = times
    if started is None:
        return -1.0
    return (ended if ended is not None else float("inf")) - started


def _key(match: re.Match[str]) -> tuple[str, ...]:
    return (match["name"], match["version"], _packed(match["mode"]), _packed(match["target"]))


def reason(words: str) -> Struct:
    """The reason in a line after a verdict, which begins with ``REASON`` or ``ERROR``, without what encloses it."""
    if words.startswith(ERROR):
        # There is nothing to compare with.
        place = NOT_READ.search(words)
        return FIRST._replace(fields={"reference": place[1]}) if place else FIRST
    value = rust_debug.parse(words[len(REASON) :])
    while isinstance(value, Struct) and value.name in ENCLOSING and len(value.items) == 1:
        value = value.items[0]
    return value if isinstance(value, Struct) and value.name else NOT_SAID


def _queue(lines: Iterator[bytes]) -> Iterator[tuple[str, list[str]]]:
    """Read the lines after the first one of the queue: units, and the units that each waits for."""
    unit: list[str] = []
    needed: list[str] = []
    found: list[str] = []
    into: list[str] | None = None  # `unit` or `needed`, while the lines of one are read
    for raw in lines:
        line = raw.decode(errors="replace")
        if line.startswith("    }") or not line.startswith(" "):
            break  # the end of `dep_map`; all that follows repeats it
        if line == UNIT_BEGINS:
            unit, found = [], []
            into = unit
        elif line == NEEDED_BEGINS:
            needed = []
            into = needed
        if into is not None:
            into.append(line.strip())
        if line == UNIT_ENDS:
            into = None
            unit[-1:] = ["}"]
        elif line == NEEDED_ENDS:
            into = None
            found.append(_packed("\n".join(needed)))
        elif line.startswith(" " * 8 + ")") and unit:
            yield _packed("\n".join(unit)), found


def _packed(text: str) -> str:
    """A value without blanks and last commas outside of strings: the same whether it was pretty printed or not."""
    return LAST_COMMA.sub(r"\1", STRING_OR_BLANKS.sub(r"\1", text).rstrip(","))
