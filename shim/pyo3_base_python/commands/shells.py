"""Variables as shells and tools want to read them. Pure, but for the file that GitHub names."""

from __future__ import annotations

import json
import re
import shlex

from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FORMATS", "append_to_github_env"]


def sh(variables: Mapping[str, str]) -> str:
    """POSIX shells."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def fish(variables: Mapping[str, str]) -> str:
    """Within single quotes fish knows two escapes: https://fishshell.com/docs/current/language.html#quotes."""
    quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in variables.items()}
    return "".join(f"set -gx {name} '{value}'\n" for name, value in quoted.items())


def powershell(variables: Mapping[str, str]) -> str:
    """Within single quotes PowerShell knows one escape, the quote doubled; it takes four more characters for one."""
    quoted = {name: re.sub("(['\u2018-\u201b])", r"\1\1", value) for name, value in variables.items()}
    return "".join(f"$env:{name} = '{value}'\n" for name, value in quoted.items())


def github(variables: Mapping[str, str]) -> str:
    """Lines for the file that ``GITHUB_ENV`` names. Raises ``ShimError`` for a value with a line break."""
    for name, value in variables.items():
        if "\n" in value:
            raise ShimError(f"{name} holds a line break, which GITHUB_ENV can't take: {value!r}")
    return "".join(f"{name}={value}\n" for name, value in variables.items())


def rust_analyzer(variables: Mapping[str, str]) -> str:
    """A member of VS Code's settings.json: ``rust-analyzer.cargo.extraEnv``.

    rust-analyzer takes cargo from cargo's home for most of its calls (crates/toolchain), and ``CARGO`` for a few.
    """
    return json.dumps({"rust-analyzer.cargo.extraEnv": dict(variables)}, indent=2) + "\n"


def as_json(variables: Mapping[str, str]) -> str:
    """One object, variable to value."""
    return json.dumps(dict(variables), indent=2) + "\n"


FORMATS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "sh": sh,
    "fish": fish,
    "powershell": powershell,
    "github": github,
    "direnv": sh,
    "rust-analyzer": rust_analyzer,
    "json": as_json,
}


def append_to_github_env(text: str, environ: Mapping[str, str]) -> None:
    """Append ``text`` to the file that ``GITHUB_ENV`` names. Raises ``ShimError`` if there is none."""
    path = environ.get("GITHUB_ENV")
    if not path:
        raise ShimError("GITHUB_ENV is not set", "run this as a step of a GitHub Actions job")
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ShimError(f"can't write to GITHUB_ENV={path}: {error.strerror}", exit_code=Exit.DISK) from None
