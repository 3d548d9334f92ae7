"""One isolated build by a front end, counted: what cargo compiled, how long it took, and what is in the wheel."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python import measure
from pyo3_base_python.testbed import failures, running
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper import process, store
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["BUILD_TOOLS", "Bench", "Built", "answer", "tools_of", "wheel_command"]

# What the environment of the front ends holds, besides the pip that every environment has.
BUILD_TOOLS = ("build", "uv")
# A pip that isolates as the others do; the one of an environment, older or newer, does so in a way of its own.
PIP_VENV = "pip-venv"
FRONT_END_TOOLS = {PIP_VENV: (*BUILD_TOOLS, "pip>=26")}
SECONDS_TO_ANSWER = 60.0


class Built(NamedTuple):
    """A finished build: exit code, what cargo compiled, seconds, the wheel if there is one, and all output."""

    status: int
    compiled: measure.Compiled
    seconds: float
    wheel: Path | None
    output: str

    @property
    def crates(self) -> tuple[str, ...]:
        """The packages that were compiled."""
        return self.compiled.recompiled


class Bench:
    """The place for builds: a recording cargo, logs and wheels, all below ``folder``, which can be deleted afterwards.

    ``progress`` is told which crate is being compiled.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], progress: Callable[[str], None]) -> None:
        """Raises ``ShimError`` if there is no cargo."""
        if process.find_program("cargo", environ) is None:
            raise failures.missing_program("cargo", "install Rust, for instance from https://rustup.rs")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.recorder = measure.Recorder(folder, environ, reasons=True)
        self.progress = progress
        self._step = ""

    def begin(self, step: str) -> None:
        """Tell that ``step`` begins; what cargo compiles is told as a part of it."""
        self._step = step
        self.progress(step)

    def build(self, commands: Sequence[Sequence[str]], environ: Mapping[str, str], project: Path) -> Built:
        """Run ``commands`` (of ``wheel_command``) in ``project``; stop at the first that fails.

        ``environ`` has to name the recorder, or a wrapper around it, as ``CARGO``.
        """
        wheels = self.folder / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        self.recorder.take()
        began = time.monotonic()
        output = ""
        status = 0
        for command in commands:
            status, text = running.run(command, environ, project, self.folder / "build.log", self._tell)
            output += text
            if status:
                break
        seconds = time.monotonic() - began
        messages = self.recorder.take()
        if status:
            failures.check_disk(messages)
        wheel = next(iter(wheels.glob("*.whl")), None)
        return Built(status, measure.compiled(messages), seconds, wheel, output + messages)

    def must_build(
        self, what: str, commands: Sequence[Sequence[str]], environ: Mapping[str, str], project: Path
    ) -> Built:
        """Like ``build``, but raises ``ShimError`` if the build of ``what`` fails."""
        built = self.build(commands, environ, project)
        if built.status or built.wheel is None:
            # Each has a file of its own: reports name it long after the next failure.
            log = self.folder / f"failed-{store.digest(built.output.encode(errors='replace'))[:8]}.log"
            log.write_text(built.output, encoding="utf-8")
            raise failures.build_failed(f"{what} does not build", built.output, os.fspath(log))
        return built

    def _tell(self) -> None:
        self.recorder.tell(lambda words: self.progress(f"{self._step}: {words}" if self._step else words))


def tools_of(front_end: str) -> Sequence[str]:
    """The requirements of the environment that ``front_end`` is started in."""
    return FRONT_END_TOOLS.get(front_end, BUILD_TOOLS)


def wheel_command(
    front_end: str, wheels: Path, *, by_sdist: bool = False, extra: Sequence[str] = (), python: str = "python"
) -> list[list[str]]:
    """The commands with which ``front_end`` builds a wheel of the current folder into ``wheels``.

    ``by_sdist`` makes an sdist first and the wheel from that. ``extra`` are further options. ``python`` is what is
    built for; with other front ends than uv it has to have them.
    """
    out = os.fspath(wheels)
    if front_end == "uv":
        return [["uv", "build", "--python", python, *(() if by_sdist else ("--wheel",)), "--out-dir", out, *extra]]
    build = [python, "-m", "build", "--outdir", out, *extra]
    if front_end == "build":
        return [[*build, *(() if by_sdist else ("--wheel",))]]
    isolation = ("--use-feature=venv-isolation",) if front_end == PIP_VENV else ()
    pip = [python, "-m", "pip", "wheel", *isolation, "--no-deps", "--wheel-dir", out, *extra]
    if by_sdist:
        # pip makes no sdists; the shell finds the name of the one that was made.
        return [[*build, "--sdist"], ["sh", "-c", 'exec "$@" "$0"/*.tar.gz', out, *pip]]
    return [[*pip, "."]]


def answer(wheel: Path, python: str, environ: Mapping[str, str], module: str, function: str = "answer") -> str:
    """What ``function`` of the extension module ``module`` in ``wheel`` returns. Raises ``ShimError`` if it fails."""
    unpacked = wheel.parent / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    code = "import sys, importlib; sys.path.insert(0, sys.argv[1])\n"
    code += "print(getattr(importlib.import_module(sys.argv[2]), sys.argv[3])())"
    command = [python, "-I", "-c", code, os.fspath(unpacked), module, function]
    status, output = process.capture(command, environ, SECONDS_TO_ANSWER)
    if status:
        raise ShimError(f"the module in {wheel.name} can't be used (exit code {status})", exit_code=Exit.BUILD)
    return output.decode(errors="replace").strip()
