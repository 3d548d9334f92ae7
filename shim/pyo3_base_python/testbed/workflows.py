"""What people type, twice, without and with the shim: what cargo compiles, and how long it takes.

Each line is typed as it stands, in a project of its own, with a store of its own. With the shim it is what
`pyo3-base-python run` starts.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python import bundled, measure
from pyo3_base_python.testbed import failures, running, session, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.tables import Sheet
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["WORKFLOWS", "Result", "Round", "Row", "Workflow", "as_json", "choose", "compiled_again", "run", "sheet"]

FORMAT = 1
TOOLS = ("build", "maturin", "nox", "tox", "uv", "virtualenv")
HEADINGS = ("typed", "project", "without", "again", "with", "again", "seconds")
RIGHT = (False, False, True, True, True, True, True)

FRESH_ENVIRONMENT = "rm -rf env && python -m venv env"
REPOSITORY = "rm -rf .git && git init -q && git add . && git -c user.name=a -c user.email=a@example.org commit -qm all"
GIT = (
    f'{REPOSITORY} && rm -rf user && mkdir user && cd user && printf \'[project]\nname = "user"\nversion = "1"\n'
    'requires-python = ">=3.9"\ndependencies = ["%s @ git+file://%s"]\n\' "$PROJECT" "$OLDPWD" >pyproject.toml'
)
NOXFILE = """\
cat >noxfile.py <<'end'
import nox

@nox.session(python={pythons})
def tests(session):
    session.{does}
end"""
TOX = """\
cat >tox.toml <<'end'
env_list = ["tests"]
[env_run_base]
commands = [["python", "--version"]]
end"""


class Workflow(NamedTuple):
    """A line that is ``typed``, for ``project``: `maturin new`, a bundled crate, or a release on the package index.

    ``once`` is done before the first time, ``before`` each time: both are lines of a shell, and not measured.
    """

    typed: str
    project: str
    once: str = ":"
    before: str = ":"


NEW = "maturin new"
WORKFLOWS = (
    Workflow("uv build", NEW),
    Workflow("uv build --wheel", NEW),
    Workflow("python -m build", NEW),
    Workflow("python -m build", "setuptools_rust"),
    Workflow("uv build", "setuptools_rust"),
    Workflow("uv build", "workspace"),
    Workflow("pip wheel .", "version_specific"),
    Workflow("env/bin/pip install .", "version_specific", before=FRESH_ENVIRONMENT),
    Workflow("env/bin/pip install .", "setuptools_rust", before=FRESH_ENVIRONMENT),
    Workflow("env/bin/pip install -e .", "imports_by_variable", before=FRESH_ENVIRONMENT),
    Workflow("pip wheel --no-cache-dir --no-binary=rpds-py rpds-py", "rpds-py", before="rm -f *.whl"),
    Workflow("env/bin/pip install --no-cache-dir --no-deps --no-binary=jiter jiter", "jiter", before=FRESH_ENVIRONMENT),
    Workflow(
        "env/bin/pip install --no-cache-dir --no-deps --no-binary=tiktoken tiktoken",
        "tiktoken",
        before=FRESH_ENVIRONMENT,
    ),
    Workflow("uv pip install --no-cache --python env --no-binary=rpds-py rpds-py", "rpds-py", before=FRESH_ENVIRONMENT),
    Workflow("uv sync --reinstall", NEW),
    Workflow("cd user && uv sync --no-cache", NEW, once=GIT, before="rm -rf user/.venv"),
    Workflow('env/bin/pip install "git+file://$PWD"', NEW, once=REPOSITORY, before=FRESH_ENVIRONMENT),
    Workflow("tox", NEW, once=TOX),
    Workflow("nox", "version_specific", once=NOXFILE.format(pythons=None, does='run("cargo", "check", external=True)')),
    Workflow("nox", NEW, once=NOXFILE.format(pythons=["3.11", "3.12"], does='install(".")')),
    Workflow("maturin build", "abi3"),
    Workflow("maturin develop", "version_specific", once=FRESH_ENVIRONMENT),
    Workflow("maturin develop && cargo check", "version_specific", once=FRESH_ENVIRONMENT),
    Workflow("maturin develop && cargo clippy && uv build --wheel", NEW, once=FRESH_ENVIRONMENT),
)


class Round(NamedTuple):
    """A line typed once: the packages that cargo compiled, each listed as often as it was, and seconds."""

    crates: tuple[str, ...]
    seconds: float


class Row(NamedTuple):
    """A workflow's result: two rounds without the shim, and two with it; ``failed`` says why there is none."""

    typed: str
    project: str
    without: Sequence[Round]
    shim: Sequence[Round]
    failed: str = ""


class Result(NamedTuple):
    """The rows; ``context``: the tools they were made with."""

    rows: Sequence[Row]
    context: Mapping[str, str]


def choose(texts: Sequence[str]) -> list[Workflow]:
    """The workflows whose line or project contains one of ``texts``; all if there is none. Raises ``ShimError``."""
    chosen = [one for one in WORKFLOWS if not texts or any(text in f"{one.typed} ({one.project})" for text in texts)]
    if not chosen:
        raise ShimError(f"no workflow has {' or '.join(texts)} in it", "`--list` shows them", Exit.NAMED)
    return chosen


def run(
    chosen: Sequence[Workflow], work: WorkFolder, environ: Mapping[str, str], progress: Callable[[str], None]
) -> Result:
    """Type each of ``chosen``, twice without and twice with the shim. Raises ``ShimError`` if there is no cargo."""
    environ = tools.clean(environ)
    cargo = session.cargo_version(environ)
    variables = tools.environment(tools.default_python(environ), TOOLS, work, environ)
    rows = []
    for number, workflow in enumerate(chosen, 1):
        folder = work.top / "workflows"
        shutil.rmtree(folder, ignore_errors=True)
        shown = f"{number} of {len(chosen)}: {workflow.typed} ({workflow.project})"
        try:
            without, shim = (
                _rounds(workflow, folder / name, variables, shim=bool(name == "with"), tell=progress, shown=shown)
                for name in ("without", "with")
            )
        except ShimError as error:
            if error.exit_code != Exit.BUILD:
                raise
            rows.append(Row(workflow.typed, workflow.project, (), (), error.what))
        else:
            rows.append(Row(workflow.typed, workflow.project, without, shim))
        progress(f"{shown}: {' | '.join(_fields(rows[-1])[2:])}")
    return Result(rows, {**tools.versions(TOOLS, variables), "cargo": cargo})


def _rounds(
    workflow: Workflow,
    folder: Path,
    environ: Mapping[str, str],
    *,
    shim: bool,
    tell: Callable[[str], None],
    shown: str,
) -> tuple[Round, Round]:
    """Type the line twice in a copy of the project below ``folder``, which must not exist."""
    folder.mkdir(parents=True)
    recorder = measure.Recorder(folder, environ)
    (folder / "bin").mkdir()
    (folder / "bin" / "cargo").symlink_to(recorder.program)
    project = folder / "a_project"
    variables = {
        **environ,
        "CARGO": os.fspath(recorder.program),
        "PATH": os.pathsep.join([os.fspath(folder / "bin"), environ["PATH"]]),
        "PYO3_SHIM_STORE": os.fspath(folder / "store"),
        "PYO3_SHIM_SDIST_DIR": os.fspath(folder / "sdists"),
        "PROJECT": project.name,
    }
    if workflow.once.startswith(FRESH_ENVIRONMENT):
        variables["VIRTUAL_ENV"] = os.fspath(project / "env")
    log = folder / "typed.log"

    def must(line: str) -> None:
        status, output = running.run(["sh", "-c", line], variables, project, log, lambda: recorder.tell(show))
        if status:
            said = output + recorder.take()
            (folder / "failed.log").write_text(said, encoding="utf-8")
            raise failures.build_failed(f"`{line}` fails", said, os.fspath(folder / "failed.log"))

    def show(what: str) -> None:
        tell(f"{shown}: {folder.name} the shim: {what}")

    if workflow.project == NEW:
        running.must_run("maturin new fails", ["maturin", "new", "-b", "pyo3", project.name], environ, folder, log)
    elif (bundled.folder() / workflow.project).is_dir():
        bundled.copy(workflow.project, project)
    else:
        project.mkdir()
    must(workflow.once)
    rounds = []
    for _ in range(2):
        must(workflow.before)
        recorder.take()
        typed = workflow.typed
        if shim:
            variables["TYPED"] = typed
            typed = f'exec "{sys.executable}" -m pyo3_base_python run -- sh -c "$TYPED"'
        began = time.monotonic()
        must(typed)
        seconds = time.monotonic() - began
        rounds.append(Round(_each(recorder.take()), seconds))
    return rounds[0], rounds[1]


def _each(messages: str) -> tuple[str, ...]:
    """The packages that cargo's ``messages`` call compiled or checked, each listed as often as they do."""
    found = (measure.STATUS_LINE.match(line) for line in messages.splitlines())
    return tuple(match[2] for match in found if match and match[1] in {"Compiling", "Checking"})


def compiled_again(result: Result) -> list[Row]:
    """The rows that fail, and those in which the second time with the shim compiles something."""
    return [row for row in result.rows if row.failed or row.shim[1].crates]


def sheet(result: Result) -> Sheet:
    """The result as a table."""
    return Sheet(
        "What is typed, twice: crates that are compiled without and with the shim",
        HEADINGS,
        RIGHT,
        [_fields(row) for row in result.rows],
        result.context,
    )


def as_json(result: Result) -> str:
    """One object: ``format``, ``context``, ``workflows`` with ``without`` and ``shim``, two rounds each."""
    rows = [
        {**row._asdict(), **{way: [one._asdict() for one in getattr(row, way)] for way in ("without", "shim")}}
        for row in result.rows
    ]
    return json.dumps({"format": FORMAT, "context": dict(result.context), "workflows": rows}, indent=2) + "\n"


def _fields(row: Row) -> list[str]:
    if row.failed:
        return [row.typed, row.project, "", "", "", "", row.failed]
    rounds = [*row.without, *row.shim]
    times = f"{row.without[1].seconds:.1f} → {row.shim[1].seconds:.1f}"
    return [row.typed, row.project, *(str(len(one.crates)) for one in rounds), times]
