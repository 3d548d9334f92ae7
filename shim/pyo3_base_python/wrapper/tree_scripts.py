"""The build scripts of a tree: what they read and may write into it, by their text (see ``build_script``)."""

from __future__ import annotations

import os

from . import build_script, paths, store, surroundings
from .files import read
from .project import PYO3_FAMILY, package_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["may_write", "not_there", "of_tree", "with_variables"]


def of_tree(tree: str, found: Collection[str]) -> dict[str, str]:
    """The build scripts among the files ``found`` in ``tree``, by relative path, with their sources.

    Not pyo3's own, which declare all.
    """
    named = {path for path in found if path.endswith("build.rs") and os.path.basename(path) == "build.rs"}
    for manifest in [path for path in found if path.endswith("Cargo.toml")]:
        if os.path.basename(manifest) == "Cargo.toml":
            for script in build_script.named((read(os.path.join(tree, manifest)) or b"").decode(errors="replace")):
                named.add(paths.with_slashes(os.path.normpath(os.path.join(os.path.dirname(manifest), script))))
    named = {path for path in named if path in found}
    files = {path: os.path.join(tree, path) for path in sorted(named)}
    return {
        path: build_script.text(file)
        for path, file in files.items()
        if package_name(os.path.dirname(file)) not in PYO3_FAMILY
    }


def with_variables(found: Mapping[str, str], scripts: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Digests of ``scripts`` that name variables of ``environ``, made to cover the variables as well.

    And the file that one of them names.
    """
    digests = {}
    for path, text in scripts.items():
        named = build_script.variables(text, environ)
        if named:
            said = (f"{name}={environ[name]}{surroundings.content(environ[name])}" for name in named)
            values = (one.encode(errors="surrogateescape") for one in said)
            digests[path] = store.digest(found[path].encode(), *values)
    return digests


def not_there(found: Collection[str], scripts: Mapping[str, str]) -> str:
    """A file that one of the build scripts may have made in the user's tree, and that is not there; else ``""``."""
    folders = {path.rstrip("/") for path in found}
    for script, text in scripts.items():
        path = build_script.not_there(text, os.path.dirname(script), folders)
        if path:
            return f"{path}, which {script} may make, is not there"
    return ""


def may_write(found: Collection[str], scripts: Mapping[str, str]) -> str:
    """Which build script may write into the sdist itself, in words; else ``""``: it has not run in this tree yet."""
    for script, text in scripts.items():
        if build_script.may_write(text, os.path.dirname(script), found):
            return f"{script} may write into the sources"
    return ""
