"""`pyo3-base-python demo`: four builds, and what cargo compiled in each. Imports are deferred until it runs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import click

from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyo3_base_python.commands.demonstration import Build

__all__ = ["demo"]


@click.command()
@click.option("--keep", is_flag=True, help="Keep the scratch folder, and say where it is.")
@click.option("-q", "--quiet", is_flag=True, help="Print the table only.")
def demo(keep: bool, quiet: bool) -> None:
    """Build a bundled crate twice without the shim and twice with it, and count what cargo compiles.

    \b
    pyo3-base-python demo
    pyo3-base-python demo --keep              keep what was built, to look at it

    It takes a minute or two, needs cargo and an index to install maturin from, and writes to a scratch folder and the
    store. All four builds share a target directory, so the first build with the shim comes after one without it and
    compiles pyo3 once more. The exit code is 1 if the second build with the shim compiles anything, 7 if a build fails.
    """
    from rich.console import Console  # noqa: PLC0415 - half of the start-up time, and only needed here

    from pyo3_base_python.commands import demonstration  # noqa: PLC0415 - as above

    console = Console(stderr=True, quiet=quiet)
    scratch = Path(tempfile.mkdtemp(prefix="pyo3-base-python-demo-"))
    builds: list[Build] = []
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
        sys.exit(Exit.FAILED)
    if not before.compiled.recompiled:
        console.print("Nothing was recompiled without the shim either: this pyo3 and maturin do not need it.")
