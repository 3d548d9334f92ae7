"""What the wrapper costs as things around it grow: `python tests/benchmarks/growth.py [--svg FILE] [--runs N]`.

Four things grow, one at a time: the distributions in the environment, the packages in the workspace, the files in the
store, those in the project's tree. Cargo itself is left out (`true` takes its place: the same process, without its own
growth), and the time of `true` is subtracted. Whole processes, all sizes in turn, medians in milliseconds; prints a
table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, NamedTuple

from pyo3_base_python.activation import switch

FILES_IN_A_DISTRIBUTION = 20
TRUE = "/bin/true"


class Thing(NamedTuple):
    """A thing that grows: its name, the sizes to try, and how to make one of them in a finished place."""

    name: str
    sizes: tuple[int, ...]
    grow: Callable[[Place, int], None]


class Place(NamedTuple):
    """A project, an environment and a store of its own."""

    project: Path
    environment: Path
    store: Path

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which a build there is started."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYO3_", "CARGO"))}
        python = os.fspath(self.environment / "bin" / "python")
        return {**kept, "PYO3_PYTHON": python, "PYO3_SHIM_STORE": os.fspath(self.store), "PYO3_SHIM_CARGO": TRUE}


def distributions(place: Place, number: int) -> None:
    """Installed distributions, as pip leaves them."""
    (site,) = place.environment.glob("lib/python*/site-packages")
    for each in range(number):
        folder = site / f"distribution_{each}-1.0.dist-info"
        folder.mkdir()
        lines = [
            f"distribution_{each}/module_{file}.py,sha256=0123456789,100" for file in range(FILES_IN_A_DISTRIBUTION)
        ]
        (folder / "RECORD").write_text("\n".join(lines) + "\n")


def packages(place: Place, number: int) -> None:
    """Members of the workspace, in its manifest and lock file."""
    members = ", ".join(f'"crates/member-{each}"' for each in range(number))
    (place.project / "Cargo.toml").write_text(f"[workspace]\nmembers = [{members}]\n")
    lock = "".join(
        f'\n[[package]]\nname = "member-{each}"\nversion = "0.1.0"\ndependencies = [\n "pyo3",\n]\n'
        for each in range(number)
    )
    pyo3 = (
        '\n[[package]]\nname = "pyo3"\nversion = "0.30.1"\n'
        'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
    )
    (place.project / "Cargo.lock").write_text(f"version = 4\n{lock}{pyo3}")


def files(place: Place, number: int) -> None:
    """Files that other builds have left in the store."""
    for each in range(number):
        (place.store / "config" / f"{each:020x}.txt").write_text("version=3.11\n")


def sources(place: Place, number: int) -> None:
    """Files in the project's tree, at which the wrapper looks if cargo is not told of them."""
    for each in range(number):
        folder = place.project / f"folder_{each // 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"file_{each}.rs").write_text("pub fn nothing() {}\n")


THINGS = (
    Thing("distributions in the environment", (10, 100, 1000), distributions),
    Thing("packages in the workspace", (1, 50, 500), packages),
    Thing("files in the store", (0, 1000, 10000), files),
    Thing("files in the tree", (200, 5000, 50000), sources),
)


def make(folder: Path, thing: Thing, size: int) -> Place:
    """A place with ``size`` of ``thing``, and little of everything else; the wrapper has run there once."""
    place = Place(folder / "project", folder / "environment", folder / "store")
    place.project.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place.environment], check=True)
    packages(place, 1)
    launch(place)
    thing.grow(place, size)
    launch(place)
    return place


def launch(place: Place) -> None:
    """Run the wrapper once."""
    cargo = switch.variables(place.variables)["CARGO"]
    subprocess.run([cargo, "check"], cwd=place.project, env=place.variables, check=True)


def measure(place: Place) -> float:
    """Milliseconds that the wrapper takes once, beyond `true`."""
    times = []
    for program in (os.fspath(place.store / "bin" / "cargo"), TRUE):
        began = time.perf_counter()
        subprocess.run([program, "check"], cwd=place.project, env=place.variables, check=True)
        times.append(time.perf_counter() - began)
    return 1000 * (times[0] - times[1])


def plot(rows: dict[Thing, list[float]]) -> str:
    """An SVG image: a line for each thing, sizes from left to right, each as its share of the largest."""
    width, height, left, bottom = 640, 300, 50, 250
    top = max(max(values) for values in rows.values()) * 1.1
    parts = []
    for place, (thing, values) in enumerate(rows.items()):
        points = [(left + 180 * step, bottom - 220 * value / top) for step, value in enumerate(values)]
        colour = ("#4269d0", "#c2410c", "#3ca951", "#9c6ade")[place]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), size, value in zip(points, thing.sizes, values):
            # Within the circle: browsers show it as that one's tooltip.
            title = f"<title>{size} {thing.name}: {value:.1f} ms</title>"
            parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{colour}">{title}</circle>')
        x, y = points[-1]
        words = f"{thing.sizes[-1]:,} {thing.name}"
        parts.append(f'<text x="{x + 8:.0f}" y="{y + 4 + 14 * (place - 1):.0f}" fill="{colour}">{words}</text>')
    for value in range(0, int(top) + 1, 100 if top > 200 else 20):
        y = bottom - 220 * value / top
        parts.append(f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end" fill="#777">{value}</text>')
        parts.append(f'<line x1="{left}" y1="{y:.0f}" x2="{left + 370}" y2="{y:.0f}" stroke="#7774"/>')
    title = "What the wrapper costs (ms), as things grow: small, middle, large"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{title}"><style>text{{font:12px sans-serif}}</style>'
        f'<text x="{left}" y="18" fill="#777">{title}</text>{"".join(parts)}</svg>\n'
    )


def main() -> None:
    """Make all places, then measure them in turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--svg", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        places = {
            (thing, size): make(Path(scratch) / f"{index}-{size}", thing, size)
            for index, thing in enumerate(THINGS)
            for size in thing.sizes
        }
        times: dict[tuple[Thing, int], list[float]] = {key: [] for key in places}
        for _ in range(chosen.runs):
            for key, place in places.items():
                times[key].append(measure(place))
    rows = {thing: [statistics.median(times[thing, size]) for size in thing.sizes] for thing in THINGS}
    print("| what grows | small | middle | large |\n|---|---:|---:|---:|")
    for thing, values in rows.items():
        cells = [f"{size:,}: {value:.0f} ms" for size, value in zip(thing.sizes, values)]
        print(f"| {thing.name} | {' | '.join(cells)} |")
    if chosen.svg:
        chosen.svg.write_text(plot(rows))


if __name__ == "__main__":
    main()
