"""`pyo3-base-python demo`: a bundled crate, built in isolation twice without the shim and twice with it."""

from __future__ import annotations

import os
import re
import sys
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from pyo3_base_python import bundled, measure
from pyo3_base_python.activation import switch
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Build", "run", "table"]

CRATE = "version_specific"
# What would decide for the user's other builds, and hide what the demo is to show.
SCRUBBED = (
    "CARGO",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_TARGET_DIR",
    "MATURIN_PEP517_ARGS",
    "MATURIN_PEP517_USE_BASE_PYTHON",
    "PYO3_BASE_PYTHON",
    "PYO3_CONFIG_FILE",
    "PYO3_NO_PYTHON",
    "PYO3_PYTHON",
    "PYO3_SHIM_CARGO",
    "PYO3_SHIM_MODE",
    "PYTHON_SYS_EXECUTABLE",
)
POLL_SECONDS = 0.2
# How pip (whose lines `build` begins with `<`) and cargo begin the line that says why.
TELLING = re.compile(r"(?:< )?((?:ERROR|error(?:\[E\d+\])?): .*)")
# What pip, cargo and maturin say where there is no network, or no mirror of what is in it.
NO_NETWORK = re.compile(
    r"no matching distribution|failed to (?:download|fetch|query)|could not resolve|timed out|couldn't connect",
    re.IGNORECASE,
)


class Build(NamedTuple):
    """One isolated build: whether the shim was on, what cargo compiled, and how long it took in all (seconds)."""

    shim: bool
    number: int
    compiled: measure.Compiled
    seconds: float


def run(environ: Mapping[str, str], scratch: Path, progress: Callable[[str], None]) -> Iterator[Build]:
    """Build four times in ``scratch`` (an empty folder); yield each build when it is done.

    ``progress`` is told what is going on, a short line at a time. Raises ``ShimError`` if a build fails or the module
    that comes out does not give the right answer.
    """
    if process.WINDOWS:
        raise ShimError("the demo records cargo through a POSIX shell", "run it on Linux or macOS, or under WSL")
    clean = {
        name: value for name, value in environ.items() if name not in SCRUBBED and not name.startswith("PYO3_CROSS")
    }
    recorder = measure.Recorder(scratch, clean)
    crate = bundled.copy(CRATE, scratch / CRATE)
    without = {**clean, "CARGO": os.fspath(recorder.program)}
    with_shim = {**without, **switch.variables(without)}
    for shim, variables in ((False, without), (True, with_shim)):
        for number in (1, 2):
            progress(f"{'with' if shim else 'without'} the shim, build {number} of 2: making an isolated environment")
            compiled, seconds = _build(crate, variables, recorder, scratch / f"wheels-{shim}-{number}", progress)
            yield Build(shim, number, compiled, seconds)


def table(builds: list[Build]) -> Table:
    """The result as a table: the second build of each kind is the one that should have had nothing to do."""
    result = Table(title="Isolated builds of one crate, nothing changed in between")
    for heading in ("", "build"):
        result.add_column(heading)
    for heading in ("crates recompiled", "seconds"):
        result.add_column(heading, justify="right")
    result.add_column("which")
    for build in builds:
        crates = build.compiled.recompiled
        second = build.number == 2  # noqa: PLR2004
        names = ", ".join(crates) or "nothing"
        if not second:
            names = "(the build before had no shim)" if build.shim else "(cold: no target directory yet)"
        result.add_row(
            "with the shim" if build.shim else "without",
            str(build.number),
            str(len(crates)),
            f"{build.seconds:.1f}",
            names,
            style="bold" if second else "dim",
            end_section=second,
        )
    return result


def _build(
    crate: Path, environ: Mapping[str, str], recorder: measure.Recorder, wheels: Path, progress: Callable[[str], None]
) -> tuple[measure.Compiled, float]:
    recorder.take()
    output = crate.parent / "build.log"
    began = time.monotonic()
    command = [sys.executable, "-m", "build", "--verbose", "--wheel", "--outdir", os.fspath(wheels), os.fspath(crate)]
    with output.open("wb") as file:
        build = process.start(command, environ, os.fspath(crate), file.fileno())
        process.watch(build, POLL_SECONDS, lambda: recorder.tell(progress))
    seconds = time.monotonic() - began
    messages = recorder.take()
    if build.returncode:
        raise _failed(output.read_text(encoding="utf-8", errors="replace") + messages)
    _check_answer(wheels, environ)
    return measure.compiled(messages), seconds


def _failed(output: str) -> ShimError:
    """The error for a build that ended with ``output``: the first line of it that says why, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [match[1] for match in map(TELLING.match, lines) if match] or lines[-1:] or ["it says nothing"]
    hint = "`pyo3-base-python demo --keep` keeps its whole output, in build.log"
    if NO_NETWORK.search(output):
        hint = "maturin comes from a package index and pyo3 from crates.io: check the connection, or name your mirrors"
    return ShimError(f"the build failed: {telling[0][:200]}", hint, Exit.BUILD)


def _check_answer(wheels: Path, environ: Mapping[str, str]) -> None:
    """Import the module from the wheel: a fast build of something else would be no success."""
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheels / "unpacked")
    code = (
        f"import sys; sys.path.insert(0, {os.fspath(wheels / 'unpacked')!r}); import {CRATE}; print({CRATE}.answer())"
    )
    status, output = process.capture([sys.executable, "-c", code], environ, 60)
    if status or output.strip() != b"42":
        raise ShimError(
            f"the module in {wheel.name} does not answer 42",
            "report this, with what pip says of maturin's version",
            Exit.BUILD,
        )
