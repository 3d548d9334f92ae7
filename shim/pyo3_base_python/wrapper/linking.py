"""Linking to Python's library: pyo3's ``PYO3_BUILD_EXTENSION_MODULE``, for calls of cargo that link nothing.

maturin and setuptools-rust set it for extension modules, which must not be linked to that library; tests and programs
must. pyo3 has watched it since 0.26, so the same crates would be compiled again at each switch between the two. It only
decides which arguments pyo3-ffi's build script passes to the linker (``is_extension_module`` of pyo3-build-config). So
a command that only looks at the code can have the backend's value, or share what is compiled for programs if that is
there already.
"""

from __future__ import annotations

import os

from . import paths
from .files import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .command_line import Invocation
    from .project import Project

__all__ = ["VALUE", "VARIABLE", "borrowed"]

VARIABLE = "PYO3_BUILD_EXTENSION_MODULE"
# maturin's (`configure_pyo3_env`) and setuptools-rust's.
VALUE = "1"
WATCHED_SINCE = (0, 26, 0)
# Build scripts and macros aside, which the backend's own build has linked with that value.
LINKS_NOTHING = frozenset({"check", "clippy", "doc"})


def borrowed(environ: Mapping[str, str], call: Invocation, project: Project) -> str:
    """The value that a build backend sets, if ``call`` links nothing and the user has set none; else ``""``.

    Only where pyproject.toml names a backend that sets it: elsewhere a macro may be linked to Python's library.
    """
    if VARIABLE in environ or call.subcommand not in LINKS_NOTHING:
        return ""
    lock = project.lock
    if lock is None or not lock.pyo3_versions or lock.pyo3_versions[0] < WATCHED_SINCE:
        return ""
    if _links_at_build_time(project.manifest_dir):
        return ""
    return VALUE if _is_built_as_module(project.manifest_dir) else ""


def _is_built_as_module(manifest_dir: str) -> bool:
    """Whether the nearest pyproject.toml names setuptools-rust, or maturin (not for a program): judged by its words."""
    for folder in paths.with_parents(manifest_dir):
        text = read(os.path.join(folder, "pyproject.toml"))
        if text is not None:
            lines = _lines(text)
            named = any(name in line for line in lines for name in ("maturin", "setuptools-rust", "setuptools_rust"))
            return named and 'bindings="bin"' not in lines
        if os.path.lexists(os.path.join(folder, ".git")):
            break
    return False


def _links_at_build_time(manifest_dir: str) -> bool:
    """Whether the package's build script uses pyo3 itself, and so Python's library: judged by the manifest's lines."""
    section = ""
    for line in _lines(read(os.path.join(manifest_dir, "Cargo.toml")) or b""):
        if line.startswith("["):
            section = line.strip("[]")
        if "build-dependencies" not in section:
            continue
        name = line.partition("=")[0].partition(".")[0]
        if section.endswith("dependencies.pyo3") or name in {"pyo3", '"pyo3"'} or 'package="pyo3"' in line:
            return True
    return False


def _lines(text: bytes) -> list[str]:
    """The lines of TOML, without blanks and comments, and with one kind of quotes."""
    lines = text.decode(errors="replace").replace("'", '"').splitlines()
    return ["".join(line.partition("#")[0].split()) for line in lines]
