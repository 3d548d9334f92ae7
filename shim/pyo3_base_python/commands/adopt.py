"""`pyo3-base-python adopt`: the shim in a project's own pyproject.toml. Imports are deferred until it runs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["ADOPTED", "adopt"]

# What users need to know about an adopted project.
ADOPTED = (
    "front ends now install pyo3-base-python-core for each build: from an index, or its wheel from a folder that"
    " PIP_FIND_LINKS and UV_FIND_LINKS name"
)


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--dry-run", is_flag=True, help="Print a diff, and write nothing.")
@click.option("--undo", is_flag=True, help="Undo the change: restore the file as it was, to the byte.")
def adopt(project: Path, dry_run: bool, undo: bool) -> None:
    """Make PROJECT's own pyproject.toml switch the shim on, for everybody who builds it and without any variable.

    \b
    pyo3-base-python adopt --dry-run         what it would change, as a diff
    pyo3-base-python adopt                   the project in this folder
    pyo3-base-python adopt path/to/project   another one
    pyo3-base-python adopt --undo            back to the file as it was

    It changes two things in [build-system]. build-backend becomes pyo3_base_python_core.backend.maturin, or
    .setuptools_rust, which run the hooks of maturin or setuptools. To requires it adds pyo3-base-python-core, a
    distribution without dependencies that has these backends and nothing else. PYO3_SHIM_MODE=off switches the shim off
    for one build. It refuses a project whose builds it would break: for a Python, or with a backend, that is too old.
    """
    from pyo3_base_python import __version__  # noqa: PLC0415 - see the top
    from pyo3_base_python.commands import adoption  # noqa: PLC0415 - as above

    path = adoption.find(project)
    before = adoption.read(path)
    if undo:
        after = adoption.restored(before)
    else:
        beside = (path.with_name(name) for name in ("setup.py", "setup.cfg"))
        setup = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in beside if file.is_file())
        after = adoption.adopted(before, f"{adoption.DISTRIBUTION}>={__version__}", setup)
    if after == before:
        click.echo(f"{path} is {'not' if undo else 'already'} adopted: nothing to do", err=True)
    elif dry_run:
        click.echo(adoption.diff(before, after).encode(), nl=False)
    else:
        adoption.write(path, after)
        click.echo(f"{path} is {'as it was' if undo else 'adopted'}", err=True)
        if not undo:
            click.echo(f"hint: {ADOPTED}", err=True)
