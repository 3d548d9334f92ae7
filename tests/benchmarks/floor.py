"""How far the shim is from the fastest isolated build: `python tests/benchmarks/floor.py NAME==VERSION [RUNS COLD]`.

It builds a warm wheel of a released maturin project, nothing changed, by uv, build and pip: with the shim, in the way
that costs nothing in cargo (`MATURIN_PEP517_USE_BASE_PYTHON=1`, the floor), and without isolation for comparison. Then
cold, by uv: with the shim and without. Each way has a copy of its own; whole processes, all ways in turn. It prints
medians in seconds and the median of the ratios, pair by pair, as a table in Markdown.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.activation import switch
from pyo3_base_python.testbed.building import wheel_command

WITHOUT_ISOLATION = {"uv": "--no-build-isolation", "build": "--no-isolation", "pip": "--no-build-isolation"}


class Way(NamedTuple):
    """How to build: the project's copy, the command, the variables."""

    project: Path
    command: list[str]
    environ: dict[str, str]

    def seconds(self, *, cold: bool = False) -> float:
        """How long one build takes; ``cold`` is without a target directory."""
        if cold:
            shutil.rmtree(self.project / "target", ignore_errors=True)
        began = time.perf_counter()
        subprocess.run(self.command, cwd=self.project, env=self.environ, check=True, capture_output=True)
        return time.perf_counter() - began


def unpacked(requirement: str, folder: Path) -> Path:
    """The project's sdist, in ``folder``."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", folder, requirement], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (project,) = (path for path in folder.iterdir() if path.is_dir())
    return project


def row(words: str, ways: list[Way], runs: int, *, cold: bool = False) -> None:
    """Print a line of the table: each of ``ways``, and the ratio of the first two."""
    for way in ways:
        way.seconds()
    times: list[list[float]] = [[] for _ in ways]
    for number in range(runs):
        # Whoever comes second finds the disk's caches warmer.
        for place in range(len(ways)) if number % 2 else reversed(range(len(ways))):
            times[place].append(ways[place].seconds(cold=cold))
    medians = [f"{statistics.median(column):.2f}" for column in times]
    ratio = statistics.median(one / other for one, other in zip(*times[:2]))
    print(f"| {' | '.join([words, *medians, *['-'] * (3 - len(ways)), f'{ratio:.2f}'])} |", flush=True)


def main() -> None:
    """Make the copies, and time them."""
    requirement, *numbers = sys.argv[1:]
    runs, cold = [int(number) for number in numbers] or (15, 7)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYO3_", "CARGO", "MATURIN_"))}
    kept["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), kept["PATH"]])
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "sdist").mkdir()
        source = unpacked(requirement, Path(scratch) / "sdist")
        shim = {**kept, "PYO3_SHIM_STORE": os.path.join(scratch, "store")}
        shim.update(switch.variables(shim))
        floor = {**kept, "MATURIN_PEP517_USE_BASE_PYTHON": "1"}

        def way(name: str, front_end: str, environ: dict[str, str], *options: str) -> Way:
            project = Path(scratch) / name
            if not project.exists():
                shutil.copytree(source, project)
            (command,) = wheel_command(front_end, Path(scratch) / "wheels", extra=options)
            return Way(project, command, environ)

        print(f"{requirement}, {runs} runs:\n")
        print("| | with the shim, s | the floor, s | no isolation, s | shim / floor |\n|---|---:|---:|---:|---:|")
        for front_end, option in WITHOUT_ISOLATION.items():
            row(
                f"{front_end}, warm",
                [
                    way("shim", front_end, shim),
                    way("floor", front_end, floor),
                    way("plain", front_end, kept, option),
                ],
                runs,
            )
        row("uv, cold (floor: as it is)", [way("shim", "uv", shim), way("plain", "uv", kept)], cold, cold=True)


if __name__ == "__main__":
    main()
