"""Build scripts that write outside of ``OUT_DIR``: beside the artifacts, to ``OUT_DIR/../../..``.

That is how a shared library or a header gets beside the program: cargo tells scripts of no other path to there. In a
build directory of ours it leads elsewhere, and the file would never arrive. So where a local package has such a script,
cargo's own directories are used. Judged by the words of the script, comments included.
https://doc.rust-lang.org/cargo/reference/environment-variables.html#environment-variables-cargo-sets-for-build-scripts
"""

from __future__ import annotations

import os

from . import build_script, files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .project import Project

__all__ = ["climber", "climbs"]

# OUT_DIR is `target/debug/build/NAME-HASH/out`.
LEVELS = 3
STEPS = (".parent()", "Path::parent", ".pop()", '".."')
LOOPS = ("for ", "while ", "loop ")


def climber(project: Project) -> str:
    """The path of a local package's build script that leaves ``OUT_DIR``, or ``""`` if there is none.

    Local packages are that of the manifest, the workspace, and what both name by ``path`` or as members, in turn.
    """
    left = [project.manifest_dir, project.root]
    seen = set()
    while left:
        folder = os.path.normpath(left.pop())
        if folder in seen:
            continue
        seen.add(folder)
        manifest = (files.read(os.path.join(folder, "Cargo.toml")) or b"").decode(errors="replace")
        named = (os.path.join(folder, name) for name in build_script.named(manifest) if name.endswith(".rs"))
        script = next(named, os.path.join(folder, "build.rs"))
        if climbs(build_script.text(script)):
            return script
        left += (found for name in _named(manifest) for found in _folders(folder, name))
    return ""


def climbs(script: str) -> bool:
    """Whether the Rust source of a build script goes up from ``OUT_DIR``, as far as the folder of the artifacts."""
    if "OUT_DIR" not in script:
        return False
    if ".ancestors()" in script or "/".join([".."] * LEVELS) in script.replace("\\\\", "/").replace("\\", "/"):
        return True
    if ".pop()" in script and any(word in script for word in LOOPS):
        return True
    return sum(map(script.count, STEPS)) >= LEVELS


def _named(manifest: str) -> Iterator[str]:
    """The strings in a manifest that may name folders of packages."""
    in_list = False
    for line in manifest.splitlines():
        in_list = in_list or "members" in line.partition("=")[0]
        if in_list or "path" in line:
            yield from line.replace("'", '"').split('"')[1::2]
        in_list = in_list and "]" not in line


def _folders(folder: str, name: str) -> Iterator[str]:
    """The folders of packages that ``name`` stands for; ``crates/*`` is the one pattern that is read."""
    above = os.path.join(folder, name[:-1]) if name.endswith("*") else ""
    try:
        names = [os.path.join(above, entry) for entry in os.listdir(above)] if above else [os.path.join(folder, name)]
    except (OSError, ValueError):  # a name with a NUL in it
        return
    yield from (found for found in names if os.path.isfile(os.path.join(found, "Cargo.toml")))
