"""Which sources something was compiled from, by the ``.d`` files of cargo and rustc.

Cargo writes one beside each artifact, with the sources of all local packages that it is made of, by their whole paths
(https://doc.rust-lang.org/cargo/reference/build-cache.html); rustc writes one for each crate into ``deps``, with paths
relative to the workspace's root.
"""

from __future__ import annotations

import os

from . import left_behind, paths
from .files import decoded, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["named_in_full", "of_artifacts", "of_crates", "sources", "trees"]

SUFFIX = ".d"


def sources(path: str) -> list[str]:
    """The sources named by the first rule of a ``.d`` file; none if there is no such file."""
    rule = decoded(read(path) or b"").partition("\n")[0].partition(": ")[2].rstrip("\r")
    # As in a makefile, a blank in a name is escaped; no other blank parts names.
    return [word.replace("\0", " ") for word in rule.replace("\\ ", "\0").split(" ") if word]


def of_artifacts(profile_dir: str, artifacts: Iterable[str]) -> dict[str, list[str]]:
    """The sources from which, according to cargo, each of the artifacts is made, by the file that says so."""
    names = sorted({name for artifact in artifacts for name in (artifact, artifact.replace("-", "_"))})
    files = [os.path.join(profile_dir, prefix + name + SUFFIX) for name in names for prefix in ("lib", "")]
    found = {file: sources(file) for file in files}
    return {file: one for file, one in found.items() if one}


def trees(profile_dir: str, artifacts: Iterable[str], own: tuple[str, str], earlier: Iterable[str]) -> set[str | None]:
    """The trees from which cargo made the artifacts: the first of ``own``, those of ``earlier``; ``None`` for another.

    ``own`` are the tree, and the package's folder: a member may lie outside, and point aside at its workspace.
    Empty where there is no artifact yet, or where cargo has written relative paths (``build.dep-info-basedir``).
    """
    tree, manifest_dir = own
    known = {tree, *earlier}
    found: set[str | None] = set()
    for each in of_artifacts(profile_dir, artifacts).values():
        if any(paths.is_inside(source, manifest_dir) for source in each):
            found.add(tree)
        elif any(os.path.isabs(source) for source in each):
            found.add(next((one for one in known if any(paths.is_inside(source, one) for source in each)), None))
    return found


def of_crates(profile_dir: str, packages: Collection[str], crates: Iterable[str]) -> list[str] | None:
    """The files in which rustc says what it has made ``packages`` of, with any features; ``None`` if some may lack.

    ``crates`` are names that their libraries may have as well.
    """
    others = {_crate(name) for name in crates}
    files = {
        crate: found for crate, found in _by_crate(profile_dir).items() if crate in {*others, *map(_crate, packages)}
    }
    compiled = {_crate(left_behind.package_of(folder)) for folder in left_behind.removable(profile_dir, packages)}
    if not compiled <= files.keys() | others:
        return None
    return [file for found in files.values() for file in found]


def named_in_full(profile_dir: str, packages: Iterable[str], tree: str) -> set[str]:
    """For those of ``packages`` that lie outside ``tree``, everything that cargo has compiled of them here.

    Cargo knows a path dependency outside the workspace by its whole path, and has rustc name its sources so: two of
    one name are not taken for each other.
    """
    files = _by_crate(profile_dir)
    first = {name: [sources(file)[:1] for file in files.get(_crate(name), ())] for name in packages}
    return {
        name
        for name, found in first.items()
        if found and all(one and os.path.isabs(one[0]) and not paths.is_inside(one[0], tree) for one in found)
    }


def _by_crate(profile_dir: str) -> dict[str, list[str]]:
    """Rustc's files, by the name of the crate that each speaks of."""
    deps = os.path.join(profile_dir, "deps")
    found: dict[str, list[str]] = {}
    for name in os.listdir(deps) if os.path.isdir(deps) else []:
        stem, suffix = os.path.splitext(name)
        if suffix == SUFFIX:
            # A cdylib's has no hash.
            found.setdefault(stem.rpartition("-")[0] or stem, []).append(os.path.join(deps, name))
    return found


def _crate(name: str) -> str:
    return name.replace("-", "_")
