"""The demo without a build: its table, its check of the wheel, and its steps with a stand-in for `python -m build`."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from pyo3_base_python import bundled, measure
from pyo3_base_python.commands import demonstration
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import ShimError

if TYPE_CHECKING:
    from tests.unit.support import Wrapper


def a_build(*, shim: bool, number: int, crates: tuple[str, ...]) -> demonstration.Build:
    return demonstration.Build(shim, number, measure.Compiled(crates, ()), 12.34)


def rows(builds: list[demonstration.Build]) -> list[list[str]]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(demonstration.table(builds))
    lines = [line for line in capture.get().splitlines() if "│" in line]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]


def test_table_has_a_row_for_each_build_and_says_what_the_second_compiled() -> None:
    builds = [
        a_build(shim=False, number=1, crates=("a", "b", "c")),
        a_build(shim=False, number=2, crates=("b", "c")),
        a_build(shim=True, number=1, crates=("c",)),
        a_build(shim=True, number=2, crates=()),
    ]
    assert rows(builds) == [
        ["without", "1", "3", "12.3", "(cold: no target directory yet)"],
        ["without", "2", "2", "12.3", "b, c"],
        ["with the shim", "1", "1", "12.3", "(the build before had no shim)"],
        ["with the shim", "2", "0", "12.3", "nothing"],
    ]


def make_wheel(folder: Path, answer: str) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(folder / "crate-0.1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{demonstration.CRATE}.py", f"def answer():\n    return {answer}\n")
    return folder


def test_module_out_of_the_wheel_has_to_give_the_answer(tmp_path: Path) -> None:
    demonstration._check_answer(make_wheel(tmp_path / "right 'wheel'", "42"), dict(os.environ))
    for name, answer in (("wrong", "41"), ("broken", "1 / 0")):
        with pytest.raises(ShimError, match="does not answer 42"):
            demonstration._check_answer(make_wheel(tmp_path / name, answer), dict(os.environ))


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Replaces `python -m build` by a line of Python; `sys.argv` ends with the folder for wheels and the crate."""
    start = process.start

    def replace(code: str) -> None:
        monkeypatch.setattr(
            process, "start", lambda command, *rest: start([sys.executable, "-c", code, *command[-3:]], *rest)
        )

    return replace


BUILD = f"""
import os, pathlib, subprocess, sys, zipfile
subprocess.run([os.environ["CARGO"], "build"], check=True, stdout=subprocess.DEVNULL)
wheels = pathlib.Path(sys.argv[-2])
wheels.mkdir()
with zipfile.ZipFile(wheels / "a.whl", "w") as archive:
    archive.writestr("{demonstration.CRATE}.py", "answer = lambda: 42")
"""


def test_demo_builds_without_and_with_the_shim_in_a_clean_environment(
    wrapper: Wrapper, tmp_path: Path, pretend: Callable[[str], None]
) -> None:
    """Each call of cargo is recorded, whether the wrapper stands before it or not."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    pretend(BUILD)
    said: list[str] = []
    does = 'echo "   Compiling ${PYO3_BASE_PYTHON:+steady}${CARGO_TARGET_DIR}crate v1.0.0" >&2'
    environ = wrapper.variables(
        FAKE_CARGO_DOES=does, CARGO="/not/there", CARGO_TARGET_DIR="/elsewhere", PYO3_BASE_PYTHON="/not/there"
    )
    builds = list(demonstration.run(environ, scratch, said.append))
    assert [(build.shim, build.number) for build in builds] == [(False, 1), (False, 2), (True, 1), (True, 2)]
    assert [build.compiled.recompiled for build in builds] == [("crate",)] * 2 + [("steadycrate",)] * 2
    assert len(said) >= 4


NO_INDEX = """\
< ERROR: Could not find a version that satisfies the requirement
< (from versions: none)
< ERROR: No matching distribution found for maturin<2,>=1.5
Traceback (most recent call last):
  File "env.py", line 1, in <module>
subprocess.CalledProcessError: Command '[...]' returned non-zero exit status 1.

ERROR Command '[...]' failed
"""
NO_CRATE = """\
error: failed to download `pyo3 v0.30.1`

Caused by:
  failed to query replaced source registry `crates-io`
💥 maturin failed
  Caused by: Cargo metadata failed
"""
CONNECTION = "check the connection"


@pytest.mark.parametrize(
    ("output", "why", "hint"),
    [
        ("starting\nwhy it failed\n", "why it failed", "build.log"),
        ("", "it says nothing", "build.log"),
        (NO_INDEX, "ERROR: Could not find a version that satisfies the requirement", CONNECTION),
        (NO_CRATE, "error: failed to download `pyo3 v0.30.1`", CONNECTION),
        ("error[E0425]: no such thing\n  --> src/lib.rs\n", "error[E0425]: no such thing", "build.log"),
    ],
)
def test_build_that_fails_is_a_line_that_says_why_and_a_hint(
    wrapper: Wrapper, tmp_path: Path, pretend: Callable[[str], None], output: str, why: str, hint: str
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    pretend(f"import sys; sys.stdout.buffer.write({output.encode()!r}); raise SystemExit(1)")
    with pytest.raises(ShimError) as caught:
        list(demonstration.run(wrapper.environ, scratch, lambda _: None))
    assert caught.value.what == f"the build failed: {why}"
    assert hint in caught.value.hint
    assert caught.value.exit_code == 7


def test_demo_does_not_run_on_windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "WINDOWS", True)
    with pytest.raises(ShimError, match="POSIX shell"):
        next(demonstration.run({}, tmp_path, lambda _: None))


def test_bundled_crate_is_copied_without_what_was_built(tmp_path: Path) -> None:
    copy = bundled.copy(demonstration.CRATE, tmp_path / "copy")
    names = {path.name for path in copy.iterdir()}
    assert names >= {"Cargo.toml", "Cargo.lock", "pyproject.toml", "src"}
    assert not names & {"target", "build"}
