"""The variables that switch the shim on for every build that a process starts."""

from __future__ import annotations

import os
from pathlib import Path

from ..wrapper import command_line, paths, process, real_cargo, report, store
from ..wrapper.decide import decide
from ..wrapper.errors import ShimError
from . import inventory, launcher, search_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["names_launcher", "removals", "resolved", "variables", "variables_if_possible"]

# setuptools-rust compares CARGO with this name and then looks elsewhere for what was built.
CROSS = "cross"

# tox hands on few variables; this adds to them without a change in the project. Sections as tox.ini, tox.toml and
# pyproject.toml call them: https://tox.wiki/en/latest/reference/config.html#pass_env
TOX_SECTIONS = ("testenv", "pkgenv", "env_run_base", "env_pkg_base", "tool.tox.env_run_base", "tool.tox.env_pkg_base")
TOX_OVERRIDE = ";".join(f"{section}.pass_env+=CARGO,PYO3_SHIM_*" for section in TOX_SECTIONS)


def variables(environ: Mapping[str, str], *, lasting: bool = False, on_path: bool = False) -> dict[str, str]:
    """What to add to ``environ`` so that maturin and setuptools-rust start the wrapper instead of cargo.

    ``CARGO`` is the wrapper's path, and if it is to be ``lasting`` one that is the same for every version; a ``CARGO``
    that stood before goes to ``PYO3_SHIM_CARGO``, for the wrapper to become; ``TOX_OVERRIDE`` lets tox hand both on,
    after what the user's own says. ``on_path`` is whether ``cargo`` on ``PATH`` is to be the wrapper as well (see
    ``search_path``): its folder comes first there. The result is empty where ``CARGO`` is ``cross``. Effect: the
    launcher is put into the store, and what is unused in a crowded one is removed. Raises ``CannotSteady``.
    """
    before = environ.get("CARGO")
    if before == CROSS:
        return {}
    wrapper = launcher.install(environ, lasting=lasting)
    root = Path(store.default_root(environ))
    if inventory.crowded(root):
        inventory.clear(inventory.unused(inventory.entries(root)))
    result = {"CARGO": wrapper}
    if before and not environ.get("PYO3_SHIM_CARGO"):
        found = process.find_program(before, environ, real_cargo.is_wrapper)
        if found:
            result["PYO3_SHIM_CARGO"] = os.path.abspath(found)
    first = search_path.folder(environ, wrapper) if on_path else ""
    path = search_path.put_first(first, environ) if first else environ.get("PATH")
    if path is not None and path != environ.get("PATH"):
        result["PATH"] = path
    overrides = environ.get("TOX_OVERRIDE", "")
    if TOX_OVERRIDE not in overrides:
        result["TOX_OVERRIDE"] = f"{overrides};{TOX_OVERRIDE}" if overrides else TOX_OVERRIDE
    return result


def removals(environ: Mapping[str, str]) -> dict[str, str | None]:
    """What to set in ``environ``, or unset (``None``), to take back what ``variables`` added."""
    found: dict[str, str | None] = {}
    if names_launcher(environ):
        found["CARGO"] = environ.get("PYO3_SHIM_CARGO") or None
        if "PYO3_SHIM_CARGO" in environ:
            found["PYO3_SHIM_CARGO"] = None
    overrides = environ.get("TOX_OVERRIDE", "")
    if TOX_OVERRIDE in overrides:
        left = [part for part in overrides.replace(TOX_OVERRIDE, "").split(";") if part]
        found["TOX_OVERRIDE"] = ";".join(left) or None
    return {**found, **search_path.removal(environ)}


def names_launcher(environ: Mapping[str, str]) -> bool:
    """Whether ``CARGO`` in ``environ`` is one of our launchers, or the path of one in a store that was cleared."""
    cargo = environ.get("CARGO", "")
    root = store.default_root(environ)
    return bool(cargo) and (real_cargo.is_wrapper(cargo) or paths.is_inside(os.path.abspath(cargo), root))


def variables_if_possible(
    environ: Mapping[str, str], what: str, *, quiet: bool = False, on_path: bool = False
) -> dict[str, str]:
    """Like ``variables``; if there can be none, an empty result and one line on stderr: ``what`` runs without them.

    Never raises: a mistake of ours must not break a build that works without us.
    """
    try:
        return variables(environ, on_path=on_path)
    except ShimError as error:
        why = error
    except Exception as error:  # noqa: BLE001 - as above
        why = ShimError(f"internal error ({type(error).__name__}: {error})")
    if not quiet:
        report.warn(why, what)
    return {}


def resolved(environ: Mapping[str, str], cwd: str) -> dict[str, str]:
    """What the wrapper would set for ``cargo check`` in ``cwd``, for tools that start a cargo of their own choice.

    Effect: what the variables point to is put into the store. Raises ``ShimError`` if nothing would be set.
    """
    decision = decide(real_cargo.find(environ, ""), command_line.parse(["check"]), environ, cwd)
    steps = decision.plan
    if steps is None:
        reason = decision.reasons[0][1]
        raise ShimError(f"there is nothing to set in {cwd}: {reason}", "go to the folder of a pyo3 project")
    root = store.default_root(environ)
    for file in steps.files:
        store.put(root, file)
    return steps.set
