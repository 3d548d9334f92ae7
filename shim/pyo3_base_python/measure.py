"""What cargo compiled, read from its messages, even if a front end hides them.

A recording cargo stands where cargo would be started, and sends cargo's own messages (its stderr) to a file.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MARK", "Compiled", "Recorder", "compiled"]

STATUS_LINE = re.compile(r"^\s+(Compiling|Checking|Fresh|Dirty) (\S+) v(\S+)")

MARK = "pyo3-base-python: "
# Cargo's reasons: see `explain.sieve`. The variables are those that pyo3 reads, but for PATH.
REASONS = f"""\
export CARGO_LOG=cargo::core::compiler::fingerprint=info,cargo::compiler::fingerprint=info
{{
  printf '{MARK}call %s\\n' "$*"
  env | LC_ALL=C sed -n -E 's/^(PYO3_[A-Z_]*|VIRTUAL_ENV|CONDA_PREFIX)=/{MARK}given &/p'
  [ ! -f "$PYO3_CONFIG_FILE" ] || sed 's/^/{MARK}configured /' "$PYO3_CONFIG_FILE"
}} >>"$recorded"
"""


class Compiled(NamedTuple):
    """What cargo said in one or more calls: names of packages, in order, each once."""

    recompiled: tuple[str, ...]
    fresh: tuple[str, ...]


class Recorder:
    """A cargo that writes its messages to ``log``; ``folder`` must exist and outlive the builds.

    With ``reasons`` it also writes why cargo compiles each unit, and before that, a line each and marked by ``MARK``,
    its arguments, the variables that it was given for pyo3, and the content of the configuration file among them.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], *, reasons: bool = False) -> None:
        """Raises ``ShimError`` if there is no cargo on ``PATH``."""
        cargo = process.find_program("cargo", environ)
        if cargo is None:
            raise ShimError(
                "there is no cargo on PATH", "install Rust, for instance from https://rustup.rs", Exit.PROGRAM
            )
        self.log = folder / "cargo.log"
        self.program = folder / "recording-cargo"
        # The backend's own use of `cargo metadata` is no part of a build: only what may compile is recorded.
        self.program.write_text(
            "#!/bin/sh\n"
            f"recorded={shlex.quote(os.fspath(self.log))}\n"
            "export CARGO_TERM_COLOR=never CARGO_TERM_VERBOSE=true CARGO_TERM_PROGRESS_WHEN=never\n"
            f"{REASONS if reasons else ''}"
            f'exec {shlex.quote(cargo)} "$@" 2>>"$recorded"\n',
            encoding="utf-8",
        )
        self.program.chmod(0o700)
        self.log.touch()

    def tell(self, progress: Callable[[str], None]) -> None:
        """Tell ``progress`` what cargo compiles, if it has compiled anything since the last ``take``."""
        crates = compiled(self.log.read_text(encoding="utf-8", errors="replace")).recompiled
        if crates:
            progress(f"cargo compiles {crates[-1]} (crate {len(crates)})")

    def take(self) -> str:
        """What cargo has said since the last call; the log is empty afterwards."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        self.log.write_text("", encoding="utf-8")
        return text


def compiled(messages: str) -> Compiled:
    """The packages that cargo's ``messages`` (verbose, without colours) call compiled (or checked), or fresh."""
    found: dict[str, dict[str, None]] = {"Compiling": {}, "Checking": {}, "Fresh": {}, "Dirty": {}}
    for line in messages.splitlines():
        match = STATUS_LINE.match(line)
        if match:
            status, name, _ = match.groups()
            found[status][name] = None
    recompiled = {**found["Compiling"], **found["Checking"]}
    return Compiled(tuple(recompiled), tuple(name for name in found["Fresh"] if name not in recompiled))
