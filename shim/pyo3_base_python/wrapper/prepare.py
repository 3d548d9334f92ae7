"""Make everything ready for cargo: the decision is carried out here, before the wrapper becomes cargo."""

from __future__ import annotations

import os

from . import (
    build_dir,
    calls,
    cargo_config,
    command_line,
    project,
    real_cargo,
    sdist_place,
    staleness,
    store,
    turns,
)
from .decide import decide
from .errors import CannotSteady
from .record import RECORDS
from .report import in_a_line, say
from .surroundings import Told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .command_line import Invocation
    from .plan import Plan
    from .process import Capture
    from .project import Project

__all__ = ["prepare"]


def prepare(
    cargo: str,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    cwd: str,
    begun: Capture | None = None,
) -> tuple[dict[str, str], list[str], str]:
    """Environment and arguments for a ``cargo`` started with ``arguments`` in ``cwd``, and what was done and why.

    ``begun`` is an interpreter that was asked already (see ``early``).

    Effects: those of ``decide``, writes to the store, and settles what was built last (see ``staleness``). Raises
    ``CannotSteady``, with nothing lost, or ``UserError``.
    """
    call = command_line.parse(arguments, lambda name: cargo_config.alias(name, environ, cwd))
    decision = decide(cargo, call, environ, cwd, begun)
    here, steps = decision.project, decision.plan
    if steps is None or here is None:
        return dict(environ), list(arguments), f"left alone: {decision.reasons[0][1]}"
    place, done = _place(cargo, call, steps, here, environ)
    root = store.default_root(environ)
    for file in steps.files:
        store.put(root, file)
    done += [f"{variable}={steps.set.get(variable, '')} ({why})" for variable, why in steps.reasons.items()]
    given = {**environ, **steps.set}
    below = os.path.join(decision.target, call.profile_folder)
    _take_turn(call, here, below, place)
    own, used = _build_dir(cargo, call, steps, below, given)
    done += used
    elsewhere = place or own
    profile_dir = os.path.join(elsewhere or here.target_dir, below)
    # Before cargo has the variables: a stable interpreter on top of another tree's artifacts would ship old code.
    settled = staleness.settle(
        here,
        build_dir.profiles(elsewhere or here.target_dir, below),
        project.artifact_names(here.manifest_dir),
        lambda packages: real_cargo.clean(packages, cargo, call, here, environ, elsewhere),
        ours=os.path.join(here.target_dir, below) if elsewhere else "",
        # What is stable of the interpreter: its name changes with the build requirements.
        told=Told(
            {name: value for name, value in given.items() if name != "PYO3_SHIM_PYTHON"},
            call.configs,
            call.for_rustc,
            project.selected(call, here),
            _how(call, arguments, here, given),
        ),
        python=steps.set.get("PYO3_SHIM_PYTHON") or environ.get("PYO3_PYTHON", ""),
        # Maturin's own file stands for the interpreter where there is one.
        pyo3_looks="PYO3_CONFIG_FILE" not in environ,
    )
    if settled:
        done.append(settled)
    if elsewhere:
        arguments = build_dir.add_option(arguments, elsewhere)
    if place:
        sdist_place.remember(here.target_dir, place)
        given[sdist_place.HELD] = place
    if steps.files:
        calls.note(
            root,
            project.package_name(here.manifest_dir),
            environ.get("PYO3_PYTHON", ""),
            profile_dir,
            here.sdist if place else "",
        )
    return given, list(arguments), "; ".join(done)


def _build_dir(
    cargo: str, call: Invocation, steps: Plan, below: str, environ: Mapping[str, str]
) -> tuple[str, list[str]]:
    """The build directory to use, ``""`` for cargo's own; and words about it. Never raises if there can be none."""
    folder = steps.build_dir
    automatic = build_dir.is_automatic(environ)
    if not folder or (automatic and not build_dir.is_needed(folder, below, environ)):
        return "", []
    try:
        if not os.path.isdir(os.path.join(folder, below)):
            build_dir.check_version(real_cargo.with_toolchain(cargo, call), environ)
        if automatic:
            build_dir.seed(folder, below)
    except CannotSteady as error:
        if automatic:
            return "", [f"no build directory of its own: {error.what}"]
        say(f"{error.what}; the build directory is that of all interpreters")
        return "", []
    return folder, [f"build directory {folder}"]


def _take_turn(call: Invocation, here: Project, below: str, place: str) -> None:
    """Wait for other builds into the folder ``below`` the target directory; a place for sdists is locked already."""
    if place or not here.target_dir:
        return
    try:
        staleness.make_target_dir(here.target_dir)
    except OSError:  # `staleness.settle` says so
        return
    where = os.path.join(here.target_dir, below)
    file = os.path.join(here.target_dir, f"{RECORDS}-{below.replace(os.sep, '-')}.lock")
    turns.take(call, file, lambda: say(f"another build compiles into {where}: waiting for it to end"))


def _place(
    cargo: str, call: Invocation, steps: Plan, here: Project, environ: Mapping[str, str]
) -> tuple[str, list[str]]:
    """The place for an unpacked sdist, locked, or ``""``; and words about it. Never raises if there can be none."""
    if not steps.place:
        return "", []
    folder = sdist_place.root(environ)
    try:
        build_dir.check_version(real_cargo.with_toolchain(cargo, call), environ)
    except CannotSteady as error:
        return "", [f"no place for the sdist: {error.what}"]
    try:
        place = sdist_place.take(
            folder,
            steps.place,
            project.package_name(here.manifest_dir),
            sdist_place.limit(environ),
            lambda place: say(f"another build is using {place}: waiting for it to end"),
            earlier=sdist_place.remembered(here.target_dir),
        )
    except CannotSteady as error:
        say(f"{in_a_line(error)}; the sdist is compiled where it lies")
        return "", [f"no place for the sdist: {error.what}"]
    return place, [f"compiled in {place}, the place for sdists"]


def _how(call: Invocation, arguments: Sequence[str], here: Project, environ: Mapping[str, str]) -> str:
    """A word for what cargo is asked, with rustc's flags by variables: what is asked otherwise is another artifact."""
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    flags = [f"{name}={value}" for name, value in sorted(environ.items()) if name.endswith("RUSTFLAGS")]
    return store.digest(*(os.fsencode(word) for word in (here.manifest_dir, *words, *call.for_rustc, *flags)))
