"""Whether a build directory is taken: pyo3 is compiled in it for an interpreter other than the current one.

Cargo keeps what the build scripts of pyo3 have printed: the path of the configuration, which lies in the store and is
named after its content, and whether they have Python's library linked. So we need no record of our own beside it, and
builds that went past the shim are seen as well. By cargo's layout as of 1.95 (see ``left_behind``); if it is another
one, nothing is known, and the directory counts as free.
"""

from __future__ import annotations

import os

from .files import decoded, read
from .linking import VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["by_another", "is_linked"]

# Before 0.29 the build script of the second one reads the configuration.
SCRIPTS = ("pyo3-ffi-", "pyo3-build-config-")
# How the path of a configuration begins where a build script names it.
NAMED = b"cargo:rerun-if-changed="
LINKED = b"rustc-link-lib="
# In a configuration: programs, which come and go with the environment.
EXECUTABLE = b"executable="
PLACES = (EXECUTABLE, b"lib_dir=")


def by_another(profile_dirs: Iterable[str], config_file: str, *, extension_module: bool) -> bool:
    """Whether all in ``profile_dirs`` is for another interpreter than that of ``config_file``, or linked otherwise.

    ``extension_module`` is whether pyo3 is told that it is in one. What nobody can use any more does not count: crates
    for an interpreter that is gone, or without a configuration in the store.
    """
    outputs = [output for folder in profile_dirs for output in _outputs(os.path.join(folder, "build"))]
    folder = os.path.join(os.path.dirname(config_file), "").encode(errors="surrogateescape")
    configs = {config for output in outputs for config in _configs(output, folder)}
    wanted = os.fsencode(config_file)
    if wanted not in configs and all(_is_another(config, wanted) for config in configs):
        return any(_is_alive(config) for config in configs)
    watching = list(_watching(outputs))
    return bool(watching) and all((LINKED in output) == extension_module for output in watching)


def is_linked(profile_dirs: Iterable[str]) -> bool:
    """Whether the crates in ``profile_dirs`` are for programs, to which pyo3 has Python's library linked."""
    watching = list(_watching(output for folder in profile_dirs for output in _outputs(os.path.join(folder, "build"))))
    return bool(watching) and all(LINKED in output for output in watching)


def _watching(outputs: Iterable[bytes]) -> Iterator[bytes]:
    """The outputs of build scripts that watch ``PYO3_BUILD_EXTENSION_MODULE``; for others a feature of pyo3 decides."""
    return (output for output in outputs if VARIABLE.encode() in output)


def _outputs(build: str) -> Iterator[bytes]:
    """What the build scripts of pyo3 printed when cargo last ran them."""
    try:
        names = os.listdir(build)
    except OSError:
        return
    for name in names:
        if name.startswith(SCRIPTS):
            yield read(os.path.join(build, name, "output")) or b""


def _configs(output: bytes, folder: bytes) -> Iterator[bytes]:
    """The paths of configurations in ``folder``."""
    start = NAMED + folder
    for line in output.splitlines():
        if line.startswith(start):
            yield line[len(NAMED) :]


def _is_another(config: bytes, wanted: bytes) -> bool:
    """Whether two configurations differ in more than the name of the program."""
    return _values(config) != _values(wanted)


def _values(config: bytes) -> list[bytes]:
    lines = (read(decoded(config)) or b"").splitlines()
    return [line for line in lines if not line.startswith(EXECUTABLE)]


def _is_alive(config: bytes) -> bool:
    """Whether the interpreter of a configuration still exists."""
    content = read(decoded(config))
    if content is None:
        return False
    places = [line.partition(b"=")[2] for line in content.splitlines() if line.startswith(PLACES)]
    return all(os.path.exists(place) for place in places)
