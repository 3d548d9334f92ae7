"""A whole matrix, with the builds replaced: what is measured, in which order, and what is not measured again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.testbed import candidates, measurement, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.matrix import Cell, Found
from pyo3_base_python.testbed.results import State
from pyo3_base_python.testbed.session import Selection, Session
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyo3_base_python.testbed.measurement import Bed
    from pyo3_base_python.testbed.workfolder import WorkFolder

RELEASED = ("released",)
SELECTION = Selection(
    backends=("maturin",), pyo3=RELEASED, maturin=RELEASED, abis=("version-specific",), front_ends=("uv",), hazards=()
)


class Builds:
    """Takes the place of the builds: counts them, and can be told to fail."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.error: BaseException | None = None
        self.found = Found((), 1.0, {})

    def __call__(self, cell: Cell, line: str, hazards: Sequence[str], bed: Bed) -> Found:
        """As ``measurement.measure``."""
        assert line == "maturin==1.16.0"
        assert not hazards
        assert bed.subjects.pythons
        if self.error is not None and self.cells:
            raise self.error
        self.cells.append(cell.shim)
        return self.found


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    builds = Builds()

    def environment(python: object, requirements: object, work: object, environ: Mapping[str, str]) -> dict[str, str]:
        del python, requirements, work
        return dict(environ)

    monkeypatch.setattr(measurement, "measure", builds)
    monkeypatch.setattr(candidates, "_check_release", lambda *_: None)
    monkeypatch.setattr(tools, "environment", environment)
    return builds


def run(work: WorkFolder, state: Path, **changes: tuple[str, ...]) -> dict[str, bool]:
    """Run the selection; return for each mode of the shim whether it had been measured before."""
    known: dict[str, bool] = {}
    session = Session(SELECTION._replace(**changes), work, os.environ)

    def done(cell: Cell, found: Found, before: bool) -> None:
        assert isinstance(found, Found)
        known[cell.shim] = before

    session.run(State(state), print, done)
    return known


def test_an_interrupted_run_goes_on_where_it_was(work: WorkFolder, builds: Builds, tmp_path: Path) -> None:
    builds.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(work, tmp_path / "state")
    builds.error = None
    assert run(work, tmp_path / "state") == {"off": True, "export": False, "full": False}
    assert builds.cells == ["off", "export", "full"]


def test_a_failed_build_is_tried_again(work: WorkFolder, builds: Builds, tmp_path: Path) -> None:
    builds.found = Found((), 0.0, {}, "does not build")
    run(work, tmp_path / "state")
    builds.found = Found((), 1.0, {})
    assert run(work, tmp_path / "state") == {"off": False, "export": False, "full": False}
    assert run(work, tmp_path / "state") == {"off": True, "export": True, "full": True}


def test_a_full_disk_ends_the_run_and_is_no_result(work: WorkFolder, builds: Builds, tmp_path: Path) -> None:
    builds.error = ShimError("no space left on the disk", exit_code=Exit.DISK)
    with pytest.raises(ShimError):
        run(work, tmp_path / "state")
    builds.error = None
    assert run(work, tmp_path / "state") == {"off": True, "export": False, "full": False}


def test_another_wrapper_is_measured_anew_where_it_is_on(
    work: WorkFolder, builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(work, tmp_path / "state")
    monkeypatch.setattr("pyo3_base_python.testbed.session.shim_digest", lambda: "another")
    assert run(work, tmp_path / "state") == {"off": True, "export": False, "full": False}
    assert builds.cells == ["off", "export", "full", "export", "full"]


def test_the_pip_that_isolates_in_environments_is_known_by_its_own_version(
    work: WorkFolder, builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another pip in the environment is no reason to measure again with it, and the other way round."""

    def environment(python: object, requirements: Sequence[str], work: object, environ: object) -> dict[str, str]:
        del python, work, environ
        return {"PIP": "26.3" if "pip>=26" in requirements else "23.2"}

    monkeypatch.setattr(tools, "environment", environment)
    monkeypatch.setattr(tools, "versions", lambda _, variables: {"pip": variables["PIP"], "uv": "0.13"})
    selection = SELECTION._replace(front_ends=("pip-venv", "pip"), shims=("off",))
    session = Session(selection, work, os.environ)
    report = session.run(State(tmp_path / "state"), print, lambda *_: None)
    assert (report.context["pip-venv"], report.context["pip"], report.pip_major) == ("26.3", "23.2", 23)
    assert len(builds.cells) == 2
