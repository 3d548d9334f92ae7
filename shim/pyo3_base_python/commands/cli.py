"""The command line, `pyo3-base-python`. Words, exit codes and terminals are put together here."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import click

from pyo3_base_python import __version__
from pyo3_base_python.activation import inventory, switch
from pyo3_base_python.commands import shells
from pyo3_base_python.commands.completion import completion
from pyo3_base_python.doctor.command import doctor
from pyo3_base_python.explain.command import explain
from pyo3_base_python.testbed.commands import testbed
from pyo3_base_python.wrapper import decide, interpreter, process
from pyo3_base_python.wrapper import store as files
from pyo3_base_python.wrapper.errors import NOT_FOUND, NOT_STARTED, ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]

# What is to be known when a project is adopted.
ADOPTED = (
    "front ends now install pyo3-base-python for each build: from an index, or its wheel from a folder that"
    " PIP_FIND_LINKS and UV_FIND_LINKS name"
)


class HintedError(click.ClickException):
    """A ``ShimError`` as click shows it: what, then what to do, and the exit code."""

    def __init__(self, error: ShimError) -> None:
        super().__init__(error.what)
        self.hint = error.hint
        self.exit_code = error.exit_code  # type: ignore[misc] # click declares it for the class, and means this

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        click.echo(f"pyo3-base-python: error: {self.message}", err=True)
        if self.hint:
            click.echo(f"pyo3-base-python: hint: {self.hint}", err=True)


class Commands(click.Group):
    """A group whose commands end with a line and a hint, whatever goes wrong: a full disk, a folder that is gone."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; raises click's own errors only."""
        try:
            return super().invoke(ctx)
        except ShimError as error:
            raise HintedError(error) from None
        except BrokenPipeError:  # who reads has had enough: click ends without a word
            raise
        except OSError as error:
            # What could not be written is not to be tried again at the end, where Python would complain of it.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.close()
            if isinstance(error, FileNotFoundError) and not error.filename:
                raise HintedError(ShimError("the current folder is gone", "go to one that is there")) from None
            where = f"{error.filename}: " if error.filename else ""
            raise HintedError(ShimError(f"{where}{error.strerror or error}", "check the disk and the folder")) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
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
    pyo3-base-python store                    what the shim keeps, and how to clear it
    pyo3-base-python testbed matrix           measure upstream's fix, ours, or your own
    pyo3-base-python completion bash          commands and options completed by the shell
    cargo base-python test                    cargo, with the shim on

    Exit codes: 1 failure, 2 usage, 3 what was asked for by name can't be done, 126 and 127 a command that can't be
    started or is not there; else those of the command that was run.
    """


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr what is set before the command starts.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say so if the command has to run without the shim.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...], verbose: bool, quiet: bool) -> NoReturn:
    """Run COMMAND with the shim on for all it starts.

    \b
    pyo3-base-python run -- uv build --wheel
    pyo3-base-python run -- python -m build
    pyo3-base-python run -- pip wheel .
    pyo3-base-python run -- nox -s tests
    pyo3-base-python run -- cargo test
    pyo3-base-python run -v -- tox          say first what is set

    The exit code is the command's; 3 if a variable of the shim's has a value that is none, 126 if the command can't be
    started, 127 if it is not there.
    """
    environ = dict(os.environ)
    decide.check_choices(environ)  # the wrapper does, deep inside the build
    added = switch.variables_if_possible(environ, "the command", quiet=quiet)
    environ.update(added)
    name = command[0]
    # Cargo itself, typed as such, is to have the shim as well.
    program = added.get("CARGO") if name == "cargo" else None
    program = program or process.find_program(name, environ)
    if program is None:
        raise ShimError(f"there is no command {name!r}", "check its name, or PATH", NOT_FOUND)
    if verbose:
        for variable, value in added.items():
            click.echo(f"pyo3-base-python: {variable}={value}", err=True)
    try:
        process.become(program, [name, *command[1:]], environ)
    except OSError as error:
        raise ShimError(f"can't start {program}: {error.strerror}", exit_code=NOT_STARTED) from None


@main.command()
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


@main.command()
@click.option("--clear", is_flag=True, help="Remove what was not used for 30 days; what CARGO names stays.")
@click.option("--all", "everything", is_flag=True, help="With --clear: remove everything, with what CARGO names.")
def store(clear: bool, everything: bool) -> None:
    """Show what is in the store, or clear it.

    \b
    pyo3-base-python store                  where it is, what is in it
    pyo3-base-python store --clear          remove what is unused
    pyo3-base-python store --clear --all    before uninstalling; CARGO must not be set to the launcher any more

    Whatever is needed again is written again, with the same name and time, so that nothing is recompiled for it.
    """
    if everything and not clear:
        raise click.UsageError("--all goes with --clear")
    root = Path(files.default_root(os.environ))
    if not _is_store(root):
        click.echo(f"{root}\nthere is no store there yet: the first `pyo3-base-python run` or `env` makes it")
        return
    found = inventory.entries(root)
    unused = inventory.unused(found)
    if clear:
        removed = found if everything else unused
        inventory.clear(removed)
        click.echo(f"removed {len(removed)} of {len(found)} entries from {root}")
        if len(removed) < len(found):
            click.echo(
                f"kept {len(found) - len(removed)}: what was used in the last {inventory.UNUSED_AFTER_DAYS} days, and"
                " what CARGO names with its code; `pyo3-base-python store --clear --all` removes everything"
            )
        return
    click.echo(root)
    for kind, words in inventory.KINDS.items():
        of_kind = [entry for entry in found if entry.kind == kind]
        size = sum(entry.size for entry in of_kind) / 1024
        idle = sum(entry in unused for entry in of_kind)
        click.echo(f"{len(of_kind):6} {words} ({size:.0f} KiB{f', {idle} unused' if idle else ''})")


def _is_store(root: Path) -> bool:
    """Whether there is a store at ``root``; ``False`` if nothing is. Raises ``ShimError`` if there can't be one."""
    try:
        found = root.lstat()
    except FileNotFoundError:
        above = next(folder for folder in root.parents if folder.exists())
        if not os.access(above, os.W_OK | os.X_OK):
            raise ShimError(
                f"there is no store at {root}, nor can one be made in {above}", files.ANOTHER_PLACE
            ) from None
        return False
    except OSError as error:
        raise ShimError(f"can't use the store {root}: {error.strerror}", files.ANOTHER_PLACE) from None
    if not stat.S_ISDIR(found.st_mode):  # a link to one is none either: the wrapper does not follow it
        raise ShimError(f"can't use the store {root}: it is not a folder", files.ANOTHER_PLACE)
    return True


@main.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--dry-run", is_flag=True, help="Print a diff, and write nothing.")
@click.option("--undo", is_flag=True, help="Take out what was put in: the file is as it was, to the byte.")
def adopt(project: Path, dry_run: bool, undo: bool) -> None:
    """Have PROJECT's own pyproject.toml switch the shim on, for whoever builds it and without any variable.

    \b
    pyo3-base-python adopt --dry-run         what would be changed, as a diff
    pyo3-base-python adopt                   the project in this folder
    pyo3-base-python adopt path/to/project   another one
    pyo3-base-python adopt --undo            as it was

    Two things in [build-system] are changed: build-backend becomes pyo3_base_python.backend.maturin, or
    .setuptools_rust, which run the hooks of maturin or setuptools; pyo3-base-python is added to requires.
    PYO3_SHIM_MODE=off switches it off for one build.
    """
    from pyo3_base_python.commands import adopt as adoption  # noqa: PLC0415 - tomlkit and packaging, only needed here

    path = adoption.find(project)
    before = adoption.read(path)
    if undo:
        after = adoption.restored(before)
    else:
        setup = path.with_name("setup.py")
        script = setup.read_text(encoding="utf-8", errors="replace") if setup.is_file() else ""
        after = adoption.adopted(before, f"pyo3-base-python>={__version__}", script)
    if after == before:
        click.echo(f"{path} is {'not' if undo else 'already'} adopted: nothing to do", err=True)
    elif dry_run:
        click.echo(adoption.diff(before, after).encode(), nl=False)
    else:
        adoption.write(path, after)
        click.echo(f"{path} is {'as it was' if undo else 'adopted'}", err=True)
        if not undo:
            click.echo(f"hint: {ADOPTED}", err=True)


@main.command()
@click.option("--keep", is_flag=True, help="Keep the scratch folder, and say where it is.")
@click.option("-q", "--quiet", is_flag=True, help="Print the table only.")
def demo(keep: bool, quiet: bool) -> None:
    """Build a bundled crate twice without the shim and twice with it, and count what cargo compiles.

    \b
    pyo3-base-python demo
    pyo3-base-python demo --keep              look at what was built afterwards

    Takes a minute or two; needs cargo and an index to install maturin from. Changed are a scratch folder and the store.
    All four builds share a target directory, so the first build with the shim comes after one without it and compiles
    pyo3 once more. The exit code is 1 if a build fails, or if the second build with the shim compiles anything.
    """
    from rich.console import Console  # noqa: PLC0415 - half of the start-up time, and only needed here

    from pyo3_base_python.commands import demo as demonstration  # noqa: PLC0415 - as above

    console = Console(stderr=True, quiet=quiet)
    scratch = Path(tempfile.mkdtemp(prefix="pyo3-base-python-demo-"))
    builds: list[demonstration.Build] = []
    try:
        with console.status("starting") as status:
            for build in demonstration.run(os.environ, scratch, status.update):
                builds.append(build)
                console.print(
                    f"{'with' if build.shim else 'without'} the shim, build {build.number}:"
                    f" {len(build.compiled.recompiled)} crates compiled, {build.seconds:.1f} s"
                )
    finally:
        if keep:
            console.print(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    Console().print(demonstration.table(builds))
    before, after = (next(b for b in builds if b.shim is shim and b.number == 2) for shim in (False, True))  # noqa: PLR2004
    if after.compiled.recompiled:
        sys.exit(1)
    if not before.compiled.recompiled:
        console.print("Nothing was recompiled without the shim either: this pyo3 and maturin do not need it.")


main.add_command(completion)
main.add_command(doctor)
main.add_command(explain)
main.add_command(testbed)
