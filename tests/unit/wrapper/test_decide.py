"""The decision, where something has to be replaced; the wrapper that follows it is run in `test_main`."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from pyo3_base_python.wrapper import interpreter
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.decide import decide, decide_for, locate, use_base_python
from pyo3_base_python.wrapper.errors import CannotSteady, UserError
from tests.unit.support import LOCK, MANIFEST, Script, Wrapper, an_interpreter, project_with


def test_nobody_is_asked_where_the_shim_is_off_or_nothing_is_compiled(wrapper: Wrapper) -> None:
    for environ, subcommand, kind in (({"PYO3_SHIM_MODE": "off"}, "build", "mode"), ({}, "fetch", "subcommand")):
        decision = decide("/no/cargo", parse([subcommand]), environ, os.fspath(wrapper.project))
        assert decision.reasons[0][0] == kind
        assert (decision.plan, decision.project) == (None, None)


def test_all_reasons_are_given_and_nothing_is_planned() -> None:
    project = project_with((0, 15, 0), target_dir="", cargo_env=["PYO3_PYTHON"])
    decision = decide_for(parse(["build"]), project, {"PYO3_NO_PYTHON": "1"})
    assert [kind for kind, _ in decision.reasons] == ["no interpreter", "cargo env", "unknown place", "old pyo3"]
    assert (decision.plan, decision.project) == (None, project)


def test_without_a_python_cargo_is_left_alone() -> None:
    decision = decide_for(parse(["build"]), project_with((0, 30, 1)), {"PATH": "/nowhere"})
    assert [kind for kind, _ in decision.reasons] == ["no python"]


@pytest.mark.promise("bad input")
def test_a_word_that_is_none_is_refused_whatever_else_holds() -> None:
    with pytest.raises(UserError, match="PYO3_SHIM_MODE"):
        decide_for(parse(["fetch"]), None, {"PYO3_SHIM_MODE": "on"})


def test_inert_build_script_of_the_package_does_not_tie_pyo3_to_what_is_installed(wrapper: Wrapper) -> None:
    """W12."""
    lock = f'{LOCK}\n[[package]]\nname = "crate"\nversion = "0.1.0"\ndependencies = [\n "pyo3-build-config",\n]\n'
    manifest = f'{MANIFEST}\n[build-dependencies]\npyo3-build-config = "0.26"\n'
    wrapper.write_project(manifest, lock)
    found = []
    for call in ("use_pyo3_cfgs", "get"):
        (wrapper.project / "build.rs").write_text(f"fn main() {{ pyo3_build_config::{call}(); }}", encoding="utf-8")
        here = locate("/no/cargo", parse(["build"]), {}, os.fspath(wrapper.project))
        assert here is not None
        assert here.lock is not None
        found.append(here.lock.readers_of_executable)
    assert found == [[], ["crate"]]


# PYO3_BASE_PYTHON of the user


def test_base_that_was_found_already_is_not_asked_again(monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    path = os.path.realpath(script("python", ""))
    used = an_interpreter(base_executable=path)
    monkeypatch.delattr(interpreter, "ask")
    use_base_python(used, path, {})
    assert used.config == an_interpreter().config


def test_base_of_the_user_replaces_the_one_that_was_found(monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    path = script("python", "")
    base = an_interpreter(path, "/ignored", lib_dir="/their/lib")
    monkeypatch.setattr(interpreter, "ask", lambda *_: base)
    used = an_interpreter()
    use_base_python(used, path, {})
    assert (used.base_executable, used.config) == (os.path.realpath(path), base.config)


@pytest.mark.promise("bad input")
def test_base_that_can_not_be_asked_is_the_users_error(monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    def refuse(*_: object) -> NoReturn:
        raise CannotSteady("it is graalpy")

    monkeypatch.setattr(interpreter, "ask", refuse)
    with pytest.raises(UserError, match="it is graalpy"):
        use_base_python(an_interpreter(), script("python", ""), {})
