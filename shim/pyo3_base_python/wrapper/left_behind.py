"""Compiled crates that cargo would take for fresh, though a clean build would give another result.

Cargo looks at the files that a crate's dep-info and its build script name, by modification time. If an isolated build
compiles a project's own crates each time, that is enough; if they are kept, there is more to look at:

- a source that the build itself had made, in a tree that is gone (a build script that writes into ``src``);
- the path of that tree, compiled in (``CARGO_MANIFEST_DIR``) or left by a build script (its output, ``OUT_DIR``);
- an artifact that something changed after cargo had made it (a tool that repairs wheels in place).

Read by cargo's layout as of 1.95 (https://doc.rust-lang.org/cargo/reference/build-cache.html); if the layout is another
one, nothing is known, and that counts as a reason.
"""

from __future__ import annotations

import os

from . import paths
from .files import decoded, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = [
    "FINGERPRINTS",
    "changed_artifact",
    "compiled_with",
    "fingerprints",
    "forget",
    "last_ran",
    "last_written",
    "package_of",
    "ran",
    "reason",
    "removable",
    "remove",
    "trackers",
    "unfinished",
]

FINGERPRINTS = ".fingerprint"
# In a fingerprint, how files are called that speak of a build script: how it was compiled, and what it has printed.
SCRIPT = "build-script"
RUN = "run-build-script"
# In one: the package is a registry's, whose sources never change.
REGISTRY = b'"local":[{"Precalculated"'
# More than this in the OUT_DIRs of a project is not read: it may name any path.
MOST_READ = 64 << 20
# In dep-info, before `DIR` or `PATH`: cargo does not look at them.
VARIABLE = "# env-dep:"
MANIFEST = b"# env-dep:CARGO_MANIFEST_"
# Of the variables that are steadied, the one that build scripts track.
INTERPRETER = b"PYO3_PYTHON"


def reason(
    profile_dir: str,
    packages: Collection[str],
    crates: Iterable[str],
    trees: Collection[str],
    found: Collection[str],
    *,
    root: str = "",
    tree: str = "",
    host: str = "",
) -> str:
    """Why the project's own crates must be compiled again, though its sources are the same; ``""`` if they need not.

    ``profile_dir`` is cargo's, in the build directory; ``packages`` are the names of the project's own, ``crates``
    those of their libraries and programs; ``trees`` are the folders where they were compiled, none of them ``tree``,
    that of now; ``found`` are the paths of the sources, relative to the tree, and ``root`` is that of the workspace;
    ``host`` is as for ``forget``. Raises ``OSError``.
    """
    deps = os.path.join(profile_dir, "deps")
    if not os.path.isdir(deps):
        return "the layout of cargo's build directory is not known"
    names = {crate.replace("-", "_") for crate in (*packages, *crates)}
    # Of a package outside the workspace cargo names the sources in full.
    places = [*trees, tree] if tree else trees
    return (
        _of_sources(deps, names, places, found, root)
        or changed_artifact(profile_dir, packages, crates)
        or _of_build_scripts(_own(os.path.join(profile_dir, "build"), packages), trees)
        or (host and _of_sources(os.path.join(host, "deps"), names, places, found, root))
        or (host and _of_build_scripts(_own(os.path.join(host, "build"), packages), trees))
    )


def unfinished(profile_dir: str, packages: Collection[str]) -> str:
    """Which of ``packages`` was not compiled after its build script had run, in words; else ``""``.

    The build was killed: what the script has made in its tree is gone with that. Cargo writes an empty fingerprint
    before it compiles, and the whole one after it.
    """
    ran, compiled = set(), set()
    for folder in _own(os.path.join(profile_dir, FINGERPRINTS), packages):
        package = package_of(folder)
        for name in os.listdir(folder):
            if name.endswith(".json") or not os.path.getsize(os.path.join(folder, name)):
                continue
            if name.startswith("run-build-script"):
                ran.add(package)
            elif name.startswith(("bin-", "example-", "lib-", "test-")):
                compiled.add(package)
    return f"the last build of {', '.join(sorted(ran - compiled))} did not come to its end" if ran - compiled else ""


def ran(profile_dir: str, packages: Collection[str]) -> str:
    """One of ``packages`` whose build script has run, or ``""``: what it has left anywhere may depend on its place."""
    folders = _own(os.path.join(profile_dir, "build"), packages)
    return min((package_of(one) for one in folders if os.path.exists(os.path.join(one, "output"))), default="")


def last_ran(profile_dir: str, packages: Collection[str]) -> int:
    """When a build script of one of ``packages`` last ran, in ns; 0 if none has."""
    outputs = [os.path.join(folder, "output") for folder in _own(os.path.join(profile_dir, "build"), packages)]
    return max((os.stat(output).st_mtime_ns for output in outputs if os.path.exists(output)), default=0)


def changed_artifact(profile_dir: str, packages: Collection[str], crates: Iterable[str]) -> str:
    """Which artifact of the project's own was changed after cargo had made it, in words; else ``""``."""
    names = {crate.replace("-", "_") for crate in (*packages, *crates)}
    return _of_artifacts(os.path.join(profile_dir, "deps"), names, last_written(profile_dir, packages))


def forget(
    profile_dir: str,
    packages: Collection[str],
    scripts: Collection[str] = (),
    stays: Collection[str] = (),
    *,
    host: str = "",
    since: int | None = None,
) -> list[str]:
    """Have cargo compile ``packages`` again; returns those of which nothing is known here.

    The build scripts of ``scripts``, some of them, are run again, and any is compiled again that is made of other
    packages than those in ``stays``. ``host`` is where cargo compiles build scripts, and what they are made of, if that
    is not ``profile_dir``. What was compiled at ``since`` (ns) or later stays. Cargo does what it finds no fingerprint
    of. Raises ``OSError``.
    """
    folders = removable(profile_dir, packages)
    for folder in [*folders, *(removable(host, packages) if host else ())]:
        name = package_of(folder)
        files = os.listdir(folder)
        script = next((file for file in files if file.startswith(SCRIPT) and file.endswith(".json")), "")
        if any(REGISTRY in (read(os.path.join(folder, file)) or b"") for file in files if file.endswith(".json")):
            continue  # another package of this name
        if since is not None and any(os.stat(os.path.join(folder, file)).st_mtime_ns >= since for file in files):
            continue
        if script:
            outdated = not _is_made_of(stays, os.path.join(folder, script))
        elif any(file.startswith(RUN) for file in files):
            outdated = name in scripts
        else:
            outdated = True
        if outdated:
            remove(folder)
    known = {package_of(folder) for folder in folders}
    return [name for name in packages if name not in known]


def compiled_with(profile_dirs: Iterable[str], packages: Collection[str]) -> dict[str, dict[str, bytes]]:
    """The crates that each of ``packages`` was compiled with in ``profile_dirs``; only of those that were.

    By the names that it has for them, which its manifest may choose; with their fingerprints.
    """
    found: dict[str, dict[str, bytes]] = {}
    for folder in (folder for profile_dir in profile_dirs for folder in removable(profile_dir, packages)):
        files = [os.path.join(folder, file) for file in os.listdir(folder) if file.endswith(".json")]
        # Without a file the build was killed: nobody knows.
        for file in files or [""]:
            found.setdefault(package_of(folder), {}).update(_dependencies(file))
    return found


def fingerprints(profile_dirs: Iterable[str], packages: Collection[str]) -> dict[str, set[bytes]]:
    """The fingerprints of the libraries of ``packages``, by name, as ``compiled_with`` has them."""
    found: dict[str, set[bytes]] = {}
    for folder in (folder for profile_dir in profile_dirs for folder in removable(profile_dir, packages)):
        files = [file for file in os.listdir(folder) if file.startswith("lib-") and not file.endswith(".json")]
        found.setdefault(package_of(folder), set()).update(read(os.path.join(folder, file)) or b"" for file in files)
    return found


def _is_made_of(packages: Collection[str], fingerprint: str) -> bool:
    """Whether what the JSON file ``fingerprint`` speaks of was compiled with no other than ``packages``.

    A library need not be called as its package is: of a name that none has cargo's fingerprint tells whose it is.
    """
    crates = {name.replace("-", "_") for name in packages}
    unknown = {hashed for name, hashed in _dependencies(fingerprint).items() if name not in crates}
    profile_dir = os.path.dirname(os.path.dirname(os.path.dirname(fingerprint)))
    return not unknown or unknown <= set().union(*fingerprints([profile_dir], packages).values())


def _dependencies(fingerprint: str) -> dict[str, bytes]:
    """What something was compiled with, by what cargo has written of it: crates' names, and their fingerprints.

    Not by ``json``: slow to import. The fingerprints are as in the files where cargo keeps them. Of a file that can't
    be read so, one without a name: nobody's.
    """
    _, found, text = (read(fingerprint) or b"").partition(b'"deps":[')
    deps = text.partition(b'],"local"')[0].strip(b"[]")
    rows = [row.split(b",") for row in deps.split(b"],[")] if deps else []
    try:
        crates = {decoded(row[1].strip(b'"')): int(row[-1]).to_bytes(8, "little").hex().encode() for row in rows}
    except (IndexError, OverflowError, ValueError):
        crates = {"": b""}
    return crates if found else {"": b""}


def package_of(folder: str) -> str:
    """The package that cargo has made a folder for: it is named after that, with a hash."""
    return os.path.basename(folder).rpartition("-")[0]


def removable(profile_dir: str, packages: Collection[str]) -> list[str]:
    """The folders of the fingerprints of ``packages``; none behind a link, which a repository may have brought."""
    folder = os.path.join(profile_dir, FINGERPRINTS)
    return [] if os.path.islink(folder) else _own(folder, packages)


def remove(fingerprint: str) -> None:
    """Remove the folder of a fingerprint, or the link that is there in its place. Raises ``OSError``."""
    if os.path.islink(fingerprint):
        os.unlink(fingerprint)
        return
    for name in os.listdir(fingerprint):
        os.unlink(os.path.join(fingerprint, name))
    os.rmdir(fingerprint)


def trackers(profile_dir: str) -> set[str]:
    """The names of the packages whose build scripts have told cargo to run them again for another ``PYO3_PYTHON``."""
    build = os.path.join(profile_dir, "build")
    found = set()
    for name in os.listdir(build) if os.path.isdir(build) else []:
        if INTERPRETER in (read(os.path.join(build, name, "output")) or b""):
            found.add(package_of(name))
    return found


def _of_sources(deps: str, names: Collection[str], trees: Collection[str], found: Collection[str], root: str) -> str:
    for file in os.listdir(deps) if os.path.isdir(deps) else []:
        stem, suffix = os.path.splitext(file)
        if suffix == ".d" and (stem in names or stem.rpartition("-")[0] in names):
            for why in _of_dep_info(os.path.join(deps, file), trees, found, root):
                return why
    return ""


def _of_artifacts(deps: str, names: Collection[str], written: int) -> str:
    for name in names:
        for file in (f"lib{name}.so", f"lib{name}.dylib", f"{name}.dll", f"{name}.pyd"):
            path = os.path.join(deps, file)
            if os.path.isfile(path) and os.stat(path).st_mtime_ns > written:
                return f"{file} was changed after cargo made it"
    return ""


def _of_build_scripts(folders: Iterable[str], trees: Collection[str]) -> str:
    gone = [os.fsencode(tree) for tree in trees]
    left = MOST_READ
    for folder in folders:
        package = package_of(folder)
        for place, _, files in os.walk(folder):
            for file in files:
                path = os.path.join(place, file)
                if place == folder and file.endswith(".d") and _mentions(path, [MANIFEST]):
                    return f"the place of its manifest is compiled into the build script of {package}"
                # The program itself and `root-output` are cargo's to look after.
                if place == folder and file != "output":
                    continue
                left -= os.path.getsize(path)
                if left < 0 or _mentions(path, gone):
                    return f"the build script of {package} left the path of its sources"
    return ""


def _of_dep_info(path: str, trees: Collection[str], found: Collection[str], root: str) -> Iterator[str]:
    with open(path, "rb") as file:
        lines = decoded(file.read()).replace("\r\n", "\n").split("\n")
    for line in lines:
        if line.startswith(decoded(MANIFEST)):
            yield f"{line[len(VARIABLE) :].partition('=')[0]} is compiled in"
        target, colon, sources = line.rpartition(":")
        if line.startswith("#") or not colon or sources or not target:
            continue  # a line for each source, with nothing behind its colon
        source = target.replace("\\ ", " ")
        for tree in trees:
            if source.startswith(os.path.join(tree, "")):
                source = os.path.relpath(source, os.path.join(tree, root))
        # rustc was started in the workspace's root.
        if not os.path.isabs(source) and _plain(root, source) not in found:
            yield f"{source} is made while it is built"


def _plain(root: str, source: str) -> str:
    return paths.with_slashes(os.path.normpath(os.path.join(root, source)))


def last_written(profile_dir: str, packages: Collection[str]) -> int:
    """When cargo last wrote a fingerprint of one of ``packages``, in ns."""
    times = [0]
    for folder in _own(os.path.join(profile_dir, FINGERPRINTS), packages):
        times += [os.stat(os.path.join(folder, file)).st_mtime_ns for file in os.listdir(folder)]
    return max(times)


def _own(folder: str, packages: Collection[str]) -> list[str]:
    """The folders in ``folder`` that cargo has made for ``packages``: a name, and a hash."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [os.path.join(folder, name) for name in names if package_of(name) in packages]


def _mentions(path: str, words: Iterable[bytes]) -> bool:
    with open(path, "rb") as file:
        content = file.read()
    return any(word in content for word in words)
