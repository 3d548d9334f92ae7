"""What build scripts may do, by their sources: run the interpreter that pyo3's configuration names, write files.

Where a build script may run the interpreter, pyo3's configuration gives it a name that depends on what can be imported
there, and pyo3 is compiled again when that changes. What a script imports can't be known from outside, so every
distribution counts. But many scripts only have pyo3's ``cfg`` flags and linker arguments printed, which are the same
whatever is installed.
"""

from __future__ import annotations

import os

from . import files, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .project import Project

__all__ = ["is_inert", "may_write", "named", "without_inert_reader"]

# All that such a script may say, but for strings. With these nothing can be read, included, started or asked for:
# neither a file, a variable nor the configuration. The names in the last line are for what a loop prints: none of them
# means anything else that could read something.
WORDS = frozenset(
    "fn main pub use println cfg feature pyo3_build_config use_pyo3_cfgs add_extension_module_link_args"
    " add_python_framework_link_args add_libpython_rpath_link_args get build_script_outputs for in"
    " flag line output".split()
)
# How functions are called that make files; and programs that may do so.
WRITING = frozenset("write write_all create create_new copy rename OpenOptions symlink hard_link".split())
STARTS = frozenset("bash cmake make node npm npx python python3 sh yarn".split())
# The configuration itself must not be at hand, only the flags made of it: `get()` stands before this and nowhere else.
ASKED = ("get", "build_script_outputs")
DEPENDENCY = "pyo3-build-config"
SECTIONS = ("build-dependencies", f"build-dependencies.{DEPENDENCY}", "workspace.dependencies")


def without_inert_reader(here: Project | None) -> Project | None:
    """``here``; if its build script is inert, its package is not among those that may run the interpreter.

    Other packages stay among them: where they lie is not known here. Effect: the lock of ``here`` is changed.
    """
    if here is None or here.lock is None or not here.lock.readers_of_executable:
        return here
    manifest, source = (files.read(os.path.join(here.manifest_dir, name)) for name in ("Cargo.toml", "build.rs"))
    try:
        package = _package((manifest or b"").decode())
        inert = package in here.lock.readers_of_executable and source is not None and is_inert(source.decode())
    except ValueError:  # not UTF-8
        return here
    if inert:
        here.lock.readers_of_executable = [name for name in here.lock.readers_of_executable if name != package]
    return here


def is_inert(source: str) -> bool:
    """Whether the Rust ``source`` of a build script only prints constants and pyo3's flags."""
    words = list(_words(source))
    asked = (words[place : place + 2] for place, word in enumerate(words) if word == ASKED[0])
    return WORDS.issuperset(words) and all(tuple(pair) == ASKED for pair in asked)


def may_write(source: str, folder: str, found: Collection[str]) -> bool:
    """Whether a build script with the Rust ``source`` may write somewhere else than into ``OUT_DIR``.

    ``found`` are the paths of the files in its tree, with slashes; the script lies in ``folder``. It may where it
    writes, or starts an interpreter that may, and does not mention ``OUT_DIR``, or names a file beside those of the
    tree that is not there yet.
    """
    strings = source.split('"')[1::2]
    writes = not WRITING.isdisjoint(source.replace("(", " ").replace(":", " ").replace(".", " ").split())
    if not writes and STARTS.isdisjoint(strings):
        return False
    if "OUT_DIR" not in source:
        return True
    for word in strings:
        path = paths.with_slashes(os.path.normpath(os.path.join(folder, word)))
        inner = os.path.dirname(path)
        if "." in os.path.basename(word) and path not in found and inner not in {"", folder} and inner in found:
            return True
    return False


def named(manifest: str) -> list[str]:
    """The build scripts that the text of a manifest names, by their paths from its folder: words behind ``build =``.

    A crate of the name ``build`` has its version there: no such file exists.
    """
    words = manifest.replace("'", '"').split('"')
    keys = (before.rpartition("\n")[2].rstrip(" \t=") for before in words)
    return [word for key, word in zip(keys, words[1:]) if key.endswith("build") and "#" not in key]


def _package(manifest: str) -> str:
    """The package's name, if build.rs alone depends on pyo3-build-config and calls it by its own name; else ``""``."""
    section = name = ""
    for raw in manifest.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        key, _, value = (part.strip() for part in line.partition("="))
        if section == "package" and key == "name":
            name = value.strip("\"'")
        other_script = section == "package" and key == "build" and value != '"build.rs"'
        renamed = "build-dependencies" in section and ("package" in value or key == "package")
        if other_script or renamed or (DEPENDENCY in line and section not in SECTIONS):
            return ""
    return name


def _words(source: str) -> Iterator[str]:
    """Identifiers, keywords and numbers of Rust ``source``; an impossible word if it has syntax that is not read here.

    That is comments over several lines, quotes of characters, and raw strings (by the word before the quote).
    """
    for line in source.splitlines():
        text = line
        while text:
            code, quote, text = text.partition('"')
            code, comment, _ = code.partition("//")
            if "'" in code or "/*" in code:
                yield "?"
            yield from "".join(letter if letter.isalnum() or letter == "_" else " " for letter in code).split()
            if comment:
                break
            if quote:
                _, end, text = text.replace("\\\\", "").replace('\\"', "").partition('"')
                if not end:
                    yield "?"
