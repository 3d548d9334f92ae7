"""What to do about a root cause. Pure."""

from __future__ import annotations

import os
from typing import NamedTuple

from pyo3_base_python.explain.reasons import Kind, Reason
from pyo3_base_python.wrapper.project import PYO3_FAMILY

__all__ = ["Circumstances", "advise"]

# What pyo3-build-config watches; the shim steadies these for whoever else watches them, too.
STEADIED = frozenset({"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE"})
# With the configuration file that the shim sets, pyo3 does not look at these; others may.
NOT_LOOKED_AT_BY_PYO3 = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "PATH"})
CONFIG_FILE = "PYO3_CONFIG_FILE"


class Circumstances(NamedTuple):
    """What advice depends on beyond the cause.

    ``shim`` is whether it was active, ``typed`` what the user has typed, ``store`` the folder of the shim's store,
    ``cwd`` that in which cargo was started; ``cold`` is whether nothing at all was fresh.
    """

    shim: bool
    typed: str
    store: str
    cwd: str
    cold: bool


def advise(reason: Reason, seen: Circumstances) -> str:
    """What to do, or why there is nothing to do: a sentence or two without a full stop."""
    if reason.kind == Kind.VARIABLE:
        return _on_variable(reason, seen)
    if reason.kind == Kind.FILE:
        return _on_file(reason, seen)
    if reason.kind == Kind.PACKAGE_FILES:
        return _on_package_files(reason)
    if reason.kind == Kind.MISSING_FILE:
        return _on_missing_file(reason, seen)
    if reason.kind == Kind.FIRST:
        if seen.cold:
            return "a first build: there was no target directory yet, or nothing in it that was built like this"
        return "new here: cargo keeps a result for each version, set of features, profile, set of flags and rustc"
    return ADVICE[reason.kind]


ADVICE = {
    Kind.TOOLCHAIN: "as it should be: another rustc, other results; pin it with a rust-toolchain.toml",
    Kind.FLAGS: "as it should be; to keep both results, give each build a target directory of its own",
    Kind.DEPENDENCIES: "as it should be: Cargo.toml or Cargo.lock says so",
    Kind.ELSEWHERE: "other builds use this target directory with other settings: the same variables and features in all"
    " of them, or a target directory for each, keep it fresh",
    Kind.SCRIPT: "the build script prints other rerun-if lines than before, or another version of it does: once",
    Kind.OTHER: "cargo says no more than that",
}


def _on_variable(reason: Reason, seen: Circumstances) -> str:
    name, watcher = reason.subject, reason.watcher
    pyo3 = reason.watched_by is not None and reason.watched_by.name in PYO3_FAMILY
    steadied = name in STEADIED or (pyo3 and name in NOT_LOOKED_AT_BY_PYO3) or name == CONFIG_FILE
    was_ours, is_ours = (_below(value, seen.store) for value in (reason.old, reason.new))
    if steadied and was_ours and is_ours:
        return "as it should be: another interpreter, or a build requirement, is not what it was"
    if steadied and is_ours:
        return "the first build with the shim: from the next one on it stays fresh"
    if steadied and was_ours:
        return f"the build before had the shim, and this one had not: {_with_shim(seen)}"
    if steadied and not seen.shim:
        return f"the shim would keep it fresh: {_with_shim(seen)}"
    if name == "PATH":
        return (
            f"not in anybody's power here: {watcher} tracks PATH, which isolated builds set anew each time;"
            " a rerun-if-env-changed=PATH can't be steadied, only taken out by its authors"
        )
    return f"{watcher} tracks {name}: give it the same value in every build"


def _on_file(reason: Reason, seen: Circumstances) -> str:
    file, package = reason.subject, reason.watched_by
    folder = package.folder if package else ""
    target = _target_directory(reason.kept_in)
    if os.path.basename(os.path.dirname(file)) == "maturin" and os.path.basename(file).startswith("pyo3-config-"):
        return f"maturin wrote its configuration file anew: the shim would keep it fresh: {_with_shim(seen)}"
    if target and _below(file, target):
        return "a build wrote this file anew; cargo compares times, not contents"
    if folder and _below(file, folder):
        advice = "the sources changed, as they should (cargo compares times, not contents"
        if target and not seen.shim and not _below(target, seen.cwd) and not _below(seen.cwd, os.path.dirname(target)):
            return f"{advice}; if it was only unpacked anew, the shim would see that: {_with_shim(seen)})"
        return f"{advice})"
    return f"{reason.watcher} watches this file, which is newer than the last build; cargo compares times, not contents"


def _on_package_files(reason: Reason) -> str:
    why = "its build script names nothing to watch (rerun-if-changed), so cargo watches every file of the package"
    if reason.subject.endswith((".whl", ".tar.gz")):
        return f"{why}, and the front end writes into it: have it write elsewhere, as with uv build --out-dir"
    return f"{why}; if nothing was edited, something wrote a file anew"


def _on_missing_file(reason: Reason, seen: Circumstances) -> str:
    package = reason.watched_by
    if os.path.basename(reason.subject) == "pyvenv.cfg" and package and package.name in PYO3_FAMILY:
        return f"it was in the environment of an earlier build: the shim would keep it fresh: {_with_shim(seen)}"
    if reason.by_script:
        return (
            f"{reason.watcher} tracks a file that is not there, so it runs each time; only its authors can change that"
        )
    return "it was there at the last build"


def _with_shim(seen: Circumstances) -> str:
    return f"pyo3-base-python run -- {seen.typed}"


def _below(path: str | None, folder: str) -> bool:
    return bool(path and folder) and str(path).startswith(folder.rstrip(os.sep) + os.sep)


def _target_directory(kept_in: str) -> str:
    """The target directory, or what is known of it, from a file that cargo keeps in ``<profile>/.fingerprint``."""
    before, found, _ = kept_in.partition(f"{os.sep}.fingerprint{os.sep}")
    return os.path.dirname(before) if found else ""
