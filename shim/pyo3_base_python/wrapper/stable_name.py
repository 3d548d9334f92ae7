"""The stable name of an isolated interpreter: a folder in the store that stands for its environment. Pure.

Build scripts use ``PYO3_PYTHON`` as a path as well: they look for a tool beside it, or for the ``pyvenv.cfg`` above it.
So everything beside the interpreter is also beside its stable name::

    python/<identity>/bin/python       the launcher: becomes the isolated interpreter
    python/<identity>/bin/ninja        a link to the launcher: becomes the program of that name beside the interpreter
    python/<identity>/pyvenv.cfg, lib  links into the environment
    python/<identity>/environments/    links to environments of earlier builds; their content is the same

Two builds at once can have the same identity, and environments of their own. The launcher tells them apart by
``PYO3_SHIM_PYTHON``; if a script has cleared that variable, any of them will do, as long as it exists.
"""

from __future__ import annotations

import os

from .store import File, Links, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .interpreter import Interpreter

__all__ = ["files", "identity", "launcher_file", "shell_quoted"]

# Names in the folder that are its own.
OWN = frozenset({"bin", "environments"})

OF_AN_ENVIRONMENT = b"""#!/bin/sh
# Written by pyo3-base-python: a stable name for the interpreter of an isolated build, and for the programs beside it.
environments=${0%/*}/../environments
python=$PYO3_SHIM_PYTHON
if [ ! -x "$python" ]; then
  # Started with a cleared environment. What is another user's was made in the place of one that is gone.
  for place in "$environments"/*; do
    if [ -O "$place/bin" ] && [ -x "$place/bin/python" ]; then python=$(cd -P "$place/bin" && pwd)/python; break; fi
  done
fi
name=${0##*/}
if [ "$name" != python ] && [ -d "$environments" ]; then python=${python%/*}/$name; fi
if [ -x "$python" ]; then exec "$python" "$@"; fi
echo "pyo3-base-python: the environment that $0 stands for is gone" >&2
exit 127
"""
OF_A_BASE = b"""#!/bin/sh
# Written by pyo3-base-python: a stable name for this interpreter and what it imports.
if [ -x "$PYO3_SHIM_PYTHON" ]; then exec "$PYO3_SHIM_PYTHON" "$@"; fi
exec %s "$@"
"""


def files(interpreter: Interpreter) -> list[File | Links]:
    """The files for ``interpreter`` that belong in the store; the launcher comes first."""
    launcher = launcher_file(interpreter)
    folder = os.path.dirname(os.path.dirname(launcher.name))
    place = interpreter.place
    above = os.path.dirname(place.folder)
    programs = [name for name in place.programs if name != "python"]
    siblings = [name for name in place.siblings if name not in OWN]
    if not place.is_environment:  # it stays where it is
        return [
            launcher,
            Links(f"{folder}/bin", {name: os.path.join(place.folder, name) for name in programs}),
            Links(folder, {name: os.path.join(above, name) for name in siblings}),
        ]
    key = digest(os.fsencode(above))
    return [
        launcher,
        Links(f"{folder}/bin", dict.fromkeys(programs, "python")),
        Links(f"{folder}/environments", {key: above}),
        Links(folder, {name: f"environments/{key}/{name}" for name in siblings}),
    ]


def launcher_file(interpreter: Interpreter) -> File:
    """A program that acts as the isolated interpreter while a build runs, with or without that build's variables."""
    base = shell_quoted(os.fsencode(interpreter.base_executable))
    is_environment = interpreter.place.is_environment
    script = OF_AN_ENVIRONMENT if is_environment else OF_A_BASE % base
    name = identity(interpreter, b"environment" if is_environment else b"base")
    return File(f"python/{name}/bin/python", script, executable=True)


def identity(interpreter: Interpreter, kind: bytes) -> str:
    """What a stable name of this ``kind`` changes with: the base interpreter and the content of the environment."""
    return digest(
        os.fsencode(interpreter.base_executable),
        repr(sorted(interpreter.config.items())).encode(),
        interpreter.abi.encode(errors="surrogateescape"),
        "\n".join(interpreter.environment).encode(errors="surrogateescape"),
        interpreter.full_version.encode(errors="surrogateescape"),
        kind,
    )


def shell_quoted(word: bytes) -> bytes:
    """``word`` as one word of a POSIX shell."""
    return b"'" + word.replace(b"'", b"'\\''") + b"'"
