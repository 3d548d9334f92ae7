"""The command `pyo3-base-python doctor`. Imports are deferred until it runs, so that `--help` stays fast."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

__all__ = ["doctor"]


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option("-q", "--quiet", is_flag=True, help="Print the problems only; nothing if there are none.")
@click.option("-v", "--verbose", is_flag=True, help="Print the details as well: the values that would be set, ...")
def doctor(project: Path, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Say what the shim would do for PROJECT (a folder; default: this one), and what stands in its way.

    \b
    pyo3-base-python doctor
    pyo3-base-python doctor path/to/project
    pyo3-base-python run -- pyo3-base-python doctor    as a build with the shim on would find it
    pyo3-base-python doctor --json | jq .findings

    It looks at the tools, variables and files that a build started here would find, and at the build scripts of all
    crates in Cargo.lock. Nothing is built or downloaded; the launcher is put into the store, as `env` does.

    \b
    The JSON object:
      version        1; another number when a name or meaning below changes
      project        the folder, absolute
      nothing_to_do  whether there is no work for the shim: no Cargo.toml, no pyo3
      problems       how many findings are problems
      would_set      variable to value, what the wrapper would set for cargo
      findings       a list of objects: level (ok, note, problem), topic, what,
                     hint (may be empty), details (a list of lines)

    \b
    Exit codes:
      0  nothing stands in the way, or there is nothing to do
      1  something stands in the way: the lines marked `problem`
      2  usage
    """
    _check(project)
    from rich.console import Console  # noqa: PLC0415 - half of the start-up time, and only needed here

    from pyo3_base_python.doctor import facts, finding, findings, report  # noqa: PLC0415 - as above

    gathered = facts.gather(os.path.abspath(project), dict(os.environ))
    found = findings.judge(gathered)
    nothing = findings.nothing_to_do(gathered)
    problems = [one for one in found if one.level == finding.PROBLEM]
    if as_json:
        click.echo(report.as_json(gathered, found, nothing_to_do=nothing))
    elif problems or not quiet:
        last = report.conclusion(found, nothing_to_do=nothing)
        report.show(Console(), problems if quiet else found, last, verbose=verbose)
    sys.exit(Exit.FAILED if problems else 0)


def _check(project: Path) -> None:
    """Raises ``ShimError`` if ``project`` is no folder."""
    if project.is_dir():
        return
    if project.exists():
        folder = shlex.quote(os.fspath(project.parent))
        raise ShimError(f"{project} is a file", f"name its folder: pyo3-base-python doctor {folder}", Exit.USAGE)
    raise ShimError(f"there is no folder {project}", "check the path, or go to the project and name none", Exit.USAGE)
