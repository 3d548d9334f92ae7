"""What still names the launcher when the store is cleared: builds that try to start it end with an error."""

from __future__ import annotations

import os

from pyo3_base_python.activation import switch
from pyo3_base_python.wrapper.paths import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

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
# What starts it in a project's files, or names files of its: its own repository has its name in other places.
STARTS = (f'"{NAME}-core', *(f"{NAME}{rest}" for rest in (" env", " run", "/bin", "/config", "/python")))


def found(environ: Mapping[str, str], cwd: str) -> list[str]:
    """A line for each place that names the launcher (``environ``, startup files, ``cwd``), with what to do."""
    of_user = [_mentions(os.path.join(home(environ), *name.split("/")), [NAME]) for name in AT_HOME]
    of_project = [_mentions(os.path.join(cwd, *name.split("/")), STARTS) for name in HERE]
    lines = [f"{place}, still names {NAME}: remove it" for found in (*of_user, *of_project) for place in found]
    if switch.names_launcher(environ):
        lines.append(
            f'CARGO still names the launcher, which is gone: `eval "$({NAME} env --unset)"`, or close the shell'
        )
    return lines


def _mentions(path: str, words: Collection[str]) -> Iterator[str]:
    """The lines of a file that have one of ``words``, and are no comments, by number; none if there is no file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for number, line in enumerate(lines, 1):
        if any(word in line for word in words) and not line.lstrip().startswith("#"):
            yield f"{path}, line {number}"
