"""The part of cargo's configuration that names target, target directory, interpreter and aliases.

https://doc.rust-lang.org/cargo/reference/config.html: ``--config``, then variables, then the files from the working
directory upwards and in cargo's home. The nearest wins; tables are joined key by key, lists one after the other.

Most files mention none of these: the words are looked for before the reader for TOML is imported (10 ms). If there is
no reader (before Python 3.11), or it can't read a file (TOML 1.1, which cargo reads from 1.94 on), each setting that
the file mentions counts as set to something unknown.
"""

from __future__ import annotations

import os

from . import names, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

__all__ = ["CargoConfig", "alias", "files", "load", "read"]

# Keys of `[build]` that are read, and the variables that stand for them.
KEYS = {"target": "CARGO_BUILD_TARGET", "target-dir": "CARGO_BUILD_TARGET_DIR", "build-dir": "CARGO_BUILD_BUILD_DIR"}
# What ends a key of TOML, or begins one.
DELIMITERS = str.maketrans(dict.fromkeys("\"'[]{}.=,#\t\r\n", " "))
# Strings of several lines: what looks like a line of its own may be inside.
MULTILINE = ('"""', "'''")
# Words may be hidden in these.
ESCAPES = ("\\u", "\\U", "\\x")


class CargoConfig:
    """What cargo's configuration sets; a field is empty if it sets nothing.

    ``targets`` are the triples of ``build.target``, as they stand there; ``target_dir`` and ``build_dir`` are absolute
    paths. ``variables`` are those by which ``[env]`` names an interpreter to pyo3, and which it sets or may set in
    spite of the environment. ``unknown`` has the keys of ``[build]``, and the variables among these, that are or may be
    set to something that can't be read here.
    """

    __slots__ = ("build_dir", "target_dir", "targets", "unknown", "variables")

    def __init__(
        self,
        targets: Iterable[str] = (),
        target_dir: str = "",
        build_dir: str = "",
        variables: Iterable[str] = (),
        unknown: Iterable[str] = (),
    ) -> None:
        self.targets = list(targets)
        self.target_dir = target_dir
        self.build_dir = build_dir
        self.variables = list(variables)
        self.unknown = frozenset(unknown)


def load(options: Sequence[str], environ: Mapping[str, str], cwd: str) -> CargoConfig:
    """The settings of a cargo that is started in ``cwd``; ``options`` are the values of ``--config``, in order."""
    layers = [_option(option, cwd) for option in reversed(options)]
    layers.append(_of_environment(environ, cwd))
    layers += [_file(path) for path in files(environ, cwd)]
    tables = _all_joined(layers)
    build, env = tables["build"], tables["env"]
    targets = build.get("target") or []
    return CargoConfig(
        targets=[targets] if isinstance(targets, str) else targets,
        target_dir=build.get("target-dir") or "",
        build_dir=build.get("build-dir") or "",
        variables=sorted(name for name, value in env.items() if _holds(name, value, environ)),
        unknown=[key for key, value in [*build.items(), *env.items()] if value is None],
    )


def alias(name: str, environ: Mapping[str, str], cwd: str) -> list[str] | None:
    """The words that ``cargo <name>``, started in ``cwd``, stands for.

    ``None`` if ``name`` is no alias of the user's; no words if it may be one that can't be read here. Cargo looks for
    them before it reads ``--config``.
    """
    value: Any = _all_joined([_file(path, name) for path in files(environ, cwd)]).get("alias", {})
    for part in name.split("."):
        value = value.get(part, "") if isinstance(value, dict) else value
    variable = environ.get(f"CARGO_ALIAS_{name}".upper().replace("-", "_").replace(".", "_"))
    if isinstance(value, list) and _all_strings(value):
        return [*value, *(variable or "").split()]
    if not isinstance(value, str):
        return []
    return (value if variable is None else variable).split() if value or variable is not None else None


def files(environ: Mapping[str, str], cwd: str) -> list[str]:
    """The files of configuration that a cargo started in ``cwd`` reads: absolute paths, the strongest first."""
    home = environ.get("CARGO_HOME") or os.path.join(paths.home(environ), ".cargo")
    found: dict[str, str] = {}
    for place in (*(os.path.join(folder, ".cargo") for folder in paths.with_parents(cwd)), os.path.join(cwd, home)):
        for name in ("config", "config.toml"):
            path = os.path.join(place, name)
            if os.path.exists(path):
                # Cargo's home may be one of the folders above.
                found.setdefault(os.path.realpath(place), path)
    return list(found.values())


def read(path: str) -> str | None:
    """The text of a file, without a byte order mark; ``None`` if there is no regular file that can be read."""
    if not os.path.isfile(path):
        return None  # a pipe would have to be waited for, and a device may have no end
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().lstrip("\ufeff")
    except (OSError, ValueError):
        return None


# In all that follows, a layer has the tables `build`, `env` and `alias` as a reader for TOML returns them, with what is
# read here alone, paths absolute, and `None` for a value that is not known. The alias that is looked for is `""` where
# it is the other two tables that are.


def _option(option: str, cwd: str) -> dict[str, Any]:
    path = os.path.join(cwd, option)
    if option and os.path.exists(path):
        return _file(path)
    return _text(option, cwd, cwd, "", set())


def _of_environment(environ: Mapping[str, str], cwd: str) -> dict[str, Any]:
    build = {key: environ[variable] for key, variable in KEYS.items() if environ.get(variable)}
    layer = _layer({"build": build}, cwd)
    if "target" in build:
        layer["build"]["target"] = [build["target"]]  # cargo adds it to a list
    return layer


def _file(path: str, wanted_alias: str = "", seen: set[str] | None = None) -> dict[str, Any]:
    """What the file ``path`` sets, together with the files that it includes.

    ``seen`` are those that were read before, for the one that includes it. Cargo refuses files that include each other.
    """
    seen = set() if seen is None else seen
    text = read(path)
    identity = os.path.realpath(path)
    if text is None or identity in seen:
        return _anything() if os.path.exists(path) else {}
    seen.add(identity)
    folder = os.path.dirname(path)
    # Wherever the file is: its paths are relative to what holds its folder, which is `.cargo` as a rule.
    return _text(text, folder, os.path.dirname(folder), wanted_alias, seen)


def _text(text: str, folder: str, base: str, wanted_alias: str, seen: set[str]) -> dict[str, Any]:
    """Like ``_file``: files are included relative to ``folder``, other paths are relative to ``base``."""
    document = _parsed(text, wanted_alias)
    layers = [_layer(document, base)]
    includes = document.get("include", [])
    for include in reversed(includes if isinstance(includes, list) else [None]):
        name: object = include.get("path") if isinstance(include, dict) else include
        if isinstance(name, str):
            layers.append(_file(os.path.join(folder, name), wanted_alias, seen))
        else:
            layers.append(_anything())
    return _all_joined(layers)


def _parsed(text: str, wanted_alias: str) -> dict[str, Any]:
    """``text`` as TOML, if it mentions a setting of interest; if it can't be read, those settings as ``None``."""
    mentioned = _mentioned(text, wanted_alias)
    if not mentioned:
        return {}
    try:
        import tomllib  # noqa: PLC0415 - slow, rarely needed, and not there before Python 3.11

        return tomllib.loads(text)
    except (ImportError, ValueError, RecursionError):
        return mentioned


def _mentioned(text: str, wanted_alias: str) -> dict[str, Any]:
    """The settings that ``text`` may have, by its words."""
    lines = text.split("\n")
    if not any(quotes in text for quotes in MULTILINE):
        # `[target.x86_64-unknown-linux-gnu]` is the most frequent of all, and no key.
        lines = [line for line in lines if not line.lstrip().startswith("[target")]
    words = set(" ".join(lines).translate(DELIMITERS).split())
    if "include" in words or any(escape in text for escape in ESCAPES):
        return _anything()
    if wanted_alias:
        parts = wanted_alias.translate(DELIMITERS).split()
        return {"alias": None} if words.issuperset(["alias", *parts]) else {}
    found = {}
    if "build" in words and words & KEYS.keys():
        found["build"] = {key: None for key in KEYS if key in words}
    if "env" in words and any(map(_leads_to_interpreter, words)):
        found["env"] = {word: None for word in words if _leads_to_interpreter(word)}
    return found


def _anything() -> dict[str, Any]:
    """Everything that may be set, if nothing is known: a layer, or the content of a file."""
    variables = (*names.INTERPRETER, names.CROSS, *names.ENVIRONMENTS)
    return {"build": dict.fromkeys(KEYS), "env": dict.fromkeys(variables), "alias": None}


def _layer(document: Mapping[str, Any], base: str) -> dict[str, Any]:
    """The settings of a ``document`` that are read here, with paths made absolute from ``base``."""
    build, env, aliases = _table(document.get("build")), _table(document.get("env")), document.get("alias", {})
    found: dict[str, Any] = {
        key: build[key] if _is_understood(key, build[key]) else None for key in KEYS if key in build
    }
    for key in ("target-dir", "build-dir"):
        if found.get(key):
            found[key] = os.path.abspath(os.path.join(base, found[key]))
    env = {name: value for name, value in env.items() if _leads_to_interpreter(name)}
    return {"build": found, "env": env, "alias": aliases if isinstance(aliases, dict) else None}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_understood(key: str, value: object) -> bool:
    return isinstance(value, str) or (key == "target" and isinstance(value, list) and _all_strings(value))


def _all_strings(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _all_joined(layers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Several layers, the strongest first, as one."""
    tables: dict[str, Any] = {}
    for layer in layers:
        tables = _joined(tables, layer)
    return tables


def _joined(strong: Any, weak: Any) -> Any:
    """Two values for one key, joined as cargo joins them."""
    if isinstance(strong, dict) and isinstance(weak, dict):
        both = {key: _joined(strong[key], weak[key]) for key in strong if key in weak}
        return {**weak, **strong, **both}
    if isinstance(strong, list) and isinstance(weak, list):
        return [*weak, *strong]
    # What is not known may be a list, or a table.
    return None if weak is None and isinstance(strong, (dict, list)) else strong


def _holds(variable: str, value: object, environ: Mapping[str, str]) -> bool:
    """Whether pyo3, which reads ``variable``, sees the ``value`` in ``[env]`` of a cargo started in ``environ``."""
    if variable in names.ENVIRONMENTS and environ.get("PYO3_PYTHON"):
        # Nobody looks for an environment then. (pyo3 does where `PYTHON_SYS_EXECUTABLE` alone is set.)
        return False
    return variable not in environ or value is None or _table(value).get("force") is True


def _leads_to_interpreter(variable: str) -> bool:
    return names.names_interpreter(variable) or variable in names.ENVIRONMENTS
