"""Facts of a project in which all is well."""

from __future__ import annotations

from pyo3_base_python.doctor import crates, facts, pyproject
from pyo3_base_python.wrapper import plan
from pyo3_base_python.wrapper.decide import Decision
from tests.unit.support import an_interpreter, project_with

__all__ = ["WELL", "a_script", "decided"]

PROJECT = project_with((0, 30, 1))
PYTHON = an_interpreter()
PLAN = plan.steady({}, PROJECT, PYTHON, "/store")
WELL = facts.Facts(
    folder="/src",
    pyproject=pyproject.PyProject("maturin", "maturin", "maturin>=1.5,<2"),
    pyproject_error=None,
    project=PROJECT,
    front_ends={"uv": "0.13.9", "pip": "23.2"},
    backend_version="1.16.0",
    backend_sets=False,
    cargo=facts.Cargo("/store/bin/cargo", "launcher", "/usr/bin/cargo", "1.95.0"),
    python=PYTHON,
    python_unnamed=False,
    store="/store",
    store_error=None,
    decision=Decision(PROJECT, plan=PLAN),
    decision_error=None,
    graph=facts.Graph(pyo3_reads=False),
    settings=(),
    tox=None,
    tox_override=True,
    sdist_place="/cache/sdists",
)


def a_script(
    *watches: str,
    name: str = "ring",
    local: bool = False,
    runs_python: bool = False,
    names_something: bool = True,
    depends_on: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
) -> facts.BuildScript:
    """A crate whose build script does what is given."""
    folder = f"/crates/{name}"
    crate = crates.Crate(
        name, "1.2.3", folder, local, f"{folder}/build.rs", frozenset({"default"}), frozenset(depends_on)
    )
    return facts.BuildScript(crate, crates.Script(frozenset(watches), runs_python, names_something, files))


def decided(*reasons: tuple[str, str]) -> Decision:
    """A decision to leave cargo alone for these ``reasons``."""
    return Decision(None, reasons)
