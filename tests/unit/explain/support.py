"""Real logs, and calls made from them."""

from __future__ import annotations

import gzip
from pathlib import Path

from pyo3_base_python.explain import causes, sieve
from pyo3_base_python.explain.recording import Recorded
from pyo3_base_python.explain.shim import OFF, SET, Shim
from pyo3_base_python.explain.sources import Sources

__all__ = ["CARGOS", "LOGS", "STORIES", "TYPED", "explained", "plain_stderr_of", "recorded", "stderr_of"]

LOGS = Path(__file__).parent / "logs"
CARGOS = sorted(folder.name for folder in LOGS.iterdir())
TYPED = causes.Typed("uv build", on=False)
STORIES = sorted({file.name.partition(".")[0] for file in (LOGS / CARGOS[0]).iterdir()})


def stderr_of(story: str, cargo: str = "cargo-1.95") -> bytes:
    """All that cargo wrote to stderr in a story of `record_logs.py`."""
    return gzip.decompress((LOGS / cargo / f"{story}.log.gz").read_bytes())


def plain_stderr_of(story: str, cargo: str) -> bytes:
    """What cargo wrote from the same state, without the log."""
    return gzip.decompress((LOGS / cargo / f"{story}.plain.gz").read_bytes())


def recorded(stderr: bytes, *, shim: bool = False) -> Recorded:
    """A call that ended well after 2 seconds."""
    parted = sieve.part(stderr)
    command = ("cargo", "build", "--offline")
    did = Shim(SET if shim else OFF)
    cwd = "/home/user/project/top"
    return Recorded(command, cwd, 1000.0, 2.0, 0, did, Sources(cwd), parted.log, parted.told)


def explained(story: str, cargo: str = "cargo-1.95", *, shim: bool = False) -> causes.Call:
    """A story, explained to somebody who typed `uv build`."""
    return causes.explain(recorded(stderr_of(story, cargo), shim=shim), TYPED, "/home/user/store")
