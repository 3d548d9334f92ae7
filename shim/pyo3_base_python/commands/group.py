"""What all commands of `pyo3-base-python` have in common: every error is a line, a hint and an exit code."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from difflib import get_close_matches

import click

from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

__all__ = ["Commands", "HintedError", "no_command"]

NAME = "pyo3-base-python"


class HintedError(click.ClickException):
    """A ``ShimError`` as click shows it: what went wrong, what to do, and the exit code."""

    def __init__(self, error: ShimError) -> None:
        super().__init__(error.what)
        self.hint = error.hint
        self.exit_code = error.exit_code  # type: ignore[misc] # click declares it for the class, and means this

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """Print it to stderr."""
        click.echo(f"{NAME}: error: {self.message}", err=True)
        if self.hint:
            click.echo(f"{NAME}: hint: {self.hint}", err=True)


def no_command(name: str) -> ShimError:
    """What to say where no program called ``name`` is found: it may be a whole command line, in quotes."""
    words = name.split()
    quoted = len(words) > 1 and process.find_program(words[0], os.environ)
    hint = f"leave the quotes out: {name}" if quoted else "check its name, or PATH"
    return ShimError(f"there is no command {name!r}", hint, Exit.NOT_FOUND)


class Commands(click.Group):
    """A group whose commands end with a line and a hint, whatever goes wrong: usage, a full disk, a bug of ours.

    ``interrupted`` is what to know of a command that was interrupted, where there is something to know.
    """

    interrupted = ""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the group's own options."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _in_one_form(error, _words(ctx)) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name; if there is none, raises an error that says what may have been meant."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            what = f"there is no command {' '.join([*_words(ctx), args[0]])!r}"
            raise HintedError(ShimError(what, self._meant(ctx, args), Exit.USAGE))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; raises click's own errors only."""
        try:
            return super().invoke(ctx)
        except ShimError as error:
            raise HintedError(error) from None
        except click.UsageError as error:
            path = [*_words(ctx), ctx.invoked_subcommand or ""]
            raise _in_one_form(error, path, self.get_command(ctx, path[-1])) from None
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BrokenPipeError:  # who reads has had enough: click ends without a word
            raise
        except OSError as error:
            # What could not be written is not to be tried again at the end, where Python would complain of it.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.close()
            raise HintedError(_told(error)) from None
        except KeyboardInterrupt:  # click would end with 1, which is an answer
            raise HintedError(ShimError("interrupted", self.interrupted, Exit.INTERRUPTED)) from None
        except Exception as error:  # noqa: BLE001 - a mistake of ours is told as everything else
            raise HintedError(_mistake(error)) from None

    def _meant(self, ctx: click.Context, args: list[str]) -> str:
        """What may have been meant by ``args``, the first of which is no command."""
        path = [NAME, *_words(ctx)]
        if args[0] in self.get_help_option_names(ctx) or args[0] == "help":
            return f"did you mean `{' '.join(path)} --help`?"
        meant = [shlex.join([*path, name, *args[1:]]) for name in get_close_matches(args[0], self.commands, 1)]
        if ctx.parent is None and process.find_program(args[0], os.environ):
            meant.append(f"{NAME} run -- {shlex.join(args)}")
        if not meant:
            return f"`{' '.join(path)} --help` lists the commands"
        return f"did you mean {' or '.join(f'`{words}`' for words in meant)}?"


def _in_one_form(
    error: click.UsageError, path: list[str], command: click.Command | None = None
) -> click.ClickException:
    """A usage error of click's, in the ``command`` at ``path``, in the form of every other error; help stays help."""
    if type(error).__name__ == "NoArgsIsHelpError":  # click 8.2 and later
        return error
    if isinstance(error, click.NoSuchOption):
        meant = sorted(error.possibilities or ())
        what, hint = f"there is no option {error.option_name}", f"did you mean {' or '.join(meant)}?" if meant else ""
    else:
        words = " ".join(error.format_message().split())
        what, hint = words[:1].lower() + words[1:].rstrip("."), ""
        if command is not None and what.startswith("got unexpected extra argument"):
            hint = _as_option(words.rpartition("(")[2].rstrip(")."), command)
    return HintedError(ShimError(what, hint or f"`{' '.join([NAME, *path])} --help` says what there is", Exit.USAGE))


def _as_option(word: str, command: click.Command) -> str:
    """Which option of ``command`` may have been meant by ``word``: its name or its value; ``""`` for none."""
    for option in command.params:
        name = max(option.opts, key=len)
        if name == f"--{word}":
            return f"did you mean {name}?"
        if isinstance(option.type, click.Choice) and word in option.type.choices and isinstance(option, click.Option):
            return f"did you mean {name} {word}?"
    return ""


def _words(context: click.Context) -> list[str]:
    """The names of the commands by which ``context`` was reached, without that of the program."""
    if context.parent is None:
        return []
    return [*_words(context.parent), context.info_name or ""]


def _told(error: OSError) -> ShimError:
    if isinstance(error, FileNotFoundError) and not error.filename:
        return ShimError("the current folder is gone", "go to a folder that exists", Exit.DISK)
    where = f"{error.filename}: " if error.filename else ""
    return ShimError(f"{where}{error.strerror or error}", "check the disk and the folder", Exit.DISK)


def _mistake(error: Exception) -> ShimError:
    """An internal error, reported as the wrapper reports its own: a traceback only for those who ask for it."""
    if os.environ.get("PYO3_SHIM_LOG"):
        import traceback  # noqa: PLC0415 - rarely needed

        click.echo(traceback.format_exc(), err=True, nl=False)
    what = f"internal error ({type(error).__name__}: {' '.join(str(error).split())})"
    return ShimError(what, "please report it, with the traceback that PYO3_SHIM_LOG=1 shows", Exit.INTERNAL)
