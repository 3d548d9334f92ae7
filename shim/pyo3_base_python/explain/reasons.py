"""Cargo's reasons in words that name the thing: a variable, a file, the old value and the new. Pure."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from pyo3_base_python.explain import rust_debug

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyo3_base_python.explain.cargo_log import Package, Unit
    from pyo3_base_python.explain.rust_debug import Struct

__all__ = ["Kind", "Reason", "describe"]


class Kind:
    """What kinds of root causes there are; part of the JSON document."""

    VARIABLE = "environment variable"
    FILE = "file"
    MISSING_FILE = "missing file"
    FIRST = "first build"
    TOOLCHAIN = "toolchain"
    FLAGS = "features, profile or flags"
    DEPENDENCIES = "dependencies"
    ELSEWHERE = "compiled by another build"
    SCRIPT = "what a build script watches"
    PACKAGE_FILES = "files of a package"
    MOVED = "path of sources"
    OTHER = "other"


class Reason(NamedTuple):
    """Why a crate was compiled, if it did not just follow from another one.

    ``what`` is a line; ``subject`` the variable or the file, or ``""``; ``old`` and ``new`` are values, ``None`` for a
    variable that is not set, ``""`` where cargo says none; ``watched_by`` is the package of which ``by_script`` says
    whether its build script asked for it; ``kept_in`` is a file of cargo's own, in the target directory.
    """

    kind: str
    what: str
    subject: str = ""
    old: str | None = ""
    new: str | None = ""
    watched_by: Package | None = None
    by_script: bool = False
    kept_in: str = ""

    @property
    def watcher(self) -> str:
        """Who watches it, in words; ``""`` if nobody does."""
        if self.watched_by is None:
            return ""
        return f"the build script of {self.watched_by.name}" if self.by_script else self.watched_by.name

    @property
    def is_watched(self) -> bool:
        """Whether a build script asked cargo to watch it; the sources of a crate are watched in any case."""
        return self.by_script or self.kind == Kind.VARIABLE

    @property
    def identity(self) -> tuple[object, ...]:
        """The same for two crates that have the same root cause."""
        shared = self.kind in {Kind.VARIABLE, Kind.FILE, Kind.MISSING_FILE}
        return (self.kind, self.subject or self.what, self.old, self.new, None if shared else self.watched_by)


# What needs no more than a line.
PLAIN = {
    "FreshBuild": (Kind.FIRST, "never compiled in this target directory with these features, profile, flags and rustc"),
    "RustcChanged": (Kind.TOOLCHAIN, "the toolchain changed"),
    "TargetConfigurationChanged": (Kind.FLAGS, "the manifest's settings for the crate changed"),
    "PathToSourceChanged": (Kind.MOVED, "the path to the sources changed"),
    "ProfileConfigurationChanged": (Kind.FLAGS, "the settings of the profile, or of its lints, changed"),
    "ConfigSettingsChanged": (Kind.FLAGS, "cargo's configuration changed"),
    "CompileKindChanged": (Kind.FLAGS, "the target that is compiled for changed"),
    "FingerprintMethodChanged": (Kind.FLAGS, "cargo's way to tell what is fresh changed (times or checksums)"),
    "ChecksumUseChanged": (Kind.FLAGS, "cargo's way to tell what is fresh changed (times or checksums)"),
    "LocalLengthsChanged": (Kind.SCRIPT, "what is watched changed"),
    "LocalFingerprintTypeChanged": (Kind.SCRIPT, "what is watched changed"),
    "EnvVarsChanged": (Kind.SCRIPT, "the variables that are watched changed"),
    "RerunIfChangedOutputFileChanged": (Kind.SCRIPT, "the files that are watched changed"),
    "RerunIfChangedOutputPathsChanged": (Kind.SCRIPT, "the files that are watched changed"),
    "DepInfoOutputChanged": (Kind.OTHER, "cargo keeps its notes on the sources elsewhere now"),
    "NumberOfDependenciesChanged": (Kind.DEPENDENCIES, "the dependencies changed"),
    "UnitDependencyNameChanged": (Kind.DEPENDENCIES, "the dependencies changed"),
    "UnitDependencyInfoChanged": (Kind.ELSEWHERE, "a dependency was compiled since, by another build"),
    "StaleDependency": (Kind.ELSEWHERE, "a dependency was compiled since, by another build"),
    "StaleDepFingerprint": (Kind.ELSEWHERE, "a dependency was compiled since, by another build"),
    "Forced": (Kind.OTHER, "asked for by name"),
    "Stale": (Kind.OTHER, "what cargo keeps of the last build is stale; it does not say why"),
}
CHANGED_FILES = {"ChangedFile": "stale", "ChangedChecksum": "source", "FileSizeChanged": "path"}
# `1700000000.123456789s (src/lib.rs)`: the newest file of a package, where a build script names nothing to watch.
NEWEST_FILE = re.compile(r"s \((.+)\)$", re.DOTALL)
MISSING_FILES = frozenset({"MissingFile", "UnableToReadFile", "FailedToReadMetadata", "MissingChecksum"})
FLAGS = {
    "FeaturesChanged": "the features changed",
    "DeclaredFeaturesChanged": "the features that the manifest declares changed",
    "RustflagsChanged": "the flags for rustc changed",
}


def describe(unit: Unit) -> Reason:
    """The reason of a unit that has one."""
    cause = unit.reason
    assert cause is not None
    package, script = unit.package, unit.runs_script
    if cause.name in {"EnvVarChanged", "ChangedEnv"}:
        return _variable(cause, package, script=script)
    if cause.name in CHANGED_FILES:
        file = cause.text(CHANGED_FILES[cause.name]) or ""
        old, new = _sizes_or_sums(cause)
        kept = cause.text("reference") or ""
        return Reason(Kind.FILE, f"{_named(file, package)} changed", file, old, new, package, script, kept)
    if cause.name in MISSING_FILES:
        # A field from cargo 1.93 on, the only item before.
        file = cause.text("path") or next((item for item in cause.items if isinstance(item, str)), "")
        return Reason(Kind.MISSING_FILE, f"{_named(file, package)} is not there", file, "", "", package, script)
    if cause.name == "PrecalculatedComponentsChanged":
        newest = NEWEST_FILE.search(cause.text("new") or "")
        file = newest[1] if newest else ""
        what = f"{file or 'a file'} of {package.name} changed"
        return Reason(Kind.PACKAGE_FILES, what, file, "", "", package, script)
    if cause.name in FLAGS:
        return Reason(Kind.FLAGS, FLAGS[cause.name], "", _list(cause, "old"), _list(cause, "new"))
    kind, what = PLAIN.get(cause.name, (Kind.OTHER, f"cargo says {cause.name}"))
    if kind in {Kind.SCRIPT, Kind.DEPENDENCIES}:
        return Reason(kind, what, "", "", "", package, script)
    return Reason(kind, what, kept_in=cause.text("reference") or "")


def _variable(cause: Struct, package: Package, *, script: bool) -> Reason:
    name = cause.text("name") or cause.text("var") or "a variable"
    old, new = (
        cause.text(first) if first in cause.fields else cause.text(second)
        for first, second in (("old_value", "previous"), ("new_value", "current"))
    )
    return Reason(Kind.VARIABLE, f"{name} changed", name, old, new, package, script)


def _sizes_or_sums(cause: Struct) -> tuple[str, str]:
    if cause.name == "FileSizeChanged":
        sizes = (cause.fields.get(field) for field in ("old_size", "new_size"))
        old, new = (f"{getattr(size, 'name', '?')} bytes" for size in sizes)
        return old, new
    return "", ""


def _named(file: str, package: Package) -> str:
    inside = package.folder and file.startswith(package.folder.rstrip(os.sep) + os.sep)
    return f"{os.path.relpath(file, package.folder)} of {package.name}" if inside else file or "a file"


def _list(cause: Struct, field: str) -> str:
    """A list of words, which cargo gives as a list or as the text of one."""
    text = cause.text(field)
    value = rust_debug.parse(text) if text is not None else cause.fields.get(field)
    words = [item for item in value if isinstance(item, str)] if isinstance(value, list) else [text or ""]
    return " ".join(words) or "none"
