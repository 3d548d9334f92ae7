"""The hooks of a build backend, each with the shim on while it runs."""

from __future__ import annotations

import functools
import os
from contextlib import contextmanager

from ..activation import switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping
    from types import ModuleType
    from typing import Any

__all__ = ["around", "shim_on"]

# All that a front end may call (PEP 517, PEP 660). What is needed is only said: nothing is built there.
REQUIRES = ("get_requires_for_build_wheel", "get_requires_for_build_editable", "get_requires_for_build_sdist")
WORK = (
    "prepare_metadata_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "build_wheel",
    "build_editable",
    "build_sdist",
)


def around(backend: ModuleType, also: Mapping[str, str] | None = None) -> dict[str, Callable[..., Any]]:
    """The hooks of ``backend``, by name: those that build run with the shim on, the others are unchanged.

    ``also`` is what else is set while they run.
    """
    found = {name: getattr(backend, name) for name in (*REQUIRES, *WORK) if hasattr(backend, name)}
    return {name: _with_shim(hook, also or {}) if name in WORK else hook for name, hook in found.items()}


@contextmanager
def shim_on(environ: MutableMapping[str, str], also: Mapping[str, str]) -> Iterator[None]:
    """Add the shim's variables, and ``also``, to ``environ``; afterwards restore each of them.

    Whatever is in the shim's way costs one line on stderr. Other variables that change meanwhile stay changed.
    """
    added = {**also, **_variables(environ)}
    before = {name: environ.get(name) for name in added}
    environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value


def _with_shim(hook: Callable[..., Any], also: Mapping[str, str]) -> Callable[..., Any]:
    @functools.wraps(hook)
    def run(*arguments: Any, **options: Any) -> Any:
        with shim_on(os.environ, also):
            return hook(*arguments, **options)

    return run


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    # The user of an adopted project has no other way to be rid of the shim: off is off, launcher and store included.
    if environ.get("PYO3_SHIM_MODE") == "off":
        return {}
    return switch.variables_if_possible(environ, "the build")
