"""What still names the launcher when the store is cleared: builds that try to start it end with an error."""

from __future__ import annotations

import os

from pyo3_base_python.activation import switch
from pyo3_base_python.wrapper.paths import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["found"]

# What starts a shell, or sets variables for builds: where the pages put lines of ours. Relative to the home folder.
AT_HOME = (
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".zprofile",
    ".config/fish/config.fish",
    ".config/powershell/profile.ps1",
    ".config/uv/uv.toml",
)
HERE = (".envrc", ".gitlab-ci.yml", ".vscode/settings.json", "noxfile.py", "pyproject.toml", "tox.ini")
NAME = "pyo3-base-python"


def found(environ: Mapping[str, str], cwd: str) -> list[str]:
    """A line for each place that names the launcher (``environ``, startup files, ``cwd``), with what to do."""
    places = [os.path.join(home(environ), *name.split("/")) for name in AT_HOME]
    places += [os.path.join(cwd, *name.split("/")) for name in HERE]
    lines = [f"{path}, line {number}, still names {NAME}: remove it" for path in places for number in _mentions(path)]
    if switch.names_launcher(environ):
        lines.append(
            f'CARGO still names the launcher, which is gone: `eval "$({NAME} env --unset)"`, or close the shell'
        )
    return lines


def _mentions(path: str) -> Iterator[int]:
    """The numbers of the lines in a file that start this package or name its launcher; none if there is no file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for number, line in enumerate(lines, 1):
        if NAME in line and not line.lstrip().startswith("#"):
            yield number
