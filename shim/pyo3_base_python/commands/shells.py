"""Variables in the syntax of shells and tools. Pure, except for writing the file that GitHub names.

A value that is ``None`` is a variable to unset.
"""

from __future__ import annotations

import json
import re
import shlex

from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Variables = Mapping[str, str | None]

__all__ = ["CAN_NOT_UNSET", "FIRST_ON_PATH", "FORMATS", "append_to_github", "line_of_path"]

# What takes variables for good.
CAN_NOT_UNSET = ("github", "rust-analyzer")


def sh(variables: Variables) -> str:
    """POSIX shells."""
    return _lines(variables, lambda name, value: f"export {name}={shlex.quote(value)}", "unset {}")


def sh_path(folder: str) -> str:
    """``$PATH`` is expanded when the lines are read: by then it may be another than now."""
    return f'export PATH={shlex.quote(folder)}"${{PATH:+:$PATH}}"\n'


def direnv_path(folder: str) -> str:
    """The word for it in direnv, which keeps what comes after it: https://direnv.net/man/direnv-stdlib.1.html."""
    return f"PATH_add {shlex.quote(folder)}\n"


def fish(variables: Variables) -> str:
    """Within single quotes fish knows two escapes: https://fishshell.com/docs/current/language.html#quotes."""
    return _lines(variables, lambda name, value: f"set -gx {name} {_fish_quoted(value)}", "set -e {}")


def fish_path(folder: str) -> str:
    """``PATH`` is a list in fish."""
    return f"set -gx PATH {_fish_quoted(folder)} $PATH\n"


def _fish_quoted(value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"


def powershell(variables: Variables) -> str:
    """Within single quotes PowerShell knows one escape, a doubled quote; four more characters count as quotes."""
    return _lines(variables, lambda name, value: f"$env:{name} = {_powershell_quoted(value)}", "$env:{} = $null")


def powershell_path(folder: str) -> str:
    """With the separator of the system that it runs on."""
    return f"$env:PATH = {_powershell_quoted(folder)} + [IO.Path]::PathSeparator + $env:PATH\n"


def _powershell_quoted(value: str) -> str:
    quoted = re.sub("(['\u2018-\u201b])", r"\1\1", value)
    return f"'{quoted}'"


def cmd(variables: Variables) -> str:
    """A batch file, where a per cent sign is doubled. Raises ``ShimError`` for a value with a line break."""

    def line(name: str, value: str) -> str:
        doubled = _one_line(name, value, "a batch file").replace("%", "%%")
        return f'@set "{name}={doubled}"\r'

    return _lines(variables, line, '@set "{}="\r')


def cmd_path(folder: str) -> str:
    """A batch file, which expands ``PATH`` when it runs. Raises ``ShimError`` for a path with a line break."""
    doubled = _one_line("PATH", folder, "a batch file").replace("%", "%%")
    return f'@set "PATH={doubled};%PATH%"\r\n'


def line_of_path(folder: str) -> str:
    """A line for the file that ``GITHUB_PATH`` names. Raises ``ShimError`` for a path with a line break."""
    return _one_line("PATH", folder, "GITHUB_PATH") + "\n"


def github(variables: Variables) -> str:
    """Lines for the file that ``GITHUB_ENV`` names. Raises ``ShimError`` for what that file can't express."""
    return _lines(variables, lambda name, value: f"{name}={_one_line(name, value, 'GITHUB_ENV')}", "")


def rust_analyzer(variables: Variables) -> str:
    """A member of VS Code's settings.json: ``rust-analyzer.cargo.extraEnv``.

    rust-analyzer takes cargo from cargo's home for most of its calls (crates/toolchain), and ``CARGO`` for a few.
    """
    return json.dumps({"rust-analyzer.cargo.extraEnv": dict(variables)}, indent=2) + "\n"


def as_json(variables: Variables) -> str:
    """One object, variable to value; ``null`` for one to unset."""
    return json.dumps(dict(variables), indent=2) + "\n"


FORMATS: dict[str, Callable[[Variables], str]] = {
    "sh": sh,
    "bash": sh,
    "zsh": sh,
    "fish": fish,
    "powershell": powershell,
    "cmd": cmd,
    "github": github,
    "direnv": sh,
    "rust-analyzer": rust_analyzer,
    "json": as_json,
}
# What puts a folder first on PATH: as these lines do it, the rest is that of the shell that reads them.
FIRST_ON_PATH: dict[str, Callable[[str], str]] = {
    "sh": sh_path,
    "bash": sh_path,
    "zsh": sh_path,
    "fish": fish_path,
    "powershell": powershell_path,
    "cmd": cmd_path,
    "direnv": direnv_path,
}


def _lines(variables: Variables, assignment: Callable[[str, str], str], removal: str) -> str:
    """A line for each variable: ``assignment`` of its name and value, or ``removal`` with its name."""
    lines = [removal.format(name) if value is None else assignment(name, value) for name, value in variables.items()]
    return "".join(f"{line}\n" for line in lines)


def _one_line(name: str, value: str, what: str) -> str:
    """``value`` unchanged. Raises ``ShimError`` if it has more than one line, which ``what`` can't take."""
    if "\n" in value:
        raise ShimError(f"{name} holds a line break, which {what} can't take: {value!r}", "set it to a plain path")
    return value


def append_to_github(text: str, variable: str, environ: Mapping[str, str]) -> None:
    """Append ``text`` to the file that ``variable`` names (``GITHUB_ENV``, ...). Raises ``ShimError`` if none is."""
    path = environ.get(variable)
    if not path:
        raise ShimError(f"{variable} is not set", "run this as a step of a GitHub Actions job")
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ShimError(f"can't write to {variable}={path}: {error.strerror}", exit_code=Exit.DISK) from None
