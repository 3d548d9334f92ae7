"""A build directory for each interpreter: which one, and what cargo is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pyo3_base_python.wrapper import build_dir
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.errors import CannotSteady
from pyo3_base_python.wrapper.project import Lock, Project
from tests.unit.support import Script, Wrapper, an_interpreter

BUILT = Project("/src", "/src", Lock([(0, 26, 0)]), "/src/target")
BUILD = parse(["build"])
ON = {"PYO3_SHIM_BUILD_DIR": "interpreter"}
NEW_CARGO = 'if [ "$1" = --version ]; then echo "cargo 1.91.0 (abc 2025-10-01)"; fi'


def choose(environ: dict[str, str] | None = None, project: Project = BUILT, **interpreter: Any) -> str:
    folder, why_not = build_dir.choose({**ON, **(environ or {})}, BUILD, project, an_interpreter(**interpreter))
    assert why_not == ""
    return folder


# Which one


@pytest.mark.parametrize("value", [None, "", "shared"])
def test_all_interpreters_share_cargos_own_where_nothing_else_is_asked_for(value: str | None) -> None:
    environ = {} if value is None else {"PYO3_SHIM_BUILD_DIR": value}
    assert build_dir.choose(environ, BUILD, BUILT, an_interpreter()) == ("", "")


def test_name_is_readable_and_in_the_target_directory() -> None:
    folder, name = os.path.split(choose())
    assert folder == "/src/target"
    assert name.startswith("pyo3-base-python-cpython-3.11-")


def test_environment_of_the_interpreter_does_not_matter() -> None:
    assert choose(executable="/tmp/a/bin/python") == choose(executable="/tmp/b/bin/python")
    assert choose(environment=["a"]) == choose(environment=["b"])


def test_interpreters_are_told_apart_and_so_are_extension_modules() -> None:
    folders = [
        choose(),
        choose(version="3.12"),
        choose(base_executable="/opt/other/bin/python3.11"),
        choose(build_flags="Py_GIL_DISABLED"),
        choose(abi="cpython-311d-x86_64-linux-gnu"),
        choose({"PYO3_BUILD_EXTENSION_MODULE": "1"}),
    ]
    assert len(set(folders)) == len(folders)


@pytest.mark.parametrize(
    ("target_dir", "why"),
    [
        ("", "may move the build directory"),
        ("/elsewhere/target", "outside of /src"),
        ("/src-other/target", "outside of /src"),
        ("/src/{a}", "named"),
        ("/src/it's", "named"),
        ("/src/a\nb", "named"),
        ("/src/\udcff", "named"),
    ],
)
def test_cargos_own_stays_where_it_may_serve_other_trees_or_can_not_be_named(target_dir: str, why: str) -> None:
    project = Project("/src", "/src", Lock([(0, 26, 0)]), target_dir)
    folder, why_not = build_dir.choose(ON, BUILD, project, an_interpreter())
    assert folder == ""
    assert why in why_not


@pytest.mark.parametrize(
    ("line", "chosen"),
    [
        ("run serve --config app.toml", False),
        ("xtask dist --config dist.toml", False),
        ("run -- serve --config app.toml", True),
        ("test --config a=1", True),
        ("--config a=1 plug", True),
    ],
)
def test_an_option_that_may_be_another_programs_is_left_alone(line: str, chosen: bool) -> None:
    folder, why_not = build_dir.choose(ON, parse(line.split()), BUILT, an_interpreter())
    assert (folder != "", why_not == "") == (chosen, chosen)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["build", "--", "x"], ["--config", "build.build-dir='/a b'", "build", "--", "x"]),
        (["+nightly", "build"], ["+nightly", "--config", "build.build-dir='/a b'", "build"]),
        (["build", "--config", "a=1", "-v"], ["build", "--config", "build.build-dir='/a b'", "--config", "a=1", "-v"]),
        (["--config", "a=1", "build"], ["--config", "build.build-dir='/a b'", "--config", "a=1", "build"]),
        (
            ["--config", "a=1", "build", "--config=b=2", "--", "--config"],
            ["--config", "a=1", "build", "--config", "build.build-dir='/a b'", "--config=b=2", "--", "--config"],
        ),
    ],
)
def test_cargo_is_told_where_it_listens(arguments: list[str], expected: list[str]) -> None:
    assert build_dir.add_option(arguments, "/a b") == expected


# In the wrapper


@pytest.mark.parametrize("says", ["cargo 1.90.0 (abc 2025-09-01)", "cargo", "", "cargo x.y"])
def test_a_cargo_that_would_warn_of_the_option_is_not_given_it(script: Script, says: str) -> None:
    with pytest.raises(CannotSteady, match=r"needs cargo 1\.91"):
        build_dir.check_version([script("cargo", f"echo '{says}'")], dict(os.environ))


def test_cargo_gets_the_option_and_the_log_says_so(wrapper: Wrapper, tmp_path: Path) -> None:
    log = os.fspath(tmp_path / "log")
    result = wrapper.run("build", "--release", does=NEW_CARGO, PYO3_SHIM_LOG=log, **ON)
    assert (result.code, result.err) == (0, "")
    assert result.arguments is not None
    option, value, *rest = result.arguments
    assert (option, rest) == ("--config", ["build", "--release"])
    assert value.startswith(f"build.build-dir='{wrapper.project}/target/pyo3-base-python-cpython-")
    assert "build directory" in Path(log).read_text()


def test_an_old_cargo_costs_one_line_and_the_interpreter_is_steady(wrapper: Wrapper) -> None:
    result = wrapper.run("build", does="echo cargo 1.70.0", **ON)
    assert result.arguments == ["build"]
    assert "PYO3_CONFIG_FILE" in result.environ
    (line,) = result.lines
    assert "needs cargo 1.91" in line


def test_log_says_why_it_is_cargos_own(wrapper: Wrapper, tmp_path: Path) -> None:
    log = tmp_path / "log"
    elsewhere = os.fspath(tmp_path / "elsewhere")
    result = wrapper.run("build", PYO3_SHIM_LOG=os.fspath(log), CARGO_TARGET_DIR=elsewhere, **ON)
    assert (result.arguments, result.err) == (["build"], "")
    assert f"PYO3_SHIM_BUILD_DIR= (left alone: {elsewhere} lies outside of" in log.read_text()


def test_its_choice_is_not_looked_at_where_the_shim_is_off(wrapper: Wrapper) -> None:
    result = wrapper.run("build", PYO3_SHIM_BUILD_DIR="slots", PYO3_SHIM_MODE="off")
    assert (result.code, result.arguments) == (0, ["build"])


def test_a_choice_that_does_not_exist_is_an_error_that_lists_those_that_do(wrapper: Wrapper) -> None:
    result = wrapper.run("build", PYO3_SHIM_BUILD_DIR="slots")
    assert (result.code, result.arguments) == (3, None)
    assert "'slots', which is none of shared, interpreter" in result.err
