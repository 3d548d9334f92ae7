"""Keep a shared target directory from shipping stale code: find out what changed, and make cargo look again.

Cargo names a package from a folder by its path relative to the workspace's root and trusts modification times. Where
one target directory serves several trees (``CARGO_TARGET_DIR``), the sources of one pass for those of another that was
built later: two checkouts, two projects with a package of one name, and above all sdists, which front ends unpack anew
for each build, maturin's with one fixed time. For version-specific builds the changing interpreter hides it
today; with a stable one, old code would ship.

An isolated build also compiles everything that depends on pyo3 in each new environment. So today it picks up changes of
which cargo is not told: of a file that a build script reads without declaring it, a file added to a folder that a macro
embeds, another library to link, another tree at the same path.

So the current sources are compared with those that were built last; ``actions`` has the cases.

The records lie in the target directory, one for each profile and package, and one for the tree: whoever prunes or
clears the directory removes them, too, and without a record everything counts as changed. A record is written before
cargo starts, with times that are never older than the content: what cargo compiles later has this content, and what it
compiled before is older than what has changed since. Builds that do not go through the shim leave no record; but cargo
writes down which sources an artifact is made of, in a ``.d`` file beside it
(https://doc.rust-lang.org/cargo/reference/build-cache.html), and if that names a tree that the record does not know,
the record is void.
"""

from __future__ import annotations

import os
import time

from . import (
    cargo_config,
    dep_info,
    displaced,
    left_behind,
    libraries,
    outside,
    paths,
    snapshot,
    store,
    tree_scripts,
    undeclared,
)
from .actions import Actions, changed_packages, of_own_tree, of_sdist
from .errors import CannotSteady
from .project import artifact_names
from .record import OF_PACKAGE, RECORDS, Record, read_record, write_record
from .surroundings import Told
from .today import Today, compiled_today

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .project import Project

__all__ = [
    "make_target_dir",
    "settle",
]

# In it: how the record of the whole of a tree of the user's begins.
TREE = "tree-"
# In place of a time: the file is read again.
NEVER = -1
# In place of a path, what is no file of the tree: see the module of that name.
SURROUNDINGS = "what cargo, the compiler or the linker is told"
# https://bford.info/cachedir/
CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag created by cargo.\n"


def settle(
    project: Project,
    profile_dirs: Sequence[str],
    artifacts: Collection[str],
    clean: Callable[[list[str]], None],
    *,
    ours: str = "",
    told: Told | None = None,
    python: str = "",
    pyo3_looks: bool = True,
) -> str:
    """Make cargo compile what has changed since the last build into the target directory.

    The last of ``profile_dirs`` is where cargo puts what it compiles in this build, below the target directory; or
    below the place for sdists or a build directory, and ``ours`` is the one below the target directory then. The first
    one is where it puts build scripts and macros: the same folder, or another one. ``artifacts`` are the names that
    these may have; ``clean`` removes what cargo has compiled of local packages, by name; ``told`` has the variables
    that a build script may read without a word to cargo; ``python`` is the interpreter that the build is for, and
    ``pyo3_looks`` whether pyo3 would look at it without the shim. Returns what was done, in words. Raises
    ``CannotSteady`` if it can't be done: then the interpreter must not be steadied.
    """
    sdist = project.sdist
    tree = sdist or project.root
    *host, profile_dir = profile_dirs
    try:
        if sdist and not project.target_dir:
            apply_times(tree, dict.fromkeys(snapshot.contents(tree), time.time_ns()))
            return "fresh times for the unpacked sources"
        target_dir = os.path.realpath(project.target_dir)
        in_place = bool(ours) and not paths.is_inside(os.path.realpath(profile_dir), target_dir)
        packages = project.lock.local_packages if project.lock else []
        described = profile_dir if in_place else ours or profile_dir
        there = _There(tree, target_dir, profile_dir, ours, described, packages, host="".join(host))
        told = told or Told({})
        today = compiled_today(
            project, profile_dirs, python, pyo3_looks=pyo3_looks, selected=told.packages, how=told.how
        )
        look = _look_at_sdist if sdist and (in_place or not there.inside) else _look_at_own_tree
        actions = look(project, there, artifacts, today, told)
        _apply(actions, there, clean, today.stays)
        records = os.path.join(there.described, RECORDS)
        others = displaced.forget(profile_dir, records, [] if actions.clean else today.packages, python)
    except OSError as error:
        raise CannotSteady(f"can't compare {tree} with what was built last: {error.strerror or error}") from None
    if not others:
        return actions.why
    why = f"cleaned {', '.join(others)}: another version was built last"
    return f"{actions.why}; {why}" if actions.why else why


class _There:
    """Where a build takes place, all absolute: the ``tree``, the real ``target_dir``, and the arguments of ``settle``.

    ``described``: where cargo says in ``.d`` files what artifacts are made of. ``records`` are those of the local
    packages by name, and ``seen`` that of a tree of the user's, from ``file_seen``.
    """

    __slots__ = ("described", "file_seen", "host", "ours", "profile_dir", "records", "seen", "target_dir", "tree")

    def __init__(
        self,
        tree: str,
        target_dir: str,
        profile_dir: str,
        ours: str,
        described: str,
        packages: Iterable[str],
        *,
        host: str,
    ) -> None:
        self.tree = tree
        self.target_dir = target_dir
        self.profile_dir = profile_dir
        self.ours = ours
        self.host = host
        self.described = described
        self.records = {name: read_record(self.file(name)) for name in packages}
        self.file_seen = self._last_seen() if self.inside else self._last_built()
        self.seen = read_record(self.file_seen)

    @property
    def inside(self) -> bool:
        """Whether the target directory lies within the tree."""
        return paths.is_inside(self.target_dir, self.tree)

    def file(self, package: str) -> str:
        """The record of ``package``."""
        return os.path.join(self.described, RECORDS, package + OF_PACKAGE)

    def _last_seen(self) -> str:
        """The youngest record of a tree: a tree that was moved or copied has that of its earlier path."""
        folder = os.path.dirname(self.file_of_tree)
        names = os.listdir(folder) if os.path.isdir(folder) else []
        files = [os.path.join(folder, name) for name in names if name.startswith(TREE)]
        return max(files, key=lambda file: os.stat(file).st_mtime_ns, default=self.file_of_tree)

    def _last_built(self) -> str:
        """The record of the tree that was built last into a target directory elsewhere: this one may be a copy."""
        trees = {record.trees[-1] for record in self.records.values() if record is not None}
        return self._file_of(trees.pop()) if len(trees) == 1 else self.file_of_tree

    @property
    def file_of_tree(self) -> str:
        """The record of what was seen in a tree of the user's."""
        return self._file_of(self.tree)

    def _file_of(self, tree: str) -> str:
        return os.path.join(self.profile_dir, RECORDS, TREE + store.digest(os.fsencode(tree)))


def _look_at_own_tree(
    project: Project,
    there: _There,
    artifacts: Collection[str],
    today: Today,
    told: Told,
) -> Actions:
    """Look at the tree, and ask ``of_own_tree``."""
    tree, seen = there.tree, there.seen
    if not there.inside:
        elsewhere = dep_info.named_in_full(there.profile_dir, there.records, tree)
        there.records = {name: record for name, record in there.records.items() if name not in elsewhere}
    records = there.records
    known = seen.entries if seen is not None else {}
    before = tree if seen is None else seen.trees[-1]
    moved = before != tree
    # Files of two trees may have been changed in one tick of the clock: none of them is known unread.
    read_before = {} if moved else known
    compiled = dep_info.of_artifacts(there.described, artifacts)
    tracked = _tracked(project, there, artifacts, compiled, before)
    read = tracked or ({} if moved else _read_outside(there, compiled))
    found = snapshot.look_at(tree, sorted(read), read_before)
    missing = ""
    if not tracked:
        found.update(snapshot.look(tree, there.target_dir, read_before, _named_by_config(told)))
        digests = {path: digest for path, (digest, _) in found.items()}
        scripts = tree_scripts.of_tree(tree, digests)
        for path, digest in tree_scripts.with_variables(digests, scripts, told.environ).items():
            found[path] = (digest, NEVER)
        missing = tree_scripts.not_there(digests, scripts)
    new = set() if moved else _new(found, known, read, tree)
    compared = {path: entry for path, entry in found.items() if path not in new}
    if tracked:
        different = [path for path, entry in compared.items() if path not in known or entry[0] != known[path][0]]
        written = left_behind.last_written(there.profile_dir, records) if different else 0
        for path in different:
            if _is_newer(os.path.join(tree, path), written):  # cargo compiles it by itself
                del compared[path]
        if seen is not None:
            entries = {path: known[path] for path in (*compared, SURROUNDINGS) if path in known}
            seen = Record(seen.trees, entries, seen.python, since=seen.since, built=seen.built, dirty=seen.dirty)
    found[SURROUNDINGS] = compared[SURROUNDINGS] = (told.digest(os.getcwd(), project.root), NEVER)
    left = _left(project, there, artifacts, today, found, made=[there.target_dir, *([] if tracked else [tree])])
    left = left or _gone(there, compiled) or missing
    # Had another tree been built into this one's target directory, there would be a record of it.
    alone = there.inside and not any(records.values())
    own = (tree, project.manifest_dir)
    trees = set() if alone else dep_info.trees(there.described, artifacts, own, _trees(records))
    actions = of_own_tree(tree, records, trees, seen, compared, today=today, left=left, begun=time.time_ns())
    if actions.tree is not None:
        actions.tree.entries = found
    if alone:
        actions.record = None
    return actions


def _left(
    project: Project,
    there: _There,
    artifacts: Collection[str],
    today: Today,
    found: Collection[str],
    *,
    made: Collection[str],
) -> str:
    """Why what cargo has compiled of the user's tree won't do, whatever the sources are; or ``""``.

    ``found`` are the paths of the sources. Static libraries in the folders ``made`` are none that were installed.
    """
    seen, records, profile_dir = there.seen, there.records, there.profile_dir
    if seen is None:
        return ""
    since = os.stat(there.file_seen).st_mtime
    library, _ = libraries.replaced(profile_dir, records, since, root=project.root, made=made)
    why = f"{library} was replaced" if library else left_behind.changed_artifact(profile_dir, records, artifacts)
    before = seen.trees[-1]
    if why or before == there.tree:
        return why
    script = left_behind.ran(profile_dir, today.scripts)
    if script:
        return f"the build script of {script} has run in {before}"
    macro = undeclared.macro(there.host or profile_dir)
    if macro:
        return f"the macro {macro} has run in {before}"
    root = paths.relative(os.path.realpath(project.root), os.path.realpath(there.tree))
    return left_behind.reason(
        profile_dir, records, artifacts, [before], found, root=root, tree=there.tree, host=there.host
    )


def _named_by_config(told: Told) -> list[str]:
    """The packages that cargo's configuration names, which need not lie in the tree, nor what they are."""
    cwd = os.getcwd()
    files = cargo_config.files(told.environ, cwd)
    named = (place for file in files for place in outside.named(file) if outside.is_package(place))
    return [*named, *outside.named_by_words(told.configs, cwd)]


def _new(found: Mapping[str, tuple[str, int]], known: Collection[str], read: Mapping[str, int], tree: str) -> set[str]:
    """Which sources are some only since cargo's last build, which has looked at them as they are (see ``_tracked``)."""
    of_tree = {paths.relative(file, tree): then for file, then in read.items()}
    return {path for path, then in of_tree.items() if path in found and path not in known and found[path][1] <= then}


def _read_outside(there: _There, compiled: Mapping[str, Collection[str]]) -> dict[str, int]:
    """The files outside the tree that rustc has read (``compiled``), with when cargo first said so, in ns."""
    found = {
        os.path.normpath(source): os.stat(file).st_mtime_ns
        for file, sources in compiled.items()
        for source in sources
        if os.path.isabs(source)
    }
    places = (there.tree, there.target_dir)
    return {
        source: then
        for source, then in found.items()
        if not any(paths.is_inside(source, one) for one in places) and os.path.isfile(source)
    }


def _gone(there: _There, compiled: Mapping[str, Collection[str]]) -> str:
    """A source that cargo has compiled and that is gone, in words; else ``""``.

    A build script may have made it after the last look, so that the record does not know it.
    """
    named = (source for sources in compiled.values() for source in sources)
    gone = (one for one in named if paths.is_inside(one, there.tree) and not os.path.lexists(one))
    return next((f"{paths.relative(one, there.tree)} is gone" for one in gone), "")


def _tracked(
    project: Project,
    there: _There,
    artifacts: Collection[str],
    compiled: Mapping[str, Collection[str]],
    before: str,
) -> dict[str, int]:
    """The files that decide what is compiled, if cargo tracks all of them (see ``undeclared``); else none.

    Each with when rustc has last said that it read it (ns), or a build script has. Not the manifests: cargo reads their
    content each time. Cargo has named these files by the path ``before``, where the tree was built last.
    """
    packages = project.lock.local_packages if project.lock else []
    if undeclared.may_be_read(there.profile_dir, project.manifest_dir, packages):
        return {}
    of_crates = dep_info.of_crates(there.profile_dir, packages, artifacts)
    if of_crates is None:
        return {}
    # What a build script names is not in rustc's files: without one it is nobody's.
    ran = left_behind.last_ran(there.profile_dir, packages)
    found = {
        os.path.join(there.tree, os.path.relpath(source, before)) if paths.is_inside(source, before) else source: ran
        for one in compiled.values()
        for source in one
        if os.path.isabs(source)
    }
    found = {os.path.normpath(source): when for source, when in found.items()}
    if found:
        # With other features, too: rustc was started in the workspace's root.
        read_by_rustc: dict[str, int] = {}
        for file in of_crates:
            for source in dep_info.sources(file):
                path = os.path.normpath(os.path.join(project.root, source))
                read_by_rustc[path] = max(read_by_rustc.get(path, 0), os.stat(file).st_mtime_ns)
        found.update(read_by_rustc)
    return found


def _is_newer(path: str, than: int) -> bool:
    """Whether the file that ``path`` leads to was modified after ``than`` (ns), by its modification time."""
    return os.stat(path).st_mtime_ns > than


def _look_at_sdist(
    project: Project,
    there: _There,
    artifacts: Collection[str],
    today: Today,
    told: Told,
) -> Actions:
    """Look at the sdist, and ask ``of_sdist``."""
    tree, profile_dir, records = there.tree, there.profile_dir, there.records
    found = snapshot.contents(tree, there.target_dir)
    crates = package_names(tree, found)
    scripts = tree_scripts.of_tree(tree, found)
    found.update(tree_scripts.with_variables(found, scripts, told.environ))
    found["."] = store.digest(found["."].encode(), told.digest(os.getcwd(), project.root).encode())
    if not there.ours:
        # Void unless the artifacts of this profile are of trees that the record speaks of.
        trees = dep_info.trees(profile_dir, {*artifacts, *crates}, (tree, tree), _trees(records))
        records = {
            name: record if record is not None and trees and trees <= set(record.trees) else None
            for name, record in records.items()
        }
        there.records = records
    last = os.path.isdir(there.ours) and all(record and record.trees[-1] == tree for record in records.values())
    left = library = package = ""
    if last or not changed_packages(found, records):
        if not last:
            root = paths.relative(os.path.realpath(project.root), os.path.realpath(tree))
            left = left_behind.unfinished(profile_dir, records)
            left = left or left_behind.reason(
                profile_dir, records, crates, _trees(records) - {tree}, found, root=root, tree=tree, host=there.host
            )
        since = min((os.stat(there.file(name)).st_mtime for name in records), default=0.0)
        made = [there.target_dir, tree]
        library, package = libraries.replaced(profile_dir, records, since, root=project.root, made=made)
        left = left or (f"{library} was replaced" if library else "")
        left = left or ("" if last else tree_scripts.may_write(found, scripts))
    # What was built last here is known by that: no need to read the records of other profiles.
    worked_in = not last and _in_another_profile(there)
    actions = of_sdist(tree, found, records, left, time.time_ns(), last=last, worked_in=worked_in, today=today)
    if library and package and not last:
        # Its build script may have read headers; for a new tree all that the sdist depends on is compiled today.
        actions.clean = sorted({*actions.clean, package})
    return actions


def _in_another_profile(there: _There) -> bool:
    """Whether this very tree has been built in another profile: cargo compares the times of its files there.

    Or for another target: profiles lie below its triple then.
    """
    above = os.path.dirname(there.described)
    top = os.path.dirname(above) if there.host else above
    profiles = _folders(top)
    profiles += [inner for folder in profiles for inner in _folders(folder)]
    files = [
        os.path.join(profile, RECORDS, name + OF_PACKAGE)
        for profile in profiles
        if profile != there.described
        for name in there.records
    ]
    return any(record is not None and there.tree in record.trees for record in map(read_record, files))


def _folders(path: str) -> list[str]:
    names = os.listdir(path) if os.path.isdir(path) else []
    return [os.path.join(path, name) for name in names if os.path.isdir(os.path.join(path, name))]


def _apply(actions: Actions, there: _There, clean: Callable[[list[str]], None], stays: Collection[str]) -> None:
    unknown = left_behind.forget(
        there.profile_dir, actions.forget, actions.run, stays, host=there.host, since=actions.since
    )
    if (actions.clean or unknown) and os.path.isdir(there.profile_dir):
        clean(sorted({*actions.clean, *unknown}))
    apply_times(there.tree, actions.times)
    make_target_dir(there.target_dir)
    new = actions.record
    if new is not None:
        for name, record in there.records.items():
            if record is None or new.entries or record.trees != new.trees:
                write_record(there.file(name), new)
    if actions.tree is not None and there.seen is not None and actions.tree.says(there.seen):
        os.utime(there.file_of_tree)  # when it was last looked at
    elif actions.tree is not None:
        write_record(there.file_of_tree, actions.tree)


def make_target_dir(path: str) -> None:
    """Make a target directory as cargo does: cargo would not put its mark for backups into one that exists already.

    Raises ``OSError``.
    """
    if os.path.lexists(path):
        return
    os.makedirs(path, exist_ok=True)  # by another build, in between
    with open(os.path.join(path, paths.MARKS[0]), "w", encoding="ascii") as file:
        file.write(CACHE_TAG)


def _trees(records: Mapping[str, Record | None]) -> set[str]:
    """The trees that any of ``records`` speaks of."""
    return {tree for record in records.values() if record is not None for tree in record.trees}


def package_names(tree: str, found: Iterable[str]) -> set[str]:
    """The names of the packages in ``tree``, and of their libraries; ``found`` are the paths of its files."""
    folders = [os.path.dirname(path) for path in found if os.path.basename(path) == "Cargo.toml"]
    return {name for folder in folders for name in artifact_names(os.path.join(tree, folder))}


def apply_times(tree: str, times: Mapping[str, int]) -> None:
    """Set modification times (ns), by relative path below ``tree``. Links are not followed, and keep their own."""
    for path, when in times.items():
        file = os.path.join(tree, path)
        # An absolute path is that of a file of the system's.
        if not os.path.isabs(path) and not os.path.islink(file):
            os.utime(file, ns=(when, when))
