"""The command line, `pyo3-base-python`, and its commands. Each is in the module of its name."""

from __future__ import annotations

import click

from pyo3_base_python import __version__
from pyo3_base_python.commands.adopt import adopt
from pyo3_base_python.commands.completion import completion
from pyo3_base_python.commands.demo import demo
from pyo3_base_python.commands.env import env
from pyo3_base_python.commands.group import Commands
from pyo3_base_python.commands.run import run
from pyo3_base_python.commands.stats import stats
from pyo3_base_python.commands.store import store
from pyo3_base_python.doctor.command import doctor
from pyo3_base_python.explain.command import explain
from pyo3_base_python.testbed.commands import testbed
from pyo3_base_python.wrapper.exit_codes import MEANINGS

__all__ = ["main"]

EXIT_CODES = "\n".join(
    [
        "\b",
        "Exit codes:",
        *(f"  {code:<3}  {meaning}" for code, meaning in MEANINGS.items()),
        "  any other is that of the command that was run",
    ]
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__, "-V", "--version")
def main() -> None:
    """A stable interpreter for isolated builds: cargo stops recompiling pyo3.

    \b
    pyo3-base-python demo                     see it work
    pyo3-base-python run -- uv build          any command, with the shim on
    eval "$(pyo3-base-python env)"            on for the rest of this shell
    maturin-shim build --release              maturin, with the shim on
    pyo3-base-python adopt                    on for everybody who builds this project
    pyo3-base-python doctor                   what would happen here, and what stands in the way
    pyo3-base-python explain -- uv build      why cargo compiled what it compiled
    pyo3-base-python stats                    what the shim has saved so far
    pyo3-base-python store                    what the shim keeps, and how to clear it
    pyo3-base-python testbed matrix           measure upstream's fix, ours, or your own
    pyo3-base-python completion bash          commands and options completed by the shell
    cargo base-python test                    cargo, with the shim on
    """


for command in (adopt, completion, demo, doctor, env, explain, run, stats, store, testbed):
    main.add_command(command)
