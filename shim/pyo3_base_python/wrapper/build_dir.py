"""A build directory for each interpreter, so that switching between interpreters compiles nothing.

In one target directory the pyo3 of each interpreter replaces that of the last one. Likewise a pyo3 that is linked for a
program (``cargo test``) replaces one for an extension module (``maturin develop``). So each but the first gets a build
directory of its own within the target directory (cargo's ``build.build-dir``, since 1.91), the first time it is built
there; the finished artifact goes where it always goes. A user with one interpreter has one directory, as without the
shim.

A new directory begins as a copy of what cargo has compiled in the first, so that nothing is compiled for it that would
not have been compiled without one: cargo compares names and times, and the copy preserves both. The copy is made while
no cargo works there; if that is not possible, cargo's own directory is used, as without the shim. With
``PYO3_SHIM_BUILD_DIR`` set to ``interpreter`` each has one from the start, which is empty; with ``shared`` none has.

A setting per crate that tells the interpreters apart within one directory (such as ``codegen-units`` of pyo3-ffi) would
need less space, but it is part of the hash in every symbol's name: the module in the wheel would be another one.
https://doc.rust-lang.org/cargo/reference/config.html#buildbuild-dir
"""

from __future__ import annotations

import os

from . import linking, occupied, out_dir, paths, process, store
from .command_line import TAKES_NO_PROGRAM
from .errors import CannotSteady
from .record import OF_PACKAGE, RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .command_line import Invocation
    from .interpreter import Interpreter
    from .project import Project

__all__ = [
    "CHOICES",
    "add_option",
    "check_version",
    "choose",
    "is_automatic",
    "is_needed",
    "name_for",
    "nameable",
    "profiles",
    "seed",
    "takes_option",
]

# What PYO3_SHIM_BUILD_DIR may be: one for each interpreter but the first, for each, or one for all, as cargo has it.
CHOICES = ("auto", "interpreter", "shared")
# Right below the target directory, where CI caches that prune it know what cargo has marked with a CACHEDIR.TAG.
PREFIX = "pyo3-base-python"
STABLE_SINCE = (1, 91)
SECONDS_FOR_VERSION = 60.0
# Of a profile: what cargo looks at. Not ``incremental``, the largest, which serves the project's own crates alone.
COMPILED = (".fingerprint", "build", "deps")
# What must be left on the disk once a copy is made.
LEFT = 512 << 20
# https://bford.info/cachedir/
TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag of pyo3-base-python.\n"


def choose(environ: Mapping[str, str], call: Invocation, project: Project, interpreter: Interpreter) -> tuple[str, str]:
    """The build directory for ``interpreter`` and ``""``; or ``""`` for cargo's own, and why if the user wants one.

    An absolute path. Only where the target directory lies within the tree that is built: several trees in one are told
    apart by what cargo writes beside the artifacts, which all interpreters share. Nor where a build script writes
    beside the artifacts by way of the build directory: then why is said in any case. Pure, but for links and scripts.
    """
    chosen = environ.get("PYO3_SHIM_BUILD_DIR") or CHOICES[0]
    if chosen == "shared":
        return "", ""
    folder, why_not = _folder(environ, call, project, interpreter)
    if folder and (script := out_dir.climber(project)):
        return "", f"left alone: {script} may write beside the artifacts, from OUT_DIR upwards"
    return folder, why_not if chosen == "interpreter" else ""


def _folder(
    environ: Mapping[str, str], call: Invocation, project: Project, interpreter: Interpreter
) -> tuple[str, str]:
    target_dir = project.target_dir
    if not target_dir:
        return "", "left alone: cargo's configuration may move the build directory"
    if not takes_option(call):
        return "", f"left alone: the --config behind cargo {call.subcommand} may be another program's"
    if not paths.is_inside(os.path.realpath(target_dir), project.root):
        return "", f"left alone: {target_dir} lies outside of {project.root}"
    folder = os.path.join(target_dir, f"{PREFIX}-{name_for(interpreter, environ)}")
    if not nameable(folder):
        return "", f"left alone: {target_dir!a} can't be named in cargo's configuration"
    return folder, ""


def is_automatic(environ: Mapping[str, str]) -> bool:
    """Whether the directory that ``choose`` found is to be used only *if* cargo's own is another interpreter's."""
    return (environ.get("PYO3_SHIM_BUILD_DIR") or CHOICES[0]) == "auto"


def is_needed(folder: str, below: str, environ: Mapping[str, str]) -> bool:
    """Whether the build directory ``folder`` exists already, or cargo's own holds crates for another interpreter.

    ``below`` is the folder of the profile in each; ``environ`` is what cargo will have.
    """
    if os.path.isdir(os.path.join(folder, below)):
        return True
    config_file = environ.get("PYO3_CONFIG_FILE")
    profile_dirs = profiles(os.path.dirname(folder), below)
    linked = linking.VARIABLE in environ
    return config_file is not None and occupied.by_another(profile_dirs, config_file, extension_module=linked)


def seed(folder: str, below: str) -> None:
    """Make sure that the build directory ``folder`` has a profile ``below``: if not, copy that of cargo's own.

    Raises ``CannotSteady`` where it can't be copied now; then there is none.
    """
    if os.path.isdir(os.path.join(folder, below)):
        return
    try:
        for part in _parts(below):
            if not os.path.isdir(os.path.join(folder, part)):
                _copy(os.path.join(os.path.dirname(folder), part), folder, part)
    except OSError as error:  # `shutil.Error` is one, too
        raise CannotSteady(f"can't copy what is compiled to {folder}: {error.strerror or error}") from None


def profiles(target_dir: str, below: str) -> list[str]:
    """The folders in ``target_dir`` that hold what is compiled for the profile ``below``."""
    return [os.path.join(target_dir, part) for part in _parts(below)]


def _parts(below: str) -> list[str]:
    """The folder of a profile, and before it that of the host, if the target has another one."""
    host = os.path.basename(below)
    return [below] if below == host else [host, below]


def _copy(source: str, folder: str, part: str) -> None:
    import shutil  # noqa: PLC0415 - slow to import, and needed once for each directory

    records = os.path.join(source, RECORDS)
    if os.path.isdir(records) and any(name.endswith(OF_PACKAGE) for name in os.listdir(records)):
        raise CannotSteady(f"other trees are compiled in {source}, too")
    draft = os.path.join(folder, f"{part}.new")
    with _locked(source):
        shutil.rmtree(draft, ignore_errors=True)  # of a copy that was cut short
        os.makedirs(draft)
        try:
            _mark(folder)
            _check_room(source, shutil.disk_usage(draft).free)
            for name in (*COMPILED, RECORDS):
                if os.path.isdir(os.path.join(source, name)):
                    shutil.copytree(os.path.join(source, name), os.path.join(draft, name), symlinks=True)
            os.rename(draft, os.path.join(folder, part))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


class _locked:  # noqa: N801 - reads as what it does, in a `with`
    """Keep every cargo from working in ``profile_dir`` while it lasts. Raises ``CannotSteady`` if one does now.

    Cargo has a file locked in the folder of the artifacts, before 1.97 for itself alone, since then with others.
    """

    def __init__(self, profile_dir: str) -> None:
        self._file = os.path.join(profile_dir, ".cargo-lock")

    def __enter__(self) -> None:
        self._handle = os.open(self._file, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        try:
            _lock(self._handle)
        except BlockingIOError:
            os.close(self._handle)
            raise CannotSteady(f"another cargo is at work: {self._file} is locked") from None

    def __exit__(self, *error: object) -> None:
        os.close(self._handle)


def _lock(handle: int) -> None:
    """Have a file locked as cargo does, or raise ``OSError`` if another process has it locked."""
    if process.WINDOWS:
        import msvcrt  # noqa: PLC0415 - is there alone

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:  # whatever its number
            raise BlockingIOError from None
    else:
        import fcntl  # noqa: PLC0415 - is not there

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _check_room(profile_dir: str, free: int) -> None:
    size = 0
    for name in COMPILED:
        for path, _, files in os.walk(os.path.join(profile_dir, name)):
            size += sum(os.lstat(os.path.join(path, file)).st_size for file in files)
    if free < size + LEFT:
        raise CannotSteady(f"there is no room on the disk for {size >> 20} MiB more of {profile_dir}")


def _mark(folder: str) -> None:
    """Mark a build directory as cargo does: backups and searches leave it out."""
    path = os.path.join(folder, "CACHEDIR.TAG")
    if not os.path.lexists(path):
        with open(path, "xb") as file:
            file.write(TAG)


def name_for(interpreter: Interpreter, environ: Mapping[str, str], *others: str) -> str:
    """A name for what is compiled for ``interpreter``, and linked as ``environ`` says: kind, version, digits.

    ``others`` is whatever else tells it apart.
    """
    identity = store.digest(
        os.fsencode(interpreter.base_executable),
        repr(sorted(interpreter.config.items())).encode(),
        interpreter.abi.encode(errors="surrogateescape"),
        # An extension module is linked in another way: `cargo test` and maturin are kept apart as well.
        environ.get(linking.VARIABLE, "-").encode(errors="surrogateescape"),
        # With maturin's own configuration, for the stable ABI, pyo3 is another one.
        os.path.basename(environ.get("PYO3_CONFIG_FILE", "")).encode(errors="surrogateescape"),
        *(other.encode() for other in others),
    )
    kind = f"{interpreter.config['implementation'].lower()}-{interpreter.config['version']}"
    return f"{kind}-{identity[:8]}"


def nameable(folder: str) -> bool:
    """Whether ``add_option`` can name ``folder``: cargo takes braces for a template, and reads TOML, which is UTF-8."""
    return folder.isprintable() and not set(folder) & set("{}'")


def takes_option(call: Invocation) -> bool:
    """Whether ``add_option`` can tell cargo's own options in ``call`` from those for another program."""
    return not call.late_config or call.subcommand in TAKES_NO_PROGRAM


def add_option(arguments: Sequence[str], folder: str) -> list[str]:
    """Cargo's ``arguments`` with ``folder`` as its build directory.

    Beside the user's last ``--config``, if there is one: those after the subcommand have cargo drop those before it.
    """
    own = arguments.index("--") if "--" in arguments else len(arguments)
    places = [place for place in range(own) if arguments[place].partition("=")[0] == "--config"]
    toolchain = 1 if arguments and arguments[0].startswith("+") else 0
    place = places[-1] if places else toolchain
    return [*arguments[:place], "--config", f"build.build-dir='{folder}'", *arguments[place:]]


def check_version(cargo: Sequence[str], environ: Mapping[str, str]) -> None:
    """Raise ``CannotSteady`` for a cargo that would warn about an option that it does not know."""
    try:
        _, output = process.capture([*cargo, "--version"], environ, SECONDS_FOR_VERSION)
    except OSError as error:
        raise CannotSteady(f"can't ask cargo for its version: {error.strerror or error}") from None
    words = output.decode(errors="replace").split()
    numbers = (words[1] if len(words) > 1 else "").split(".")[:2]
    if not all(number.isdecimal() for number in numbers) or tuple(map(int, numbers)) < STABLE_SINCE:
        raise CannotSteady(f"a build directory needs cargo {STABLE_SINCE[0]}.{STABLE_SINCE[1]} or later")
