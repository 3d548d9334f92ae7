"""The command `pyo3-base-python explain`. Imports are deferred until it runs, so that `--help` stays fast."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import click

from pyo3_base_python.commands.group import no_command
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyo3_base_python.explain.causes import Call

__all__ = ["explain"]

file_type = click.Path(dir_okay=False, path_type=Path)


def _no_dashes(_: click.Context, option: click.Parameter, file: Path | None) -> Path | None:
    """Refuse the ``--`` that belongs to the command, where the name of a file was forgotten before it."""
    if file == Path("--"):
        name = option.opts[0]
        hint = f"for instance `explain {name} why{name.replace('--', '.')} -- cargo check`"
        raise ShimError(f"{name} needs the name of a file", hint, Exit.USAGE)
    return file


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--json", "json_file", metavar="FILE", type=file_type, callback=_no_dashes, help="Write the answer as JSON, too."
)
@click.option(
    "--html", "html_file", metavar="FILE", type=file_type, callback=_no_dashes, help="Write the answer as a page, too."
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def explain(command: tuple[str, ...], json_file: Path | None, html_file: Path | None) -> None:
    """Run COMMAND, then say on stderr why cargo compiled what it compiled.

    \b
    pyo3-base-python explain -- uv build --wheel
    pyo3-base-python explain -- cargo test
    pyo3-base-python explain -- pyo3-base-python run -- pip wheel .
    pyo3-base-python explain --html why.html -- maturin-shim build --release

    It shows each root cause with its old and new value, what followed from it, and what to do. The command's streams
    and its exit code are its own. It sees every cargo that is started through CARGO or from PATH, with the shim or
    without.

    With sccache every crate misses the cache in the first explain: that sets CARGO_LOG, which is in sccache's keys.
    """
    environ = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="pyo3-base-python-explain-"))
    try:
        status = _run(command, environ, folder)
        # Here, not at the top: the parser and rich take longer to import than a small command takes to run.
        from pyo3_base_python.explain import causes, recording, shim  # noqa: PLC0415
        from pyo3_base_python.wrapper import store  # noqa: PLC0415

        typed = causes.Typed(shlex.join(command), shim.switched_on(command, environ))
        root = store.default_root(environ)
        calls = [causes.explain(call, typed, root) for call in recording.calls(folder)]
        _answer(command, status, calls, json_file, html_file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if status < 0:
        process.die_of(-status)
    sys.exit(status)


def _run(command: Sequence[str], environ: dict[str, str], folder: Path) -> int:
    """Run the command to its end, with every cargo recorded; returns its exit code, or less than 0 for a signal."""
    from pyo3_base_python.explain import recording  # noqa: PLC0415 - as above

    environ = {**environ, **recording.variables(folder, environ)}
    program = process.find_program(command[0], environ)
    if program is None:
        raise no_command(command[0])
    with process.handing_on_signals() as signals:
        try:
            child = process.begin(program, command, environ)
        except OSError as error:
            raise ShimError(f"can't start {program}: {error.strerror}", exit_code=Exit.NOT_STARTED) from None
        signals.to(child)
        return child.wait()


def _answer(
    command: Sequence[str], status: int, calls: Sequence[Call], json_file: Path | None, html_file: Path | None
) -> None:
    from rich.console import Console  # noqa: PLC0415 - as above

    from pyo3_base_python.explain import document, page, report  # noqa: PLC0415 - as above

    console = Console(stderr=True, highlight=False)
    for part in report.render(calls, status):
        console.print(part, soft_wrap=True)
    if json_file is not None:
        _write(json_file, document.render(command, status, calls))
    if html_file is not None:
        _write(html_file, page.render(command, calls))


def _write(file: Path, text: str) -> None:
    """Write beside it and rename: whoever reads meanwhile gets the old file or the new one."""
    draft = file.with_name(f"{file.name}.new")
    try:
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(file)
    except OSError as error:
        raise ShimError(
            f"can't write {file}: {error.strerror}", "name a file in a folder that exists", Exit.DISK
        ) from None
