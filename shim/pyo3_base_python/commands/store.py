"""`pyo3-base-python store`: what the shim keeps, and how to clear it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click

from pyo3_base_python.activation import inventory
from pyo3_base_python.commands import leftovers
from pyo3_base_python.wrapper import sdist_place
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit
from pyo3_base_python.wrapper.store import ANOTHER_PLACE, default_root

__all__ = ["store"]


@click.command()
@click.option("--clear", is_flag=True, help="Remove what has not been used for 30 days, except what CARGO names.")
@click.option("--all", "everything", is_flag=True, help="With --clear: remove everything, even what CARGO names.")
def store(clear: bool, everything: bool) -> None:
    """Show what is in the store, and what is compiled of sdists, or clear it.

    \b
    pyo3-base-python store                  where it is, what is in it
    pyo3-base-python store --clear          remove what is unused
    pyo3-base-python store --clear --all    before uninstalling; says what still names the launcher

    A file that is needed again is written again, with the same name and time, so that nothing is recompiled because of
    it. What was compiled of sdists has to be compiled again.
    """
    if everything and not clear:
        raise ShimError("--all goes with --clear", "pyo3-base-python store --clear --all", Exit.USAGE)
    root = Path(default_root(os.environ))
    if not _is_store(root):
        click.echo(f"{root}\nthere is no store there yet: the first `pyo3-base-python run` or `env` creates it")
    else:
        _store(root, clear=clear, everything=everything)
    _sdists(sdist_place.root(os.environ), clear=clear, everything=everything)
    if everything:
        for place in leftovers.found(os.environ, os.getcwd()):
            click.echo(f"pyo3-base-python: {place}", err=True)


def _store(root: Path, *, clear: bool, everything: bool) -> None:
    """The files that build scripts and ``CARGO`` are pointed to."""
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
        click.echo(f"  {words}: {len(of_kind)} ({size:.0f} KiB{f', {idle} unused' if idle else ''})")


def _sdists(folder: str, *, clear: bool, everything: bool) -> None:
    """What cargo has compiled of unpacked sdists."""
    names = sdist_place.places(folder) if folder else []
    if not names:
        return
    if clear:
        removed = sdist_place.clear(folder, 0 if everything else inventory.UNUSED_AFTER_DAYS * inventory.DAY)
        click.echo(f"removed {len(removed)} of {len(names)} places for sdists from {folder}")
        return
    size = sum(sdist_place.size(os.path.join(folder, name)) for name in names) >> 20
    most = sdist_place.limit(os.environ) >> 20
    click.echo(f"{folder}\n  places for what is compiled of sdists: {len(names)} ({size} MiB of at most {most})")


def _is_store(root: Path) -> bool:
    """Whether there is a store at ``root``; ``False`` if nothing is. Raises ``ShimError`` if there can't be one."""
    try:
        found = root.lstat()
    except FileNotFoundError:
        above = next(folder for folder in root.parents if folder.exists())
        if not os.access(above, os.W_OK | os.X_OK):
            raise ShimError(
                f"there is no store at {root}, nor can one be made in {above}", ANOTHER_PLACE, Exit.DISK
            ) from None
        return False
    except OSError as error:
        raise ShimError(f"can't use the store {root}: {error.strerror}", ANOTHER_PLACE, Exit.DISK) from None
    if not stat.S_ISDIR(found.st_mode):  # a link to one is none either: the wrapper does not follow it
        raise ShimError(f"can't use the store {root}: it is not a folder", ANOTHER_PLACE, Exit.DISK)
    return True
