"""Put this package's backend into a project's pyproject.toml, and take it out again.

Text in, text out: apart from the backend's name and one more requirement everything stays as it is, to the byte. The
right place for the two is found by trial: they are put into every possible place of the text, and the first result that
parses as it should is taken. A change that can't be undone exactly is not made.
"""

from __future__ import annotations

import copy
import difflib
import io
import os
import re
import stat
import tempfile
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from pyo3_base_python.commands.requirements import (
    FIRST_BACKENDS,
    OLDEST_PYTHON,
    name_of,
    older_python,
    too_old_backend,
)
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["DISTRIBUTION", "adopted", "diff", "find", "read", "restored", "write"]

# What an adopted project requires.
DISTRIBUTION = "pyo3-base-python-core"
# A backend to the one that stands around it.
BACKENDS = {
    "maturin": "pyo3_base_python_core.backend.maturin",
    "setuptools.build_meta": "pyo3_base_python_core.backend.setuptools_rust",
}
# Before there was a distribution of its own, what was required was the whole tool.
WHOLE = "pyo3-base-python"
OLDER_BACKENDS = {inner: outer.replace("_core", "") for inner, outer in BACKENDS.items()}
# A backend of ours to the one that it stands around, and to what it is installed from.
OURS = {
    **{outer: (inner, DISTRIBUTION) for inner, outer in BACKENDS.items()},
    **{outer: (inner, WHOLE) for inner, outer in OLDER_BACKENDS.items()},
}
BY_HAND = "change build-backend and requires by hand"
RUN_INSTEAD = "build with `pyo3-base-python run -- ...` instead"
# As setup.py and setup.cfg say it, where pyproject.toml does not.
PYTHON_REQUIRES = re.compile(r"""^\s*python_requires\s*=\s*["']?([^"'\r\n]+)""", re.MULTILINE)
IMPORTS_SETUPTOOLS_RUST = re.compile(r"^[ \t]*(?:from|import)\s+setuptools_rust\b", re.MULTILINE)
# What may follow the last requirement on a line of its own: a comma, a comment.
REST_OF_LINE = re.compile(r"[ \t]*(,?)[ \t]*(?:#[^\r\n]*)?(?=(\r?\n))")


def adopted(text: str, requirement: str, setup: str = "") -> str:
    """The ``text`` of a pyproject.toml with our backend, and ``requirement`` added to the build requirements.

    ``setup`` is the content of the setup.py and setup.cfg beside it. A text that is adopted already is returned as it
    is, if not for the whole tool. Raises ``ShimError`` for whatever is not understood, what adoption would break, and
    what could not be undone exactly.
    """
    if _backend(_parsed(text)) in OLDER_BACKENDS.values():
        text = restored(text)
    document = _parsed(text)
    backend = _backend(document)
    requires = _requires(document)
    names = [name_of(each) for each in requires]
    if backend in OURS and DISTRIBUTION in names:
        return text
    _check(document, backend, names, setup)
    _check_versions(document, requires, setup)
    result = _with_requirement(_with_backend(text, backend, BACKENDS[backend]), requirement)
    if restored(result) != text:
        raise ShimError("this pyproject.toml can't be edited so that it can be undone exactly", BY_HAND)
    return result


def restored(text: str) -> str:
    """``text`` as it was before ``adopted``; unchanged, if it is not adopted.

    Exactly so if the two places have not been touched since; otherwise what was added is taken out. Raises
    ``ShimError``.
    """
    document = _parsed(text)
    backend = _backend(document)
    if backend not in OURS:
        return text
    inner, distribution = OURS[backend]
    text = _with_backend(text, backend, inner)
    for index, each in enumerate(_requires(document)):
        if name_of(each) == distribution:
            return _without_requirement(text, index)
    return text


def diff(before: str, after: str) -> str:
    """A unified diff, as `git apply` and `patch -p1` take it; empty if there is no difference."""
    old, new = (io.StringIO(text, newline="\n").readlines() for text in (before, after))
    lines = difflib.unified_diff(old, new, "a/pyproject.toml", "b/pyproject.toml")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def find(project: Path) -> Path:
    """The pyproject.toml of ``project``: a folder, or that file itself. Raises ``ShimError`` if there is none."""
    path = project / "pyproject.toml" if project.is_dir() else project
    if not path.is_file():
        raise ShimError(f"there is no file {path}", "name the folder that holds the project's pyproject.toml")
    return path


def read(path: Path) -> str:
    """The text of a file, line endings as they are. Raises ``ShimError``."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise ShimError(f"can't read {path}: {error.strerror}", exit_code=Exit.DISK) from None
    except UnicodeDecodeError as error:
        raise ShimError(f"{path} is not UTF-8: {error.reason} at byte {error.start}", "TOML files are UTF-8") from None


def write(path: Path, text: str) -> None:
    """Replace the content of the file ``path`` in one step: written beside it and renamed, mode kept, links followed.

    Raises ``ShimError``, and then the file is as it was.
    """
    path = path.resolve()
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        # A rename would replace what may not be written to; root may write to everything.
        if not mode & 0o222 or not os.access(path, os.W_OK):
            raise ShimError(
                f"{path} is read-only", "make it writable, or run with --dry-run to see what to change", Exit.DISK
            )
        handle, draft = tempfile.mkstemp(prefix=".pyproject.toml.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            os.chmod(draft, mode)
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    except OSError as error:
        raise ShimError(f"can't write {path}: {error.strerror}", exit_code=Exit.DISK) from None


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ShimError(f"this pyproject.toml is not valid TOML: {error}", "correct it first") from None


def _backend(document: tomlkit.TOMLDocument) -> str:
    """The name of the build backend, ``""`` if there is none."""
    table: Any = document.get("build-system")
    backend = table.get("build-backend") if isinstance(table, dict) else None
    return backend if isinstance(backend, str) else ""


def _requires(document: tomlkit.TOMLDocument) -> Any:
    """The array ``build-system.requires``, tomlkit's own. Raises ``ShimError`` if there is no such list of strings."""
    table: Any = document.get("build-system")
    if table is None:
        raise ShimError(
            "this pyproject.toml has no [build-system]", "write down how the project is built: requires, build-backend"
        )
    requires = table.get("requires") if isinstance(table, dict) else None
    if not isinstance(requires, list) or not all(isinstance(each, str) for each in requires):
        raise ShimError(
            "[build-system] has no `requires` that is a list of strings",
            "see https://packaging.python.org/specifications/pyproject-toml/",
        )
    return requires


def _check(document: tomlkit.TOMLDocument, backend: str, names: list[str], setup: str) -> None:
    """Raise ``ShimError`` unless this project builds with maturin or setuptools-rust in the usual way."""
    data = document.unwrap()
    build_system, tool = data["build-system"], data.get("tool", {})
    known = " or ".join(BACKENDS)
    if backend in OURS:
        raise ShimError(f"the backend is {backend}, but `requires` has no {DISTRIBUTION}", "use --undo, then try again")
    if not backend:
        raise ShimError(
            "[build-system] names no build-backend", 'set it, for setuptools build-backend = "setuptools.build_meta"'
        )
    if backend not in BACKENDS:
        raise ShimError(f"the build backend is {backend}, not {known}", RUN_INSTEAD)
    if "backend-path" in build_system:
        raise ShimError("[build-system] has a backend-path: the backend is in the project itself", RUN_INSTEAD)
    if DISTRIBUTION in names:
        raise ShimError(f"`requires` has {DISTRIBUTION} already, but the backend is {backend}", "take it out first")
    if not names:
        raise ShimError(f"`requires` is empty, but the backend is {backend}", "add what the backend is installed from")
    by_table = isinstance(tool, dict) and "setuptools-rust" in tool
    rust = "setuptools-rust" in names or by_table or IMPORTS_SETUPTOOLS_RUST.search(setup)
    if backend == "setuptools.build_meta" and not rust:
        raise ShimError(
            "the project does not use setuptools-rust: not in `requires`, no [tool.setuptools-rust], not in setup.py",
            "nothing here compiles pyo3, so there is nothing to adopt",
        )


def _check_versions(document: tomlkit.TOMLDocument, requires: list[str], setup: str) -> None:
    """Raise ``ShimError`` if a build that works would no longer work, or would gain nothing."""
    project: Any = document.unwrap().get("project")
    asked = project.get("requires-python") if isinstance(project, dict) else None
    if asked is None and (found := PYTHON_REQUIRES.search(setup)):
        asked = found[1].strip()
    older = older_python(str(asked)) if asked else None
    if older:
        raise ShimError(
            f"the project supports Python {older} (it requires {asked}), and {DISTRIBUTION} only 3.{OLDEST_PYTHON} and"
            " later: builds for older ones would fail",
            f"require >=3.{OLDEST_PYTHON} in the project, or {RUN_INSTEAD}",
        )
    too_old = too_old_backend(requires)
    if too_old:
        raise ShimError(
            f"`requires` has {too_old}, which does not start the cargo that CARGO names: nothing would be gained",
            f"allow {name_of(too_old)} {FIRST_BACKENDS[name_of(too_old)]} or later",
        )


def _with_backend(text: str, old: str, new: str) -> str:
    table: Any = _parsed(text)["build-system"]
    written = table["build-backend"].as_string()
    wanted = _meaning_with(text, {"build-backend": new})
    changed = written.replace(old, new, 1)
    candidates = (text[:start] + changed + text[start + len(written) :] for start in _places(text, written))
    return _first(candidates, wanted)


def _with_requirement(text: str, requirement: str) -> str:
    requires = _requires(_parsed(text))
    last = requires[-1].as_string()
    quote = "'" if last.startswith("'") else '"'
    wanted = _meaning_with(text, {"requires": [*requires.unwrap(), requirement]})
    candidates = (
        candidate
        for start in _places(text, last)
        for candidate in _insertions(text, start, start + len(last), f"{quote}{requirement}{quote}")
    )
    return _first(candidates, wanted)


def _insertions(text: str, start: int, end: int, added: str) -> Iterator[str]:
    """``text`` with ``added`` after the value from ``start`` to ``end``: on its own line if that value is, too."""
    indent = _indent(text, start)
    rest = REST_OF_LINE.match(text, end)
    if indent is not None and rest:
        comma, newline = rest.groups()
        line = f"{newline}{indent}{added}{comma}"
        yield text[:end] + ("" if comma else ",") + text[end : rest.end()] + line + text[rest.end() :]
    yield f"{text[:end]}, {added}{text[end:]}"


def _without_requirement(text: str, index: int) -> str:
    requires = _requires(_parsed(text))
    values = requires.unwrap()
    written = requires[index].as_string()
    before = requires[index - 1].as_string()
    wanted = _meaning_with(text, {"requires": values[:index] + values[index + 1 :]})
    right = [
        candidate
        for start in _places(text, written)
        for candidate in _removals(text, start, start + len(written), before)
        if _meaning(candidate) == wanted
    ]
    exact = [candidate for candidate in right if index and _is_with(text, candidate, values[index])]
    return _first([*exact, *right], wanted)


def _is_with(text: str, candidate: str, requirement: str) -> bool:
    """Whether ``candidate`` with ``requirement`` added is ``text``."""
    try:
        return _with_requirement(candidate, requirement) == text
    except ShimError:
        return False


def _removals(text: str, start: int, end: int, before: str) -> Iterator[str]:
    """``text`` without the value from ``start`` to ``end``, which follows ``before``: the simplest comes first."""
    indent = _indent(text, start)
    rest = REST_OF_LINE.match(text, end)
    if indent is not None and rest:
        line = text.rindex("\n", 0, start)
        line -= text[line - 1] == "\r"
        head, tail = text[:line], text[rest.end() :]
        yield head + tail
        # The value before may have got a comma for it.
        for place in _places(head, f"{before},"):
            comma = place + len(before)
            yield head[:comma] + head[comma + 1 :] + tail
    yield re.sub(r"\s*,\s*\Z", "", text[:start]) + text[end:]
    yield text[:start] + re.sub(r"\A\s*,\s*", "", text[end:])


def _indent(text: str, start: int) -> str | None:
    """The white space before ``start``, if nothing else is before it on its line, and there is a line above."""
    line = text.rfind("\n", 0, start)
    blank = text[line + 1 : start]
    return None if line < 0 or blank.strip(" \t") else blank


def _places(text: str, part: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


def _first(candidates: Iterable[str], wanted: str) -> str:
    for candidate in candidates:
        if _meaning(candidate) == wanted:
            return candidate
    raise ShimError("this pyproject.toml writes [build-system] in a way that is not understood", BY_HAND)


def _meaning(text: str) -> str | None:
    """All that a text says, comparable (a NaN is unlike itself, 1 is like true and 1.0); ``None`` if it is no TOML."""
    try:
        return repr(_parsed(text).unwrap())
    except ShimError:
        return None


def _meaning_with(text: str, changes: dict[str, Any]) -> str:
    data = copy.deepcopy(_parsed(text).unwrap())
    data["build-system"].update(changes)
    return repr(data)
