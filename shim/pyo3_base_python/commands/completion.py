"""`pyo3-base-python completion`: the script that makes a shell complete our commands and options."""

from __future__ import annotations

import os

import click
from click.shell_completion import get_completion_class

__all__ = ["completion"]

PROGRAM = "pyo3-base-python"
# The variable by which click is asked for completions, from the program's name.
VARIABLE = "_PYO3_BASE_PYTHON_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def completion(context: click.Context, shell: str | None) -> None:
    """Print a script that makes SHELL complete `pyo3-base-python`, its commands and options.

    Without SHELL, the script is for the shell that the variable SHELL names.

    \b
    eval "$(pyo3-base-python completion bash)"                   in ~/.bashrc
    eval "$(pyo3-base-python completion zsh)"                    in ~/.zshrc, after compinit
    pyo3-base-python completion fish | source                    in ~/.config/fish/config.fish

    `maturin-shim` and `cargo base-python` are not completed: their arguments belong to maturin and to cargo. In bash,
    maturin's own completion works for `maturin-shim`:

    \b
    eval "$(maturin-shim completions bash)"; complete -F _maturin maturin-shim
    """
    chosen = shell or os.path.basename(os.environ.get("SHELL", ""))
    source = get_completion_class(chosen) if chosen in SHELLS else None
    if source is None:
        raise click.UsageError(f"the shell is not known: name one of {', '.join(SHELLS)}")
    click.echo(source(context.find_root().command, {}, PROGRAM, VARIABLE).source())
