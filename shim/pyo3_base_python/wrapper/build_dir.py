"""A build directory for each interpreter, so that switching between interpreters compiles nothing.

In one target directory every interpreter's pyo3 takes the place of the last one's. With ``PYO3_SHIM_BUILD_DIR`` set
to ``interpreter`` each gets a build directory of its own (cargo's ``build.build-dir``, since 1.91) in that;
the finished artifact goes where it always goes. A new one is empty: what could be copied into it is cargo's own, with
locks and a layout that change between its versions.

A setting per crate that tells the interpreters apart within one directory (``codegen-units`` of pyo3-ffi, say) would
need less room, but it is part of the hash in every symbol's name: the module in the wheel would be another one.
https://doc.rust-lang.org/cargo/reference/config.html#buildbuild-dir
"""

from __future__ import annotations

import os

from . import paths, process, store
from .command_line import TAKES_NO_PROGRAM
from .errors import CannotSteady

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .command_line import Invocation
    from .interpreter import Interpreter
    from .project import Project

__all__ = ["CHOICES", "add_option", "check_version", "choose", "name_for", "nameable", "takes_option"]

# What PYO3_SHIM_BUILD_DIR may be: one for all, as cargo has it, or one for each interpreter.
CHOICES = ("shared", "interpreter")
# Right below the target directory, where CI caches that prune it know what cargo has marked with a CACHEDIR.TAG.
PREFIX = "pyo3-base-python"
STABLE_SINCE = (1, 91)
SECONDS_FOR_VERSION = 60.0


def choose(environ: Mapping[str, str], call: Invocation, project: Project, interpreter: Interpreter) -> tuple[str, str]:
    """The build directory for ``interpreter`` and ``""``; or ``""`` for cargo's own, and why, if another was asked for.

    An absolute path. Only where the target directory lies within the tree that is built: several trees in one are told
    apart by what cargo writes beside the artifacts, which all interpreters share. Pure, but for links.
    """
    if (environ.get("PYO3_SHIM_BUILD_DIR") or CHOICES[0]) == CHOICES[0]:
        return "", ""
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


def name_for(interpreter: Interpreter, environ: Mapping[str, str]) -> str:
    """A name for what is compiled for ``interpreter``, and linked as ``environ`` says: kind, version, digits."""
    identity = store.digest(
        os.fsencode(interpreter.base_executable),
        repr(sorted(interpreter.config.items())).encode(),
        interpreter.abi.encode(errors="surrogateescape"),
        # An extension module is linked in another way: `cargo test` and maturin are kept apart as well.
        environ.get("PYO3_BUILD_EXTENSION_MODULE", "-").encode(errors="surrogateescape"),
    )
    kind = f"{interpreter.config['implementation'].lower()}-{interpreter.config['version']}"
    return f"{kind}-{identity[:8]}"


def nameable(folder: str) -> bool:
    """Whether ``add_option`` can name ``folder``: cargo takes braces for a template, and reads TOML, which is UTF-8."""
    return folder.isprintable() and not set(folder) & set("{}'")


def takes_option(call: Invocation) -> bool:
    """Whether ``add_option`` can tell the options of ``call`` that are cargo's from those of another program."""
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
    """Raise ``CannotSteady`` for a cargo that would warn of an option that it does not know."""
    try:
        _, output = process.capture([*cargo, "--version"], environ, SECONDS_FOR_VERSION)
    except OSError as error:
        raise CannotSteady(f"can't ask cargo for its version: {error.strerror or error}") from None
    words = output.decode(errors="replace").split()
    numbers = (words[1] if len(words) > 1 else "").split(".")[:2]
    if not all(number.isdecimal() for number in numbers) or tuple(map(int, numbers)) < STABLE_SINCE:
        raise CannotSteady(f"a build directory needs cargo {STABLE_SINCE[0]}.{STABLE_SINCE[1]} or later")
