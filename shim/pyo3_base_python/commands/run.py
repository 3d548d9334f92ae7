"""`pyo3-base-python run`: any command with the shim on."""

from __future__ import annotations

import contextlib
import os

import click
from click.shell_completion import CompletionItem

from pyo3_base_python.activation import search_path, switch
from pyo3_base_python.commands.group import no_command
from pyo3_base_python.wrapper import decide, process, sdist_place
from pyo3_base_python.wrapper.errors import CannotSteady, ShimError
from pyo3_base_python.wrapper.exit_codes import Exit
from pyo3_base_python.wrapper.main import become_cargo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

__all__ = ["run"]


def _programs(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell completes: a program on PATH as the first word of the command, files after it."""
    if context.params.get("command") or os.path.dirname(incomplete):
        return [CompletionItem(incomplete, type="file")]
    found: set[str] = set()
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        with contextlib.suppress(OSError):
            names = [name for name in os.listdir(folder) if name.startswith(incomplete)]
            found.update(name for name in names if process.is_program(os.path.join(folder, name)))
    return [CompletionItem(name) for name in sorted(found)]


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("-v", "--verbose", is_flag=True, help="Before the command starts, say on stderr what is set.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing if the command has to run without the shim.")
@click.option("--no-path", is_flag=True, help="Leave PATH as it is: no shim for a cargo that is started by its name.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, shell_complete=_programs)
def run(command: tuple[str, ...], verbose: bool, quiet: bool, no_path: bool) -> NoReturn:
    """Run COMMAND with the shim on for everything that it starts.

    \b
    pyo3-base-python run -- uv build --wheel
    pyo3-base-python run -- python -m build
    pyo3-base-python run -- pip wheel .
    pyo3-base-python run -- nox -s tests
    pyo3-base-python run -- cargo test
    pyo3-base-python run -v -- tox          first say what is set

    Build backends start the cargo that the variable CARGO names, scripts start cargo by its name. So the shim is first
    on PATH as well, unless --no-path is given or PYO3_SHIM_PATH is off.

    The exit code is the command's; 3 if a variable of the shim has an invalid value, 126 if the command can't be
    started, 127 if it does not exist.
    """
    environ = dict(os.environ)
    decide.check_choices(environ)  # the wrapper does, deep inside the build
    search_path.check_choice(environ)
    sdists = _place_for_sdists(environ, quiet=quiet)
    added = switch.variables_if_possible(environ, "the command", quiet=quiet, on_path=not no_path)
    environ.update(added)
    name, *arguments = command
    # Cargo itself, typed as such, is to have the shim as well.
    wrapper = added.get("CARGO") if name == "cargo" else None
    program = wrapper or process.find_program(name, environ)
    if program is None:
        raise no_command(name)
    if verbose:
        _tell(added, sdists, off=environ.get("PYO3_SHIM_MODE") == "off")
    if wrapper:
        become_cargo(wrapper, arguments, environ)
    try:
        process.become(program, [name, *arguments], environ)
    except OSError as error:
        raise ShimError(f"can't start {program}: {error.strerror}", exit_code=Exit.NOT_STARTED) from None


def _place_for_sdists(environ: Mapping[str, str], *, quiet: bool) -> str:
    """The folder for what is compiled of sdists; ``""`` if there is none.

    If the user has chosen one that can't be used, that is said here: front ends hide what the wrapper says.
    """
    try:
        sdist_place.check(environ)
    except CannotSteady as error:
        if not quiet:
            click.echo(f"pyo3-base-python: {error.what}: sdists are compiled where they lie", err=True)
            click.echo(f"pyo3-base-python: hint: {error.hint}", err=True)
        return ""
    return "" if process.WINDOWS else sdist_place.root(environ)


def _tell(added: Mapping[str, str], sdists: str, *, off: bool) -> None:
    """Say on stderr what is set for the command, and where what is compiled of sdists stays."""
    if off:
        click.echo("pyo3-base-python: PYO3_SHIM_MODE is off: nothing will be set for cargo", err=True)
    for variable, value in added.items():
        click.echo(f"pyo3-base-python: {variable}={value}", err=True)
    if sdists and added and not off:
        click.echo(f"pyo3-base-python: what is compiled of unpacked sdists goes to {sdists}", err=True)
