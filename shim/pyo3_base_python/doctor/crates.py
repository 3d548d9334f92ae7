"""The crates of the project, and what their build scripts watch according to their sources."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.wrapper import cargo_config

__all__ = ["Crate", "Script", "build_script", "crates", "mentions", "script"]

# Differ from one isolated environment to the next.
WATCHED = ("PATH", "VIRTUAL_ENV", "PYO3_PYTHON")
WATCHES = re.compile(r"rerun-if-env-changed=(\w+)")
# The name of the variable comes from elsewhere in the source: `println!("cargo:rerun-if-env-changed={name}")`.
WATCHES_BY_NAME = re.compile(r"rerun-if-env-changed=\{")
# pyo3-build-config's ways to the interpreter: InterpreterConfig::run_python_script and its field.
RUNS_PYTHON = re.compile(r"\brun_python_script|\.executable\b")
# A path as it stands there; of others the text does not tell.
FILE = re.compile(r"rerun-if-changed=([^\"\\{}\n]+)\"")
PATTERN = re.compile(r"[*?\[]")
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)


class Crate(NamedTuple):
    """A package of the graph: ``folder`` holds its manifest; ``script`` is its build script's path, or ``""``.

    ``local`` is whether it comes from a folder (a member of the workspace, a path dependency); ``features`` are those
    that are on; ``depends_on`` are names of packages.
    """

    name: str
    version: str
    folder: str
    local: bool
    script: str
    features: frozenset[str]
    depends_on: frozenset[str]


class Script(NamedTuple):
    """What a build script does: the variables of ``WATCHED`` that it watches, and whether it runs pyo3's interpreter.

    ``names_something`` is whether it prints any line that tells cargo what to watch; ``files`` are the files and
    folders that it names for that, as written.
    """

    watches: frozenset[str]
    runs_python: bool
    names_something: bool
    files: tuple[str, ...] = ()

    @property
    def patterns(self) -> list[str]:
        """Those of ``files`` that are meant as patterns, which cargo does not expand."""
        return [file for file in self.files if PATTERN.search(file)]


def crates(metadata: str) -> list[Crate]:
    """The packages in the output of `cargo metadata --format-version 1`, which may have other lines around it.

    Raises ``ValueError`` if there is none in it.
    """
    line = next((line for line in metadata.splitlines() if line.startswith("{")), "")
    try:
        document = json.loads(line)
        nodes = {node["id"]: node for node in (document["resolve"] or {}).get("nodes", [])}
        return [
            Crate(
                package["name"],
                package["version"],
                os.path.dirname(package["manifest_path"]),
                package["source"] is None,
                next((target["src_path"] for target in package["targets"] if "custom-build" in target["kind"]), ""),
                frozenset(nodes.get(package["id"], {}).get("features", ())),
                frozenset(dependency["name"] for dependency in package["dependencies"]),
            )
            for package in document["packages"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"cargo metadata is not understood: {error}") from None


def build_script(crate: Crate) -> Script | None:
    """What the build script of ``crate`` does, with only those ``files`` that do not exist; ``None`` if it has none.

    A build script in a folder of its own (``build/main.rs``) is read with the files beside it.
    """
    if not crate.script:
        return None
    folder = os.path.dirname(crate.script)
    files = [Path(crate.script)] if folder == crate.folder else sorted(Path(folder).rglob("*.rs"))
    found = script("\n".join(cargo_config.read(os.fspath(file)) or "" for file in files))
    missing = (file for file in found.files if not os.path.exists(os.path.join(crate.folder, file)))
    return found._replace(files=tuple(missing))


def script(source: str) -> Script:
    """What a build script with this ``source`` does, as far as its text shows. Pure."""
    code = COMMENT.sub("", source)
    by_name = WATCHES_BY_NAME.search(code) is not None
    named = set(WATCHES.findall(code))
    watches = frozenset(name for name in WATCHED if name in named or (by_name and f'"{name}"' in code))
    return Script(watches, bool(RUNS_PYTHON.search(code)), "rerun-if-" in code, tuple(FILE.findall(code)))


def mentions(folder: str, word: str) -> bool:
    """Whether ``word`` occurs in a Rust source below ``folder``."""
    return any(word in (cargo_config.read(os.fspath(path)) or "") for path in Path(folder).rglob("*.rs"))
