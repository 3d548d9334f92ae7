"""The real cargo behind the wrapper, and what only it can tell or do, for which it is started.

Here rustc is asked as well, for the triple that it builds for.
"""

from __future__ import annotations

import os

from . import process
from .errors import CannotSteady, ShimError
from .exit_codes import Exit
from .files import decoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .command_line import Invocation
    from .project import Project

__all__ = [
    "ON_PATH",
    "clean",
    "find",
    "host_triple",
    "is_wrapper",
    "with_toolchain",
    "without_wrapper",
    "workspace_root",
]

SECONDS_TO_CLEAN = 3600.0
SECONDS_TO_LOCATE = 60.0
SECONDS_FOR_RUSTC = 60.0
# In the second line of every launcher.
LAUNCHER_MARK = b"Written by pyo3-base-python"
# On Windows it is a program, with a script at its end.
PROGRAM = b"MZ"
AT_THE_END = 4096
# Of the store: folders with the wrapper that are put first on PATH.
ON_PATH = "path"
NAME_LENGTH = 20  # of a digest


def find(environ: Mapping[str, str], wrapper: str) -> str:
    """The cargo to become: ``PYO3_SHIM_CARGO``, else the first on ``PATH`` that is not this wrapper.

    A ``wrapper`` that was found on ``PATH`` stands before the next one there. Raises ``ShimError`` if there is none.
    """
    named = None if _is_on_path(os.path.dirname(wrapper)) else environ.get("PYO3_SHIM_CARGO")

    def skip(path: str) -> bool:
        return is_wrapper(path) or os.path.realpath(path) == os.path.realpath(wrapper)

    found = process.find_program(named or "cargo", environ, skip)
    if found is None and named and process.find_program(named, environ):
        found = process.find_program("cargo", environ, skip)  # PYO3_SHIM_CARGO is a wrapper
    if found is not None:
        return found
    if named:
        raise ShimError(
            f"PYO3_SHIM_CARGO is {named}, which is not a program", "unset it, or set it to a cargo", Exit.NOT_FOUND
        )
    raise ShimError("there is no cargo on PATH", "install Rust, for instance from https://rustup.rs", Exit.NOT_FOUND)


def without_wrapper(path: str) -> str:
    """``PATH`` without the folders that this package puts first there."""
    if f"{os.sep}{ON_PATH}{os.sep}" not in path:
        return path
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if not _is_on_path(folder))


def _is_on_path(folder: str) -> bool:
    """Whether this package puts ``folder`` first on ``PATH``, or did until the store was cleared."""
    above, name = os.path.split(folder)
    if os.path.basename(above) != ON_PATH or len(name) != NAME_LENGTH:
        return False
    return is_wrapper(os.path.join(folder, "cargo")) or not os.path.lexists(folder)


def is_wrapper(path: str) -> bool:
    """Whether ``path`` is a launcher of this package, in any store: two would start each other for ever."""
    try:
        with open(path, "rb") as file:
            text = file.read(256)
            if text.startswith(PROGRAM):
                file.seek(-AT_THE_END, os.SEEK_END)
                text = file.read()
            return LAUNCHER_MARK in text
    except OSError:
        return False


def with_toolchain(cargo: str, call: Invocation) -> list[str]:
    """The words that start the same cargo for another subcommand: rustup's ``+toolchain`` stays."""
    return [cargo, call.toolchain] if call.toolchain else [cargo]


def workspace_root(cargo: str, call: Invocation, environ: Mapping[str, str], manifest_dir: str) -> str:
    """The root of the workspace that the package in ``manifest_dir`` is in, or is by itself: cargo's own answer.

    https://doc.rust-lang.org/cargo/commands/cargo-locate-project.html. Raises ``CannotSteady`` if there is none.
    """
    manifest = os.path.join(manifest_dir, "Cargo.toml")
    if not cargo:
        raise CannotSteady(f"there is no cargo to ask for the workspace of {manifest}", "install Rust")
    command = [*with_toolchain(cargo, call), "locate-project", "--workspace", "--message-format", "plain"]
    try:
        code, output = process.capture([*command, "--manifest-path", manifest], environ, SECONDS_TO_LOCATE)
    except OSError as error:
        raise CannotSteady(f"can't ask cargo for the workspace of {manifest}: {error.strerror or error}") from None
    root, name = os.path.split(decoded(output).rstrip("\n"))
    if code or name != "Cargo.toml":
        raise CannotSteady(
            f"cargo does not say which workspace {manifest} is in (exit code {code})",
            "`cargo metadata` there says what is wrong",
        )
    return root


def clean(
    packages: Sequence[str],
    cargo: str,
    call: Invocation,
    here: Project,
    environ: Mapping[str, str],
    build_dir: str = "",
) -> None:
    """Remove what cargo has compiled of local ``packages`` for the profile and target of ``call``.

    ``build_dir`` is where, if not in cargo's own build directory.

    Raises ``CannotSteady`` if cargo does not do it.
    """
    command = [*with_toolchain(cargo, call), "clean", "--target-dir", here.target_dir]
    command += [
        "--manifest-path",
        os.path.join(here.manifest_dir, "Cargo.toml"),
        "--profile",
        call.profile,
    ]
    if build_dir:
        command += ["--config", f"build.build-dir='{build_dir}'"]
    for option, values in (("--target", call.targets), ("--config", call.configs), ("-p", packages)):
        for value in values:
            command += [option, value]
    try:
        # Cargo waits for another build in this target directory, as the build itself would have to.
        code, _ = process.capture([*command, "--offline"], environ, SECONDS_TO_CLEAN)
        if code:  # Cargo.lock names what has never been downloaded: the build would do so, too
            code, _ = process.capture(command, environ, SECONDS_TO_CLEAN)
    except OSError as error:
        raise CannotSteady(f"can't run cargo clean: {error.strerror or error}") from None
    if code:
        raise CannotSteady(f"cargo clean -p {' -p '.join(packages)} ended with exit code {code}")


def host_triple(environ: Mapping[str, str]) -> str | None:
    """The triple that rustc builds for by default; ``None`` if rustc does not say."""
    rustc = process.find_program(environ.get("RUSTC") or "rustc", environ)
    if rustc is None:
        return None
    try:
        _, output = process.capture([rustc, "-vV"], environ, SECONDS_FOR_RUSTC)
    except OSError:
        return None
    for line in output.decode(errors="replace").splitlines():
        if line.startswith("host: "):
            return line[6:].strip()
    return None
