"""What to do about a root cause. Pure."""

from __future__ import annotations

import os
import re
import shlex
from typing import NamedTuple

from pyo3_base_python.explain import shim
from pyo3_base_python.explain.reasons import Kind, Reason
from pyo3_base_python.wrapper.project import PYO3_FAMILY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyo3_base_python.explain.cargo_log import Package
    from pyo3_base_python.explain.shim import Shim
    from pyo3_base_python.explain.sources import Sources

__all__ = ["Circumstances", "Typed", "advise"]

# What pyo3-build-config watches; the shim gives these a stable value for every other watcher, too.
STEADIED = frozenset({"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE"})
# With the configuration file that the shim sets, pyo3 does not look at these; others may.
NOT_LOOKED_AT_BY_PYO3 = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "PATH"})
CONFIG_FILE = "PYO3_CONFIG_FILE"
# maturin sets it: an extension module does not link to Python's library; tests and programs do.
LINKING = "PYO3_BUILD_EXTENSION_MODULE"
# Of builds in turn (see `wrapper.build_dir`): what was done, and what it takes.
APART = "this once: from now on it has a build directory of its own"
HOW_APART = (
    "if they alternate, a build directory for each keeps what was compiled (PYO3_SHIM_BUILD_DIR=auto, the default,"
    " with cargo 1.91 and a target directory within the project)"
)
# Of one interpreter in environments with different contents, which share a build directory.
READS = (
    "Where the interpreter is the same, a build script may run it, so that what is installed counts: pip and uv may"
    " install different things, and one of them for all builds keeps it fresh"
)
LINKS_NOTHING = frozenset({"check", "c", "clippy"})
# The words of the wrapper on unpacked sources, and on a target directory that serves several trees.
UNPACKED_CHANGED = "may be made of has changed"
ANOTHER_TREE = "another tree was built last"
# What it says of a tree of the user's in which something is not as it was: which packages, and why.
LOOKED_AGAIN = re.compile(r"cleaned ([^:;]+): ([^;]+)")
# Why it did not use its own place for what is compiled of sdists.
NO_PLACE = re.compile(r"no place for the sdist: ([^;]+)")
LASTING = "CARGO_TARGET_DIR=/a/folder/that/stays"
RUN = "pyo3-base-python run --"
LONGEST_COMMAND = 60


class Typed(NamedTuple):
    """The user's command as it was typed, and whether the shim was switched on for it."""

    words: str
    on: bool


class Circumstances(NamedTuple):
    """What advice depends on beyond the cause.

    ``shim`` is what the shim did for the call, ``sources`` where those are, ``store`` the folder of the shim's store,
    ``cwd`` that in which cargo was started, with the words ``command``; ``cold`` is whether nothing at all was fresh.
    """

    shim: Shim
    sources: Sources
    typed: Typed
    store: str
    cwd: str
    command: tuple[str, ...]
    cold: bool


def advise(reason: Reason, seen: Circumstances, packages: Sequence[Package] = ()) -> str:
    """What to do, or why there is nothing to do: a sentence or two without a full stop.

    ``packages`` are those that the cause begins with.
    """
    if reason.kind == Kind.VARIABLE:
        return _on_variable(reason, seen)
    if reason.kind == Kind.FILE:
        return _on_file(reason, seen)
    if reason.kind == Kind.PACKAGE_FILES:
        return _on_package_files(reason)
    if reason.kind == Kind.MISSING_FILE:
        return _on_missing_file(reason, seen)
    if reason.kind == Kind.FIRST:
        return _on_first(reason, seen, packages)
    if reason.kind == Kind.MOVED:
        return _on_moved_sources(seen)
    return ADVICE[reason.kind]


ADVICE = {
    Kind.TOOLCHAIN: "as it should be: another rustc, other results; pin it with a rust-toolchain.toml",
    Kind.FLAGS: "as it should be; to keep both results, give each build a target directory of its own",
    Kind.DEPENDENCIES: "as it should be: Cargo.toml or Cargo.lock says so",
    Kind.ELSEWHERE: "if a call above has compiled that dependency, its cause is the cause; else other builds use this"
    " target directory with other settings: the same variables and features in all of them, or a target directory for"
    " each, keep it fresh",
    Kind.SCRIPT: "the build script, or another version of it, prints other rerun-if lines than before: once",
    Kind.OTHER: "cargo says no more than that",
}


def _on_variable(reason: Reason, seen: Circumstances) -> str:
    name, watcher = reason.subject, reason.watcher
    pyo3 = _is_pyo3(reason)
    steadied = name in STEADIED or (pyo3 and name in NOT_LOOKED_AT_BY_PYO3) or name == CONFIG_FILE
    was_ours, is_ours = (_below(value, seen.store) for value in (reason.old, reason.new))
    if steadied and was_ours and is_ours:
        turns = APART if _is_apart(seen) else f"{HOW_APART}. {READS}"
        return f"as it should be: another interpreter, or a build requirement, is not what it was; {turns}"
    if steadied and is_ours:
        return "the first build with the shim: from the next one on it stays fresh"
    if steadied and was_ours:
        return f"the build before had the shim, and this one did not: {_how(seen)}"
    if steadied and "PYO3_SHIM_MODE=export" in seen.shim.did:
        return "PYO3_SHIM_MODE=export is for a pyo3 that reads PYO3_BASE_PYTHON: unset it to keep this one fresh"
    if steadied and not seen.shim.on:
        return f"the shim would keep it fresh: {_how(seen)}"
    if name == LINKING:
        return _on_linking(reason, seen)
    if name == "PATH":
        return (
            f"the shim can't help here: {watcher} tracks PATH, which is new in each isolated build;"
            " only its authors can remove the rerun-if-env-changed=PATH"
        )
    return f"{watcher} tracks {name}: give it the same value in every build"


def _is_apart(seen: Circumstances) -> bool:
    """Whether the shim has given this call a build directory of its own."""
    return any(part.startswith("build directory ") for part in seen.shim.did.split("; "))


def _on_linking(reason: Reason, seen: Circumstances) -> str:
    """Extension modules and tests are linked in different ways, and both have to be."""
    subcommand = _subcommand(seen.command)
    if subcommand in LINKS_NOTHING and reason.new is None:
        return f"cargo {subcommand} links nothing: {LINKING}=1 for it, as maturin has it, compiles nothing twice"
    if _is_apart(seen):
        return f"as it should be: extension modules and programs are linked in different ways; {APART}"
    both = HOW_APART if seen.shim.on else f"what was compiled for each is kept with the shim: {_how(seen)}"
    return (
        f"builds with and without {LINKING} take turns: extension modules need it, tests and programs must not have it;"
        f" {both}. `cargo check`, `clippy` and rust-analyzer link nothing and may have it as well"
    )


def _on_file(reason: Reason, seen: Circumstances) -> str:
    file, package = reason.subject, reason.watched_by
    folder = package.folder if package else ""
    target = _target_directory(reason.kept_in)
    if os.path.basename(os.path.dirname(file)) == "maturin" and os.path.basename(file).startswith("pyo3-config-"):
        return f"maturin wrote its configuration file anew: the shim would keep it fresh: {_how(seen)}"
    if os.path.basename(file) == "pyvenv.cfg":
        return _on_environment(reason, seen)
    if target and _below(file, target):
        return "a build wrote this file anew; cargo compares times, not contents"
    if folder and _below(file, folder):
        return _on_sources(target, seen)
    return f"{reason.watcher} watches this file, which is newer than the last build; cargo compares times, not contents"


def _on_environment(reason: Reason, seen: Circumstances) -> str:
    """A virtual environment was made anew."""
    if _is_pyo3(reason) and not seen.shim.on:
        return f"the virtual environment was made anew: the shim would keep it fresh: {_how(seen)}"
    return (
        f"the virtual environment was made anew, and {reason.watcher} watches it: keep the environment, or have its"
        " authors watch PYO3_PYTHON instead, to which the shim gives a stable name"
    )


def _on_sources(target: str, seen: Circumstances) -> str:
    if UNPACKED_CHANGED in seen.shim.did:
        return (
            "the content of these unpacked sources is not what was built last, or they were not built before: the next"
            " build of the same sources does not compile them"
        )
    advice = "the sources changed, as they should (cargo compares times, not contents"
    if target and not seen.shim.on and not _below(target, seen.cwd) and not _below(seen.cwd, os.path.dirname(target)):
        return f"{advice}; if it was only unpacked anew, the shim would see that: {_how(seen)})"
    return f"{advice})"


def _on_package_files(reason: Reason) -> str:
    why = "its build script names nothing to watch (rerun-if-changed), so cargo watches every file of the package"
    if reason.subject.endswith((".whl", ".tar.gz")):
        return f"{why}, and the front end writes into it: have it write elsewhere, as with uv build --out-dir"
    return f"{why}; if nothing was edited, something wrote a file anew"


def _on_missing_file(reason: Reason, seen: Circumstances) -> str:
    if os.path.basename(reason.subject) == "pyvenv.cfg" and _is_pyo3(reason) and not seen.shim.on:
        return f"it was in the environment of an earlier build: the shim would keep it fresh: {_how(seen)}"
    if set(os.path.basename(reason.subject)) & set("*?[") and reason.by_script:
        return (
            f"{reason.watcher} tracks a pattern, and cargo expands none: no such file is there, so it runs each time;"
            " its authors can name the folder instead, or each file"
        )
    if reason.by_script:
        return (
            f"{reason.watcher} tracks a file that is not there, so it runs each time; only its authors can change that"
        )
    return "it was there at the last build"


def _on_first(reason: Reason, seen: Circumstances, packages: Sequence[Package]) -> str:
    sources = seen.sources
    # What is compiled goes with the unpacked sources.
    lost = sources.unpacked_anew and _below(_target_directory(reason.kept_in), sources.sdist)
    if lost and _are_vendored(sources):
        return _on_moved_sources(seen)
    outside = [package for package in packages if _is_outside(package, sources)]
    if sources.unpacked_anew and outside and (lost or not seen.cold):
        where = os.path.relpath(outside[0].folder, sources.root)
        return (
            f"{outside[0].name} ({where}) lies outside the workspace, and cargo knows it by its absolute path, which is"
            f" new each time it is unpacked: {_unpack_once(seen)}; its authors can put both into one [workspace]"
        )
    if lost:
        return _on_lost_target(seen)
    if ANOTHER_TREE in seen.shim.did:
        return (
            "another tree with packages of these names was built last into this target directory, and cargo can't tell"
            " them apart: a target directory for each, or one [workspace] for them all, keeps both"
        )
    looked_again = LOOKED_AGAIN.search(seen.shim.did)
    if looked_again and {package.name for package in packages} <= set(looked_again[1].split(", ")):
        return f"the sources changed, as they should: {looked_again[2]} since the last build"
    if seen.cold:
        return "a first build: there was no target directory yet, or nothing in it that was built like this"
    return "new here: cargo keeps a result for each version, set of features, profile, set of flags and rustc"


def _on_moved_sources(seen: Circumstances) -> str:
    sources = seen.sources
    if _are_vendored(sources):
        where = os.path.relpath(sources.vendored, sources.sdist)
        return (
            f"the crates are vendored in the sdist ({where}), and cargo knows such crates by their absolute path, which"
            f" is new each time it is unpacked: {_unpack_once(seen)}"
        )
    return "cargo knows these sources by their absolute path: keep them at one path, or a target directory for each"


def _on_lost_target(seen: Circumstances) -> str:
    what = "the sources were unpacked from an sdist at a path of their own, and what is compiled goes with them"
    unused = NO_PLACE.search(seen.shim.did)
    if unused:
        return f"{what}: {unused[1]}"
    if seen.shim.on:
        return f"{what}: set {LASTING}"
    return f"{what}; the shim keeps it in a place of its own: {_how(seen)}"


def _unpack_once(seen: Circumstances) -> str:
    """The one thing that helps where cargo identifies sources by absolute paths."""
    once = "unpack it once, and build from that folder"
    return once if seen.shim.on else f"{once}; for pyo3 the shim as well: {_how(seen)}"


def _how(seen: Circumstances) -> str:
    """How to have the shim for this call, which was made without it: words for after a colon."""
    if seen.shim.state == shim.LEFT_ALONE:
        return f"it was on, and left this cargo alone: {': '.join(filter(None, (seen.shim.why, seen.shim.cure)))}"
    if seen.shim.state == shim.PASSED_BY:
        return f"it was on, but this cargo was started by its name, past it: {_by_subcommand(seen.command)}"
    if seen.typed.on:
        return (
            "it was on, but CARGO did not reach this cargo: the program that started it passes few variables on"
            " (`pyo3-base-python doctor` looks at tox)"
        )
    return f"{RUN} {seen.typed.words}"


def _by_subcommand(command: Sequence[str]) -> str:
    """The words of a cargo ``command`` as they are for `cargo base-python`, shortened."""
    program, *words = command
    toolchain = [words.pop(0)] if words and words[0].startswith("+") else []
    text = shlex.join([program, *toolchain, "base-python", *words])
    return text if len(text) <= LONGEST_COMMAND else text[: LONGEST_COMMAND - 3] + "..."


def _subcommand(command: Sequence[str]) -> str:
    return next((word for word in command[1:] if word[0:1] not in {"+", "-"}), "")


def _is_pyo3(reason: Reason) -> bool:
    return reason.watched_by is not None and reason.watched_by.name in PYO3_FAMILY


def _is_outside(package: Package, sources: Sources) -> bool:
    """Whether a package from a folder lies outside the workspace."""
    return bool(package.folder and sources.root) and not (
        package.folder == sources.root or _below(package.folder, sources.root)
    )


def _are_vendored(sources: Sources) -> bool:
    """Whether the crates of a registry lie in the sdist as well."""
    return sources.unpacked_anew and _below(sources.vendored, sources.sdist)


def _below(path: str | None, folder: str) -> bool:
    return bool(path and folder) and str(path).startswith(folder.rstrip(os.sep) + os.sep)


def _target_directory(kept_in: str) -> str:
    """The target directory, as far as known, from the path of a file that cargo keeps in ``<profile>/.fingerprint``."""
    before, found, _ = kept_in.partition(f"{os.sep}.fingerprint{os.sep}")
    return os.path.dirname(before) if found else ""
