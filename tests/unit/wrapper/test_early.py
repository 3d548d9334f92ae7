"""The interpreter is asked before the wrapper has looked at anything."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.wrapper import early, interpreter
from tests.unit.support import posix

if TYPE_CHECKING:
    from tests.unit.support import Script, Wrapper

NAMED = {"PYO3_PYTHON": sys.executable, "PATH": os.environ["PATH"]}


@posix("there is no posix_spawn")
def test_the_interpreter_that_a_build_backend_names_is_asked() -> None:
    begun = early.begin(["+stable", "rustc", "--release"], NAMED)
    assert begun is not None
    assert begun.program == sys.executable
    code, output = begun.result(30)
    assert code == 0
    assert interpreter.read_answer(output) is not None


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (["metadata"], {}),
        (["--version"], {}),
        ([], {}),
        (["build"], {"PYO3_SHIM_MODE": "off"}),
        (["build"], {"PYO3_PYTHON": ""}),
        (["build"], {"PYO3_PYTHON": "/not/there/python"}),
    ],
    ids=str,
)
def test_nobody_is_asked_where_that_is_of_no_use(arguments: list[str], changes: dict[str, str]) -> None:
    assert early.begin(arguments, {**NAMED, **changes}) is None


def test_a_name_on_path_is_the_program_that_is_found_there(script: Script) -> None:
    path = script("chosen", "")
    begun = early.begin(["build"], {"PYO3_PYTHON": "chosen", "PATH": os.path.dirname(path)})
    assert begun is not None
    begun.drop()
    assert begun.program == path


def test_it_is_asked_once(wrapper: Wrapper, script: Script, tmp_path: Path) -> None:
    counting = script("counting", f'echo started >>"{tmp_path}/started"; exec {sys.executable} "$@"')
    assert "PYO3_BASE_PYTHON" in wrapper.run("build", PYO3_PYTHON=counting).environ
    assert (tmp_path / "started").read_text() == "started\n"


@pytest.mark.promise("fault")
def test_one_that_hangs_does_not_outlive_the_wrapper_where_cargo_is_left_alone(
    wrapper: Wrapper, script: Script, tmp_path: Path
) -> None:
    (wrapper.project / "Cargo.toml").unlink()
    slow = script("slow", f'echo $$ >"{tmp_path}/pid"; exec sleep 60')
    began = time.monotonic()
    result = wrapper.run("build", PYO3_PYTHON=slow)
    assert (result.code, result.err) == (0, "")
    assert time.monotonic() - began < 60
    if (tmp_path / "pid").exists():  # it may have been ended before it got there
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)
