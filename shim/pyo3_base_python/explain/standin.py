"""A cargo that runs the real one and keeps what it logs. Started by the scripts that ``recording`` writes.

The real cargo gets the environment that it would have had without ``explain`` (its build scripts may watch ``PATH``),
except for ``CARGO_LOG``, which nobody watches, and colours, if there is a terminal. Its arguments, stdin, stdout, exit
code and signals are its own; its stderr passes through here, without what it logs for us.

Standard library only, and little of that: every import is paid at each call of cargo.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time

from pyo3_base_python.explain import shim, sources
from pyo3_base_python.explain.sieve import LOG_DIRECTIVES, Parted, Sieve
from pyo3_base_python.wrapper import command_line, decide, process, real_cargo
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

__all__ = ["main", "write_json"]

# The subcommand of `cargo base-python`.
BASE_PYTHON = "base-python"
PAUSE_SECONDS = 0.2
BLOCK = 65536


def main(role: str, settings_file: str, locale: str) -> NoReturn:
    """Act as cargo. ``role`` is how this was started, a key of ``programs`` in the settings.

    ``locale`` is what the script says of ``LC_CTYPE``, which Python sets in a C locale (PEP 538): ``set to X``, or
    nothing if it was not set.
    """
    with open(settings_file, encoding="utf-8", errors="surrogateescape") as file:
        settings = json.load(file)
    program, folder = settings["programs"][role], os.path.dirname(settings_file)
    given = dict(os.environ)
    given.pop("LC_CTYPE", None)
    if locale:
        given["LC_CTYPE"] = locale[len("set to ") :]
    environ = restored(given, settings)
    command = ["cargo", *sys.argv[1:]]
    call = command_line.parse(command[1:])
    did = shim.take(settings["shim_log"], command)
    try:
        if did:
            hand_on(did, command, environ)
        if call.subcommand == BASE_PYTHON:
            # It starts the wrapper, for another cargo: that is the one to be recorded.
            process.become(program, command, {"PYO3_SHIM_CARGO": os.path.join(folder, role, "cargo"), **given})
        if not call.may_build:
            process.become(program, command, environ)
        sys.exit(record(program, command, environ, folder, did))
    except OSError as error:
        sys.stderr.write(f"pyo3-base-python: can't start {program}: {error.strerror}\n")
        sys.exit(Exit.NOT_STARTED)


def restored(environ: Mapping[str, str], settings: Mapping[str, object]) -> dict[str, str]:
    """The environment as it would be without the recording."""
    result = dict(environ)
    path = result.get("PATH", "").split(os.pathsep)
    result["PATH"] = os.pathsep.join(folder for folder in path if folder != settings["on_path"])
    replaced = settings["replaced"]
    assert isinstance(replaced, dict)
    for name, (ours, before) in replaced.items():
        if result.get(name) == ours:
            result.pop(name)
            if before is not None:
                result[name] = before
    return result


def hand_on(did: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Write what the wrapper ``did`` to the log in which it would have been without the recording."""
    path = environ.get("PYO3_SHIM_LOG")
    if path:
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"{' '.join(command)!a}: {did}")
        except OSError:
            pass


def record(program: str, command: Sequence[str], environ: Mapping[str, str], folder: str, did: str) -> int:
    """Run cargo to its end and return its exit code; die of the signal that it died of.

    ``did`` is what the wrapper says that it did for this call.
    """
    began = time.time_ns()
    base = os.path.join(folder, f"{began}-{os.getpid()}")
    cwd = os.getcwd()
    call = {
        "command": list(command),
        "cwd": cwd,
        "began": began / 1e9,
        "shim": of_the_shim(program, command, environ, did),
        "sources": sources.look(program, command_line.parse(command[1:]), environ, cwd)._asdict(),
    }
    write_json(f"{base}.json", call)
    environ = {**environ, "CARGO_LOG": ",".join(filter(None, (environ.get("CARGO_LOG"), LOG_DIRECTIVES)))}
    if not {"CARGO_TERM_COLOR", "NO_COLOR"} & environ.keys() and environ.get("TERM") != "dumb" and os.isatty(2):
        environ["CARGO_TERM_COLOR"] = "always"
    read_end, write_end = os.pipe()
    with open(f"{base}.log", "wb") as log, open(f"{base}.told", "wb") as told, process.handing_on_signals() as signals:
        child = process.begin(program, command, environ, write_end)
        signals.to(child)
        os.close(write_end)
        sieve = Sieve()
        while True:
            ready = select.select([read_end], [], [], PAUSE_SECONDS)[0]
            block = os.read(read_end, BLOCK) if ready else b""
            if block:
                keep(sieve.feed(block), log, told)
            elif ready or child.poll() is not None:
                break  # the end of the stream, or only a daemon holds it open still
        keep(sieve.end(), log, told)
        code = child.wait()
    write_json(f"{base}.json", {**call, "seconds": (time.time_ns() - began) / 1e9, "exit_code": code})
    if code < 0:
        process.die_of(-code)
    return code


def of_the_shim(program: str, command: Sequence[str], environ: Mapping[str, str], did: str) -> dict[str, str]:
    """The fields of ``shim.Shim``, with the kind of the reason, or a hint, in place of the cure."""
    if did.startswith(shim.ALONE):
        why = did[len(shim.ALONE) :].split("\n", maxsplit=1)[0]
        kind, hint = reason_again(program, command, environ, why)
        return {"state": shim.LEFT_ALONE, "why": why, "kind": kind, "hint": hint}
    if did or "PYO3_SHIM_PYTHON" in environ:
        return {"state": shim.SET, "did": did.rstrip("\n")}
    named = environ.get("CARGO", "")
    found = process.find_program(named, environ) if named else None
    return {"state": shim.PASSED_BY if found and real_cargo.is_wrapper(found) else shim.OFF}


def reason_again(program: str, command: Sequence[str], environ: Mapping[str, str], why: str) -> tuple[str, str]:
    """The kind of the reason ``why``, or the hint of an error, found again by asking the wrapper in the same place."""
    try:
        decision = decide.decide(program, command_line.parse(command[1:]), environ, os.getcwd())
    except ShimError as error:
        return "", error.hint if error.what == why else ""
    return next((kind for kind, words in decision.reasons if words == why), ""), ""


def keep(parted: Parted, log: object, told: object) -> None:
    """Put the parts of stderr where they belong. The user's terminal may be gone; cargo must not notice that."""
    log.write(parted.log)  # type: ignore[attr-defined]
    told.write(parted.told)  # type: ignore[attr-defined]
    rest = memoryview(parted.told)
    try:
        while rest:
            rest = rest[os.write(2, rest) :]
    except OSError:
        pass


def write_json(path: str, content: Mapping[str, object]) -> None:
    """Write beside it and rename: whoever reads meanwhile gets the old file or the new one."""
    draft = f"{path}.new"
    with open(draft, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(content, file, indent=2)
    os.replace(draft, path)
