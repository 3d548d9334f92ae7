"""What other tools' settings do to cargo's environment: tox, cibuildwheel, uv, and cargo's own ``[env]``.

Pure: texts and tables in, settings out.
"""

from __future__ import annotations

import configparser
import re
import shlex
from fnmatch import fnmatchcase
from typing import NamedTuple

import tomlkit
from tomlkit.exceptions import ParseError

from pyo3_base_python.doctor.pyproject import table
from pyo3_base_python.wrapper.names import ENVIRONMENTS, names_interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["CARGO_ENV", "TOX_FILES", "Setting", "Tox", "cargo_env", "cibuildwheel", "concerns", "toml", "tox", "uv"]

# Where cargo's own configuration is the place of a setting.
CARGO_ENV = "cargo's [env]"
# What decides, besides the variables that name an interpreter, whether the wrapper is asked and what it does.
OF_THE_SHIM = frozenset({"CARGO", "CARGO_BUILD_TARGET", "PYO3_SHIM_MODE"})
# cibuildwheel's platforms: as `sys.platform` has them, and as they are in names of builds.
PLATFORMS = {
    "linux": ("linux", ("manylinux_", "musllinux_")),
    "macos": ("darwin", ("macosx_",)),
    "windows": ("win32", ("win_", "win")),
}
# What is built on a machine without emulation; the Pythons that cibuildwheel knows.
MACHINES = {
    "x86_64": ("x86_64", "i686", "universal2"),
    "amd64": ("amd64", "32"),
    "aarch64": ("aarch64", "armv7l"),
    "arm64": ("arm64", "universal2"),
}
PYTHONS = [f"{kind}3{minor}{flags}" for kind in ("cp", "pp", "gp") for minor in range(6, 20) for flags in ("", "t")]
BRACES = re.compile(r"\{([^{}]*)\}")
# Where tox looks, besides pyproject.toml.
TOX_FILES = ("tox.ini", "setup.cfg", "tox.toml")
# tox.ini: `NAME = value`, behind factors perhaps (`py311: NAME = value`).
INI_VARIABLE = re.compile(r"^(?:[\w.,!{}-]+:\s+)?(\w+)\s*=\s*(.*)$")
# The keys that tox reads, in each of their two spellings.
SET_ENV = ("set_env", "setenv")
PASS_ENV = ("pass_env", "passenv")


class Setting(NamedTuple):
    """A variable that some tool sets for a build: in which file or table, its name, its value.

    ``forced`` is whether it holds whatever the process's own environment says, ``here`` whether it is for builds on
    this platform.
    """

    place: str
    variable: str
    value: str
    forced: bool = True
    here: bool = True


class Tox(NamedTuple):
    """What tox's configuration does: whether it passes ``CARGO`` on, and the variables that it sets."""

    place: str
    passes_cargo: bool
    settings: tuple[Setting, ...]


def concerns(variable: str) -> bool:
    """Whether ``variable`` decides about the interpreter, or about what the shim does."""
    return variable in OF_THE_SHIM or names_interpreter(variable)


def tox(files: Mapping[str, str], document: dict[str, Any]) -> Tox | None:
    """How tox is configured: by the first that exists of ``files`` (name to text) and pyproject.toml's ``document``.

    https://tox.wiki/en/latest/config.html: tox.ini, setup.cfg, pyproject.toml, tox.toml. ``None`` if there is none.
    """
    for name in ("tox.ini", "setup.cfg"):
        sections = _ini(files.get(name, ""))
        if (name == "tox.ini" and name in files) or "tox:tox" in sections:
            return _tox_ini(name, sections)
    own = table(document, "tool", "tox")
    if isinstance(own.get("legacy_tox_ini"), str):
        return _tox_ini("pyproject.toml [tool.tox]", _ini(own["legacy_tox_ini"]))
    if own:
        return _tox_toml("pyproject.toml [tool.tox]", own)
    if "tox.toml" in files:
        return _tox_toml("tox.toml", toml(files["tox.toml"]))
    return None


def cibuildwheel(document: dict[str, Any], platform: str, machine: str) -> list[Setting]:
    """What ``[tool.cibuildwheel]`` sets, for all platforms, for one, or in an override.

    ``platform`` and ``machine`` are this one's, as `sys.platform` and `platform.machine` have them.
    """
    own = table(document, "tool", "cibuildwheel")
    parts = [(own, True)]
    parts += [(table(own, name), PLATFORMS[name][0] == platform) for name in PLATFORMS]
    overrides = own.get("overrides")
    for override in overrides if isinstance(overrides, list) else []:
        if isinstance(override, dict):
            parts.append((override, _selects(override.get("select"), platform, machine)))
    found = []
    for settings, here in parts:
        value = settings.get("environment")
        if isinstance(value, str):  # as a shell would have it: `NAME=value OTHER="a b"`
            pairs = [word.partition("=")[::2] for word in _words(value)]
        else:
            pairs = [(name, str(one)) for name, one in value.items()] if isinstance(value, dict) else []
        found += [one._replace(here=here) for one in _settings("pyproject.toml [tool.cibuildwheel]", pairs)]
    return found


def _selects(select: object, platform: str, machine: str) -> bool:
    """Whether an override applies to a build on this platform: ``cp311-manylinux_x86_64``, matched by shell patterns.

    https://cibuildwheel.pypa.io/en/stable/options/#build-skip: words in a text or a list, with ``{a,b}``.
    """
    words = select.split() if isinstance(select, str) else select if isinstance(select, list) else []
    patterns = [pattern for word in words for pattern in _expanded(str(word))]
    wheels = [wheel for own, wheels in PLATFORMS.values() if own == platform for wheel in wheels]
    architectures = MACHINES.get(machine.lower(), (machine.lower(),))
    # The Python and its version are not looked at: every one may be built here.
    return any(
        fnmatchcase(f"{python}-{wheel}{architecture}", pattern)
        for pattern in patterns
        for python in PYTHONS
        for wheel in wheels
        for architecture in architectures
    )


def _expanded(pattern: str) -> list[str]:
    """``a{b,c}`` as ``ab`` and ``ac``."""
    braces = BRACES.search(pattern)
    if braces is None:
        return [pattern]
    before, after = pattern[: braces.start()], pattern[braces.end() :]
    return [one for choice in braces[1].split(",") for one in _expanded(before + choice + after)]


def uv(place: str, settings: dict[str, Any]) -> list[Setting]:
    """What uv sets for the builds of packages: ``extra-build-variables``, by package. ``place`` is the file's name."""
    found = []
    for package, variables in table(settings, "extra-build-variables").items():
        if isinstance(variables, dict):
            pairs = [(name, str(value)) for name, value in variables.items()]
            found += _settings(f"{place} extra-build-variables of {package}", pairs)
    return found


def cargo_env(path: str, text: str) -> list[Setting]:
    """What cargo's configuration file at ``path`` sets in its ``[env]``.

    https://doc.rust-lang.org/cargo/reference/config.html#env: the process's own variable wins, but for ``force``.
    """
    found = []
    for name, value in table(toml(text), "env").items():
        detailed = value if isinstance(value, dict) else {"value": value}
        # Elsewhere these two are no matter: a build backend names the interpreter.
        if concerns(name) or name in ENVIRONMENTS:
            setting = str(detailed.get("value", ""))
            found.append(Setting(f"{CARGO_ENV} in {path}", name, setting, detailed.get("force") is True))
    return found


def _tox_ini(place: str, sections: Mapping[str, Mapping[str, str]]) -> Tox:
    patterns: list[str] = []
    pairs: list[tuple[str, str]] = []
    for keys in sections.values():
        for name in PASS_ENV:
            patterns += re.split(r"[,\s]+", keys.get(name, ""))
        for name in SET_ENV:
            for line in keys.get(name, "").splitlines():
                if match := INI_VARIABLE.match(line.strip()):
                    pairs.append((match[1], match[2]))
    return Tox(place, _passes_cargo(patterns), tuple(_settings(place, pairs)))


def _tox_toml(place: str, settings: dict[str, Any]) -> Tox:
    patterns: list[str] = []
    pairs: list[tuple[str, str]] = []
    for one in _tables(settings):
        for name in PASS_ENV:
            value = one.get(name)
            patterns += [str(item) for item in value] if isinstance(value, list) else []
        for name in SET_ENV:
            value = one.get(name)
            pairs += [(key, str(item)) for key, item in value.items()] if isinstance(value, dict) else []
    return Tox(place, _passes_cargo(patterns), tuple(_settings(place, pairs)))


def _tables(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """``settings`` and all tables within."""
    yield settings
    for value in settings.values():
        if isinstance(value, dict):
            yield from _tables(value)


def _passes_cargo(patterns: Iterable[str]) -> bool:
    """Whether one of tox's patterns names ``CARGO``; they are matched without regard to case."""
    return any(fnmatchcase("cargo", pattern.lower()) for pattern in patterns)


def _settings(place: str, pairs: Iterable[tuple[str, str]]) -> list[Setting]:
    return [Setting(place, name, value.strip()) for name, value in pairs if concerns(name)]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed: the tool itself says so
        return []


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:  # tox itself says so
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def toml(text: str) -> dict[str, Any]:
    """``text`` as TOML; empty if it is not valid: the tool that reads it says so."""
    try:
        document: dict[str, Any] = tomlkit.parse(text).unwrap()
    except ParseError:
        return {}
    return document
