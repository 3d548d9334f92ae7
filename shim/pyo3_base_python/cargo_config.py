"""The part of cargo's configuration that says for what and to where it builds, and for which interpreter.

The table ``[build]``, and the variables that the table ``[env]`` has cargo set.

https://doc.rust-lang.org/cargo/reference/config.html: ``--config``, then variables, then the files from the working
directory upwards and in cargo's home; the nearest wins. The files are read by line rather than as TOML (Python 3.9 has
no reader for it); what is not understood counts as set to something unknown.
"""

from __future__ import annotations

import os

from pyo3_base_python import store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ENV", "FORCED", "INTERPRETER", "UNKNOWN", "build_table", "files", "parse", "read", "with_parents"]

# The value of a key that is set to something that can't be read here.
UNKNOWN = "?"
# Keys of `[build]` that are read, and the variables that stand for them.
KEYS = {"target": "CARGO_BUILD_TARGET", "target-dir": "CARGO_BUILD_TARGET_DIR", "build-dir": "CARGO_BUILD_BUILD_DIR"}
FOLDERS = ("target-dir", "build-dir")
# Variables by which pyo3 is told of an interpreter; what begins with one of them counts as well.
INTERPRETER = ("PYO3_PYTHON", "PYO3_BASE_PYTHON", "PYO3_CONFIG_FILE", "PYO3_NO_PYTHON", "PYO3_CROSS", "PYTHON_SYS_EXEC")
# The key under which `parse` has these of `[env]`, a word each; one that holds whatever the environment says ends so.
ENV = "env"
FORCED = "!"
# How many files one may include, with those that they include, before the rest counts as unknown.
MOST_INCLUDES = 32


def build_table(options: Sequence[str], environ: Mapping[str, str], cwd: str) -> dict[str, str]:
    """``target``, ``target-dir`` and ``build-dir`` as cargo would find them when started in ``cwd``.

    ``options`` are the values of ``--config`` in order. Folders are absolute; ``""`` is not set, ``UNKNOWN`` is set to
    something unknown. ``ENV`` has the variables from all tables ``[env]`` that name an interpreter.
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
    found[ENV] = " ".join(layer[ENV] for layer in layers if layer.get(ENV))
    return found


def files(environ: Mapping[str, str], cwd: str) -> list[str]:
    """Where cargo started in ``cwd`` looks for configuration: absolute paths, the strongest first."""
    cargo_home = environ.get("CARGO_HOME") or os.path.join(store.home(environ), ".cargo")
    places = [*(os.path.join(folder, ".cargo") for folder in with_parents(cwd)), cargo_home]
    return [os.path.join(place, name) for place in places for name in ("config", "config.toml")]


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """The keys that ``text`` sets, as they stand there, and the files that it includes. Never raises."""
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
    """The text of a file; ``None`` if there is none that can be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def with_parents(folder: str) -> list[str]:
    """``folder`` and those that hold it, the innermost first, absolute."""
    folders = [os.path.abspath(folder)]
    while os.path.dirname(folders[-1]) != folders[-1]:
        folders.append(os.path.dirname(folders[-1]))
    return folders


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
    """The variables that a line of `[env]` sets, of those that name an interpreter: a name, one with ``FORCED``."""
    if not path:  # all in one inline table
        return [name + FORCED for name in INTERPRETER if name in value]
    if not path[0].startswith(INTERPRETER):
        return []
    # `force` is a key of an inline table, or of a table on its own.
    forced = "true" in value and "force" in (path[-1] + value)
    return [path[0] + (FORCED if forced else "")]


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
