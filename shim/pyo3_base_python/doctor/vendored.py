"""Vendored crates: those that replace a registry's by cargo's configuration.

https://doc.rust-lang.org/cargo/reference/source-replacement.html#directory-sources
"""

from __future__ import annotations

import os
import re

from pyo3_base_python.wrapper import cargo_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["folder_of_crates"]

DIRECTORY = re.compile(r"^\s*directory\s*=\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)


def folder_of_crates(environ: Mapping[str, str], cwd: str) -> str:
    """The folder of vendored crates for a cargo that is started in ``cwd``, absolute; ``""`` if there is none."""
    for path in cargo_config.files(environ, cwd):
        text = cargo_config.read(path) or ""
        named = DIRECTORY.search(text) if "[source" in text else None
        if named:
            # Relative to the folder that holds `.cargo`.
            return os.path.abspath(os.path.join(os.path.dirname(os.path.dirname(path)), named[1]))
    return ""
