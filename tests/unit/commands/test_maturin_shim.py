"""`maturin-shim` in front of a maturin that says how it was called."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pyo3_base_python
from pyo3_base_python.commands import maturin_shim
from pyo3_base_python.wrapper.errors import ShimError

if TYPE_CHECKING:
    from tests.unit.support import Script, Wrapper

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(pyo3_base_python.__file__)))
# What the entry point does, with a maturin that is found on PATH alone.
RUN = """
import sys, types
sys.path.append(sys.argv.pop(1))
from pyo3_base_python.commands import maturin_shim
maturin_shim.sys = types.SimpleNamespace(executable="/not/there/python", argv=sys.argv)
maturin_shim.sysconfig = types.SimpleNamespace(get_path=lambda name: "/not/there")
maturin_shim.main()
"""
RECORD = 'printf "<%s>" "$@"; printf "|$CARGO|$PYO3_SHIM_CARGO|"; cat; echo said >&2; exit 9'


def run(
    wrapper: Wrapper, *arguments: str, stdin: bytes = b"", **changes: str | None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", "-c", RUN, SOURCE, *arguments],
        env=wrapper.variables(**changes),
        input=stdin,
        capture_output=True,
        check=False,
    )


@pytest.fixture
def fake_maturin(wrapper: Wrapper, script: Script) -> Path:
    path = wrapper.bin / "maturin"
    os.rename(script("maturin", RECORD), path)
    return path


@pytest.mark.usefixtures("fake_maturin")
def test_arguments_streams_and_exit_code_are_maturins_own(wrapper: Wrapper) -> None:
    done = run(wrapper, "build", "", "a b", "--help", stdin=b"for maturin")
    assert done.stdout == f"<build><><a b><--help>|{wrapper.own_program}||for maturin".encode()
    assert (done.returncode, done.stderr) == (9, b"said\n")


@pytest.mark.usefixtures("fake_maturin")
def test_cargo_that_stood_before_is_handed_down(wrapper: Wrapper) -> None:
    assert run(wrapper, CARGO=wrapper.cargo).stdout == f"<>|{wrapper.own_program}|{wrapper.cargo}|".encode()


@pytest.mark.promise("fault")
@pytest.mark.usefixtures("fake_maturin")
def test_store_that_can_not_be_used_costs_one_line(wrapper: Wrapper) -> None:
    done = run(wrapper, "build", PYO3_SHIM_STORE="/dev/null/store")
    line, said = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout, said) == (9, b"<build>|||", "said")
    assert line.endswith("maturin runs without a stable interpreter")


@pytest.mark.promise("bad input")
def test_missing_maturin_is_a_line_a_hint_and_127(wrapper: Wrapper) -> None:
    done = run(wrapper, "build")
    what, hint = done.stderr.decode().splitlines()
    assert (done.returncode, what) == (127, "pyo3-base-python: error: maturin is not installed")
    assert "pip install maturin" in hint


@pytest.mark.promise("bad input")
def test_maturin_that_can_not_be_started_is_one_line(wrapper: Wrapper, fake_maturin: Path) -> None:
    fake_maturin.write_text("neither a script nor a binary", encoding="utf-8")
    assert len(run(wrapper, "build").stderr.splitlines()) == 1


@pytest.mark.parametrize("place", ["beside the interpreter", "among the scripts"])
def test_maturin_that_is_installed_with_this_package_comes_before_the_one_on_path(
    monkeypatch: pytest.MonkeyPatch, wrapper: Wrapper, fake_maturin: Path, script: Script, place: str
) -> None:
    installed = script("maturin", "")
    folder = os.path.dirname(installed)
    beside = place == "beside the interpreter"
    monkeypatch.setattr(sys, "executable", os.path.join(folder if beside else "/not/there", "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: "/not/there" if beside else folder)
    assert maturin_shim.find_maturin(wrapper.environ) == installed
    os.unlink(installed)
    assert maturin_shim.find_maturin(wrapper.environ) == os.fspath(fake_maturin)


@pytest.mark.promise("bad input")
def test_maturin_that_is_nowhere_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/not/there/python")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: "/not/there")
    with pytest.raises(ShimError, match="not installed"):
        maturin_shim.find_maturin({"PATH": "/not/there"})
