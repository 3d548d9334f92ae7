"""Is what is about to be built what was built last into this target directory? Else cargo must look again.

Cargo names a package from a folder by its path relative to the workspace's root and trusts modification times. Where
one target directory serves several trees (``CARGO_TARGET_DIR``), the sources of one pass for those of another that was
built later: two checkouts, two projects with a package of one name, and above all sdists, which front ends unpack anew
for each build, maturin's with one fixed time. For version-specific builds the changing interpreter hides it
today; with a stable one, old code would ship.

So, where the target directory lies outside the tree, is the place for sdists, or holds what was made of another tree,
what was built last is compared with what there is now:

=====================================================  ============  =================================
what is built                                          its packages  times of its files
=====================================================  ============  =================================
a tree of the user's, and it was built last            stay          stay
the same, another was built last, or without the shim  cleaned       stay
an sdist, no record of it or a void one                cleaned       now
an sdist, something in it is not as recorded           cleaned       as recorded; of what changed: now
an sdist, everything as recorded                       stay          as recorded
the same, cargo has left what it would not see         cleaned       as recorded
an sdist, at the path of an earlier one                as above      stay: somebody works there
an sdist, cargo has built here and nowhere else since  stay          stay
an sdist, not known where it is compiled to            stay          now
=====================================================  ============  =================================

All packages of a project are cleaned, or none: a build script or macro may read what belongs to another package.

The record lies in the target directory, one for each profile and package: what prunes or clears one takes the other
with it, and without a record everything counts as changed. It is written before cargo starts, with times that are never
older than the content: what cargo compiles later is of this content, and what it compiled before is older than what
has changed since. Builds that do not go through the shim leave no record; but cargo writes down which sources an
artifact is made of, in a ``.d`` file beside it (https://doc.rust-lang.org/cargo/reference/build-cache.html), and where
that names a tree that the record does not know, the record is void.
"""

from __future__ import annotations

import os
import time

from . import left_behind, paths, store
from .errors import CannotSteady
from .files import read
from .project import artifact_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .project import Project

__all__ = ["Actions", "Record", "of_own_tree", "of_sdist", "read_record", "settle", "write_record"]

# Of a record's format; a record of another one is void.
HEADER = "pyo3-base-python sources 1"
# The folder of records, in that of a profile.
RECORDS = ".pyo3-base-python"
# Packages of one sdist may be built by one cargo call each, and not each time: earlier trees must be remembered.
TREES_REMEMBERED = 32


class Record:
    """What was built last.

    ``trees`` are the paths of the trees that the record speaks of, the last one last; ``entries`` hold digest and time
    (ns) of each file and folder in it, by relative path, if it was an unpacked sdist.
    """

    __slots__ = ("entries", "trees")

    def __init__(self, trees: list[str], entries: dict[str, tuple[str, int]] | None = None) -> None:
        self.trees = trees[-TREES_REMEMBERED:]
        self.entries = entries or {}


def settle(
    project: Project,
    profile_dir: str,
    artifacts: Collection[str],
    clean: Callable[[list[str]], None],
    *,
    ours: str = "",
    environ: Mapping[str, str] | None = None,
) -> str:
    """Make cargo compile what has changed since the last build into the target directory.

    ``profile_dir`` is where cargo puts what it compiles in this build, below the target directory; or below the place
    for sdists, and ``ours`` is the one below the target directory then. ``artifacts`` are the names that these may
    have; ``clean`` removes what cargo has compiled of local packages, by name; ``environ`` has the variables that a
    build script may read without a word to cargo. Returns what was done, in words. Raises
    ``CannotSteady`` if it can't be done: then the interpreter must not be steadied.
    """
    sdist = project.sdist
    tree = sdist or project.root
    inside = paths.is_inside(os.path.realpath(project.target_dir), tree) if project.target_dir and not ours else False
    folder = os.path.join(profile_dir, RECORDS)
    # The usual case. Had another tree been built into this one's target directory, there would be a record of it.
    if inside and (sdist or not os.path.isdir(folder)):
        return ""
    try:
        if sdist and not project.target_dir:
            apply_times(tree, dict.fromkeys(contents(tree), time.time_ns()))
            return "fresh times for the unpacked sources"
        packages = project.lock.local_packages if project.lock else []
        records = {name: read_record(_record_file(profile_dir, name)) for name in packages}
        if sdist:
            actions = _look_at_sdist(project, profile_dir, records, artifacts, ours, environ or {})
        else:
            trees = trees_of_artifacts(profile_dir, artifacts, (tree, project.manifest_dir), records.values())
            actions = of_own_tree(tree, records, trees)
        _apply(actions, tree, profile_dir, records, clean)
    except OSError as error:
        raise CannotSteady(f"can't compare {tree} with what was built last: {error.strerror or error}") from None
    return actions.why


class Actions:
    """What is to be done before cargo starts: see the table above.

    ``clean``: packages, by name; ``times`` (ns): of files and folders, by relative path, none of them to leave them as
    they are; ``record``: what is built next, for each package; ``why``, in words.
    """

    __slots__ = ("clean", "record", "times", "why")

    def __init__(self, clean: Iterable[str], record: Record, why: str, times: Mapping[str, int] | None = None) -> None:
        self.clean = list(clean)
        self.record = record
        self.why = why
        self.times = times or {}


def of_own_tree(tree: str, records: Mapping[str, Record | None], artifacts: Collection[str | None]) -> Actions:
    """What to do for a tree of the user's. Pure.

    ``records`` are those of its packages, by name; ``artifacts`` are the trees that cargo's artifacts are made of.
    """
    foreign = set(artifacts) - {tree}
    stale = [name for name, record in records.items() if foreign or (record is not None and record.trees[-1] != tree)]
    return Actions(stale, Record([tree]), f"cleaned {', '.join(stale)}: another tree was built last" if stale else "")


def of_sdist(
    tree: str,
    found: Mapping[str, str],
    records: Mapping[str, Record | None],
    left: str,
    now: int,
    *,
    last: bool = False,
) -> Actions:
    """What to do for an unpacked sdist with the digests ``found``. Pure, but for links.

    ``records`` are those of its packages, by name, ``None`` for one that is void; ``left`` is why what cargo has
    compiled of the same sources won't do, or ``""``; ``now`` is in ns; ``last`` is whether cargo has built in this very
    tree, and in no other since: then it sees what has changed as it would in any tree. A backend that calls cargo for
    each extension module writes into the tree in between.
    """
    earlier = next((record.trees for record in records.values() if record is not None), [])
    changed = [] if last else _changed(found, records)
    why = left or f"{len(found)} unpacked files and folders are as they were"
    if last:
        why = f"{tree} was built last"
    elif changed:
        why = f"what {', '.join(changed)} may be made of has changed"
    times = _times(tree, found, records, now)
    record = Record(
        [*(one for one in earlier if one != tree), tree],
        {path: (digest, times[path]) for path, digest in found.items()},
    )
    return Actions(records if changed or left else (), record, why, {} if tree in earlier else times)


def _look_at_sdist(
    project: Project,
    profile_dir: str,
    records: Mapping[str, Record | None],
    artifacts: Collection[str],
    ours: str,
    environ: Mapping[str, str],
) -> Actions:
    """Look at what there is, and ask ``of_sdist``; the arguments are those of ``settle``."""
    tree = project.sdist
    found = contents(tree, os.path.realpath(project.target_dir))
    crates = package_names(tree, found)
    if ours:
        found.update(_read_variables(tree, found, environ))
    else:
        # Void unless the artifacts of this profile are of trees that the record speaks of.
        trees = trees_of_artifacts(profile_dir, {*artifacts, *crates}, (tree, tree), records.values())
        records = {
            name: record if record is not None and trees and trees <= set(record.trees) else None
            for name, record in records.items()
        }
    last = os.path.isdir(ours) and all(record is not None and record.trees[-1] == tree for record in records.values())
    left = ""
    if not last and not _changed(found, records):
        earlier = {one for record in records.values() if record is not None for one in record.trees}
        root = os.path.relpath(os.path.realpath(project.root), os.path.realpath(tree))
        left = left_behind.reason(profile_dir, records, crates, earlier - {tree}, found, root)
        files = [_record_file(profile_dir, name) for name in records]
        since = min((os.stat(file).st_mtime for file in files), default=0.0)
        library = left_behind.replaced_library(profile_dir, since)
        left = left or (f"{library} was replaced" if library else "")
    return of_sdist(tree, found, records, left, time.time_ns(), last=last)


def _record_file(profile_dir: str, package: str) -> str:
    return os.path.join(profile_dir, RECORDS, f"{package}.sources")


def _apply(
    actions: Actions,
    tree: str,
    profile_dir: str,
    records: Mapping[str, Record | None],
    clean: Callable[[list[str]], None],
) -> None:
    if actions.clean and os.path.isdir(profile_dir):
        clean(actions.clean)
    apply_times(tree, actions.times)
    for name, record in records.items():
        if record is None or actions.record.entries or record.trees != actions.record.trees:
            write_record(_record_file(profile_dir, name), actions.record)


def _changed(found: Mapping[str, str], records: Mapping[str, Record | None]) -> list[str]:
    """The packages, by name, that were built last of something else than ``found``."""
    return [
        name
        for name, record in records.items()
        if record is None or {path: digest for path, (digest, _) in record.entries.items()} != found
    ]


def _times(tree: str, found: Mapping[str, str], records: Mapping[str, Record | None], now: int) -> dict[str, int]:
    """Which modification time (ns) each path is to have: that of the same content in all ``records``, else ``now``."""
    times = dict.fromkeys(found, 0 if records else now)
    for record in records.values():
        known = record.entries if record is not None else {}
        for path, digest in found.items():
            recorded, when = known.get(path, ("", now))
            times[path] = max(times[path], when if recorded == digest else now)
    for path in found:
        # Cargo looks at what a link points to: that must be as young as the link itself.
        target = os.path.relpath(os.path.realpath(os.path.join(tree, path)), os.path.realpath(tree))
        if target != path and target in times:
            times[target] = max(times[target], times[path])
    return times


def package_names(tree: str, found: Iterable[str]) -> set[str]:
    """What the packages in ``tree``, and their libraries, are called; ``found`` are the paths of its files."""
    folders = [os.path.dirname(path) for path in found if os.path.basename(path) == "Cargo.toml"]
    return {name for folder in folders for name in artifact_names(os.path.join(tree, folder))}


def _read_variables(tree: str, found: dict[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Other digests for build scripts that name variables of ``environ`` in quotes: of these as well."""
    digests = {}
    for path, digest in found.items():
        if os.path.basename(path) == "build.rs":
            text = (read(os.path.join(tree, path)) or b"").decode(errors="replace")
            named = sorted(environ.keys() & text.split('"'))
            if named:
                values = (f"{name}={environ[name]}".encode(errors="surrogateescape") for name in named)
                digests[path] = store.digest(digest.encode(), *values)
    return digests


def trees_of_artifacts(
    profile_dir: str, artifacts: Iterable[str], own: tuple[str, str], records: Iterable[Record | None]
) -> set[str | None]:
    """Which trees cargo says the artifacts are made of: the first of ``own``, those of ``records``, ``None``: another.

    ``own`` are the tree, and the package's folder: a member may lie outside, and point aside at its workspace.
    Empty where there is no artifact yet, or where cargo has written relative paths (``build.dep-info-basedir``).
    """
    tree, manifest_dir = own
    known = {tree, *(one for record in records if record is not None for one in record.trees)}
    found: set[str | None] = set()
    names = {name for artifact in artifacts for name in (artifact, artifact.replace("-", "_"))}
    for name in sorted(names):
        for prefix in ("lib", ""):
            sources = read_dep_info(os.path.join(profile_dir, f"{prefix}{name}.d"))
            if any(paths.is_inside(source, manifest_dir) for source in sources):
                found.add(tree)
            elif any(os.path.isabs(source) for source in sources):
                found.add(next((one for one in known if any(paths.is_inside(source, one) for source in sources)), None))
    return found


def read_dep_info(path: str) -> list[str]:
    """The sources that a ``.d`` file of cargo's names; none if there is no such file."""
    try:
        with open(path, "rb") as file:
            text = os.fsdecode(file.read())
    except OSError:
        return []
    _, _, sources = text.partition(": ")
    # As in a makefile, a blank in a name is escaped.
    return [word.replace("\0", " ") for word in sources.replace("\\ ", "\0").split()]


def contents(tree: str, target_dir: str = "") -> dict[str, str]:
    """Digests of the files below ``tree``, of links' targets, and of folders' lists of names, by relative path.

    ``target_dir`` (a real path) holds no sources, wherever it is; cargo need not have marked it yet. Nor does ``dist``
    with what earlier builds made: without a git repository around it maturin packs that into the next sdist.
    """
    found = {}
    for path, folders, names in os.walk(tree):
        if path != tree and any(mark in names for mark in paths.MARKS):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if os.path.realpath(os.path.join(path, name)) != target_dir)
        if path == tree and "dist" in folders and all(map(_is_built, os.listdir(os.path.join(path, "dist")))):
            folders.remove("dist")
        listing = "\0".join([*folders, "", *sorted(names)]).encode(errors="surrogateescape")
        found[os.path.relpath(path, tree)] = store.digest(listing)
        for name in names:
            file = os.path.join(path, name)
            if os.path.islink(file):
                content = b"link to " + os.fsencode(os.readlink(file))
            elif not os.path.isfile(file):
                content = b"no regular file"  # to open a pipe is to wait for who writes to it
            else:
                with open(file, "rb") as opened:
                    content = opened.read()
            found[os.path.relpath(file, tree)] = store.digest(content)
    return found


def _is_built(name: str) -> bool:
    """Whether a file in ``dist`` is what a front end puts there (uv adds a ``.gitignore``)."""
    return name.endswith((".whl", ".tar.gz")) or name == ".gitignore"


def apply_times(tree: str, times: Mapping[str, int]) -> None:
    """Set modification times (ns), by relative path below ``tree``. Links are not followed, and keep their own."""
    for path, when in times.items():
        file = os.path.join(tree, path)
        if not os.path.islink(file):
            os.utime(file, ns=(when, when))


def read_record(file: str) -> Record | None:
    """The record in ``file``; ``None`` if there is none that can be read in full."""
    try:
        with open(file, "rb") as opened:
            header, *rows, end = os.fsdecode(opened.read()).split("\n")
        trees = []
        entries = {}
        for row in rows:
            digest, when, path = row.split(" ", 2)
            if digest == "tree":
                trees.append(path)
            else:
                entries[path] = (digest, int(when))
    except (OSError, ValueError):
        return None
    return Record(trees, entries) if (header, end) == (HEADER, "end") and trees else None


def write_record(file: str, record: Record) -> None:
    """Write ``record`` to ``file``, at once or not at all; a path with a line break in it is not recorded."""
    rows = [f"tree 0 {tree}" for tree in record.trees if "\n" not in tree]
    rows += [f"{digest} {when} {path}" for path, (digest, when) in sorted(record.entries.items()) if "\n" not in path]
    os.makedirs(os.path.dirname(file), exist_ok=True)
    draft = f"{file}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(draft, "xb") as opened:
            opened.write(os.fsencode("\n".join([HEADER, *rows, "end"])))
        os.replace(draft, file)
    except BaseException:  # a full disk, above all: not one more file with each build
        try:
            os.unlink(draft)
        except OSError:
            pass
        raise
