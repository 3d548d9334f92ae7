"""The program that runs inside the interpreter in question, in each version on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import interpreter, probe
from tests.unit.support import VERSIONS, InterpreterOf, posix

PROBE = os.path.abspath(probe.__file__)


def answer(python: str, *options: str, **environ: str) -> tuple[bytes, dict[str, str]]:
    done = subprocess.run([python, *options, PROBE], env=environ, capture_output=True, check=True)
    assert done.stderr == b""
    facts = interpreter.read_answer(done.stdout)
    assert facts is not None
    return done.stdout, facts


@pytest.mark.parametrize("version", [*VERSIONS])
def test_every_interpreter_answers_in_full(interpreter_of: InterpreterOf, version: str) -> None:
    _, facts = answer(interpreter_of(version))
    assert set(facts) == interpreter.EXPECTED_FACTS
    assert facts["version"] == version.rstrip("t")
    assert facts["implementation"] == "cpython"
    assert facts["pointer_width"] in {"32", "64"}
    assert os.path.exists(facts["stdlib"])


@posix("Python for Windows has another configuration: see tests/windows")
def test_this_interpreter_says_what_it_knows_of_itself() -> None:
    facts = probe.facts()
    assert facts["executable"] == sys.executable
    assert facts["prefix"] == sys.prefix
    assert facts["soabi"] == sysconfig.get_config_var("SOABI")
    assert facts["sys_path"].split("\0") == sys.path
    assert facts["shared"] == str(bool(sysconfig.get_config_var("Py_ENABLE_SHARED")))


@pytest.mark.parametrize(
    ("variables", "flags"),
    [
        ({}, ""),
        ({"Py_DEBUG": 1, "Py_REF_DEBUG": 0}, "Py_DEBUG"),
        ({"Py_GIL_DISABLED": 1}, "Py_GIL_DISABLED"),
        ({"Py_GIL_DISABLED": 0}, ""),
        ({"Py_TRACE_REFS": 1, "Py_DEBUG": 1}, "Py_DEBUG,Py_TRACE_REFS"),
    ],
)
def test_build_flags_are_those_that_are_switched_on(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, object], flags: str
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_vars", lambda: variables)
    assert probe.facts()["build_flags"] == flags


@posix("Python for Windows has another configuration: see tests/windows")
@pytest.mark.parametrize(
    ("variables", "shared"), [({}, "False"), ({"Py_ENABLE_SHARED": 1}, "True"), ({"PYTHONFRAMEWORK": "Python"}, "True")]
)
def test_shared_as_pyo3_understands_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, object], shared: str
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_vars", lambda: variables)
    assert probe.facts()["shared"] == shared


def test_framework_has_a_prefix_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"PYTHONFRAMEWORK": "Python", "PYTHONFRAMEWORKPREFIX": "/Library/Frameworks"}
    monkeypatch.setattr(sysconfig, "get_config_vars", lambda: variables)
    assert probe.facts()["framework_prefix"] == "/Library/Frameworks"
    variables["PYTHONFRAMEWORK"] = ""
    assert probe.facts()["framework_prefix"] == ""


@posix("no file can have such a name")
def test_a_path_in_whatever_alphabet_comes_through(tmp_path: Path) -> None:
    folder = tmp_path / "a b'\"\n=ä\udcff%"
    folder.mkdir()
    for locale in ("C", "C.UTF-8"):
        _, facts = answer(sys.executable, PYTHONPATH=os.fspath(folder), LC_ALL=locale)
        assert os.fspath(folder) in facts["sys_path"].split("\0")


@pytest.mark.promise("fault")
def test_modules_beside_the_probe_are_not_in_its_way() -> None:
    """Its folder holds a `config.py`, a `process.py`, which must not stand before an environment's own."""
    _, facts = answer(sys.executable)
    assert os.path.dirname(PROBE) not in facts["sys_path"].split("\0")


@posix("lines end otherwise")
@pytest.mark.promise("fault")
def test_answer_is_one_line_after_whatever_a_site_has_printed(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.stdout.write('no line end')", encoding="utf-8")
    said, _ = answer(sys.executable, PYTHONPATH=os.fspath(tmp_path))
    assert said.startswith(b"no line end\n" + probe.MARK.encode() + b" ")


def test_probe_leaves_no_compiled_file(interpreter_of: InterpreterOf) -> None:
    cache = Path(PROBE).parent / "__pycache__"
    before = {path.name for path in cache.glob("probe.*")}
    answer(interpreter_of("3.8"))
    assert {path.name for path in cache.glob("probe.*")} == before
