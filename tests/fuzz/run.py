"""Random histories: `nice python -m tests.fuzz.run --histories 2000 --seed 1`; `--only 17` plays one of them.

Prints what was tried and what was worse with the shim; for each fault the history, as short as it can be made, and
both builds. Exit code 1 if there was a fault.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .history import draw
from .judge import KINDS, NO_FAULTS, Judge
from .world import Machine

__all__ = ["main", "run", "summary"]

# Once in so many histories everything is built without the shim as well; in the others where that could matter.
TWINS = 4
INFINITE = float("inf")


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the number of the first history")
    parser.add_argument("--only", type=int, help="the number of the one history to play")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so many")
    parser.add_argument("--faults", type=int, default=1, help="stop after so many faults")
    parser.add_argument("--no-shrink", action="store_true")
    chosen = parser.parse_args(arguments)
    numbers = range(chosen.start, chosen.histories) if chosen.only is None else [chosen.only]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        seconds = chosen.minutes * 60 or INFINITE
        figures, faults = run(
            Path(folder), chosen.seed, numbers, seconds=seconds, most=chosen.faults, shrink=not chosen.no_shrink
        )
    print(f"seed {chosen.seed}: {summary(figures)}", flush=True)
    return 1 if faults else 0


def run(
    folder: Path, seed: int, numbers: Iterable[int], *, seconds: float = INFINITE, most: int = 1, shrink: bool = True
) -> tuple[Counter[str], list[str]]:
    """Play the histories of ``seed`` with these ``numbers``: figures, and a text for each of the first faults."""
    machine = Machine(folder)
    judge = Judge(machine)
    faults: list[str] = []
    begun = time.monotonic()
    for number in numbers:
        if time.monotonic() - begun > seconds or len(faults) >= most:
            break
        history = draw(random.Random(f"{seed} {number}"))
        fault = judge.play(history, twin=number % TWINS == 0)
        if number % 25 == 24:
            print(f"{number + 1}: {summary(judge.figures)}", file=sys.stderr, flush=True)
        if fault is None:
            continue
        if shrink:
            other = Judge(machine)
            history = other.shrink(history, fault.kind)
            fault = other.play(history) or fault
        text = "\n".join([f"history {number} of seed {seed}: {fault.kind}", *history.lines(), *fault.lines()])
        print(text, file=sys.stderr, flush=True)
        faults.append(text)
    return judge.figures, faults


def summary(figures: Counter[str]) -> str:
    """The figures in a line."""
    names = [
        "histories",
        "with a twin",
        "builds",
        "fresh",
        "compiled",
        "compiled without",
        "stale without",
        *KINDS,
        *NO_FAULTS,
    ]
    return ", ".join(f"{name} {figures[name]}" for name in names)


if __name__ == "__main__":
    sys.exit(main())
