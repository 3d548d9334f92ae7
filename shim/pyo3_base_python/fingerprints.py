"""What cargo has compiled, by the fingerprint of each unit: how long it took, and what depends on Python.

Below the folder of a profile, ``.fingerprint/<package>-<hash>/`` has for a unit the file ``<kind>-<name>``, which holds
the unit's own fingerprint, beside it ``.json`` with what went into that, and ``invoked.timestamp``, of when rustc was
started (https://doc.rust-lang.org/nightly/nightly-rustc/cargo/core/compiler/fingerprint/). Cargo is free to change all
of that: a unit that is not as expected is passed over.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Unit", "depend_on_python", "units"]

# A build script that says it depends on one of these would have been run again for another interpreter.
VARIABLES = frozenset({"PYO3_BASE_PYTHON", "PYO3_CONFIG_FILE", "PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE"})


class Unit(NamedTuple):
    """One job of cargo's: its package, its fingerprint, and those of the units that it depends on.

    ``reads_python`` is whether it is a build script that depends on the interpreter; ``compiled`` is when (s) it was
    compiled last, and ``seconds`` how long that took, 0 where that is not known.
    """

    package: str
    fingerprint: int
    dependencies: frozenset[int]
    reads_python: bool
    compiled: float
    seconds: float


def units(profile_dir: Path) -> list[Unit]:
    """The units that cargo has compiled below ``profile_dir``."""
    found = []
    for file in sorted((profile_dir / ".fingerprint").glob("*/*.json")):
        try:
            found.append(_unit(file))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
    return found


def depend_on_python(found: Iterable[Unit]) -> list[Unit]:
    """Those of ``found`` that cargo would compile again for an interpreter at another path."""
    left = list(found)
    marked = [unit for unit in left if unit.reads_python]
    taken: list[Unit] = []
    while marked:
        taken += marked
        left = [unit for unit in left if unit not in marked]
        known = {unit.fingerprint for unit in marked}
        marked = [unit for unit in left if unit.dependencies & known]
    return taken


def _unit(file: Path) -> Unit:
    data: dict[str, Any] = json.loads(file.read_bytes())
    own = file.with_suffix("")
    # The bytes of the number, as they lie in memory, in hexadecimal digits.
    fingerprint = int.from_bytes(bytes.fromhex(own.read_text(encoding="ascii")), "little")
    ended = own.stat().st_mtime
    started = file.with_name("invoked.timestamp")
    seconds = max(ended - started.stat().st_mtime, 0.0) if started.exists() else 0.0
    variables = {local["RerunIfEnvChanged"]["var"] for local in data["local"] if "RerunIfEnvChanged" in local}
    return Unit(
        file.parent.name.rpartition("-")[0],
        fingerprint,
        frozenset(dependency[3] for dependency in data["deps"]),
        bool(variables & VARIABLES),
        ended - seconds,
        seconds,
    )
