"""`pyo3-base-python adopt`: the shim in a project's own pyproject.toml. What it needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["ADOPTED", "adopt"]

# What is to be known when a project is adopted.
ADOPTED = (
    "front ends now install pyo3-base-python for each build: from an index, or its wheel from a folder that"
    " PIP_FIND_LINKS and UV_FIND_LINKS name"
)


@click.command()
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
    from pyo3_base_python import __version__  # noqa: PLC0415 - see the top
    from pyo3_base_python.commands import adoption  # noqa: PLC0415 - as above

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
