"""`pyo3-base-python env`: what to set, in the words of a shell or a tool."""

from __future__ import annotations

import os

import click

from pyo3_base_python.activation import switch
from pyo3_base_python.commands import shells
from pyo3_base_python.wrapper import interpreter

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
def env(form: str) -> None:
    """Print what to set so that every later build has the shim.

    \b
    eval "$(pyo3-base-python env)"                               sh, bash, zsh
    pyo3-base-python env --format fish | source                  fish
    pyo3-base-python env --format powershell | Out-String | Invoke-Expression
    pyo3-base-python env --format direnv >> .envrc               direnv
    pyo3-base-python env --format github                         appends to $GITHUB_ENV
    pyo3-base-python env --format rust-analyzer                  a part of settings.json, for this project
    pyo3-base-python env --format json                           one object, variable to value

    CARGO alone is enough; the others are for tox, and for a CARGO that was set before. rust-analyzer chooses a cargo of
    its own: for it the result is printed, for the project and the interpreter at hand.
    """
    rust_analyzer = form == "rust-analyzer"
    found = switch.resolved(os.environ, os.getcwd()) if rust_analyzer else switch.variables(os.environ, lasting=True)
    text = shells.FORMATS[form](found)
    if form == "github":
        shells.append_to_github_env(text, os.environ)
    else:
        click.echo(text, nl=False)
    if rust_analyzer and not interpreter.named_by(os.environ):
        click.echo(
            f"pyo3-base-python: no virtual environment is active: this is for {interpreter.find(os.environ)}, the first"
            " on PATH",
            err=True,
        )
