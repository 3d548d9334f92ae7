"""The decision, in this process; the wrapper that follows it is run in `test_main`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import early, interpreter
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.decide import Decision, decide, decide_for, locate, use_base_python
from pyo3_base_python.wrapper.errors import CannotSteady, UserError
from tests.unit.support import LOCK, MANIFEST, Script, Wrapper, an_interpreter, posix, project_with

BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
Decide = Callable[..., Decision]


@pytest.fixture
def decided(wrapper: Wrapper) -> Decide:
    """The decision for a call in the wrapper's project."""

    def run(line: str = "build", **changes: str | None) -> Decision:
        return decide(wrapper.cargo, parse(line.split()), wrapper.variables(**changes), os.fspath(wrapper.project))

    return run


def variables(decision: Decision) -> dict[str, str]:
    assert decision.plan is not None, decision.reasons
    return decision.plan.set


# A build that is steadied


def test_a_build_gets_the_interpreter_of_the_environment_by_stable_names(wrapper: Wrapper, decided: Decide) -> None:
    decision = decided()
    assert variables(decision)["PYO3_BASE_PYTHON"] == BASE
    assert variables(decision)["PYO3_SHIM_PYTHON"] == sys.executable
    for variable in ("PYO3_PYTHON", "PYO3_CONFIG_FILE"):
        assert variables(decision)[variable].startswith(os.path.join(wrapper.store, ""))
    assert (decision.reasons, decision.target) == ((), "")
    assert decision.plan is not None
    assert decision.plan.build_dir.startswith(os.path.join(wrapper.project, "target", "pyo3-base-python-cpython-"))
    assert decision.plan.place == ""
    assert decision.project is not None
    assert decision.project.root == os.fspath(wrapper.project)


def test_an_interpreter_that_was_asked_already_is_not_asked_again(
    wrapper: Wrapper, script: Script, tmp_path: Path
) -> None:
    environ = wrapper.variables(
        PYO3_PYTHON=script("counting", f'echo started >>"{tmp_path}/started"; exec {sys.executable} "$@"')
    )
    begun = early.begin(["build"], environ)
    assert decide(wrapper.cargo, parse(["build"]), environ, os.fspath(wrapper.project), begun).plan
    assert (tmp_path / "started").read_text() == "started\n"


def test_target_that_is_the_hosts_is_built_for_and_any_other_is_not(decided: Decide, script: Script) -> None:
    rustc = script("rustc", "echo host: my-own-host")
    decision = decided("build --target my-own-host", RUSTC=rustc)
    assert (decision.target, bool(variables(decision))) == ("my-own-host", True)
    decision = decided("build --target other-own-host", RUSTC=rustc)
    assert (decision.plan, decision.reasons) == (None, (("cross build", "cross build for other-own-host"),))


def test_host_tuple_is_the_host(decided: Decide, script: Script) -> None:
    assert decided("build --target host-tuple", RUSTC=script("rustc", "echo host: my-own-host")).target == "my-own-host"


def test_rustc_is_not_started_where_no_target_is_named(tmp_path: Path, decided: Decide, script: Script) -> None:
    assert decided(RUSTC=script("rustc", f"touch {tmp_path}/started")).plan
    assert not (tmp_path / "started").exists()


def test_without_pyo3_it_is_the_interpreter_that_maturin_names_for_other_bindings(
    wrapper: Wrapper, decided: Decide
) -> None:
    changes = {"PYO3_PYTHON": None, "PATH": "/nowhere", "PYTHON_SYS_EXECUTABLE": sys.executable}
    decision = decided(**changes)
    assert decision.reasons == (("no python", "there is no Python interpreter"),)
    assert decision.project is not None
    wrapper.write_project(MANIFEST, LOCK.replace("pyo3", "other"))
    assert variables(decided(**changes))["PYO3_SHIM_PYTHON"] == sys.executable


def test_what_is_built_may_be_installed_editable_and_change(wrapper: Wrapper, decided: Decide, tmp_path: Path) -> None:
    """`setup.py develop` has done so, and each edit of a module would have pyo3 compiled again."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "crate.egg-link").write_text(f"{wrapper.project}\n.")
    names = []
    for content in ("1", "2"):
        (wrapper.project / "module.py").write_text(content)
        names.append(variables(decided(PYTHONPATH=os.fspath(tmp_path / "site")))["PYO3_PYTHON"])
    assert names[0] == names[1]


@posix("there are no places for sdists on Windows")
@pytest.mark.parametrize("environ", [{}, {"PYO3_SHIM_BUILD_DIR": "interpreter"}])
def test_what_was_unpacked_is_compiled_in_the_place_for_sdists_whatever_else_is_asked_for(
    wrapper: Wrapper, decided: Decide, environ: dict[str, str]
) -> None:
    for name in ("PKG-INFO", "pyproject.toml"):
        (wrapper.project / name).touch()
    plan = decided(**environ).plan
    assert plan is not None
    assert plan.place.startswith("cpython-")
    assert (plan.build_dir, "PYO3_SHIM_BUILD_DIR" in plan.reasons) == ("", False)


def test_each_interpreter_has_a_build_directory_where_that_is_asked_for(wrapper: Wrapper, decided: Decide) -> None:
    plan = decided(PYO3_SHIM_BUILD_DIR="interpreter").plan
    assert plan is not None
    assert plan.build_dir.startswith(os.fspath(wrapper.project / "target" / "pyo3-base-python-cpython-"))


def test_what_is_only_checked_is_compiled_where_the_build_backend_compiles(wrapper: Wrapper, decided: Decide) -> None:
    (wrapper.project / "pyproject.toml").write_text('[build-system]\nrequires = ["maturin"]\n')
    folders = []
    for line, changes in (("check", {}), ("rustc", {"PYO3_BUILD_EXTENSION_MODULE": "1"}), ("test", {})):
        decision = decided(line, PYO3_SHIM_BUILD_DIR="interpreter", **changes)
        assert variables(decision).get("PYO3_BUILD_EXTENSION_MODULE") == ("1" if line == "check" else None)
        assert decision.plan is not None
        folders.append(decision.plan.build_dir)
    check, rustc, test = folders
    assert check == rustc != test


@posix("paths of POSIX")
def test_config_file_of_maturin_is_handed_on_as_it_is(decided: Decide, tmp_path: Path) -> None:
    file = tmp_path / "maturin" / "pyo3-config-triple-3.11.txt"
    file.parent.mkdir()
    file.write_bytes(b"version=3.11\n")
    plan = decided(PYO3_CONFIG_FILE=os.fspath(file)).plan
    assert plan is not None
    assert b"version=3.11\n" in [getattr(one, "content", b"") for one in plan.files]
    assert plan.set["PYO3_CONFIG_FILE"] != os.fspath(file)
    file.unlink()
    with pytest.raises(CannotSteady, match=f"^can't read maturin's {file}: No such file"):
        decided(PYO3_CONFIG_FILE=os.fspath(file))


def test_cargo_is_asked_for_the_workspace_where_the_manifests_leave_doubt(
    wrapper: Wrapper, decided: Decide, script: Script, tmp_path: Path
) -> None:
    wrapper.write_project("workspace.members = []\n", LOCK)
    wrapper.cargo = script("cargo", 'echo "$@" >"$ASKED"\necho "$WORKSPACE/Cargo.toml"')
    decision = decided("+nightly build", WORKSPACE="/its/root", ASKED=os.fspath(tmp_path / "asked"))
    assert decision.project is not None
    assert decision.project.root == "/its/root"
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("+nightly locate-project ")
    assert asked.endswith(f"{wrapper.project}/Cargo.toml\n")


# A build that is left alone


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


@pytest.mark.promise("fault")
@pytest.mark.parametrize("line", ["run -p xtask", "xtask dist", "run --manifest-path xtask/Cargo.toml"])
def test_what_cargo_runs_inherits_nothing_where_no_pyo3_is_compiled_for_it(wrapper: Wrapper, line: str) -> None:
    # It may have maturin build a wheel for another interpreter.
    xtask = '[[package]]\nname = "xtask"\nversion = "0.1.0"\n\n'
    lock = xtask + LOCK.replace('"0.1.0"\n', '"0.1.0"\ndependencies = [\n "pyo3",\n]\n', 1)
    wrapper.write_project(f'{MANIFEST}[workspace]\nmembers = ["xtask"]\n', lock)
    (wrapper.project / "xtask").mkdir()
    (wrapper.project / "xtask" / "Cargo.toml").write_text(MANIFEST.replace("crate", "xtask"))
    call = parse(line.split(), {"xtask": ["run", "--package", "xtask", "--"]}.get)
    decision = decide(wrapper.cargo, call, wrapper.variables(), os.fspath(wrapper.project))
    assert decision.reasons == (("no pyo3", "no pyo3 is compiled for xtask"),)
    assert decision.plan is None
    for other in ("run", "run -p crate", "test -p crate -p xtask", "build", "build -p xtask --workspace"):
        steadied = decide(wrapper.cargo, parse(other.split()), wrapper.variables(), os.fspath(wrapper.project))
        assert "PYO3_CONFIG_FILE" in variables(steadied), other


def test_without_a_python_cargo_is_left_alone() -> None:
    decision = decide_for(parse(["build"]), project_with((0, 30, 1)), {"PATH": "/nowhere"})
    assert [kind for kind, _ in decision.reasons] == ["no python"]


def test_nobody_is_asked_where_a_call_is_unclear(wrapper: Wrapper, decided: Decide) -> None:
    wrapper.write_project("workspace.members = []\n", LOCK)
    wrapper.cargo = "/no/cargo"
    decision = decided("-C elsewhere build")
    assert (decision.project, decision.reasons[0][0]) == (None, "command line")


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    ("variable", "words"),
    [("PYO3_SHIM_MODE", "full, export, off"), ("PYO3_SHIM_BUILD_DIR", "auto, interpreter, shared")],
)
def test_a_word_that_is_none_is_refused_whatever_else_holds(variable: str, words: str) -> None:
    with pytest.raises(UserError, match=f"^{variable} is 'on', which is none of {words}$") as caught:
        decide_for(parse(["fetch"]), None, {variable: "on"})
    assert caught.value.hint == "unset it, or set one of these"


def test_words_that_are_none_do_not_matter_where_the_shim_is_off() -> None:
    environ = {"PYO3_SHIM_MODE": "off", "PYO3_SHIM_BUILD_DIR": "on", "PYO3_SHIM_SDIST_LIMIT": "much"}
    assert decide_for(parse(["build"]), None, environ).reasons[0][0] == "mode"


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


@posix("paths of POSIX")
def test_base_of_the_user_may_be_named_as_it_is_on_path(wrapper: Wrapper, decided: Decide) -> None:
    (wrapper.bin / "my-python").symlink_to(BASE)
    assert variables(decided(PYO3_BASE_PYTHON="my-python"))["PYO3_BASE_PYTHON"] == BASE


@pytest.mark.promise("bad input")
def test_base_that_is_no_program_is_the_users_error(decided: Decide) -> None:
    with pytest.raises(UserError, match=r"^PYO3_BASE_PYTHON is /not/there, which is not a program") as caught:
        decided(PYO3_BASE_PYTHON="/not/there")
    assert caught.value.hint == f"unset PYO3_BASE_PYTHON, or set it to {BASE}"


@pytest.mark.promise("bad input")
def test_base_that_is_no_python_is_the_users_error(decided: Decide, script: Script) -> None:
    path = script("python", "exit 3")
    with pytest.raises(UserError, match=f"can't be used: {path} does not answer.* code 3.*{sys.executable}") as caught:
        decided(PYO3_BASE_PYTHON=path)
    assert caught.value.hint == f"unset PYO3_BASE_PYTHON, or set it to {BASE}"


@pytest.mark.promise("bad input")
def test_base_of_another_version_is_the_users_error(monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    path = script("python", "")
    monkeypatch.setattr(interpreter, "ask", lambda *_: an_interpreter(path, version="3.9"))
    with pytest.raises(UserError, match=f"PYO3_BASE_PYTHON is {path} "):
        use_base_python(an_interpreter(), path, {})
