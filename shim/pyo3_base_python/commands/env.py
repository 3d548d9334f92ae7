"""`pyo3-base-python env`: what to set, in the words of a shell or a tool."""

from __future__ import annotations

import os

import click

from pyo3_base_python.activation import switch
from pyo3_base_python.commands import shells
from pyo3_base_python.wrapper import interpreter
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

__all__ = ["env"]


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(list(shells.FORMATS)),
    default="sh",
    show_default=True,
    help="For which shell or tool.",
)
@click.option("--unset", is_flag=True, help="Print what undoes it instead.")
@click.option("--no-path", is_flag=True, help="Leave PATH as it is: no shim for a cargo that is started by its name.")
def env(form: str, unset: bool, no_path: bool) -> None:
    """Print what to set so that every later build has the shim.

    \b
    eval "$(pyo3-base-python env)"                               sh, bash, zsh
    pyo3-base-python env --format fish | source                  fish
    pyo3-base-python env --format powershell | Out-String | Invoke-Expression
    pyo3-base-python env --format cmd >on.cmd && call on.cmd     cmd.exe
    pyo3-base-python env --format direnv >> .envrc               direnv
    pyo3-base-python env --format github                         appends to $GITHUB_ENV
    pyo3-base-python env --format rust-analyzer                  a part of settings.json, for this project
    pyo3-base-python env --format json                           one object, variable to value
    eval "$(pyo3-base-python env --unset)"                       off again, in this shell

    CARGO is enough for build backends. The other variables are for tox and for a CARGO that was set before; PATH is
    for programs that start cargo by its name (not with --no-path, nor if PYO3_SHIM_PATH is off). rust-analyzer chooses
    a cargo of its own: for it the command prints what the wrapper would set, for the current project and interpreter.
    """
    if unset and form in shells.CAN_NOT_UNSET:
        raise ShimError(f"--unset does not go with --format {form}", "remove what sets the variables", Exit.USAGE)
    rust_analyzer = form == "rust-analyzer"
    first = ""  # on PATH: in words that leave the rest as it is then, but for a whole object
    if unset:
        text = shells.FORMATS[form](switch.removals(os.environ))
    elif rust_analyzer:
        text = shells.FORMATS[form](switch.resolved(os.environ, os.getcwd()))
    else:
        found = switch.variables(os.environ, lasting=True, on_path=not no_path)
        if form != "json":
            first = found.pop("PATH", "").partition(os.pathsep)[0]
        text = shells.FORMATS[form](found)
        if first and form in shells.FIRST_ON_PATH:
            text += shells.FIRST_ON_PATH[form](first)
    if form == "github":
        shells.append_to_github(text, "GITHUB_ENV", os.environ)
        if first:
            shells.append_to_github(shells.line_of_path(first), "GITHUB_PATH", os.environ)
    else:
        click.echo(os.fsencode(text), nl=False)  # as it is: Windows would end the lines of sh and fish with \r\n
    if rust_analyzer and not interpreter.named_by(os.environ):
        click.echo(
            f"pyo3-base-python: no virtual environment is active: this is for {interpreter.find(os.environ)}, the first"
            " on PATH",
            err=True,
        )
