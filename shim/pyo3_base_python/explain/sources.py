"""Where the sources of a call of cargo are: what decides whether cargo can know them again."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from pyo3_base_python.wrapper import cargo_config, decide
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyo3_base_python.wrapper.command_line import Invocation

__all__ = ["Sources", "look", "vendored"]

# https://doc.rust-lang.org/cargo/reference/source-replacement.html#directory-sources
DIRECTORY = re.compile(r"^\s*directory\s*=\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)


class Sources(NamedTuple):
    """``root`` is that of the workspace, ``sdist`` the folder of the sdist that was unpacked there.

    ``vendored`` is the folder of crates that take the place of a registry's, ``lasts`` whether ``sdist`` was there
    still when the command had ended. All paths are absolute, or ``""`` for none, or where it is not known.
    """

    root: str = ""
    sdist: str = ""
    vendored: str = ""
    lasts: bool = True

    @property
    def unpacked_anew(self) -> bool:
        """Whether the next build finds these sources at another path."""
        return bool(self.sdist) and not self.lasts


def look(cargo: str, call: Invocation, environ: Mapping[str, str], cwd: str) -> Sources:
    """The sources of a ``call`` of ``cargo`` that is started in ``cwd``. Never raises."""
    try:
        here = decide.locate(cargo, call, environ, cwd)
    except ShimError:
        here = None
    return Sources(here.root, here.sdist, vendored(environ, cwd)) if here else Sources()


def vendored(environ: Mapping[str, str], cwd: str) -> str:
    """The folder of vendored crates that cargo's configuration names, for a cargo started in ``cwd``; ``""``: none."""
    for path in cargo_config.files(environ, cwd):
        text = cargo_config.read(path) or ""
        named = DIRECTORY.search(text) if "[source" in text else None
        if named:
            # Relative to the folder that holds `.cargo`.
            return os.path.abspath(os.path.join(os.path.dirname(os.path.dirname(path)), named[1]))
    return ""
