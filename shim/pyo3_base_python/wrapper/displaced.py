"""Artifacts in whose place another version of the same package has put its own.

Cargo keeps the versions of a package apart by a hash in the names of their fingerprints, but a library that is a
``cdylib`` has its plain name: what was made last stands there for all of them. When another version is asked for again,
cargo finds its fingerprint, and a file that is younger than its sources, and takes that for what it wants (cargo 1.95,
``compilation_files.rs``: what is hashed, and where the hash is left out). An isolated build compiles the package for
its new interpreter all the same, so the fingerprint has to go before the next one.

Times tell whose artifact it is: the fingerprint's ``invoked.timestamp`` is older, and the rest of it younger. A
fingerprint without an artifact is that of a build, and not of ``cargo check``, if it was seen with one, or if it was
written since anybody looked.
"""

from __future__ import annotations

import os

from . import files, left_behind, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["forget"]

# In the folder of the records: the interpreter of the last build, and the fingerprints that were seen with artifacts.
NAME = "artifacts"
LIBRARY = "lib-"
LINKED = (".so", ".dylib", ".dll", ".a", ".lib", ".rlib")
CHECKED = (".rmeta",)


def forget(profile_dir: str, records: str, packages: Collection[str], python: str) -> list[str]:
    """Have cargo compile those of ``packages`` again whose artifact is another build's; returns them.

    ``packages`` are what an isolated build would compile for another ``python`` than the last one's: for that one
    nothing is forgotten, but noted in the folder ``records``. Raises ``OSError``.
    """
    fingerprints = {os.path.basename(one.folder): one for one in _fingerprints(profile_dir, packages)}
    if not fingerprints:
        return []
    file = os.path.join(records, NAME)
    this = store.digest(os.fsencode(python))
    last, *known = (files.read(file) or b"").decode(errors="replace").splitlines() or [""]
    since = os.stat(file).st_mtime_ns if last else 0
    owners = {name for name, one in fingerprints.items() if one.has(LINKED)}
    gone = {
        name
        for name, one in fingerprints.items()
        if name not in owners and (name in known or (0 < since < one.written and not one.has(CHECKED)))
    }
    forgotten = gone if owners and last not in {"", this} else set()
    for name in forgotten:
        left_behind.remove(fingerprints[name].folder)
    there = os.listdir(os.path.join(profile_dir, left_behind.FINGERPRINTS))
    files.write(file, "\n".join([this, *sorted((owners | gone).union(known).intersection(there))]).encode())
    return sorted({fingerprints[name].package for name in forgotten})


class _Fingerprint:
    """The fingerprint of a library whose artifact has a plain name; ``written`` in ns."""

    __slots__ = ("_artifacts", "_began", "folder", "package", "written")

    def __init__(self, folder: str, crate: str, artifacts: str) -> None:
        self.folder = folder
        self.package = left_behind.package_of(folder)
        self.written = os.stat(os.path.join(folder, LIBRARY + crate)).st_mtime_ns
        self._began = os.stat(os.path.join(folder, "invoked.timestamp")).st_mtime_ns
        self._artifacts = [os.path.join(artifacts, prefix + crate) for prefix in ("lib", "")]

    def has(self, endings: Collection[str]) -> bool:
        """Whether the artifact with one of ``endings`` is this one's."""
        for path in (artifact + ending for artifact in self._artifacts for ending in endings):
            try:
                when = os.stat(path).st_mtime_ns
            except OSError:
                continue
            if self._began <= when <= self.written:
                return True
        return False


def _fingerprints(profile_dir: str, packages: Collection[str]) -> Iterator[_Fingerprint]:
    artifacts = os.path.join(profile_dir, "deps")
    for folder in left_behind.removable(profile_dir, packages):
        crate = next((name[len(LIBRARY) :] for name in os.listdir(folder) if name.startswith(LIBRARY)), "")
        crate = crate.partition(".")[0]
        digits = folder.rpartition("-")[2]
        if not crate or any(
            os.path.exists(os.path.join(artifacts, f"lib{crate}-{digits}{end}")) for end in (*LINKED, *CHECKED)
        ):
            continue
        try:
            yield _Fingerprint(folder, crate, artifacts)
        except OSError:  # a build that was killed
            continue
