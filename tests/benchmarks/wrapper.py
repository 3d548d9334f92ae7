"""What the wrapper costs per cargo call: `python tests/benchmarks/wrapper.py [RUNS]`.

Whole processes, in turn: bare cargo, cargo through the wrapper, a bare `python -I -S`, on a crate that is fresh, for a
virtual environment with nothing in it (`growth.py` says what distributions cost).
Prints medians in milliseconds, and the ratio and difference of wrapper and bare cargo pair by pair.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyo3_base_python import bundled
from pyo3_base_python.activation import switch


def seconds(command: list[str], environ: dict[str, str], cwd: Path) -> float:
    """How long ``command`` takes from start to end."""
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Build the crate once each way, then time them in turn."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as scratch:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYO3_", "CARGO"))}
        environment = Path(scratch) / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        environ["PYO3_PYTHON"] = os.fspath(environment / "bin" / "python")
        environ["PYO3_SHIM_STORE"] = os.path.join(scratch, "store")
        cargo = switch.variables(environ)["CARGO"]
        python = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
        crates = [bundled.copy("version_specific", Path(scratch) / name) for name in ("bare", "wrapped")]
        commands = [["cargo", "check", "--offline"], [cargo, "check", "--offline"], [python, "-I", "-S", "-c", ""]]
        places = [*crates, Path(scratch)]
        for command, place in zip(commands[:2], crates):
            seconds([word for word in command if word != "--offline"], environ, place)
        times = [[seconds(command, environ, place) for command, place in zip(commands, places)] for _ in range(runs)]
    bare, wrapped, start = ([row[column] * 1000 for row in times] for column in range(3))
    differences = [one - other for one, other in zip(wrapped, bare)]
    ratios = [one / other for one, other in zip(wrapped, bare)]
    print(
        f"{runs} runs, medians: cargo {statistics.median(bare):.1f} ms, with the wrapper "
        f"{statistics.median(wrapped):.1f} ms: {statistics.median(differences):+.1f} ms, "
        f"x {statistics.median(ratios):.2f}; a bare python -IS {statistics.median(start):.1f} ms"
    )


if __name__ == "__main__":
    main()
