"""What to set and unset for one call of cargo, and why. Pure: facts in, a plan out."""

from __future__ import annotations

import os

from . import linking, pyo3_config, stable_name, triples
from .errors import UserError
from .store import File, Links, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .command_line import Invocation
    from .interpreter import Interpreter
    from .project import Lock, Project

__all__ = ["MODES", "Plan", "check_base_python", "reasons_to_leave_alone", "steady"]

MODES = ("full", "export", "off")

# Before 0.23.0 pyo3 takes the config file's word over its own abi3 features (pyo3-build-config 0.22.6, build.rs), and
# 0.23.0 to 0.23.2 do not track it (pyo3 PR 4758): a stable name for the interpreter does the work there alone.
CONFIG_FILE_SINCE = (0, 23, 3)
# With its abi3t features on it refuses a config file for a Python before 3.15, where it builds without one (pyo3 issue
# 6176, mended in 0.29.1).
MISTAKES_ABI3T = (0, 29, 0)
# The oldest pyo3 that this is tested with.
OLDEST_PYO3 = (0, 18, 0)


class Plan:
    """What to do to the environment of one cargo process.

    ``set`` maps variables to values, ``files`` are what those values point to (paths in ``set`` are below ``root``
    of the store), ``reasons`` has a line for each variable that the plan touches or leaves; ``build_dir`` is the
    build directory to use, now or when it is needed, or ``""`` for cargo's own (see ``build_dir``); ``place`` is the
    name of one for what was unpacked from an sdist, or ``""`` (see ``sdist_place``).
    """

    __slots__ = ("build_dir", "files", "place", "reasons", "set")

    def __init__(self) -> None:
        self.build_dir = ""
        self.place = ""
        self.set: dict[str, str] = {}
        self.files: list[File | Links] = []
        self.reasons: dict[str, str] = {}

    def export(self, variable: str, value: str, reason: str) -> None:
        """Set ``variable``, for a ``reason`` in words."""
        self.set[variable] = value
        self.reasons[variable] = reason


def reasons_to_leave_alone(
    environ: Mapping[str, str],
    invocation: Invocation,
    project: Project | None,
    host: str | None = None,
    packages: Sequence[str] = (),
) -> Iterator[tuple[str, str]]:
    """Why this call of cargo runs unchanged: a word for the kind, and the reason in words; the first one counts.

    ``host`` is the host's target triple if the caller knows it; ``packages`` are those that alone are built, if they
    are known (see ``project.selected``).
    """
    if environ.get("PYO3_SHIM_MODE") == "off":
        yield "mode", "PYO3_SHIM_MODE=off"
    if not invocation.may_build:
        subcommand = invocation.subcommand
        yield "subcommand", f"cargo {subcommand} compiles nothing" if subcommand else "no cargo subcommand"
    if invocation.subcommand == "base-python":
        yield "subcommand", "cargo base-python starts this wrapper itself"
    if invocation.unclear:
        yield "command line", invocation.unclear
    for variable in environ:
        # To pyo3 a variable is set when it is there, with whatever value.
        if variable == "PYO3_NO_PYTHON" or variable.startswith("PYO3_CROSS"):
            yield "no interpreter", f"{variable} is set"
    user_config = environ.get("PYO3_CONFIG_FILE")
    if user_config is not None and not written_by_maturin(user_config):
        yield "config file", "PYO3_CONFIG_FILE is set"
    if project is None:
        yield "no manifest", "there is no Cargo.toml here"
        return
    for variable in project.config.variables:
        # For build scripts: what this wrapper sets would take its place.
        verb = "may set" if variable in project.config.unknown else "sets"
        yield "cargo env", f"cargo's configuration {verb} {variable}"
    yield from _reasons_of_targets(invocation, project, host)
    if not project.target_dir and not project.sdist:
        # Another tree may have been built there, unseen. What was just unpacked can be given fresh times.
        yield "unknown place", "it is not known where cargo's configuration has it compile to"
    yield from _reasons_of_lock(environ, project.lock)
    if packages and project.lock and project.lock.pyo3_versions and not project.lock.leads_to_pyo3(packages):
        # What `cargo run` starts may build wheels, for other interpreters: it must not inherit what is set for pyo3.
        yield "no pyo3", f"no pyo3 is compiled for {' and '.join(packages)}"


def _reasons_of_targets(invocation: Invocation, project: Project, host: str | None) -> Iterator[tuple[str, str]]:
    asked = targets(invocation, project, host)
    foreign = [target for target in asked if not triples.is_native(target, host)]
    if not invocation.targets and "target" in project.config.unknown:
        yield "cross build", "cargo's configuration may name a target"
    elif foreign:
        yield "cross build", f"cross build for {foreign[0]}"
    elif len(asked) > 1:
        # Each has artifacts of its own to be compared with what was built last.
        yield "cross build", f"it builds for {' and '.join(asked)} at once"


def _reasons_of_lock(environ: Mapping[str, str], lock: Lock | None) -> Iterator[tuple[str, str]]:
    interpreter_named = environ.get("PYO3_PYTHON") or environ.get("PYTHON_SYS_EXECUTABLE")
    if lock is None:
        yield "no lock", "there is no Cargo.lock yet, so the version of pyo3 is not known"
    elif not lock.pyo3_versions and not interpreter_named:
        yield "no pyo3", "there is no pyo3 in Cargo.lock, and no interpreter is named"
    elif lock.pyo3_versions and lock.pyo3_versions[0] < OLDEST_PYO3:
        yield "old pyo3", f"pyo3 {dotted(lock.pyo3_versions[0])} is older than {dotted(OLDEST_PYO3)}"
    elif not takes_config_file(lock) and lock.readers_of_executable:
        # Their answer would be the path of the first environment, which is gone by the second build.
        reader = lock.readers_of_executable[0]
        yield "reader", f"{why_no_config_file(lock)}, and {reader} may run the interpreter that pyo3-build-config names"


def targets(invocation: Invocation, project: Project, host: str | None) -> list[str]:
    """The target triples that are named: on the command line, else by variable or config file."""
    return triples.named(invocation.targets or project.config.targets, host)


def takes_config_file(lock: Lock) -> bool:
    """Whether every pyo3 in the graph applies its features to a config file, and tracks it."""
    return not why_no_config_file(lock)


def why_no_config_file(lock: Lock) -> str:
    """Which pyo3 in the graph is to have none, and why; ``""`` if there is none."""
    if lock.pyo3_versions and lock.pyo3_versions[0] < CONFIG_FILE_SINCE:
        return f"pyo3 {dotted(lock.pyo3_versions[0])} is older than {dotted(CONFIG_FILE_SINCE)}"
    if MISTAKES_ABI3T in lock.pyo3_versions:
        return f"pyo3 {dotted(MISTAKES_ABI3T)} mistakes a configuration where its abi3t features are on"
    return ""


def written_by_maturin(config_file: str) -> bool:
    """Whether ``PYO3_CONFIG_FILE`` is maturin's own, ``<target>/maturin/pyo3-config-<triple>-<version>.txt``."""
    folder, name = os.path.split(config_file)
    return os.path.basename(folder) == "maturin" and name.startswith("pyo3-config-") and name.endswith(".txt")


def check_base_python(asked: Interpreter, used: Interpreter, path: str) -> None:
    """Raise ``UserError`` if the user's ``PYO3_BASE_PYTHON`` (``path``) is not what the build is for."""
    difference = [
        name
        for name, ours, theirs in (
            ("implementation", used.config["implementation"], asked.config["implementation"]),
            ("version", used.config["version"], asked.config["version"]),
            ("build flags", used.config["build_flags"], asked.config["build_flags"]),
            ("ABI", used.abi, asked.abi),
        )
        if ours != theirs
    ]
    if difference:
        raise UserError(
            f"PYO3_BASE_PYTHON is {path} ({kind(asked)}), but this builds for {used.executable} ({kind(used)}):"
            f" another {difference[0]}",
            f"unset PYO3_BASE_PYTHON, or set it to {used.base_executable}",
        )


def kind(interpreter: Interpreter) -> str:
    """An interpreter in a few words: implementation, version, build flags, ABI."""
    values = interpreter.config
    words = [values["implementation"], values["version"], values["build_flags"], interpreter.abi]
    return " ".join(word for word in words if word)


def steady(
    environ: Mapping[str, str],
    project: Project,
    interpreter: Interpreter,
    root: str,
    *,
    maturin_config: bytes | None = None,
    windows: bool = False,
    build_dir: tuple[str, str] = ("", ""),
    extension_module: str = "",
) -> Plan:
    """The plan for a build with ``interpreter``, for a store at ``root``.

    ``maturin_config`` is the content of the file that maturin's ``PYO3_CONFIG_FILE`` names. On ``windows`` not every
    interpreter can have a stable name: then ``PYO3_PYTHON`` stays as it is. ``build_dir`` is what ``build_dir.choose``
    returns, ``extension_module`` what ``linking.borrowed`` returns.
    """
    plan = Plan()
    plan.build_dir, why_not = build_dir
    if why_not:
        plan.reasons["PYO3_SHIM_BUILD_DIR"] = why_not
    base = interpreter.base_executable
    plan.export("PYO3_BASE_PYTHON", base, "the interpreter that the environment was made from")
    if environ.get("PYO3_SHIM_MODE") == "export":
        plan.reasons["PYO3_CONFIG_FILE"] = "left alone: PYO3_SHIM_MODE=export"
        return plan

    if extension_module:
        plan.export(linking.VARIABLE, extension_module, "as the build backend has it: nothing is linked here")
    name = interpreter.executable
    stand_in, why_not = _stable_name(interpreter, windows=windows)
    if why_not:
        plan.reasons["PYO3_PYTHON"] = f"left alone: {why_not}"
    else:
        plan.files += stand_in
        name = os.path.join(root, *stand_in[0].name.split("/"))
        plan.export("PYO3_PYTHON", name, "a stable name for the isolated interpreter")
        plan.export("PYO3_SHIM_PYTHON", interpreter.executable, "the isolated interpreter itself, for that name")
        legacy = environ.get("PYTHON_SYS_EXECUTABLE")
        alone = not (project.lock and project.lock.pyo3_versions) and not environ.get("PYO3_PYTHON")
        if legacy and (alone or legacy == environ.get("PYO3_PYTHON")):
            plan.export("PYTHON_SYS_EXECUTABLE", name, "as PYO3_PYTHON")

    lock = project.lock
    if maturin_config is not None:
        content = maturin_config
        reason = "maturin's own file, where no cache prunes it"
    elif lock is not None and takes_config_file(lock):
        # The launcher's name changes with the build requirements, so that what runs it sees a new one; where nothing
        # does, pyo3 need not be compiled again for them.
        readers = lock.readers_of_executable
        content = pyo3_config.render(interpreter.config, name if readers else base)
        reason = f"what pyo3 finds out about {base}"
    else:
        plan.reasons["PYO3_CONFIG_FILE"] = f"not set: {why_no_config_file(lock) if lock else 'there is no Cargo.lock'}"
        return plan
    file = File(f"config/{digest(content)}.txt", content)
    plan.files.append(file)
    plan.export("PYO3_CONFIG_FILE", os.path.join(root, *file.name.split("/")), reason)
    return plan


def _stable_name(interpreter: Interpreter, *, windows: bool) -> tuple[list[File | Links], str]:
    """What belongs into the store for it, or why there is none."""
    if not windows:
        return stable_name.files(interpreter), ""
    from . import redirector  # noqa: PLC0415 - needed there alone

    why_not = redirector.why_not(interpreter)
    return [] if why_not else [*redirector.files(interpreter)], why_not


def dotted(version: tuple[int, ...]) -> str:
    """A version as it is written."""
    return ".".join(map(str, version))
