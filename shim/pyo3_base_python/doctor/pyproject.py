"""pyproject.toml: which build backend, which versions of it, and where the Rust project is."""

from __future__ import annotations

import os
import re
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

__all__ = ["BACKENDS", "SET_BY_BACKENDS", "PyProject", "read", "table"]

# The build backends that start cargo through `$CARGO`.
BACKENDS = ("maturin", "setuptools-rust")
# By what they name the interpreter to cargo, whatever cargo's own configuration says.
SET_BY_BACKENDS = ("PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE")
# What a front end takes where there is no `[build-system]` (PEP 517).
DEFAULT_BACKEND = "setuptools.build_meta"


class PyProject(NamedTuple):
    """What pyproject.toml says about building.

    ``backend`` is the build backend's module; ``rust_backend`` is one of ``BACKENDS``, or ``""`` where none is
    required; ``requirement`` is its build requirement as written; ``manifests`` are the paths of the Cargo.toml files
    that are named there, relative to the folder; ``cargo_features`` are options of cargo's that select features;
    ``in_tree`` is whether the backend is the project's own (``backend-path``); ``cache_keys`` are the files of
    ``[tool.uv]`` whose change has uv build anew, ``None`` if that says nothing of them.
    """

    backend: str = DEFAULT_BACKEND
    rust_backend: str = ""
    requirement: str = ""
    manifests: tuple[str, ...] = ()
    cargo_features: tuple[str, ...] = ()
    in_tree: bool = False
    cache_keys: tuple[str, ...] | None = None


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
    found = parse(document)
    return (_with_in_tree_backend(folder, found, document) if found.in_tree else found), document


def parse(document: dict[str, Any]) -> PyProject:
    """What ``document`` says; an entry of the wrong form counts as missing. Never raises."""
    build_system = table(document, "build-system")
    found = PyProject(
        str(build_system.get("build-backend") or DEFAULT_BACKEND),
        in_tree=bool(_strings(build_system.get("backend-path"))),
        cache_keys=_cache_keys(table(document, "tool", "uv").get("cache-keys")),
    )
    for text in _strings(build_system.get("requires")):
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
        if name in BACKENDS and not found.rust_backend:
            found = found._replace(rust_backend=name, requirement=text)
    return _with_settings(found, document)


def _with_settings(found: PyProject, document: dict[str, Any]) -> PyProject:
    """What the backend's own table says."""
    if found.rust_backend == "maturin":
        own = [table(document, "tool", "maturin")]
        key = "manifest-path"
    elif found.rust_backend == "setuptools-rust":
        modules = table(document, "tool", "setuptools-rust").get("ext-modules")
        own = [module for module in modules if isinstance(module, dict)] if isinstance(modules, list) else []
        key = "path"
    else:
        return found
    return found._replace(
        manifests=tuple(str(one[key]) for one in own if one.get(key)),
        cargo_features=_feature_options(own[0]) if own else (),
    )


def _with_in_tree_backend(folder: str, found: PyProject, document: dict[str, Any]) -> PyProject:
    """A backend in the project itself may wrap one of ``BACKENDS``, and require it when it is asked (PEP 517)."""
    if found.rust_backend:
        return found
    module = found.backend.partition(":")[0].replace(".", os.sep)
    for path in _strings(table(document, "build-system").get("backend-path")):
        for name in (f"{module}.py", os.path.join(module, "__init__.py")):
            text = cargo_config.read(os.path.join(folder, path, name)) or ""
            for backend in BACKENDS:
                wrapped = re.search(backend.replace("-", "[-_]"), text)
                if wrapped:
                    return _with_settings(found._replace(rust_backend=backend, requirement=backend), document)
    return found


def _cache_keys(value: object) -> tuple[str, ...] | None:
    """https://docs.astral.sh/uv/reference/settings/#cache-keys: files by name, or in a table."""
    if not isinstance(value, list):
        return None
    files = [key.get("file") if isinstance(key, dict) else key for key in value]
    return tuple(file for file in files if isinstance(file, str))


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
