"""What isolated builds compile today, without the shim: all that depends on pyo3, whose interpreter has a new path.

It is what may be compiled with the shim, too, where something has changed of which cargo is not told (see
``staleness``): never less, and never more.
"""

from __future__ import annotations

import os

from . import left_behind
from .project import PYO3_CRATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from .project import Lock, Project

__all__ = ["Today", "compiled_today"]

# Since then pyo3's build configuration has no build script that looks at the interpreter.
BUILD_CONFIG_LOOKS_BEFORE = (0, 29, 0)
# In a fingerprint, how a build script is called as a crate.
BUILD_SCRIPT = "build_script_"


class Today:
    """What an isolated build compiles without the shim for a new path of ``python``.

    ``packages`` are the local ones, by name; ``scripts`` are those of them whose build scripts are run again; ``stays``
    are all other packages that any depends on; ``asked`` are the local ones that this build asks for, each with
    ``how``: as a library or as a test, with other features, for instance, they are compiled by themselves.
    """

    __slots__ = ("asked", "how", "packages", "python", "scripts", "stays")

    def __init__(
        self,
        python: str = "",
        packages: Iterable[str] = (),
        scripts: Iterable[str] = (),
        stays: Iterable[str] = (),
        asked: Iterable[str] = (),
        how: str = "",
    ) -> None:
        self.python = python
        self.packages = list(packages)
        self.scripts = list(scripts)
        self.stays = set(stays)
        self.how = how
        self.asked = {f"{name} {how}" for name in asked}

    def due(self, built: Collection[str]) -> list[str]:
        """Those of ``packages`` that this build asks for, and that none of ``built`` has asked for in the same way."""
        new = self.asked - set(built)
        return [name for name in self.packages if f"{name} {self.how}" in new]


def compiled_today(
    project: Project,
    profile_dirs: Sequence[str],
    python: str,
    *,
    pyo3_looks: bool,
    selected: Collection[str] = (),
    how: str = "",
) -> Today:
    """What cargo would compile for each new interpreter without the shim, as far as anything is compiled yet.

    A build script runs again if it was compiled again, has asked for it, or if one has that gives its own package's
    users what cargo calls metadata (``links``): pyo3-ffi does. ``profile_dirs`` are as for ``settle``; ``selected`` are
    the packages that cargo is to build, with what they depend on: all of them if it names none. ``how`` is a word for
    all else that cargo is asked.
    """
    lock = project.lock
    if lock is None:
        return Today(python)
    asked = [one for one in lock.local_packages if not selected or not lock.all_users([one]).isdisjoint(selected)]
    if not os.path.isdir(profile_dirs[-1]):
        return Today(python, asked=asked, how=how)
    roots = left_behind.trackers(profile_dirs[-1])
    scripts = {*roots, *lock.direct_users(roots)}
    if pyo3_looks:
        roots |= PYO3_CRATES
        scripts |= lock.direct_users(["pyo3-ffi"])
        if min(lock.pyo3_versions, default=(0, 0, 0)) < BUILD_CONFIG_LOOKS_BEFORE:
            roots.add("pyo3-build-config")
            scripts |= lock.direct_users(["pyo3-build-config"])
    compiled = lock.all_users(roots)
    compiled = lock.all_users(roots, _off(lock, profile_dirs, compiled))
    return Today(
        python,
        [name for name in lock.local_packages if name in compiled],
        [name for name in lock.local_packages if name in scripts],
        lock.users.keys() - compiled,
        asked,
        how,
    )


def _off(lock: Lock, profile_dirs: Sequence[str], packages: Collection[str]) -> dict[str, set[str]]:
    """Those of ``packages`` that each of them was compiled without, though Cargo.lock has them: optional ones.

    Not where a crate has a name of its own, which may be any of them, or where one has the name of another.
    """
    crates = {name: name.replace("-", "_") for name in lock.users}
    known = {*crates.values()}
    libraries = left_behind.fingerprints(profile_dirs, packages)
    return {
        user: {
            name
            for name in packages
            if crates.get(name) not in used and libraries.get(name, set()).isdisjoint(used.values())
        }
        for user, used in left_behind.compiled_with(profile_dirs, packages).items()
        if all(crate in known or crate.startswith(BUILD_SCRIPT) for crate in used)
    }
