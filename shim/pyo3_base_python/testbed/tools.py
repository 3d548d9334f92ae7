"""Environments with the tools of the test bed: front ends, test runners. One for each interpreter and list of tools."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.activation import launcher
from pyo3_base_python.testbed import running
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper import process, store
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Python", "clean", "default_python", "environment", "find_python", "folder", "other_python", "versions"]

SECONDS_TO_ANSWER = 20.0
NEWEST_MINOR = 15
OLDEST_MINOR = 9
# What would decide for the builds that are measured; the settings of indexes, proxies and caches stay.
SCRUBBED_PREFIXES = ("CARGO_PROFILE", "CARGO_TERM", "MATURIN_", "PYO3_", "PYTHON", "SETUPTOOLS_RUST_")
SCRUBBED = (
    "CARGO CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR CONDA_PREFIX"
    " RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTFLAGS SOURCE_DATE_EPOCH VIRTUAL_ENV".split()
)


class Python(NamedTuple):
    """An interpreter: its path, outside any environment, and its version as ``3.11``."""

    path: str
    version: str


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without variables that would affect the builds that are measured."""
    return {
        name: value
        for name, value in environ.items()
        if name not in SCRUBBED and not name.startswith(SCRUBBED_PREFIXES)
    }


def default_python(environ: Mapping[str, str]) -> Python:
    """The interpreter that this program's own environment was made from."""
    return find_python(launcher.base_python(), environ)


def find_python(named: str, environ: Mapping[str, str]) -> Python:
    """The interpreter called ``named``, a version (``3.12``) or a path. Raises ``ShimError``."""
    version = re.match(r"^3\.\d+$", named)
    for name in _names(named) if version else [named]:
        program = process.find_program(name, environ)
        answer = _ask(program, environ) if program else None
        if answer and (not version or answer.version == named):
            return answer
    raise ShimError(f"there is no Python {named}", "name one by its path", Exit.NAMED)


def other_python(than: Python, environ: Mapping[str, str]) -> Python | None:
    """An interpreter on this machine of another version than ``than``, and able to make environments.

    It is the nearest one; of two the older, which more versions of pyo3 know. ``None`` if there is none.
    """
    mine = int(than.version.partition(".")[2])
    others = [minor for minor in range(OLDEST_MINOR, NEWEST_MINOR + 1) if minor != mine]
    for minor in sorted(others, key=lambda minor: (abs(minor - mine), minor)):
        for name in _names(f"3.{minor}"):
            program = process.find_program(name, environ)
            answer = _ask(program, environ, also="import ensurepip, venv") if program else None
            if answer and answer.version == f"3.{minor}":
                return answer
    return None


def environment(
    python: Python, requirements: Sequence[str], work: WorkFolder, environ: Mapping[str, str]
) -> dict[str, str]:
    """The variables of a shell in which an environment of ``python`` with ``requirements`` is first on ``PATH``.

    It is made once; ``python -m pip`` is in it. Raises ``ShimError`` if something can't be installed.
    """
    name = f"tools/{python.version}-{store.digest(python.path.encode(), *(word.encode() for word in requirements))}"

    def make(folder: Path) -> None:
        log = work.log("tools")
        running.must_run(
            "can't make an environment", [python.path, "-m", "venv", os.fspath(folder)], environ, work.top, log
        )
        if requirements:
            install = [os.fspath(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements]
            running.must_run(f"can't install {', '.join(requirements)}", install, environ, work.top, log)
        _name_interpreter(folder, work.top / name)

    place = work.settled(name, make)
    return {**environ, "PATH": os.pathsep.join([os.fspath(place / "bin"), environ.get("PATH", os.defpath)])}


def _name_interpreter(made: Path, final: Path) -> None:
    """Make the scripts of an environment name the interpreter at its final path.

    The path is in their first line, or in the second if it is too long for the first.
    """
    before, after = os.fsencode(made / "bin"), os.fsencode(final / "bin")
    for path in (made / "bin").iterdir():
        text = path.read_bytes()
        if text.startswith(b"#!"):
            path.write_bytes(text.replace(before, after, 1))


def folder(environ: Mapping[str, str]) -> Path:
    """The environment whose variables ``environment`` has returned."""
    return Path(environ["PATH"].partition(os.pathsep)[0]).parent


def versions(names: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The versions of the distributions ``names`` in the first Python on ``PATH``, by name."""
    python = process.find_program("python", environ)
    code = "import sys; from importlib.metadata import version\nfor name in sys.argv[1:]: print(version(name))"
    status, output = process.capture([python or "python", "-c", code, *names], environ, SECONDS_TO_ANSWER)
    found = output.decode(errors="replace").split()
    return dict(zip(names, found)) if status == 0 else {}


def _names(version: str) -> list[str]:
    """Where an interpreter of ``version`` may be: on ``PATH``, or in the folders of pyenv and uv."""
    name = f"python{version}"
    home = Path.home()
    places = [*home.glob(".pyenv/versions/*/bin"), *home.glob(".local/share/uv/python/*/bin")]
    return [name, *(os.fspath(place / name) for place in sorted(places)), "/usr/bin/python3"]


def _ask(program: str, environ: Mapping[str, str], also: str = "") -> Python | None:
    """Path and version of the interpreter ``program``; ``None`` if it does not run, or not the statement ``also``."""
    code = f"{also}\nimport sys, os; print(os.path.realpath(sys.executable)); print('%d.%d' % sys.version_info[:2])"
    try:
        status, output = process.capture([program, "-I", "-c", code], environ, SECONDS_TO_ANSWER)
    except OSError:
        return None
    lines = output.decode(errors="replace").splitlines()
    return Python(*lines) if status == 0 and len(lines) == 2 else None  # noqa: PLR2004 - a line for each field
