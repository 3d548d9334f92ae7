"""What to do for one call of cargo: the one place that decides whether to leave cargo alone, and why.

The wrapper, the doctor and `env` read the same ``Decision``. Effects: cargo and rustc are asked what only they can
tell, and the interpreter is started. Nothing is written.
"""

from __future__ import annotations

import os

from . import (
    build_dir,
    build_script,
    interpreter,
    linking,
    occupied,
    plan,
    process,
    project,
    real_cargo,
    sdist_place,
    store,
)
from .errors import CannotSteady, UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .command_line import Invocation
    from .interpreter import Interpreter
    from .plan import Plan
    from .process import Capture
    from .project import Project

__all__ = ["Decision", "check_choices", "decide", "decide_for", "locate"]


class Decision:
    """What to do for one call of cargo.

    ``reasons`` to leave it alone: a word for the kind (see ``plan``) and the reason in words, the one that counts
    first. Where there is none, ``plan`` says what to set and to use, for the project in ``project``; ``target`` is the
    triple that cargo is asked by name to build for, or ``""``: artifacts go to a folder of that name.
    """

    __slots__ = ("plan", "project", "reasons", "target")

    def __init__(
        self,
        project: Project | None,
        reasons: Iterable[tuple[str, str]] = (),
        plan: Plan | None = None,
        target: str = "",
    ) -> None:
        self.project = project
        self.reasons = tuple(reasons)
        self.plan = plan
        self.target = target


def decide(
    cargo: str, call: Invocation, environ: Mapping[str, str], cwd: str, begun: Capture | None = None
) -> Decision:
    """What to do for ``call`` of the program ``cargo``, started in ``cwd``.

    ``begun`` is an interpreter that was asked already: its answer is taken if that is the one used. Raises
    ``CannotSteady`` or ``UserError``.
    """
    check_choices(environ)
    # No need to look where it is, then.
    works = call.may_build and not call.unclear and environ.get("PYO3_SHIM_MODE") != "off"
    return decide_for(call, locate(cargo, call, environ, cwd) if works else None, environ, begun)


def decide_for(
    call: Invocation, here: Project | None, environ: Mapping[str, str], begun: Capture | None = None
) -> Decision:
    """What to do for ``call`` if it builds the project ``here``; ``None``: there is no manifest.

    ``begun`` as for ``decide``.

    Raises ``CannotSteady`` or ``UserError``.
    """
    check_choices(environ)
    host = real_cargo.host_triple(environ) if here and plan.targets(call, here, None) else None
    packages = project.selected(call, here) if here else ()
    reasons = tuple(plan.reasons_to_leave_alone(environ, call, here, host, packages))
    if reasons or here is None:
        return Decision(here, reasons)
    found = interpreter.find(environ, pyo3=bool(here.lock and here.lock.pyo3_versions))
    if found is None:
        return Decision(here, [("no python", "there is no Python interpreter")])
    used = interpreter.ask(found, environ, here.manifest_dir, begun)
    asked = environ.get("PYO3_BASE_PYTHON")
    if asked:
        use_base_python(used, asked, environ)
    target = "".join(plan.targets(call, here, host))
    borrowed = linking.borrowed(environ, call, here)
    profiles = build_dir.profiles(here.target_dir, os.path.join(target, call.profile_folder))
    if borrowed and occupied.is_linked(profiles):
        borrowed = ""  # what is there for programs serves as well
    if borrowed:
        environ = {**environ, linking.VARIABLE: borrowed}
    place = sdist_place.choose(environ, call, here, used, profiles)
    steps = plan.steady(
        environ,
        here,
        used,
        store.default_root(environ),
        maturin_config=maturin_config(environ),
        windows=process.WINDOWS,
        build_dir=build_dir.choose(environ, call, here, used) if not place else ("", ""),
        extension_module=borrowed,
    )
    steps.place = place
    return Decision(here, plan=steps, target=target)


def locate(cargo: str, call: Invocation, environ: Mapping[str, str], cwd: str) -> Project | None:
    """The project that ``call`` builds when ``cargo`` is started in ``cwd``; ``None`` without a manifest.

    Effect: starts cargo where only cargo can tell which workspace it is. Raises ``CannotSteady`` if it does not.
    """
    here = project.locate(call, environ, cwd, lambda folder: real_cargo.workspace_root(cargo, call, environ, folder))
    return build_script.without_inert_reader(here)


def check_choices(environ: Mapping[str, str]) -> None:
    """Raise ``UserError`` if one of our variables has a value that is not allowed, unless the shim is off."""
    if environ.get("PYO3_SHIM_MODE") == "off":
        return
    for variable, choices in (("PYO3_SHIM_MODE", plan.MODES), ("PYO3_SHIM_BUILD_DIR", build_dir.CHOICES)):
        if (environ.get(variable) or choices[0]) not in choices:
            raise UserError(
                f"{variable} is {environ[variable]!r}, which is none of {', '.join(choices)}",
                "unset it, or set one of these",
            )
    sdist_place.limit(environ)
    sdist_place.root(environ)


def use_base_python(used: Interpreter, path: str, environ: Mapping[str, str]) -> None:
    """Make the user's own ``PYO3_BASE_PYTHON`` the base of ``used``, if it can be. Raises ``UserError``."""
    path = process.find_program(path, environ) or path
    lasting = interpreter.lasting_name(path, used.config["version"])
    if lasting == used.base_executable:
        return
    if not process.is_program(path):
        raise UserError(
            f"PYO3_BASE_PYTHON is {path}, which is not a program (this builds for {used.executable})",
            f"unset PYO3_BASE_PYTHON, or set it to {used.base_executable}",
        )
    try:
        base = interpreter.ask(path, environ)
    except CannotSteady as error:
        raise UserError(
            f"PYO3_BASE_PYTHON can't be used: {error.what} (this builds for {used.executable})",
            f"unset PYO3_BASE_PYTHON, or set it to {used.base_executable}",
        ) from None
    plan.check_base_python(base, used, path)
    used.base_executable = lasting
    used.config = base.config


def maturin_config(environ: Mapping[str, str]) -> bytes | None:
    """The content of the config file that maturin has written for this build, if any. Raises ``CannotSteady``."""
    path = environ.get("PYO3_CONFIG_FILE")
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise CannotSteady(f"can't read maturin's {path}: {error.strerror}") from None
