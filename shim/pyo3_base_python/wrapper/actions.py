"""What must be compiled again, and which times the sources get, by what was built last: the cases, and nothing else.

=====================================================  ============  =================================
what is built                                          its packages  times of its files
=====================================================  ============  =================================
a tree of the user's, nothing in it has changed        stay          stay
the same, something has, and the environment is new    cleaned [1]_  stay
the same, another was built last, or without the shim  cleaned       stay
an sdist, no record of it or a void one                cleaned       now
an sdist, something in it is not as recorded           cleaned       as recorded; of what changed: now
an sdist, everything as recorded                       stay          as recorded
the same, cargo has left what it would not see         cleaned       as recorded
an sdist, at the path of an earlier one [2]_           as above      stay: somebody works there
an sdist, cargo has built here and nowhere else since  as one's own  stay
an sdist, not known where it is compiled to            stay          now
=====================================================  ============  =================================

.. [1] What would be compiled without the shim, and nothing else: packages that depend on pyo3, or on a package whose
   build script tracks the interpreter. In the same environment cargo would compile nothing of what was asked for there
   in the same way, nor what was compiled there; the change is noted for the next one.

.. [2] In whatever profile.

Otherwise all packages of a project are cleaned, or none: a build script or macro may read what belongs to another
package.
"""

from __future__ import annotations

import os

from . import paths, snapshot
from .record import Record
from .today import Today

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["Actions", "changed_packages", "of_own_tree", "of_sdist"]


class Actions:
    """What to do before cargo starts: see the table above.

    ``clean``: packages, by name; ``forget``: those to compile, but for their build scripts; ``run``: those of them
    whose build scripts to run; ``times`` (ns): of files and folders, by relative path, none of them to leave them as
    they are; ``since`` (ns): what was compiled then or later stays; ``record``: what is built next, for each package,
    ``None`` where no other tree's is of interest; ``tree``: the same for the whole of a tree of the user's; ``why``, in
    words.
    """

    __slots__ = ("clean", "forget", "record", "run", "since", "times", "tree", "why")

    def __init__(
        self,
        clean: Iterable[str],
        record: Record | None,
        why: str,
        times: Mapping[str, int] | None = None,
        *,
        tree: Record | None = None,
        forget: Iterable[str] = (),
        run: Iterable[str] = (),
        since: int | None = None,
    ) -> None:
        self.since = since
        self.clean = list(clean)
        self.forget = [name for name in forget if name not in self.clean]
        self.run = [name for name in run if name not in self.clean]
        self.record = record
        self.why = why
        self.times = times or {}
        self.tree = tree


def of_own_tree(
    tree: str,
    records: Mapping[str, Record | None],
    artifacts: Collection[str | None],
    seen: Record | None = None,
    found: Mapping[str, tuple[str, int]] | None = None,
    *,
    today: Today | None = None,
    left: str = "",
    begun: int = 0,
) -> Actions:
    """What to do for a tree of the user's. Pure.

    ``records`` are those of its packages, by name; ``artifacts`` are the trees that cargo's artifacts are made of.
    ``seen`` is what the last build found in the tree, ``found`` what there is now; ``left`` is why what cargo has
    compiled won't do though that is the same, or ``""``; ``begun`` is when this build began, in ns.
    """
    today = today or Today()
    found = found or {}
    if seen is None:
        changed = "it was not looked at before"
    elif seen.dirty:
        changed = "something in it had changed"
    else:
        changed = _difference(seen.entries, found) or left
    # A tree that was moved or copied is no other one.
    same = {tree} if changed or seen is None else {tree, seen.trees[-1]}
    foreign = set(artifacts) - same
    stale = [
        name for name, record in records.items() if foreign or (record is not None and record.trees[-1] not in same)
    ]
    known = seen if seen is not None and seen.python == today.python else None
    built = known.built if known else []
    since = known.since if known else begun
    now = Record([tree], dict(found), today.python, since=since, built=today.asked.union(built))
    if not changed or stale:
        why = f"cleaned {', '.join(stale)}: another tree was built last" if stale else ""
        forget, run = (today.packages, today.scripts) if changed else ((), ())
        return Actions(stale, Record([tree]), why, tree=now, forget=forget, run=run)
    # Without the shim nothing is compiled now that was compiled for this interpreter, but in the next new environment.
    due = today.due(built) if known else today.packages
    now.dirty = known is not None
    why = f"cleaned {', '.join(due)}: {changed}" if due else ""
    run = [one for one in today.scripts if one in due]
    return Actions((), Record([tree]), why, tree=now, forget=due, run=run, since=known.since if known else None)


def of_sdist(
    tree: str,
    found: Mapping[str, str],
    records: Mapping[str, Record | None],
    left: str,
    now: int,
    *,
    last: bool = False,
    worked_in: bool = False,
    today: Today | None = None,
) -> Actions:
    """What to do for an unpacked sdist with the digests ``found``. Pure, but for links.

    ``records`` are those of its packages, by name, ``None`` for one that is void; ``left`` is why what cargo has
    compiled of the same sources won't do, or ``""``; ``now`` is in ns; ``last`` is whether cargo has built in this very
    tree, and in no other since: then it sees what has changed as it would in any tree. A backend that calls cargo for
    each extension module writes into the tree in between. ``worked_in``: it was built in another profile.
    """
    today = today or Today()
    earlier = next((record.trees for record in records.values() if record is not None), [])
    changed = changed_packages(found, records)
    why = left or f"{len(found)} unpacked files and folders are as they were"
    clean: Iterable[str] = records if changed or left else ()
    forget: Iterable[str] = ()
    run: Iterable[str] = ()
    entries: dict[str, tuple[str, int]] = {}
    dirty = ""
    new = True
    built: set[str] = set()
    since = now
    if last:
        known = [record for record in records.values() if record is not None]
        entries = known[0].entries if known else entries
        dirty = left or _difference(entries, {path: (digest, 0) for path, digest in found.items()})
        if any(record.dirty for record in known):
            dirty = "something in it had changed"
        new = any(record.python != today.python for record in known)
        built = set() if new else {name for record in known for name in record.built}
        since = now if new else min((record.since for record in known), default=now)
        clean = ()
        due = today.packages if new else today.due(built)
        forget = due if dirty else ()
        run = [name for name in today.scripts if name in forget]
        why = f"cleaned {', '.join(forget)}: {dirty}" if forget else f"{tree} was built last"
    elif changed:
        why = f"what {', '.join(changed)} may be made of has changed"
    times = _times(tree, found, records, now)
    seen = {path: (digest, times[path]) for path, digest in found.items()}
    record = Record(
        [*(one for one in earlier if one != tree), tree],
        # What the backend has left in the tree by now is in no sdist: the next one is compared with what was unpacked.
        entries if last and not dirty else seen,
        today.python,
        since=since,
        built=today.asked | built,
        dirty=bool(dirty) and not new,
    )
    times = {} if worked_in or tree in earlier else times
    return Actions(clean, record, why, times, forget=forget, run=run, since=since if last and not new else None)


def _difference(before: Mapping[str, tuple[str, int]], now: Mapping[str, tuple[str, int]]) -> str:
    """Which file was changed, added or removed, in words; ``""`` if only what builds leave behind differs."""
    if before == now:
        return ""
    changed = [path for path in before.keys() | now.keys() if before.get(path, ("",))[0] != now.get(path, ("",))[0]]
    folders = {".", *(os.path.dirname(path) for path in (*before, *now))} if changed else ()
    for path in sorted(changed):
        if path.rstrip("/") not in folders and not snapshot.is_left(path):
            return f"{path} has changed"
    return ""


def changed_packages(found: Mapping[str, str], records: Mapping[str, Record | None]) -> list[str]:
    """The names of the packages that were last built from something other than ``found``."""
    return [
        name
        for name, record in records.items()
        if record is None or record.dirty or {path: one for path, (one, _) in record.entries.items()} != found
    ]


def _times(tree: str, found: Mapping[str, str], records: Mapping[str, Record | None], now: int) -> dict[str, int]:
    """The modification time (ns) that each path gets: that of the same content in all ``records``, else ``now``."""
    times = dict.fromkeys(found, 0 if records else now)
    for record in records.values():
        known = record.entries if record is not None else {}
        for path, digest in found.items():
            recorded, when = known.get(path, ("", now))
            times[path] = max(times[path], when if recorded == digest else now)
    for path in found:
        # Cargo looks at what a link points to: that must be as young as the link itself.
        target = paths.relative(os.path.realpath(os.path.join(tree, path)), os.path.realpath(tree))
        if target != path and target in times:
            times[target] = max(times[target], times[path])
    return times
