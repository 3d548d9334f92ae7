"""A build directory for each interpreter, so that switching between interpreters compiles nothing.

In one target directory every interpreter's pyo3 takes the place of the last one's. With ``PYO3_SHIM_BUILD_DIR`` set
to ``interpreter`` each gets a build directory of its own (cargo's ``build.build-dir``, since 1.91) below that;
the finished artifact goes where it always goes. A new one starts with a copy of what was compiled of the dependencies
already, so that its first build compiles what a switch compiles today.

A setting per crate that tells the interpreters apart within one directory (``codegen-units`` of pyo3-ffi, say) would
need less room, but it is part of the hash in every symbol's name: the module in the wheel would be another one.
https://doc.rust-lang.org/cargo/reference/config.html#buildbuild-dir
"""

from __future__ import annotations

import os

from pyo3_base_python import process, sources, store
from pyo3_base_python.errors import CannotSteady

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyo3_base_python.interpreter import Interpreter
    from pyo3_base_python.project import Project

__all__ = ["CHOICES", "add_option", "choose", "prepare"]

# What PYO3_SHIM_BUILD_DIR may be: one for all, as cargo has it, or one for each interpreter.
CHOICES = ("shared", "interpreter")
# Below the target directory, which lists it in no documentation: tools that tidy there leave it or drop it as a whole.
FOLDER = "pyo3-base-python"
STABLE_SINCE = (1, 91)
SECONDS_FOR_VERSION = 60.0
# What cargo keeps of compiled packages in the folder of a profile.
KEPT = (".fingerprint", "build", "deps")
LOCK = ".cargo-lock"


def choose(environ: Mapping[str, str], project: Project, interpreter: Interpreter) -> str:
    """The build directory for ``interpreter``: an absolute path, or ``""`` for cargo's own. Pure, but for links.

    Only where the target directory lies within the tree that is built: several trees in one are told apart by what
    cargo writes beside the artifacts, which all interpreters share. Not on Windows, where cargo's locks are others.
    """
    if (environ.get("PYO3_SHIM_BUILD_DIR") or CHOICES[0]) == CHOICES[0] or process.WINDOWS:
        return ""
    target_dir = project.target_dir
    if not target_dir or not sources.is_inside(os.path.realpath(target_dir), project.root):
        return ""
    identity = store.digest(
        os.fsencode(interpreter.base_executable),
        repr(sorted(interpreter.config.items())).encode(),
        interpreter.abi.encode(errors="surrogateescape"),
        # An extension module is linked in another way: `cargo test` and maturin are kept apart as well.
        environ.get("PYO3_BUILD_EXTENSION_MODULE", "-").encode(errors="surrogateescape"),
    )
    name = f"{interpreter.config['implementation'].lower()}-{interpreter.config['version']}-{identity[:8]}"
    folder = os.path.join(target_dir, FOLDER, name)
    # Cargo takes braces for a template, and reads the option as TOML, which is UTF-8.
    return folder if folder.isprintable() and not set(folder) & set("{}'") else ""


def add_option(arguments: Sequence[str], folder: str) -> list[str]:
    """Cargo's ``arguments`` with ``folder`` as its build directory."""
    toolchain = 1 if arguments and arguments[0].startswith("+") else 0
    return [*arguments[:toolchain], "--config", f"build.build-dir='{folder}'", *arguments[toolchain:]]


def prepare(
    folder: str, profile_folders: Iterable[str], project: Project, cargo: Sequence[str], environ: Mapping[str, str]
) -> str:
    """Make sure that the build directory ``folder`` exists, with what is compiled of the dependencies already.

    ``profile_folders`` are relative to a target directory (``release``); ``cargo`` is the command that will run (the
    program and rustup's toolchain). Returns what was done, in words. Raises ``CannotSteady`` if cargo is too old, or
    the target directory can't be read.
    """
    done = []
    for profile in profile_folders:
        if os.path.isdir(os.path.join(folder, profile)):
            continue
        if not os.path.isdir(folder):
            check_version(cargo, environ)
        try:
            origin = _origin(project.target_dir, folder, profile)
        except OSError as error:
            raise CannotSteady(f"can't look into {os.path.dirname(folder)}: {error.strerror or error}") from None
        if origin and _copy(os.path.join(origin, profile), os.path.join(folder, profile), project):
            done.append(f"{profile} copied from {origin}")
    return "; ".join(done)


def check_version(cargo: Sequence[str], environ: Mapping[str, str]) -> None:
    """Raise ``CannotSteady`` for a cargo that would warn of an option that it does not know."""
    try:
        _, output = process.capture([*cargo, "--version"], environ, SECONDS_FOR_VERSION)
    except OSError as error:
        raise CannotSteady(f"can't ask cargo for its version: {error.strerror or error}") from None
    words = output.decode(errors="replace").split()
    numbers = (words[1] if len(words) > 1 else "").split(".")[:2]
    if not all(number.isdecimal() for number in numbers) or tuple(map(int, numbers)) < STABLE_SINCE:
        raise CannotSteady(f"PYO3_SHIM_BUILD_DIR needs cargo {STABLE_SINCE[0]}.{STABLE_SINCE[1]} or later")


def _origin(target_dir: str, folder: str, profile: str) -> str:
    """Where dependencies are compiled already: the target directory itself, else the youngest build directory."""
    parent = os.path.dirname(folder)
    others = [os.path.join(parent, name) for name in os.listdir(parent)] if os.path.isdir(parent) else []
    others.sort(key=os.path.getmtime, reverse=True)
    found = [place for place in (target_dir, *others) if os.path.isdir(os.path.join(place, profile, ".fingerprint"))]
    return found[0] if found else ""


def _copy(origin: str, copy: str, project: Project) -> bool:
    """Copy what is compiled of all but the local packages, whole or not at all; ``False`` if a build is going on there.

    A local package would be one of the tree that was built there last, which may be another one.
    """
    import fcntl  # noqa: PLC0415 - once in the life of a build directory
    import shutil  # noqa: PLC0415 - as above

    local = tuple(f"{name}-" for name in project.lock.local_packages) if project.lock else ()
    draft = f"{copy}.{os.getpid()}.{os.urandom(4).hex()}"

    def skip(place: str, names: list[str]) -> list[str]:
        return [name for name in names if os.path.basename(place) == ".fingerprint" and name.startswith(local)]

    try:
        with open(os.path.join(origin, LOCK), "rb") as lock:
            # Cargo holds it while it compiles: half of a package must not be copied.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            for name in KEPT:
                place = os.path.join(origin, name)
                if os.path.isdir(place):
                    shutil.copytree(place, os.path.join(draft, name), symlinks=True, ignore=skip)
        os.rename(draft, copy)
    except OSError:  # shutil.Error is one: cargo compiles from nothing then
        shutil.rmtree(draft, ignore_errors=True)
        return False
    return True
