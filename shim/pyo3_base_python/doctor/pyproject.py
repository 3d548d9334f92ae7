"""pyproject.toml: which build backend, which versions of it, and where the Rust project is."""

from __future__ import annotations

import os
from typing import NamedTuple

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from tomlkit.exceptions import ParseError

from pyo3_base_python.wrapper import cargo_config
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["BACKENDS", "PyProject", "read", "table"]

# The build backends that start cargo through `$CARGO`.
BACKENDS = ("maturin", "setuptools-rust")
# What a front end takes where there is no `[build-system]` (PEP 517).
DEFAULT_BACKEND = "setuptools.build_meta"


class PyProject(NamedTuple):
    """What pyproject.toml says of building.

    ``backend`` is the build backend's module; ``rust_backend`` is one of ``BACKENDS``, or ``""`` where none is
    required; ``requirement`` is its build requirement as written; ``manifest`` is the path of the Cargo.toml that is
    named there, relative to the folder, or ``""``; ``cargo_features`` are options of cargo's that select features.
    """

    backend: str = DEFAULT_BACKEND
    rust_backend: str = ""
    requirement: str = ""
    manifest: str = ""
    cargo_features: tuple[str, ...] = ()


def read(folder: str) -> tuple[PyProject | None, dict[str, Any]]:
    """pyproject.toml of ``folder``, and all of it as TOML; nothing if there is none. Raises ``ShimError``."""
    path = os.path.join(folder, "pyproject.toml")
    text = cargo_config.read(path)
    if text is None:
        return None, {}
    try:
        document: dict[str, Any] = tomlkit.parse(text).unwrap()
    except ParseError as error:
        raise ShimError(f"{path} can't be read: {error}", "correct it: no front end builds with it") from None
    return parse(document), document


def parse(document: dict[str, Any]) -> PyProject:
    """What ``document`` says; what is not as it should be counts as not there. Never raises."""
    build_system = table(document, "build-system")
    found = PyProject(str(build_system.get("build-backend") or DEFAULT_BACKEND))
    for text in _strings(build_system.get("requires")):
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
        if name in BACKENDS and not found.rust_backend:
            found = found._replace(rust_backend=name, requirement=text)
    if found.rust_backend == "maturin":
        maturin = table(document, "tool", "maturin")
        return found._replace(
            manifest=str(maturin.get("manifest-path") or ""), cargo_features=_feature_options(maturin)
        )
    if found.rust_backend == "setuptools-rust":
        for module in table(document, "tool", "setuptools-rust").get("ext-modules") or []:
            if isinstance(module, dict) and module.get("path"):
                return found._replace(manifest=str(module["path"]), cargo_features=_feature_options(module))
    return found


def table(document: dict[str, Any], *path: str) -> dict[str, Any]:
    """The table at ``path``; empty if there is none."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _feature_options(settings: dict[str, Any]) -> tuple[str, ...]:
    options = [option for option in ("all-features", "no-default-features") if settings.get(option) is True]
    features = _strings(settings.get("features"))
    return (*(f"--{option}" for option in options), *(("--features", ",".join(features)) if features else ()))


def _strings(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
