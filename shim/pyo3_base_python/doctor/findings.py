"""What follows from the facts. Pure: ``Facts`` in, a list of ``Finding`` out."""

from __future__ import annotations

import os
from difflib import get_close_matches

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from pyo3_base_python.doctor import sdists
from pyo3_base_python.doctor.facts import KNOWN, OURS
from pyo3_base_python.doctor.finding import NOTE, OK, PROBLEM, Finding
from pyo3_base_python.doctor.pyproject import SET_BY_BACKENDS
from pyo3_base_python.doctor.remedies import REMEDIES
from pyo3_base_python.doctor.settings import CARGO_ENV
from pyo3_base_python.wrapper import plan
from pyo3_base_python.wrapper.names import ENVIRONMENTS, names_interpreter
from pyo3_base_python.wrapper.project import PYO3_FAMILY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyo3_base_python.doctor.facts import BuildScript, Facts
    from pyo3_base_python.doctor.pyproject import PyProject
    from pyo3_base_python.doctor.settings import Setting

__all__ = ["judge", "nothing_to_do"]

SWITCH_ON = "`pyo3-base-python run -- COMMAND`, maturin-shim, or `pyo3-base-python env` for a whole shell"
# How alike a misspelt name of a variable is to the one that was meant: they all begin in the same way.
CLOSE = 0.85
# Of ``Decision.reasons`` the kinds that mean that there is no work for the shim at all.
NO_WORK = frozenset({"no manifest", "no pyo3"})
# Differ in every isolated environment, and can't be given a stable value: programs are found through them.
UNSTEADY = ("PATH", "VIRTUAL_ENV")
# maturin writes pyo3's configuration itself for a stable ABI, from these versions of pyo3 and of its own on.
ABI3_PYO3 = (0, 29, 0)
ABI3_MATURIN = Version("1.16")


def judge(facts: Facts) -> list[Finding]:
    """All findings, in the order in which a reader wants them."""
    if _nowhere(facts):
        nowhere = Finding(
            NOTE,
            "project",
            f"there is no project in {facts.folder}: neither pyproject.toml nor Cargo.toml",
            "go to the folder of one, or name it: pyo3-base-python doctor path/to/project",
        )
        # What stands in the way of packages of an index as well, which pip and uv build from their sdists.
        others = (*variables(facts), *cargo(facts), *store(facts), *sdists.judge_place(facts))
        return [nowhere, *(finding for finding in others if finding.level != OK)]
    topics = (
        *(variables, front_ends, backend, manifests, cargo, pyo3, environments, python, store, decision),
        *(settings, tox, uv, sdists.judge, build_scripts, upstream),
    )
    return [finding for topic in topics for finding in topic(facts)]


def nothing_to_do(facts: Facts) -> bool:
    """Whether there is no work for the shim here, so that nothing can stand in its way."""
    return any(kind in NO_WORK for kind, _ in facts.decision.reasons)


def _nowhere(facts: Facts) -> bool:
    """Whether this is no project at all: findings on tools and variables would only hide that."""
    kinds = [kind for kind, _ in facts.decision.reasons]
    return "no manifest" in kinds and facts.pyproject is None and facts.pyproject_error is None


def variables(facts: Facts) -> Iterator[Finding]:
    """Variables that are set, and that nobody reads."""
    for name in facts.unknown_variables:
        meant = get_close_matches(name, [OURS + one for one in KNOWN], 1, CLOSE)
        hint = f"did you mean {meant[0]}?" if meant else "see the list of variables in the reference"
        yield Finding(NOTE, "variables", f"{name} is set, and the shim has no such variable", hint)


def front_ends(facts: Facts) -> Iterator[Finding]:
    """uv, build, pip."""
    if facts.front_ends:
        yield Finding(OK, "front ends", ", ".join(f"{name} {version}" for name, version in facts.front_ends.items()))
    else:
        yield Finding(NOTE, "front ends", "neither uv nor build nor pip is installed here", "install one of them")


def backend(facts: Facts) -> Iterator[Finding]:
    """The build backend, the versions that the project requires, and the one that is installed."""
    declared = facts.pyproject
    if facts.pyproject_error:
        yield Finding(PROBLEM, "backend", facts.pyproject_error.what, facts.pyproject_error.hint)
    elif declared is None:
        yield Finding(NOTE, "backend", "there is no pyproject.toml here: no front end builds this, only cargo does")
    elif not declared.rust_backend:
        yield Finding(NOTE, "backend", f"{declared.backend}, without maturin or setuptools-rust: it starts no cargo")
    else:
        yield _rust_backend(declared, facts.backend_version)


def _rust_backend(declared: PyProject, installed: str) -> Finding:
    name = f"{declared.backend}, the project's own, with " if declared.in_tree else ""
    name += declared.requirement
    if not installed:
        return Finding(OK, "backend", f"{name} (not installed here: isolated builds install it)")
    if _satisfies(installed, declared.requirement):
        return Finding(OK, "backend", f"{name} ({installed} is installed here)")
    what = f"{name}, but {installed} is installed here: only builds without isolation use that one"
    return Finding(NOTE, "backend", what)


def manifests(facts: Facts) -> Iterator[Finding]:
    """Which Cargo.toml this is about, if that is not obvious."""
    first, *others = facts.manifests or ("",)
    if others:
        yield Finding(OK, "manifest", f"{first}; not looked at: {', '.join(others)}")
    elif os.path.dirname(first):
        yield Finding(OK, "manifest", first)


def cargo(facts: Facts) -> Iterator[Finding]:
    """The cargo that compiles, and what ``CARGO`` names."""
    found = facts.cargo
    if found.error:
        yield Finding(NOTE if nothing_to_do(facts) else PROBLEM, "cargo", found.error.what, found.error.hint)
    else:
        yield Finding(OK, "cargo", f"{found.real} {found.version}".rstrip())
    if found.kind == "launcher":
        yield Finding(OK, "CARGO", f"{found.named}: the shim is on")
    elif found.kind == "another launcher":
        what = f"{found.named}: the shim is on, by another version of it or another Python"
        yield Finding(NOTE, "CARGO", what, "`pyo3-base-python env` puts this one in its place")
    elif found.kind == "unset" and nothing_to_do(facts):
        return
    elif found.kind == "unset":
        yield Finding(NOTE, "CARGO", "is not set: in this shell the shim is off", f"to turn it on: {SWITCH_ON}")
    elif found.kind == "cross":
        yield Finding(PROBLEM, "CARGO", "is cross: the shim leaves cross builds alone", "unset CARGO")
    elif found.kind == "missing":
        yield Finding(PROBLEM, "CARGO", f"is {found.named}, which is not a program", "unset CARGO")
    else:
        yield Finding(
            NOTE,
            "CARGO",
            f"is {found.named}, which is not the shim: in this shell the shim is off",
            f"to turn it on, in front of that cargo: {SWITCH_ON}",
        )
    if found.typed:
        yield Finding(
            NOTE,
            "PATH",
            f"a cargo that is started by its name is {found.typed}, without the shim",
            'type `eval "$(pyo3-base-python env)"` again after what has changed PATH since: activate, ~/.cargo/env',
        )
    if found.kind.endswith("launcher") and (found.named or "").lower().endswith(".exe"):
        yield Finding(
            NOTE,
            "CARGO",
            "is a program of Windows, which does not start where the Python that it was made with is gone",
            "unset CARGO before you remove that Python, or let `pyo3-base-python env` of another one put its own there",
        )


def pyo3(facts: Facts) -> Iterator[Finding]:
    """The versions in Cargo.lock."""
    lock = facts.project.lock if facts.project else None
    if lock and lock.pyo3_versions:
        yield Finding(OK, "pyo3", " and ".join(map(plan.dotted, lock.pyo3_versions)))


def environments(facts: Facts) -> Iterator[Finding]:
    """Two active environments at once."""
    if len(facts.environments) > 1:
        names = " and ".join(facts.environments)
        yield Finding(
            PROBLEM,
            "environment",
            f"{names} are both set: `maturin develop` refuses to choose, and pyo3 looks at neither",
            "leave one of the two environments (`conda deactivate`), or unset its variable",
        )


def python(facts: Facts) -> Iterator[Finding]:
    """The interpreter that would be used, and its base interpreter."""
    found = facts.python
    if found is None:
        return  # the decision says why
    what = f"{plan.kind(found)}: {found.executable}"
    details = (f"base interpreter {found.base_executable}",) if found.executable != found.base_executable else ()
    if facts.python_unnamed:
        yield Finding(
            NOTE,
            "python",
            f"{what}; the first on PATH, since no virtual environment is active",
            "isolated builds have one of their own; for `maturin develop` and `cargo base-python` activate yours",
            details,
        )
    else:
        yield Finding(OK, "python", what, details=details)


def store(facts: Facts) -> Iterator[Finding]:
    """Where the store is, and whether it can be used."""
    if facts.store_error:
        yield Finding(PROBLEM, "store", facts.store_error.what, facts.store_error.hint)
    else:
        yield Finding(OK, "store", facts.store)


def decision(facts: Facts) -> Iterator[Finding]:
    """What the wrapper would set, or every reason why it would not."""
    steps, error = facts.decision.plan or plan.Plan(), facts.decision_error
    if steps.set:
        values = tuple(f"{name}={value} ({steps.reasons.get(name, '')})" for name, value in steps.set.items())
        yield Finding(OK, "wrapper", f"would set {', '.join(steps.set)}", details=values)
    for variable, why in steps.reasons.items():
        if variable not in steps.set:
            yield Finding(NOTE, "wrapper", f"{variable} {why}")
    for kind, words in facts.decision.reasons:
        level = NOTE if kind in NO_WORK else PROBLEM
        yield Finding(level, "wrapper", f"would leave cargo alone: {words}", REMEDIES.get(kind, ""))
    # What is wrong with the store has been said.
    if error and not (facts.store_error and facts.store_error.what == error.what):
        hint = error.hint or "check PYO3_PYTHON, the active virtual environment and PATH"
        yield Finding(PROBLEM, "wrapper", error.what, hint)


def settings(facts: Facts) -> Iterator[Finding]:
    """Variables that tox, cibuildwheel, uv and cargo's own configuration set."""
    for setting in facts.settings:
        if setting.place.startswith(CARGO_ENV):
            backend = facts.pyproject.rust_backend if facts.pyproject else ""
            yield _cargo_env(setting, backend)
        else:
            yield _tool(setting)


def _tool(setting: Setting) -> Finding:
    variable, value = setting.variable, setting.value
    what = f"{setting.place} sets {variable}={value}"
    if not setting.here:
        return Finding(NOTE, "settings", f"{what}, for builds on other platforms than this one")
    if variable == "CARGO":
        return Finding(PROBLEM, "settings", what, "remove it: build backends start that cargo, and not the shim")
    if variable == "PYO3_SHIM_MODE" and value == "full":
        return Finding(OK, "settings", what)
    if variable in {"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "PYO3_BASE_PYTHON"} or value == "export":
        return Finding(NOTE, "settings", what)
    return Finding(PROBLEM, "settings", what, "remove it, or accept that the shim leaves these builds alone")


def _cargo_env(setting: Setting, backend: str) -> Finding:
    """Cargo hands these to what it starts; where that names an interpreter, the decision says what follows."""
    what = f"{setting.place} sets {setting.variable}={setting.value}"
    if backend and not setting.forced and setting.variable in {*SET_BY_BACKENDS, *ENVIRONMENTS}:
        return Finding(
            OK,
            "settings",
            f"{what}, which {backend} overrides: it applies only to a cargo that is started by hand, and the wrapper"
            " leaves that one alone",
        )
    holds = "whatever the environment says" if setting.forced else "unless the environment does"
    if setting.variable in ENVIRONMENTS:
        holds += ", where PYO3_PYTHON is not set"
    elif not names_interpreter(setting.variable):
        return Finding(NOTE, "settings", f"{what}, which reaches build scripts only: it decides nothing here")
    return Finding(NOTE, "settings", f"{what}, {holds}: then the wrapper leaves cargo alone")


def tox(facts: Facts) -> Iterator[Finding]:
    """Whether tox passes ``CARGO`` on."""
    if facts.tox is None:
        return
    place = facts.tox.place
    if facts.tox.passes_cargo:
        yield Finding(OK, "tox", f"{place} passes CARGO on")
    elif facts.tox_override:
        yield Finding(OK, "tox", f"{place} does not pass CARGO on, but TOX_OVERRIDE does")
    elif facts.cargo.kind.endswith("launcher"):
        yield Finding(
            PROBLEM,
            "tox",
            f"{place} does not pass CARGO on: builds below tox run without the shim",
            "`pyo3-base-python run -- tox`, or add CARGO and PYO3_SHIM_* to pass_env of testenv and pkgenv",
        )
    else:
        yield Finding(NOTE, "tox", f"{place} does not pass CARGO on; `pyo3-base-python run -- tox` makes it do so")


def uv(facts: Facts) -> Iterator[Finding]:
    """Whether uv notices an edit of the Rust sources: if it does not, it does not even start the backend."""
    declared = facts.pyproject
    if not (facts.uv_project and declared and declared.rust_backend and facts.project):
        return
    keys = declared.cache_keys
    if keys is None or not any(key.endswith((".rs", "*")) for key in keys):
        folder = os.path.relpath(facts.project.manifest_dir, facts.folder)
        names = [os.path.normpath(os.path.join(folder, name)) for name in ("src/**/*.rs", "Cargo.toml", "Cargo.lock")]
        wanted = ", ".join(f'{{ file = "{name}" }}' for name in ("pyproject.toml", *names))
        yield Finding(
            PROBLEM,
            "uv",
            "[tool.uv] names no Rust sources in cache-keys: after an edit of these, `uv sync` and `uv run` keep the"
            " old module",
            f"[tool.uv] cache-keys = [{wanted}]",
        )


def build_scripts(facts: Facts) -> Iterator[Finding]:
    """Build scripts that run again whatever the shim does, or need a word of explanation."""
    if facts.graph.error:
        yield Finding(
            NOTE,
            "build scripts",
            f"not looked at: crates are not downloaded yet, or Cargo.lock is out of date ({facts.graph.error})",
            "run `cargo fetch`, or build once, and ask again",
        )
        return
    others = [script for script in facts.graph.scripts if script.crate.name not in PYO3_FAMILY]
    steps = facts.decision.plan
    named = steps is None or "PYO3_PYTHON" in steps.set or "PYO3_PYTHON" not in steps.reasons
    here = facts.decision.project
    readers = here.lock.readers_of_executable if here and here.lock else []
    found = [
        finding for script in others for finding in _script(script, named=named, reads=script.crate.name in readers)
    ]
    yield from found
    if facts.graph.scripts and not any(finding.level == PROBLEM for finding in found):
        number = len(facts.graph.scripts)
        yield Finding(OK, "build scripts", f"none of {number} watches anything that is new in every build")


def _script(script: BuildScript, *, named: bool = True, reads: bool = False) -> Iterator[Finding]:
    """``named``: whether the interpreter gets a stable name; ``reads``: whether the script may run the real one."""
    crate = script.crate
    name = f"{crate.name} {crate.version}"
    for variable in UNSTEADY:
        if variable in script.does.watches:
            yield Finding(
                PROBLEM,
                "build scripts",
                f"{name} watches {variable}, which is new in every isolated build: it is compiled each time, with what"
                " depends on it",
                f"let {crate.script} watch a variable of its own instead"
                if crate.local
                else "ask its authors to watch a variable of its own instead",
            )
    if "PYO3_PYTHON" in script.does.watches and not named:
        yield Finding(
            PROBLEM,
            "build scripts",
            f"{name} watches PYO3_PYTHON, which is new in every isolated build here: it is compiled each time",
            "build with an interpreter that can have a stable name: see what the wrapper says of PYO3_PYTHON",
        )
    elif "PYO3_PYTHON" in script.does.watches:
        yield Finding(OK, "build scripts", f"{name} watches PYO3_PYTHON, which the wrapper gives a stable name")
    if (script.does.runs_python or reads) and "pyo3-build-config" in crate.depends_on:
        yield Finding(
            NOTE,
            "build scripts",
            f"{name} asks pyo3-build-config for the interpreter: a changed build requirement compiles pyo3 again, and"
            " so do front ends in turn that install different things (pip, uv)",
            "build with one front end, or see that build.rs asks for no more than pyo3's flags" if crate.local else "",
        )
    for pattern in script.does.patterns:
        folder = pattern.partition("*")[0].rpartition("/")[0] or "its folder"
        yield Finding(
            PROBLEM,
            "build scripts",
            f"{name} watches {pattern}, but cargo expands no patterns, and no file has this name: it is compiled each"
            " time, with what depends on it",
            f"let {crate.script} name {folder} instead, or each file"
            if crate.local
            else f"ask its authors to name {folder} instead, or each file",
        )
    gone = [file for file in script.does.files if file not in script.does.patterns]
    if crate.local and gone:
        yield Finding(
            NOTE,
            "build scripts",
            f"{name} watches {', '.join(gone)}, which is not there: where it says so, it is compiled each time",
            f"correct the path in {crate.script}",
        )
    if crate.local and not script.does.names_something:
        yield Finding(
            NOTE,
            "build scripts",
            f"{name} prints no rerun-if line of its own: any changed file of the package may run it again",
            f'print "cargo:rerun-if-changed=..." in {crate.script} for what it reads',
        )


def upstream(facts: Facts) -> Iterator[Finding]:
    """Whether pyo3 and the build backend do by themselves what the shim does."""
    reads, sets = facts.graph.pyo3_reads, facts.backend_sets
    name = facts.pyproject.rust_backend if facts.pyproject else ""
    if reads and sets:
        yield Finding(
            OK,
            "upstream",
            f"pyo3 reads PYO3_BASE_PYTHON and {name} {facts.backend_version} sets it: the shim can go",
        )
    elif reads and sets is False:
        yield Finding(
            NOTE,
            "upstream",
            f"pyo3 reads PYO3_BASE_PYTHON itself; {name} {facts.backend_version} does not set it, so the wrapper does",
        )
    elif reads:
        yield Finding(
            NOTE, "upstream", "pyo3 reads PYO3_BASE_PYTHON itself; no build backend is installed here that might set it"
        )
    elif _steady_abi3(facts):
        yield Finding(
            NOTE,
            "upstream",
            "stable ABI: maturin from 1.16 on writes pyo3's configuration itself, so nothing is recompiled without"
            " the shim either, unless a cache prunes target/",
        )
    elif reads is False:
        yield Finding(OK, "upstream", "this pyo3 does not read PYO3_BASE_PYTHON: the shim is needed")


def _steady_abi3(facts: Facts) -> bool:
    lock = facts.project.lock if facts.project else None
    declared = facts.pyproject
    return bool(
        any(feature.startswith("abi3") for feature in facts.graph.pyo3_features)
        and lock
        and lock.pyo3_versions
        and lock.pyo3_versions[0] >= ABI3_PYO3
        and declared
        and declared.rust_backend == "maturin"
        and _may_be_new(declared.requirement)
    )


def _may_be_new(requirement: str) -> bool:
    """Whether a ``requirement`` of maturin's admits a version from ``ABI3_MATURIN`` on."""
    specifiers = Requirement(requirement).specifier
    named = [specifier.version.rstrip(".*") for specifier in specifiers]
    later = [f"{ABI3_MATURIN.major}.{minor}" for minor in range(ABI3_MATURIN.minor, 100)]
    return any(_at_least(version) and specifiers.contains(version) for version in [*named, *later])


def _at_least(version: str) -> bool:
    try:
        return Version(version) >= ABI3_MATURIN
    except InvalidVersion:
        return False


def _satisfies(version: str, requirement: str) -> bool:
    return Requirement(requirement).specifier.contains(version, prereleases=True)
