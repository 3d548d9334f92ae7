"""What the doctor looks at: files, variables, programs. Everything that it judges later is gathered here."""

from __future__ import annotations

import filecmp
import os
import platform
import sys
import tempfile
from typing import NamedTuple

from pyo3_base_python.activation import launcher, search_path, switch
from pyo3_base_python.doctor import crates, manifests, pyproject, settings, tools, vendored
from pyo3_base_python.wrapper import (
    cargo_config,
    command_line,
    interpreter,
    paths,
    process,
    real_cargo,
    sdist_place,
    store,
)
from pyo3_base_python.wrapper.decide import Decision, decide_for, locate
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.names import ENVIRONMENTS
from pyo3_base_python.wrapper.project import PYO3_CRATES, Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pyo3_base_python.doctor.pyproject import PyProject
    from pyo3_base_python.doctor.settings import Setting, Tox

__all__ = ["BASE_PYTHON", "BuildScript", "Cargo", "Facts", "Graph", "gather"]

BASE_PYTHON = "PYO3_BASE_PYTHON"
# The front ends that are asked of Python; uv is a program.
FRONT_ENDS = ("build", "pip")
# https://docs.astral.sh/uv/concepts/projects/workspaces/
UV_WORKSPACE = "[tool.uv.workspace]"
# How the names of the shim's own variables begin, and go on.
OURS = "PYO3_SHIM_"
KNOWN = frozenset("BUILD_DIR CARGO LOG MODE PATH PLACE PYTHON SDIST_DIR SDIST_LIMIT STORE".split())
# What the launcher is called in a store, in whichever home: settings name it for other machines, too.
LAUNCHER_PATH = "pyo3-base-python/bin/cargo"


class Cargo(NamedTuple):
    """What ``CARGO`` names, and the real cargo behind it.

    ``named`` is the variable's value (``None``: not set); ``kind`` is one of ``unset``, ``launcher``, ``another
    launcher`` (of another version, or another Python), ``cross``, ``missing`` (not a program), ``other``. ``real`` and
    ``version`` are of the cargo that compiles; ``error`` says why there is none. ``typed`` is the cargo that is started
    by its name, if that is not the launcher (``""`` else).
    """

    named: str | None = None
    kind: str = "unset"
    real: str = ""
    version: str = ""
    error: ShimError | None = None
    typed: str = ""


class BuildScript(NamedTuple):
    """A crate that has a build script, and what the script does."""

    crate: crates.Crate
    does: crates.Script


class Graph(NamedTuple):
    """The crates of the project, by `cargo metadata`, and what their sources say.

    ``error`` is what cargo said where it could not tell: sources are not downloaded, Cargo.lock does not fit.
    ``pyo3_reads`` is whether the pyo3-build-config in it reads ``PYO3_BASE_PYTHON`` (``None``: not known); ``outside``
    are crates from folders outside of the workspace.
    """

    scripts: tuple[BuildScript, ...] = ()
    pyo3_features: frozenset[str] = frozenset()
    pyo3_reads: bool | None = None
    outside: tuple[crates.Crate, ...] = ()
    error: str = ""


class Facts(NamedTuple):
    """Everything that the findings rest on.

    ``front_ends`` maps names to versions; ``backend_version`` is of the build backend that is installed (``""``: none),
    ``backend_sets`` whether that one sets ``PYO3_BASE_PYTHON``; ``python`` is the interpreter that would be used,
    ``python_unnamed`` whether no variable says which: then it is the first on ``PATH``;
    ``decision`` is what the wrapper would do for the build, ``decision_error`` what it would fail or refuse with;
    ``settings`` are variables that tools set, but for those that name the shim's own launcher; ``tox_override`` is
    whether the variable that makes tox hand on ``CARGO`` is there; ``manifests`` are those that the backend builds
    (paths relative to ``folder``), ``environments`` the variables that name an active one, ``uv_project`` whether uv
    manages the project; ``sdist_place`` is where what is compiled of an unpacked sdist stays (``""``: nowhere),
    ``sdist_error`` why the folder that was chosen for that can't be used, and ``vendored`` the folder of vendored
    crates (``""``: none); ``unknown_variables`` are names of variables that look like the shim's, and are none.
    """

    folder: str
    pyproject: PyProject | None
    pyproject_error: ShimError | None
    project: Project | None
    front_ends: Mapping[str, str]
    backend_version: str
    backend_sets: bool | None
    cargo: Cargo
    python: interpreter.Interpreter | None
    python_unnamed: bool
    store: str
    store_error: ShimError | None
    decision: Decision
    decision_error: ShimError | None
    graph: Graph
    settings: tuple[Setting, ...]
    tox: Tox | None
    tox_override: bool
    manifests: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    uv_project: bool = False
    sdist_place: str = ""
    sdist_error: ShimError | None = None
    vendored: str = ""
    unknown_variables: tuple[str, ...] = ()


def gather(folder: str, environ: Mapping[str, str]) -> Facts:
    """Look at the project in ``folder`` (absolute) as a build started in ``environ`` would find it.

    Effects: starts the tools that are there to ask for their versions, and the interpreter; puts the launcher into the
    store, as `env` and `run` do.
    """
    declared, document, pyproject_error = _pyproject(folder)
    places = manifests.find(folder, declared)
    call = command_line.parse(["rustc", *_manifest_option(folder, places)])
    root, own_launcher, store_error = _store(environ)
    real = _cargo(environ, own_launcher)
    here, unknown = _locate(real.real, call, _as_the_backend_starts_cargo(environ, declared), folder)
    pyo3 = bool(here and here.lock and here.lock.pyo3_versions)
    path = interpreter.find(environ, pyo3=pyo3)
    found = _installed(path, declared, environ)
    backend = found.get(declared.rust_backend) if declared else None
    tox = _tox(folder, document)
    decision, decision_error = (Decision(None), unknown) if unknown else _decision(call, here, environ)
    return Facts(
        folder=folder,
        pyproject=declared,
        pyproject_error=pyproject_error,
        project=here,
        front_ends=_front_ends(found, environ),
        backend_version=backend.version if backend else "",
        backend_sets=backend.mentions(BASE_PYTHON.encode()) if backend else None,
        cargo=real,
        python=_ask(path, environ),
        python_unnamed=not interpreter.named_by(environ, pyo3=pyo3),
        store=root,
        store_error=store_error,
        decision=decision,
        decision_error=decision_error,
        graph=_graph(real.real, here, declared, environ),
        settings=_settings(folder, document, tox, environ),
        tox=tox,
        tox_override=switch.TOX_OVERRIDE in environ.get("TOX_OVERRIDE", ""),
        manifests=tuple(places),
        environments=tuple(name for name in ENVIRONMENTS if environ.get(name)),
        uv_project=_uv_project(folder),
        sdist_place=_sdist_place(call, here, environ),
        sdist_error=_sdist_error(environ),
        unknown_variables=tuple(sorted(name for name in environ if _is_unknown(name))),
        vendored=vendored.folder_of_crates(environ, here.manifest_dir if here else folder),
    )


def _pyproject(folder: str) -> tuple[PyProject | None, dict[str, Any], ShimError | None]:
    try:
        return (*pyproject.read(folder), None)
    except ShimError as error:
        return None, {}, error


def _manifest_option(folder: str, places: Sequence[str]) -> list[str]:
    """The option for the Cargo.toml that the build backend would build; none if cargo finds it by itself."""
    return ["--manifest-path", os.path.join(folder, places[0])] if places else []


def _as_the_backend_starts_cargo(environ: Mapping[str, str], declared: PyProject | None) -> dict[str, str]:
    """``environ`` with the variables by which each of the build backends names the interpreter."""
    named = dict.fromkeys(pyproject.SET_BY_BACKENDS, sys.executable) if declared and declared.rust_backend else {}
    return {**named, **environ}


def _uv_project(folder: str) -> bool:
    """Whether there is a uv.lock: the project's own, or that of a workspace above it."""
    for place in paths.with_parents(folder):
        if os.path.isfile(os.path.join(place, "uv.lock")):
            return place == folder or UV_WORKSPACE in (cargo_config.read(os.path.join(place, "pyproject.toml")) or "")
    return False


def _sdist_place(call: command_line.Invocation, here: Project | None, environ: Mapping[str, str]) -> str:
    """The lasting place where cargo would compile the project if it were unpacked from an sdist; ``""`` for none."""
    if here is None:
        return ""
    # Not what the folder's own configuration says, which need not be in the sdist.
    chosen = environ.get("CARGO_TARGET_DIR") or cargo_config.load([], environ, os.sep).target_dir
    if os.path.isabs(chosen):
        return chosen
    folder = os.path.join(tempfile.gettempdir(), "sdist")
    target = os.path.join(folder, "target")
    unpacked = Project(folder, folder, here.lock, target, config=here.config, sdist=folder)
    steps = _decision(call, unpacked, environ)[0].plan
    return os.path.join(sdist_place.root(environ), steps.place) if steps and steps.place else ""


def _sdist_error(environ: Mapping[str, str]) -> ShimError | None:
    try:
        sdist_place.check(environ)
    except ShimError as error:
        return error
    return None


def _is_unknown(variable: str) -> bool:
    return variable.startswith(OURS) and variable[len(OURS) :] not in KNOWN


def _locate(
    program: str, call: command_line.Invocation, environ: Mapping[str, str], folder: str
) -> tuple[Project | None, ShimError | None]:
    try:
        return locate(program, call, without_cargo(environ), folder), None
    except ShimError as error:
        return None, error


def _cargo(environ: Mapping[str, str], own_launcher: str) -> Cargo:
    named = environ.get("CARGO")
    program = process.find_program(named, environ) if named else None
    kind = "other"
    if not named:
        kind = "unset"
    elif named == switch.CROSS:
        kind = "cross"
    elif program is None:
        kind = "missing"
    elif real_cargo.is_wrapper(program):
        current = not own_launcher or filecmp.cmp(program, own_launcher, shallow=False)
        kind = "launcher" if current else "another launcher"
    try:
        real = real_cargo.find(environ, program if program and kind.endswith("launcher") else "")
    except ShimError as error:
        return Cargo(named, kind, error=error)
    typed = ""
    if kind.endswith("launcher") and not process.WINDOWS and environ.get(search_path.VARIABLE) != "off":
        by_name = process.find_program("cargo", environ) or ""
        typed = by_name if by_name and not real_cargo.is_wrapper(by_name) else ""
    return Cargo(named, kind, real, tools.program_version(real, without_cargo(environ)), typed=typed)


def without_cargo(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` as the real cargo gets it from the wrapper."""
    return {name: value for name, value in environ.items() if name not in {"CARGO", "PYO3_SHIM_CARGO"}}


def _installed(
    python: str | None, declared: PyProject | None, environ: Mapping[str, str]
) -> dict[str, tools.Installed]:
    """Front ends and build backend of the project's interpreter; the backend, failing that, of our own environment."""
    backend = [declared.rust_backend] if declared and declared.rust_backend else []
    found = tools.installed(python, [*FRONT_ENDS, *backend], environ) if python else {}
    missing = [name for name in backend if name not in found]
    return {**found, **(tools.installed(sys.executable, missing, environ) if missing else {})}


def _front_ends(found: Mapping[str, tools.Installed], environ: Mapping[str, str]) -> dict[str, str]:
    uv = process.find_program("uv", environ)
    versions = {"uv": tools.program_version(uv, environ) if uv else ""}
    versions.update({name: found[name].version for name in FRONT_ENDS if name in found})
    return {name: version for name, version in versions.items() if version}


def _ask(python: str | None, environ: Mapping[str, str]) -> interpreter.Interpreter | None:
    """The interpreter; ``None`` if it can't be asked: the decision says why."""
    try:
        return interpreter.ask(python, environ) if python else None
    except ShimError:
        return None


def _store(environ: Mapping[str, str]) -> tuple[str, str, ShimError | None]:
    root = ""
    try:
        root = store.default_root(environ)
        return root, launcher.install(environ), None
    except ShimError as error:
        return root, "", error


def _decision(
    call: command_line.Invocation, here: Project | None, environ: Mapping[str, str]
) -> tuple[Decision, ShimError | None]:
    """What the wrapper would do; an error that it would end with hides no reason to leave cargo alone."""
    try:
        return decide_for(call, here, environ), None
    except ShimError as error:
        return Decision(here), error


def _graph(program: str, here: Project | None, declared: PyProject | None, environ: Mapping[str, str]) -> Graph:
    if not program or here is None or here.lock is None:
        return Graph()
    command = [program, "metadata", "--offline", "--locked", "--format-version", "1"]
    command += ["--manifest-path", os.path.join(here.manifest_dir, "Cargo.toml")]
    command += declared.cargo_features if declared else ()
    host = real_cargo.host_triple(environ)
    # Crates for other systems need not have been downloaded.
    command += ["--filter-platform", host] if host else []
    try:
        code, output = tools.output_of(command, without_cargo(environ), here.manifest_dir)
        if code:
            return Graph(error=_error_line(output))
        packages = crates.crates(output)
    except (OSError, ValueError) as error:
        return Graph(error=str(error))
    scripts = ((crate, crates.build_script(crate)) for crate in packages)
    build_config = [crate for crate in packages if crate.name == "pyo3-build-config"]
    reads = [crates.mentions(os.path.join(crate.folder, "src"), f'"{BASE_PYTHON}"') for crate in build_config]
    return Graph(
        tuple(BuildScript(crate, script) for crate, script in scripts if script is not None),
        frozenset(feature for crate in packages if crate.name in PYO3_CRATES for feature in crate.features),
        all(reads) if reads else None,
        tuple(crate for crate in packages if crate.local and not paths.is_inside(crate.folder, here.root)),
    )


def _error_line(output: str) -> str:
    """The line in cargo's ``output`` that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("error")), (lines or ["cargo metadata says nothing"])[0])


def _settings(
    folder: str, document: dict[str, Any], tox: Tox | None, environ: Mapping[str, str]
) -> tuple[Setting, ...]:
    found = [
        *settings.cibuildwheel(document, sys.platform, platform.machine()),
        *settings.uv("pyproject.toml [tool.uv]", pyproject.table(document, "tool", "uv")),
        *settings.uv("uv.toml", settings.toml(cargo_config.read(os.path.join(folder, "uv.toml")) or "")),
    ]
    found += tox.settings if tox else ()
    for path in dict.fromkeys(cargo_config.files(environ, folder)):
        found += settings.cargo_env(path, cargo_config.read(path) or "")
    return tuple(one for one in found if not _names_launcher(one, environ))


def _names_launcher(setting: Setting, environ: Mapping[str, str]) -> bool:
    """Whether ``setting`` is the shim's own: the launcher, of this machine or another."""
    program = process.find_program(setting.value, environ)
    path = setting.value.replace("\\", "/")
    named = path.endswith((LAUNCHER_PATH, f"{LAUNCHER_PATH}.exe"))
    return named or bool(program and real_cargo.is_wrapper(program))


def _tox(folder: str, document: dict[str, Any]) -> Tox | None:
    texts = {name: cargo_config.read(os.path.join(folder, name)) for name in settings.TOX_FILES}
    return settings.tox({name: text for name, text in texts.items() if text is not None}, document)
