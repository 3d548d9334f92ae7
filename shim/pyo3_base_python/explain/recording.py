"""Take the place of cargo while a command runs, and read what each call leaves.

A program called ``cargo`` comes first on ``PATH``; where the environment names a cargo (``CARGO``, or, beneath the
shim's wrapper, ``PYO3_SHIM_CARGO``) another program takes its place. Each call of cargo that may compile leaves three
files: the call itself, its log, and its output for the user, so that parallel calls do not mix.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import pyo3_base_python
from pyo3_base_python.activation import switch
from pyo3_base_python.doctor.remedies import REMEDIES
from pyo3_base_python.explain.shim import OFF, Shim
from pyo3_base_python.explain.sources import Sources
from pyo3_base_python.explain.standin import write_json
from pyo3_base_python.wrapper import process, real_cargo
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Recorded", "calls", "variables"]


SHIM_LOG = "PYO3_SHIM_LOG"


class Recorded(NamedTuple):
    """One call of cargo: its words, its folder, when it began (seconds since the epoch) and how long it took.

    ``seconds`` and ``exit_code`` are ``None`` if it was killed together with who watched it; a negative exit code is
    the signal that it died of. ``shim`` is what the shim did for it, ``sources`` where those are.
    """

    command: tuple[str, ...]
    cwd: str
    began: float
    seconds: float | None
    exit_code: int | None
    shim: Shim
    sources: Sources
    log: bytes
    told: bytes


def variables(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What to add to ``environ`` so that every cargo below it is recorded in ``folder``, an empty one.

    Raises ``ShimError`` if there is no cargo, or no POSIX shell.
    """
    if process.WINDOWS:
        raise ShimError("cargo is recorded through a POSIX shell", "run it on Linux or macOS, or under WSL")
    on_path = process.find_program("cargo", environ)
    if on_path is None:
        raise ShimError("there is no cargo on PATH", "install Rust, for instance from https://rustup.rs", Exit.PROGRAM)
    programs = {"path": os.path.abspath(on_path)}
    added = {}
    replaced: dict[str, tuple[str, str | None]] = {}
    for name in ("CARGO", "PYO3_SHIM_CARGO"):
        named = environ.get(name, "")
        found = process.find_program(named, environ) if named and named != switch.CROSS else None
        # The wrapper is to stay where it is, and to become the recording cargo.
        if found and not real_cargo.is_wrapper(found):
            programs[name] = os.path.abspath(found)
            added[name] = os.fspath(folder / name / "cargo")
            replaced[name] = (added[name], named)
    # What the wrapper did, it says itself; the user's own log is written by the recording cargo.
    added[SHIM_LOG] = os.fspath(folder / "shim.log")
    replaced[SHIM_LOG] = (added[SHIM_LOG], environ.get(SHIM_LOG))
    first = folder / "path"
    settings = folder / "settings.json"
    content = {"programs": programs, "replaced": replaced, "on_path": os.fspath(first), "shim_log": added[SHIM_LOG]}
    write_json(os.fspath(settings), content)
    for role in programs:
        _write_script(folder / role / "cargo", role, settings)
    added["PATH"] = os.pathsep.join([os.fspath(first), environ.get("PATH", os.defpath)])
    return added


def calls(folder: Path) -> list[Recorded]:
    """The calls recorded in ``folder``, in the order in which they began."""
    found = []
    for file in folder.glob("*-*.json"):
        call = json.loads(file.read_text(encoding="utf-8", errors="surrogateescape"))
        log, told = (file.with_suffix(suffix) for suffix in (".log", ".told"))
        found.append(
            Recorded(
                tuple(call["command"]),
                call["cwd"],
                call["began"],
                call.get("seconds"),
                call.get("exit_code"),
                _shim(call["shim"]),
                _sources(call["sources"]),
                log.read_bytes() if log.exists() else b"",
                told.read_bytes() if told.exists() else b"",
            )
        )
    return sorted(found, key=lambda call: call.began)


def _shim(recorded: Mapping[str, str]) -> Shim:
    cure = REMEDIES.get(recorded.get("kind", "")) or recorded.get("hint", "")
    return Shim(recorded.get("state", OFF), recorded.get("why", ""), cure, recorded.get("did", ""))


def _sources(recorded: Mapping[str, str]) -> Sources:
    found = Sources(recorded["root"], recorded["sdist"], recorded["vendored"])
    return found._replace(lasts=os.path.isdir(found.sdist)) if found.sdist else found


def _write_script(path: Path, role: str, settings: Path) -> None:
    code = Path(pyo3_base_python.__file__).resolve().parent.parent
    words = " ".join(shlex.quote(os.fspath(word)) for word in (code, role, settings))
    path.parent.mkdir()
    # As the wrapper's launcher: neither PYTHONPATH nor site-packages are looked at.
    path.write_text(
        f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S -c 'import sys\n"
        "_, code, role, settings, locale = sys.argv[:5]\n"
        "del sys.argv[1:5]\n"
        "sys.path.append(code)\n"
        "from pyo3_base_python.explain.standin import main\n"
        f'main(role, settings, locale)\' {words} "${{LC_CTYPE+set to $LC_CTYPE}}" "$@"\n',
        encoding="utf-8",
        errors="surrogateescape",
    )
    path.chmod(0o700)
