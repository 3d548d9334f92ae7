"""The patch sets below `patches/`, read, and checked for consistency.

A patch set is a folder `<project>/<version>` with `upstream.toml` (what the patches apply to, and how), `series` (their
order) and the patches, as `git format-patch` writes them.
"""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError

from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper import store
from pyo3_base_python.wrapper.errors import ShimError

__all__ = ["PatchSet", "Source", "find", "problems", "read", "read_all", "touched"]

METADATA = "upstream.toml"
SERIES = "series"
PATCH_NAME = re.compile(r"^(\d{4})-[\w.+-]+\.patch$")
SHA256 = re.compile(r"^[0-9a-f]{64}$")
HEADERS = ("From", "Date", "Subject", "Forwarded", "Bug", "Last-Update")
TEXT_KEYS = ("repository", "version", "tag", "licence", "remove-when")
TABLES = ("source", "apply", "test")
OPTIONAL = ("versions",)
KINDS = ("crate", "sdist")


class Source(NamedTuple):
    """A released source: a crate, or an sdist called ``file``; unpacked as ``directory`` of the tree."""

    kind: str
    name: str
    version: str
    sha256: str
    directory: str
    file: str = ""
    optional: bool = False


class PatchSet(NamedTuple):
    """Patches for a project, in order, and what `upstream.toml` says about them.

    ``versions`` are all that they apply to, oldest first; ``version``, one of them, is the one that is measured.
    """

    project: str
    version: str
    folder: Path
    sources: tuple[Source, ...]
    patches: tuple[str, ...]
    strip: int
    include: tuple[str, ...]
    test_directory: str
    test_command: tuple[str, ...]
    test_requires: tuple[str, ...]
    known_failures: frozenset[str]
    versions: tuple[str, ...]

    @property
    def name(self) -> str:
        """Project and version, as one word."""
        return f"{self.project}-{self.version}"

    @property
    def digest(self) -> str:
        """A name for the content of the patches and their order."""
        return store.digest(*((self.folder / patch).read_bytes() for patch in self.patches))


def find() -> Path:
    """The folder of all patches: in the wheel beside this package, in a checkout at its top."""
    package = Path(__file__).resolve().parent.parent
    for place in (package / "patches", package.parent.parent / "patches"):
        if any(place.glob(f"*/*/{METADATA}")):
            return place
    raise ShimError("the patches are missing", "install pyo3-base-python anew")


def folders(top: Path) -> list[Path]:
    """The patch sets below ``top``, by project and version: each folder that has one of the files of a patch set."""
    return sorted({path.parent for path in top.glob("*/*/*") if path.is_file()})


def read_all(top: Path) -> list[PatchSet]:
    """All patch sets below ``top``. Raises ``ShimError`` if one has problems."""
    return [read(folder) for folder in folders(top)]


def read(folder: Path) -> PatchSet:
    """The patch set in ``folder``. Raises ``ShimError`` with the first of its problems, if it has any."""
    found = problems(folder)
    if found:
        raise ShimError(found[0], "`pyo3-base-python testbed validate` lists all of them", Exit.PATCH)
    data = _metadata(folder)
    test = data["test"]
    return PatchSet(
        project=folder.parent.name,
        version=data["version"],
        folder=folder,
        sources=tuple(Source(**source) for source in data["source"]),
        patches=tuple(_series(folder)),
        strip=data["apply"]["strip"],
        include=tuple(data["apply"].get("include", ())),
        test_directory=test["directory"],
        test_command=tuple(test["command"]),
        test_requires=tuple(test.get("requires", ())),
        known_failures=frozenset(test.get("known-failures", ())),
        versions=tuple(data.get("versions", [data["version"]])),
    )


def problems(folder: Path) -> list[str]:
    """Everything that is wrong with the patch set in ``folder``, a line each; empty if nothing is."""
    try:
        data = _metadata(folder)
    except (OSError, ValueError, TOMLKitError) as error:
        found = [f"{METADATA} can't be read: {error}"]
        include: tuple[str, ...] = ()
    else:
        found = _metadata_problems(data, folder.name)
        include = tuple(_table(data, "apply").get("include", ()))
    try:
        series = _series(folder)
    except OSError as error:
        found.append(f"{SERIES} can't be read: {error.strerror}")
        series = []
    found += _series_problems(series, {path.name for path in folder.glob("*.patch")})
    for name in series:
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            found += [f"{name}: {problem}" for problem in _patch_problems(text, include)]
    return [f"{folder.parent.name}/{folder.name}: {problem}" for problem in found]


def touched(patch: str, include: tuple[str, ...] = ()) -> list[str]:
    """The paths that ``patch`` (its text) creates or changes; if ``include`` is not empty, those that match it."""
    paths = re.findall(r"^\+\+\+ b/(.+?)\t?$", patch, re.MULTILINE)
    return [path for path in paths if not include or any(fnmatch.fnmatch(path, glob) for glob in include)]


def _metadata(folder: Path) -> dict[str, Any]:
    return tomlkit.parse((folder / METADATA).read_text(encoding="utf-8")).unwrap()


def _series(folder: Path) -> list[str]:
    lines = (folder / SERIES).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _metadata_problems(data: dict[str, Any], folder_name: str) -> list[str]:
    found = [f"{METADATA}: {key} is missing" for key in TEXT_KEYS if not isinstance(data.get(key), str)]
    found += [f"{METADATA}: {key} is missing" for key in TABLES if not data.get(key)]
    found += [f"{METADATA}: {key} is not known" for key in data if key not in (*TEXT_KEYS, *TABLES, *OPTIONAL)]
    if data.get("version") != folder_name:
        found.append(f"{METADATA}: version is {data.get('version')}, but the folder is {folder_name}")
    if not str(data.get("tag", "")).endswith(str(data.get("version"))):
        found.append(f"{METADATA}: tag {data.get('tag')} is not of version {data.get('version')}")
    if "versions" in data and data.get("version") not in data["versions"]:
        found.append(f"{METADATA}: version {data.get('version')} is not among the versions that the patches apply to")
    sources = data.get("source")
    for source in sources if isinstance(sources, list) else []:
        found += [f"{METADATA}: source {source.get('name')}: {problem}" for problem in _source_problems(source, data)]
    if not isinstance(_table(data, "apply").get("strip"), int):
        found.append(f"{METADATA}: apply.strip is not a number")
    test = _table(data, "test")
    if not test.get("command") or not all(isinstance(word, str) for word in test["command"]):
        found.append(f"{METADATA}: test.command is not a list of words")
    if not _inside(test.get("directory")):
        found.append(f"{METADATA}: test.directory is not a folder of the tree")
    return found


def _source_problems(source: dict[str, Any], data: dict[str, Any]) -> list[str]:
    found = [f"{key} is not known" for key in source if key not in Source._fields]
    found += [f"{key} is missing" for key in Source._fields[:5] if key not in source]
    if source.get("kind") not in KINDS:
        found.append(f"kind is {source.get('kind')}, which is none of {', '.join(KINDS)}")
    if source.get("kind") == "sdist" and not source.get("file"):
        found.append("an sdist needs the name of its file")
    if source.get("version") != data.get("version"):
        found.append(f"version is {source.get('version')}, not {data.get('version')}")
    if not SHA256.match(str(source.get("sha256"))):
        found.append("sha256 is not 64 hexadecimal digits")
    if not _inside(source.get("directory")):
        found.append("directory is not a folder of the tree")
    return found


def _inside(path: object) -> bool:
    return isinstance(path, str) and bool(path) and not Path(path).is_absolute() and ".." not in Path(path).parts


def _series_problems(series: list[str], files: set[str]) -> list[str]:
    found = [] if series else [f"{SERIES} names no patch"]
    found += [f"{name} is in {SERIES}, but is not there" for name in series if name not in files]
    found += [f"{name} is not in {SERIES}" for name in sorted(files - set(series))]
    found += [f"{name} is in {SERIES} twice" for name in sorted({name for name in series if series.count(name) > 1})]
    for number, name in enumerate(series, 1):
        match = PATCH_NAME.match(name)
        if match is None:
            found.append(f"{name} is not named as git format-patch does")
        elif int(match.group(1)) != number:
            found.append(f"{name} is number {number} in {SERIES}")
    return found


def _patch_problems(text: str, include: tuple[str, ...]) -> list[str]:
    head = text.partition("\n\n")[0]
    found = [f"the header {name} is missing" for name in HEADERS if not re.search(rf"^{name}: \S", head, re.MULTILINE)]
    if not text.startswith("From "):
        found.append("it does not begin as git format-patch does")
    if not touched(text):
        found.append("it changes nothing")
    elif not touched(text, include):
        found.append(f"it changes nothing that apply.include ({', '.join(include)}) lets through")
    return found
