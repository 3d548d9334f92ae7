"""What is about to be built: where its manifest, lock file and target directory are, and which pyo3 it uses.

Cargo's own rules, as far as they matter here: https://doc.rust-lang.org/cargo/reference/config.html (hierarchy) and
https://doc.rust-lang.org/cargo/reference/workspaces.html (root). Cargo.lock and the config files are read by line
rather than as TOML: Python 3.9 has no reader for it, and what is not understood counts as "may be set".
"""

from __future__ import annotations

import os

from pyo3_base_python import store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyo3_base_python.invocation import Invocation

__all__ = ["Lock", "Project", "locate", "parse_lock"]

PYO3_CRATES = frozenset({"pyo3", "pyo3-ffi"})
# These depend on pyo3-build-config, and do not run the interpreter that its config names.
PYO3_FAMILY = frozenset({"pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"})


class Lock:
    """What Cargo.lock says of pyo3.

    ``pyo3_versions``: of pyo3 and pyo3-ffi, each as a tuple of three integers, sorted. ``readers_of_executable``:
    names of packages that depend on pyo3-build-config and may run the interpreter it names.
    """

    __slots__ = ("pyo3_versions", "readers_of_executable")

    def __init__(self, pyo3_versions: Iterable[tuple[int, int, int]], readers_of_executable: Iterable[str]) -> None:
        self.pyo3_versions = sorted(set(pyo3_versions))
        self.readers_of_executable = sorted(set(readers_of_executable))


class Project:
    """A package or workspace that cargo is asked to build.

    ``manifest_dir`` and ``root`` (of the workspace) are absolute paths; ``lock`` is ``None`` where there is no
    Cargo.lock; ``build_target`` is the triple of cargo's config files or ``""``; ``target_dir`` is the absolute path
    of the target directory, or ``""`` where a config file that was not understood may have moved it.
    """

    __slots__ = ("build_target", "lock", "manifest_dir", "root", "target_dir")

    def __init__(self, manifest_dir: str, root: str, lock: Lock | None, build_target: str, target_dir: str) -> None:
        self.manifest_dir = manifest_dir
        self.root = root
        self.lock = lock
        self.build_target = build_target
        self.target_dir = target_dir


def locate(invocation: Invocation, environ: Mapping[str, str], cwd: str) -> Project | None:
    """The project that ``invocation`` builds when started in ``cwd``; ``None`` if there is no manifest."""
    if invocation.manifest_path:
        manifest_dir = os.path.dirname(os.path.join(cwd, invocation.manifest_path))
    else:
        found = [folder for folder in _with_parents(cwd) if os.path.isfile(os.path.join(folder, "Cargo.toml"))]
        if not found:
            return None
        manifest_dir = found[0]
    manifest_dir = os.path.abspath(manifest_dir)
    root = _workspace_root(manifest_dir)
    text = _read(os.path.join(root, "Cargo.lock"))
    settings = _config_settings(invocation, environ, cwd)
    return Project(
        manifest_dir,
        root,
        parse_lock(text) if text is not None else None,
        environ.get("CARGO_BUILD_TARGET") or settings["target"],
        _target_dir(invocation, environ, cwd, root, settings),
    )


def parse_lock(text: str) -> Lock:
    """Read a Cargo.lock of any format version; lines that are not understood are passed over."""
    versions = []
    readers = []
    name = ""
    for line in text.splitlines():
        if line == "[[package]]":
            name = ""
        elif line.startswith("name = "):
            name = line[7:].strip().strip('"')
        elif line.startswith("version = ") and name in PYO3_CRATES:
            versions.append(_version(line[10:].strip().strip('"')))
        elif line.startswith(' "pyo3-build-config') and name not in PYO3_FAMILY:
            readers.append(name)
    return Lock(versions, readers)


def _version(text: str) -> tuple[int, int, int]:
    numbers = [int(part) if part.isdigit() else 0 for part in text.partition("-")[0].split(".")]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return major, minor, patch


def _workspace_root(manifest_dir: str) -> str:
    for folder in _with_parents(manifest_dir):
        text = _read(os.path.join(folder, "Cargo.toml"))
        if text is not None and any(line.lstrip().startswith("[workspace") for line in text.splitlines()):
            return folder
    return manifest_dir


def _target_dir(
    invocation: Invocation, environ: Mapping[str, str], cwd: str, root: str, settings: Mapping[str, str]
) -> str:
    given = invocation.target_dir or environ.get("CARGO_TARGET_DIR") or environ.get("CARGO_BUILD_TARGET_DIR")
    if given:
        return os.path.abspath(os.path.join(cwd, given))
    moved = settings["target-dir"] or settings["build-dir"] or environ.get("CARGO_BUILD_BUILD_DIR")
    return "" if moved else os.path.join(root, "target")


def _config_settings(invocation: Invocation, environ: Mapping[str, str], cwd: str) -> dict[str, str]:
    """``build.target``, ``build.target-dir`` and ``build.build-dir`` of cargo's config files and ``--config``.

    The nearest file wins, as in cargo. A value that can't be read is ``"?"``.
    """
    settings = {"target": "", "target-dir": "", "build-dir": ""}
    cargo_home = environ.get("CARGO_HOME") or os.path.join(store.home(environ), ".cargo")
    places = [os.path.join(folder, ".cargo") for folder in _with_parents(cwd)] + [cargo_home]
    files = [os.path.join(place, name) for place in places for name in ("config", "config.toml")]
    texts = []
    for config in reversed(invocation.configs):
        # A value of --config is a file or a line of TOML.
        text = _read(os.path.join(cwd, config))
        texts.append(config if text is None else text)
    for text in [*texts, *(_read(file) for file in files)]:
        for key, value in _build_table(text or "").items():
            settings[key] = settings[key] or value
    return settings


def _build_table(text: str) -> dict[str, str]:
    found = {}
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]").strip()
            continue
        key, equals, value = line.partition("=")
        key = key.strip().replace('"', "")
        if not equals or line.startswith("#"):
            continue
        if section == "" and key == "build":  # an inline table
            found.update({name: "?" for name in ("target", "target-dir", "build-dir") if name in value})
        elif section == "build" or key.startswith("build."):
            name = key.partition("build.")[2] or key
            if name in {"target", "target-dir", "build-dir"}:
                value = value.partition("#")[0].strip()
                quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
                found[name] = value[1:-1] if quoted else "?"
    return found


def _with_parents(folder: str) -> list[str]:
    folders = [os.path.abspath(folder)]
    while os.path.dirname(folders[-1]) != folders[-1]:
        folders.append(os.path.dirname(folders[-1]))
    return folders


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (OSError, ValueError):
        return None
