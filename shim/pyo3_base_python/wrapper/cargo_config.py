"""The part of cargo's configuration that says for what and to where it builds, and for which interpreter.

The table ``[build]``, and the variables that the table ``[env]`` has cargo set.

https://doc.rust-lang.org/cargo/reference/config.html: ``--config``, then variables, then the files from the working
directory upwards and in cargo's home; the nearest wins. The files are read by line rather than as TOML (Python 3.9 has
no reader for it); what is not understood counts as set to something unknown.
"""

from __future__ import annotations

import os

from . import names, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ENV",
    "MULTILINE",
    "UNKNOWN",
    "build_table",
    "files",
    "parse",
    "read",
]

# The value of a key that is set to something that can't be read here.
UNKNOWN = "?"
# Keys of `[build]` that are read, and the variables that stand for them.
KEYS = {"target": "CARGO_BUILD_TARGET", "target-dir": "CARGO_BUILD_TARGET_DIR", "build-dir": "CARGO_BUILD_BUILD_DIR"}
FOLDERS = ("target-dir", "build-dir")
# The key under which `parse` has these of `[env]`, a word each; one that holds whatever the environment says ends so.
ENV = "env"
FORCED = "!"
# Strings of several lines: what looks like a line of its own may be inside.
MULTILINE = ('"""', "'''")
# How many files one may include, with those that they include, before the rest counts as unknown.
MOST_INCLUDES = 32


def build_table(options: Sequence[str], environ: Mapping[str, str], cwd: str) -> dict[str, str]:
    """``target``, ``target-dir`` and ``build-dir`` as cargo would find them when started in ``cwd``.

    ``options`` are the values of ``--config`` in order. Folders are absolute; ``""`` is not set, ``UNKNOWN`` is set to
    something unknown. ``ENV`` has the variables by which pyo3 would find an interpreter that all tables ``[env]`` set
    and ``environ`` does not override, with blanks between them.
    """
    layers = []
    for option in reversed(options):
        # A file, or a line of TOML.
        file = os.path.join(cwd, option)
        layers.append(_file(file, cwd) if os.path.isfile(file) else _absolute(parse(option)[0], cwd))
    layers.append(_absolute({key: environ.get(variable, "") for key, variable in KEYS.items()}, cwd))
    for path in files(environ, cwd):
        # A path in a file is relative to the folder that holds `.cargo`.
        layers.append(_file(path, os.path.dirname(os.path.dirname(path))))
    found = {key: next((layer[key] for layer in layers if layer.get(key)), "") for key in KEYS}
    words = " ".join(layer[ENV] for layer in layers if layer.get(ENV)).split()
    variables = [word.rstrip(FORCED) for word in words if word.endswith(FORCED) or word not in environ]
    if environ.get("PYO3_PYTHON"):
        # Nobody looks for an environment then. (pyo3 does where `PYTHON_SYS_EXECUTABLE` alone is set.)
        variables = [variable for variable in variables if variable not in names.ENVIRONMENTS]
    found[ENV] = " ".join(variables)
    return found


def files(environ: Mapping[str, str], cwd: str) -> list[str]:
    """Where cargo started in ``cwd`` looks for configuration: absolute paths, the strongest first."""
    cargo_home = environ.get("CARGO_HOME") or os.path.join(paths.home(environ), ".cargo")
    places = [*(os.path.join(folder, ".cargo") for folder in paths.with_parents(cwd)), cargo_home]
    return [os.path.join(place, name) for place in places for name in ("config", "config.toml")]


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """The keys that ``text`` sets, as they stand there, and the files that it includes. Never raises."""
    if any(quotes in text for quotes in MULTILINE):
        return _unsure(text)
    found: dict[str, str] = {}
    variables: list[str] = []
    includes: list[str] = []
    section: list[str] = []
    including = False
    for raw in text.splitlines():
        line = raw.strip()
        if including:
            includes += _strings(line)
            including = "]" not in line
            continue
        if line.startswith("["):
            section = _path(line.strip("[").partition("]")[0])
            continue
        left, equals, value = line.partition("=")
        path = [*section, *_path(left)]
        if not equals or line.startswith("#"):
            continue
        if value.lstrip().startswith("{") and value.count("{") > value.count("}"):
            # An inline table of several lines, from cargo 1.94 on (TOML 1.1).
            return _unsure(text)
        if path == ["include"]:
            includes += _strings(value)
            including = value.strip().startswith("[") and "]" not in value
        elif path == ["build"]:  # an inline table
            found.update({key: UNKNOWN for key in KEYS if key in value})
        elif len(path) == 2 and path[0] == "build" and path[1] in KEYS:  # noqa: PLR2004 - table and key
            found[path[1]] = _string(value)
        elif path[0] == "env":
            variables += _variables(path[1:], value)
    if variables:
        found[ENV] = " ".join(variables)
    return found, includes


def read(path: str) -> str | None:
    """The text of a file, without a byte order mark; ``None`` if there is none that can be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().lstrip("\ufeff")
    except (OSError, ValueError):
        return None


def _file(path: str, base: str, before: list[str] | None = None) -> dict[str, str]:
    """What the file ``path`` and those that it includes set; what it sets itself wins.

    ``before`` are the files that were read for the one that includes it: they may include each other.
    """
    before = [] if before is None else before
    if len(before) > MOST_INCLUDES:
        return dict.fromkeys(KEYS, UNKNOWN)
    before.append(path)
    own, includes = parse(read(path) or "")
    found = _absolute(own, base)
    for include in reversed(includes):
        other = _file(os.path.join(os.path.dirname(path), include), base, before)
        variables = [each[ENV] for each in (found, other) if ENV in each]
        found = {**other, **found, **({ENV: " ".join(variables)} if variables else {})}
    return found


def _variables(path: list[str], value: str) -> list[str]:
    """The variables that a line of `[env]` sets, of those that lead to an interpreter: a name, one with ``FORCED``."""
    if not path:  # all in one inline table
        return _mentioned(value)
    if not _leads_to_interpreter(path[0]):
        return []
    # `force` is a key of an inline table, or of a table on its own.
    forced = "true" in value and "force" in (path[-1] + value)
    return [path[0] + (FORCED if forced else "")]


def _unsure(text: str) -> tuple[dict[str, str], list[str]]:
    """As ``parse``, where lines can't be told apart: whatever ``text`` speaks of is set, to something unknown."""
    words = _words(text)
    includes = _strings(text) if "include" in words else []
    found = {key: UNKNOWN for key in KEYS if includes or (key in words and "build" in words)}
    variables = _mentioned(text) if "env" in words else []
    if variables:
        found[ENV] = " ".join(variables)
    return found, includes


def _mentioned(text: str) -> list[str]:
    """What ``_variables`` would find if each word of ``text`` were a key."""
    return [word + FORCED for word in dict.fromkeys(_words(text)) if _leads_to_interpreter(word)]


def _words(text: str) -> list[str]:
    """What may be keys of TOML in ``text``."""
    return "".join(letter if letter.isalnum() or letter in "_-" else " " for letter in text).split()


def _leads_to_interpreter(variable: str) -> bool:
    return names.names_interpreter(variable) or variable in names.ENVIRONMENTS


def _absolute(values: Mapping[str, str], base: str) -> dict[str, str]:
    return {
        key: os.path.abspath(os.path.join(base, value)) if key in FOLDERS and value not in {"", UNKNOWN} else value
        for key, value in values.items()
    }


def _path(dotted: str) -> list[str]:
    """A key of TOML, ``a."b".c``, as a list. A dot within quotes is not expected in a key that is looked for."""
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _string(value: str) -> str:
    """A TOML string on one line, unquoted, if it is a plain one; else ``UNKNOWN``."""
    word = value.strip()
    quote = word[:1]
    if not quote or quote not in "\"'" or word.startswith(quote * 3):
        return UNKNOWN
    inner, closing, rest = word[1:].partition(quote)
    rest = rest.strip()
    if not closing or (rest and not rest.startswith("#")) or (quote == '"' and "\\" in inner):
        return UNKNOWN
    return inner


def _strings(value: str) -> list[str]:
    """Names of TOML files among the strings in ``value``."""
    return [word for word in value.replace("'", '"').split('"')[1::2] if word.endswith(".toml")]
