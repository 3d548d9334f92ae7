"""Which front ends and build backends are installed, and which versions."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.wrapper import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Installed", "installed", "output_of", "program_version"]

SECONDS_TO_ANSWER = 30.0
POLL_SECONDS = 0.02
# Runs in the interpreter that is asked: Python 3.8 has importlib.metadata, older ones answer nothing.
CODE = """
import json, sys
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        continue
    files = [str(distribution.locate_file(file)) for file in distribution.files or ()]
    found[name] = [distribution.version, files]
print(json.dumps(found))
"""


class Installed(NamedTuple):
    """An installed distribution: its version, and the paths of its files."""

    version: str
    files: tuple[str, ...] = ()

    def mentions(self, word: bytes) -> bool:
        """Whether ``word`` occurs in one of the files: in the source, or in a compiled program."""
        return any(word in _content(path) for path in self.files)


def installed(python: str, names: Sequence[str], environ: Mapping[str, str]) -> dict[str, Installed]:
    """Those of the distributions ``names`` that the interpreter ``python`` has, by name; none if it does not answer.

    Isolated from the working directory and from ``PYTHONPATH``.
    """
    try:
        _, output = process.capture([python, "-I", "-c", CODE, *names], environ, SECONDS_TO_ANSWER)
        found = json.loads(output.splitlines()[-1])
        return {name: Installed(version, tuple(files)) for name, (version, files) in found.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # no answer, or not one to this question
        return {}


def program_version(program: str, environ: Mapping[str, str]) -> str:
    """The version in the first line that ``program --version`` prints; ``""`` if there is none."""
    try:
        code, output = process.capture([program, "--version"], environ, SECONDS_TO_ANSWER)
    except OSError:
        return ""
    words = output.decode(errors="replace").split("\n")[0].split()
    return next((word for word in words if word[:1].isdigit()), "") if code == 0 else ""


def output_of(command: Sequence[str], environ: Mapping[str, str], folder: str) -> tuple[int, str]:
    """Run ``command`` in ``folder``: its exit code, and its stdout and stderr. Raises ``OSError``."""
    with tempfile.TemporaryFile() as file:
        child = process.start(command, environ, folder, file.fileno())
        process.watch(child, POLL_SECONDS, lambda: None)
        file.seek(0)
        return child.returncode, file.read().decode(errors="replace")


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
