"""`pyo3-base-python demo`: the command around the builds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyo3_base_python import measure
from pyo3_base_python.commands import demonstration
from pyo3_base_python.wrapper.errors import ShimError
from tests.unit.commands.support import invoke

if TYPE_CHECKING:
    import pytest


def a_build(*, shim: bool, number: int, crates: tuple[str, ...]) -> demonstration.Build:
    return demonstration.Build(shim, number, measure.Compiled(crates, ()), 1.0)


def pretend(monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...], after: tuple[str, ...]) -> list[Path]:
    """Pretend that the demo's second builds compiled these crates; returns the folders that it was given."""
    scratches = []

    def run(environ: object, scratch: Path, progress: object) -> list[demonstration.Build]:
        assert environ is os.environ
        assert callable(progress)
        progress("building")
        assert list(scratch.iterdir()) == []
        (scratch / "file").touch()
        scratches.append(scratch)
        second = {False: before, True: after}
        return [
            a_build(shim=shim, number=number, crates=second[shim] if number == 2 else ("crate",))
            for shim in (False, True)
            for number in (1, 2)
        ]

    monkeypatch.setattr(demonstration, "run", run)
    return scratches


def test_demo_shows_a_table_on_stdout_and_succeeds_if_nothing_is_recompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    scratches = pretend(monkeypatch, ("pyo3", "crate"), ())
    done = invoke("demo")
    assert done.exit_code == 0
    assert "crates recompiled" in done.stdout
    assert "without the shim, build 2: 2 crates compiled" in done.stderr
    assert not scratches[0].exists()


def test_demo_fails_if_something_is_recompiled_with_the_shim(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, ("pyo3", "crate"), ("crate",))
    assert invoke("demo").exit_code == 1


def test_demo_says_where_the_shim_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, (), ())
    done = invoke("demo")
    assert done.exit_code == 0
    assert "do not need it" in " ".join(done.stderr.split())


def test_demo_keeps_its_folder_if_asked_and_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    scratches = pretend(monkeypatch, ("pyo3",), ())
    said = "".join(invoke("demo", "--keep").stderr.split())
    assert (scratches[0] / "file").exists()
    assert f"kept:{scratches[0]}" in said
    (scratches[0] / "file").unlink()
    scratches[0].rmdir()


def test_quiet_demo_prints_the_table_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, (), ())
    done = invoke("demo", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "crates recompiled" in done.stdout


def test_demo_that_fails_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scratches = []

    def run(_: object, scratch: Path, __: object) -> list[demonstration.Build]:
        scratches.append(scratch)
        raise ShimError("the build failed", "look above", 7)

    monkeypatch.setattr(demonstration, "run", run)
    done = invoke("demo")
    assert done.exit_code == 7
    assert done.stderr.splitlines()[-2:] == [
        "pyo3-base-python: error: the build failed",
        "pyo3-base-python: hint: look above",
    ]
    assert not scratches[0].exists()
