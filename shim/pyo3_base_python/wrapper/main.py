"""What ``$CARGO`` starts: decide, set the environment, become the real cargo.

The build backend (maturin, setuptools-rust) has chosen the interpreter by the time it starts cargo, so this is where
its choice can be given a stable name. On POSIX the process is replaced: arguments, streams, exit code and signals are
cargo's own. Whatever goes wrong here costs one line on stderr, and cargo runs with the environment it was given; only
what the user asked for by name (``PYO3_BASE_PYTHON``, ``PYO3_SHIM_MODE``) is an error.

Variables read: ``PYO3_SHIM_MODE``, ``PYO3_SHIM_STORE``, ``PYO3_SHIM_CARGO``, ``PYO3_SHIM_BUILD_DIR`` and
``PYO3_SHIM_LOG`` (see the README).
"""

from __future__ import annotations

import os
import sys

from . import (
    build_dir,
    cargo_config,
    command_line,
    process,
    project,
    real_cargo,
    sdist_place,
    staleness,
    store,
    turns,
)
from .decide import decide
from .errors import CannotSteady, ShimError, UserError
from .exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from .command_line import Invocation
    from .plan import Plan
    from .project import Project

__all__ = ["fail", "main", "prepare", "say"]


def main(locale: str | None = None) -> NoReturn:
    """``sys.argv``: the path by which this wrapper was started, then cargo's arguments.

    ``locale`` is what the launcher says of ``LC_CTYPE``, which Python sets in a C locale (PEP 538): ``set to X``, or
    nothing if it was not set.
    """
    wrapper, *arguments = sys.argv
    environ = dict(os.environ)
    if locale is not None:
        environ.pop("LC_CTYPE", None)
        if locale:
            environ["LC_CTYPE"] = locale[len("set to ") :]
    try:
        cargo = real_cargo.find(environ, wrapper)
    except ShimError as error:
        fail(error)
    # Cargo hands its own CARGO on to build scripts: it must not be this wrapper.
    environ.pop("CARGO", None)
    # Used up: a cargo that starts `cargo` again must not come back to itself.
    environ.pop("PYO3_SHIM_CARGO", None)
    try:
        environ, arguments, log = prepare(cargo, arguments, environ, os.getcwd())
    except UserError as error:
        fail(error)
    except KeyboardInterrupt:
        # While the interpreter was asked: end as cargo would, by the signal.
        process.die_of_interrupt()
    except CannotSteady as error:
        log = f"left alone: {error.what}"
        say(f"{error.what}; cargo runs without a stable interpreter")
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not break a build that works without us
        log = f"left alone: {type(error).__name__}: {error}"
        say(f"internal error ({type(error).__name__}: {error}); cargo runs without a stable interpreter")
        if environ.get("PYO3_SHIM_LOG"):
            import traceback  # noqa: PLC0415 - 15 ms, for the one who looks for a mistake of ours

            log += f"\n{traceback.format_exc()}"
    write_log(environ, arguments, log)
    try:
        process.become(cargo, [cargo, *arguments], environ)
    except OSError as error:
        say(f"can't start {cargo}: {error.strerror}")
        sys.exit(Exit.NOT_STARTED)


def prepare(
    cargo: str, arguments: Sequence[str], environ: Mapping[str, str], cwd: str
) -> tuple[dict[str, str], list[str], str]:
    """Environment and arguments for a ``cargo`` started with ``arguments`` in ``cwd``, and what was done and why.

    Effects: those of ``decide``, writes to the store, and settles what was built last (see ``staleness``). Raises
    ``CannotSteady``, with nothing lost, or ``UserError``.
    """
    call = command_line.parse(arguments, lambda name: cargo_config.alias(name, environ, cwd))
    decision = decide(cargo, call, environ, cwd)
    here, steps = decision.project, decision.plan
    if steps is None or here is None:
        return dict(environ), list(arguments), f"left alone: {decision.reasons[0][1]}"
    place, done = _place(cargo, call, steps, here, environ)
    below = os.path.join(decision.target, call.profile_folder)
    if steps.build_dir and not os.path.isdir(steps.build_dir):
        try:
            build_dir.check_version(real_cargo.with_toolchain(cargo, call), environ)
        except CannotSteady as error:
            say(f"{error.what}; the build directory is that of all interpreters")
            steps.build_dir = ""
    elsewhere = place or steps.build_dir
    profile_dir = os.path.join(elsewhere or here.target_dir, below)
    _take_turn(call, here, below, place)
    # Before anything is set: a stable interpreter on top of another tree's artifacts would ship old code.
    settled = staleness.settle(
        here,
        profile_dir,
        project.artifact_names(here.manifest_dir),
        lambda packages: real_cargo.clean(packages, cargo, call, here, environ, elsewhere),
        ours=os.path.join(here.target_dir, below) if elsewhere else "",
        environ={name: value for name, value in environ.items() if name not in steps.set},
        python=steps.set.get("PYO3_SHIM_PYTHON") or environ.get("PYO3_PYTHON", ""),
        # Maturin's own file stands for the interpreter where there is one.
        pyo3_looks="PYO3_CONFIG_FILE" not in environ,
    )
    root = store.default_root(environ)
    for file in steps.files:
        store.put(root, file)
    done += [f"{variable}={steps.set.get(variable, '')} ({why})" for variable, why in steps.reasons.items()]
    if settled:
        done.append(settled)
    if steps.build_dir:
        done.append(f"build directory {steps.build_dir}")
    if elsewhere:
        arguments = build_dir.add_option(arguments, elsewhere)
    held = {sdist_place.HELD: place} if place else {}
    return {**environ, **steps.set, **held}, list(arguments), "; ".join(done)


def _place(
    cargo: str, call: Invocation, steps: Plan, here: Project, environ: Mapping[str, str]
) -> tuple[str, list[str]]:
    """The place for an unpacked sdist, locked, or ``""``; and what there is to say of it. Never raises for its sake."""
    if not steps.place:
        return "", []
    folder = sdist_place.root(environ)
    try:
        build_dir.check_version(real_cargo.with_toolchain(cargo, call), environ)
        place = sdist_place.take(
            folder,
            steps.place,
            project.package_name(here.manifest_dir),
            sdist_place.limit(environ),
            lambda place: say(f"another build is using {place}: waiting for it to end"),
        )
    except CannotSteady as error:
        return "", [f"no place for the sdist: {error.what}"]
    return place, [f"compiled in {place}, the place for sdists"]


def _take_turn(call: Invocation, here: Project, below: str, place: str) -> None:
    """Wait for other builds into the folder ``below`` the target directory; a place for sdists is locked already."""
    if place or not here.target_dir:
        return
    try:
        staleness.make_target_dir(here.target_dir)
    except OSError:  # `staleness.settle` says so
        return
    where = os.path.join(here.target_dir, below)
    file = os.path.join(here.target_dir, f"{staleness.RECORDS}-{below.replace(os.sep, '-')}.lock")
    turns.take(call, file, lambda: say(f"another build compiles into {where}: waiting for it to end"))


def write_log(environ: Mapping[str, str], arguments: Sequence[str], what: str) -> None:
    """Append a line for this call to the file that ``PYO3_SHIM_LOG`` names."""
    path = environ.get("PYO3_SHIM_LOG")
    if not path:
        return
    words = " ".join(("cargo", *arguments))
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{words!a}: {what}\n")
    except OSError as error:
        say(f"can't write to PYO3_SHIM_LOG={path}: {error.strerror}")


def say(line: str) -> None:
    """One line on stderr, if it can be written: stdout may be read by a build backend."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"pyo3-base-python: {line}\n".encode(errors="backslashreplace").decode())
            sys.stderr.flush()
    except OSError:
        pass


def fail(error: ShimError) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    say(f"error: {error.what}")
    if error.hint:
        say(f"hint: {error.hint}")
    sys.exit(error.exit_code)
