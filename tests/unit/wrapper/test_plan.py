"""The plan: when cargo is left alone, what is set if not, and which files that needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.wrapper import plan, stable_name, store
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.errors import UserError
from pyo3_base_python.wrapper.plan import (
    check_base_python,
    reasons_to_leave_alone,
    steady,
)
from tests.unit.support import an_interpreter, posix, project_with

if TYPE_CHECKING:
    from pyo3_base_python.wrapper.interpreter import Interpreter
    from pyo3_base_python.wrapper.project import Project

NEW = (0, 26, 0)
OLD = (0, 22, 6)
HOST = "x86_64-unknown-linux-gnu"
BUILT = project_with(NEW)
MATURINS_FILE = "/src/target/maturin/pyo3-config-x86_64-unknown-linux-gnu-3.11.txt"


def lines_of(content: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in content.decode().splitlines())


def config_of(planned: plan.Plan) -> store.File:
    (file,) = (file for file in planned.files if isinstance(file, store.File) and file.name.startswith("config/"))
    return file


# When to leave cargo alone


@pytest.mark.parametrize(
    ("environ", "line", "project", "kind", "reason"),
    [
        ({"PYO3_CONFIG_FILE": "/mine.txt"}, "build", BUILT, "config file", "PYO3_CONFIG_FILE is set"),
        ({"PYO3_CONFIG_FILE": "/a/maturin/mine.txt"}, "build", BUILT, "config file", "PYO3_CONFIG_FILE is set"),
        ({"PYO3_CONFIG_FILE": "/a/pyo3-config-x.txt"}, "build", BUILT, "config file", "PYO3_CONFIG_FILE is set"),
        (
            {"PYO3_CONFIG_FILE": "/a/maturin/pyo3-config-x.toml"},
            "build",
            BUILT,
            "config file",
            "PYO3_CONFIG_FILE is set",
        ),
        ({"PYO3_NO_PYTHON": "1"}, "build", BUILT, "no interpreter", "PYO3_NO_PYTHON is set"),
        ({"PYO3_CROSS": "1"}, "build", BUILT, "no interpreter", "PYO3_CROSS is set"),
        ({"PYO3_CROSS_LIB_DIR": "/lib"}, "build", BUILT, "no interpreter", "PYO3_CROSS_LIB_DIR is set"),
        ({"PYO3_CROSS_PYTHON_VERSION": "3.11"}, "build", BUILT, "no interpreter", "PYO3_CROSS_PYTHON_VERSION is set"),
        ({}, "build --target other", BUILT, "cross build", "cross build for other"),
        ({}, f"build --target {HOST} --target other", BUILT, "cross build", "cross build for other"),
        ({}, "build", project_with(NEW, build_target="other"), "cross build", "cross build for other"),
        ({}, "build", project_with(NEW, unknown=["target"]), "cross build", "cargo's configuration may name a target"),
        (
            {},
            "build --target host-tuple --target x86_64-unknown-linux-musl",
            BUILT,
            "cross build",
            f"it builds for {HOST} and x86_64-unknown-linux-musl at once",
        ),
        ({}, "-C elsewhere build", BUILT, "command line", "cargo -C leads to another folder"),
        (
            {},
            "build",
            project_with(NEW, cargo_env=["PYO3_PYTHON"], unknown=["PYO3_PYTHON"]),
            "cargo env",
            "cargo's configuration may set PYO3_PYTHON",
        ),
        (
            {},
            "build",
            project_with(NEW, cargo_env=["PYO3_PYTHON"]),
            "cargo env",
            "cargo's configuration sets PYO3_PYTHON",
        ),
        ({}, "metadata", BUILT, "subcommand", "cargo metadata compiles nothing"),
        ({}, "fetch", BUILT, "subcommand", "cargo fetch compiles nothing"),
        ({}, "tree", BUILT, "subcommand", "cargo tree compiles nothing"),
        ({}, "package --list", BUILT, "subcommand", "cargo package compiles nothing"),
        ({}, "--version", BUILT, "subcommand", "no cargo subcommand"),
        ({"PYO3_SHIM_MODE": "off"}, "build", BUILT, "mode", "PYO3_SHIM_MODE=off"),
        ({}, "build", None, "no manifest", "there is no Cargo.toml here"),
        ({}, "build", project_with(locked=False), "no lock", "there is no Cargo.lock yet"),
        ({}, "build", project_with(), "no pyo3", "there is no pyo3 in Cargo.lock"),
        ({}, "build", project_with((0, 17, 3)), "old pyo3", "pyo3 0.17.3 is older than 0.18.0"),
        ({}, "build", project_with((0, 17, 3), NEW), "old pyo3", "pyo3 0.17.3 is older than 0.18.0"),
        (
            {},
            "build",
            project_with(OLD, readers=["crate"]),
            "reader",
            "pyo3 0.22.6 is older than 0.23.3, and crate may run",
        ),
        (
            {},
            "build",
            project_with((0, 23, 2), readers=["numpy"]),
            "reader",
            "pyo3 0.23.2 is older than 0.23.3, and numpy",
        ),
    ],
)
def test_cargo_is_left_alone(
    environ: dict[str, str], line: str, project: Project | None, kind: str, reason: str
) -> None:
    call = parse(line.split())
    reasons = list(reasons_to_leave_alone(environ, call, project, HOST))
    assert reasons[0][0] == kind
    assert reasons[0][1].startswith(reason)


@pytest.mark.parametrize(
    ("environ", "line", "project"),
    [
        ({}, "build", BUILT),
        ({"PYO3_SHIM_MODE": "full"}, "rustc --lib", BUILT),
        ({"PYO3_SHIM_MODE": "export"}, "build", BUILT),
        ({"PYO3_SHIM_MODE": ""}, "build", BUILT),
        ({"PYO3_CONFIG_FILE": MATURINS_FILE}, "build", BUILT),
        ({}, f"build --target {HOST}", project_with(NEW, build_target="other")),
        ({}, "build", project_with(NEW, build_target=HOST)),
        ({}, "build", project_with(NEW, build_target="host-tuple")),
        ({}, f"build --target {HOST} --target host-tuple", BUILT),
        ({}, "build --target x86_64-unknown-linux-musl", BUILT),
        ({}, f"build --target {HOST}", project_with(NEW, unknown=["target"])),
        ({"PYO3_PYTHON": "/python"}, "build", project_with()),
        ({"PYTHON_SYS_EXECUTABLE": "/python"}, "build", project_with()),
        ({}, "build", project_with((0, 18, 0))),
        ({}, "build", project_with((0, 23, 2))),
        ({}, "build", project_with((0, 23, 3), readers=["crate"])),
        ({}, "build", project_with(NEW, (0, 30, 1), readers=["crate"])),
        ({}, "package", BUILT),
    ],
)
def test_there_is_work_for_the_shim(environ: dict[str, str], line: str, project: Project) -> None:
    assert list(reasons_to_leave_alone(environ, parse(line.split()), project, HOST)) == []


def test_a_plan_is_for_cargos_own_build_directory_until_another_is_chosen() -> None:
    assert steady({}, BUILT, an_interpreter(), "/store").build_dir == ""


def test_a_target_is_foreign_while_the_host_is_not_known() -> None:
    reasons = list(reasons_to_leave_alone({}, parse(["build", "--target", HOST]), BUILT, None))
    assert reasons == [("cross build", f"cross build for {HOST}")]


def test_each_of_pyo3s_variables_for_cross_builds_counts() -> None:
    assert list(reasons_to_leave_alone({"PYO3_CROSS_PYTHON_IMPLEMENTATION": "PyPy"}, parse(["build"]), BUILT))


@pytest.mark.parametrize("variable", ["PYO3_NO_PYTHON", "PYO3_CROSS"])
def test_a_variable_without_a_value_counts_as_it_does_for_pyo3(variable: str) -> None:
    assert list(reasons_to_leave_alone({variable: ""}, parse(["build"]), BUILT))


# What is set, and which files there are


@posix("paths of POSIX")
def test_full_mode() -> None:
    used = an_interpreter()
    planned = steady({"PYO3_PYTHON": used.executable}, BUILT, used, "/store")
    beside = stable_name.files(used)
    name = beside[0].name
    assert planned.set == {
        "PYO3_BASE_PYTHON": used.base_executable,
        "PYO3_CONFIG_FILE": f"/store/{config_of(planned).name}",
        "PYO3_PYTHON": f"/store/{name}",
        "PYO3_SHIM_PYTHON": used.executable,
    }
    assert [file.name for file in planned.files] == [*(file.name for file in beside), config_of(planned).name]


def test_export_mode_exports_and_writes_nothing() -> None:
    planned = steady({"PYO3_SHIM_MODE": "export"}, BUILT, an_interpreter(), "/store", maturin_config=b"version=3.11\n")
    assert planned.set == {"PYO3_BASE_PYTHON": an_interpreter().base_executable}
    assert planned.files == []


@pytest.mark.parametrize("version", [(0, 18, 0), OLD, (0, 23, 0), (0, 23, 2), (0, 29, 0)])
def test_pyo3_that_does_not_take_a_config_file_gets_none(version: tuple[int, int, int]) -> None:
    for project in (project_with(version), project_with(version, NEW)):
        planned = steady({}, project, an_interpreter(), "/store")
        assert sorted(planned.set) == ["PYO3_BASE_PYTHON", "PYO3_PYTHON", "PYO3_SHIM_PYTHON"]
        assert [file.name for file in planned.files] == [file.name for file in stable_name.files(an_interpreter())]
        assert "not set" in planned.reasons["PYO3_CONFIG_FILE"]


@pytest.mark.parametrize("version", [(0, 23, 3), (0, 28, 3), (0, 29, 1)])
def test_pyo3_that_takes_a_config_file_gets_one(version: tuple[int, int, int]) -> None:
    assert "PYO3_CONFIG_FILE" in steady({}, project_with(version), an_interpreter(), "/store").set


def test_config_file_is_named_by_its_content_and_not_executable() -> None:
    file = config_of(steady({}, BUILT, an_interpreter(), "/store"))
    assert file.name == f"config/{store.digest(file.content)}.txt"
    assert not file.executable


def test_config_names_the_base_interpreter_where_nothing_runs_it() -> None:
    first = config_of(steady({}, BUILT, an_interpreter(environment=["a-1.dist-info"]), "/store"))
    second = config_of(steady({}, BUILT, an_interpreter(environment=["a-2.dist-info"]), "/store"))
    assert lines_of(first.content)["executable"] == an_interpreter().base_executable
    assert first.name == second.name


def test_config_names_the_launcher_where_a_build_script_may_run_it() -> None:
    project = project_with(NEW, readers=["crate"])
    first = steady({}, project, an_interpreter(environment=["a-1.dist-info"]), "/store")
    second = steady({}, project, an_interpreter(environment=["a-2.dist-info"]), "/store")
    assert lines_of(config_of(first).content)["executable"] == first.set["PYO3_PYTHON"]
    assert config_of(first).name != config_of(second).name


@posix("paths of POSIX")
def test_maturins_own_file_is_rehomed_byte_for_byte() -> None:
    content = b"implementation=CPython\r\nversion=3.11\nabi3=true\n\xff"
    planned = steady({"PYO3_CONFIG_FILE": MATURINS_FILE}, BUILT, an_interpreter(), "/store", maturin_config=content)
    assert config_of(planned).content == content
    assert planned.set["PYO3_CONFIG_FILE"] == f"/store/config/{store.digest(content)}.txt"


@pytest.mark.parametrize(
    ("before", "renamed"),
    [
        ({"PYO3_PYTHON": "/a", "PYTHON_SYS_EXECUTABLE": "/a"}, True),
        ({"PYO3_PYTHON": "/a", "PYTHON_SYS_EXECUTABLE": "/b"}, False),
        ({"PYO3_PYTHON": "/a"}, False),
        ({"PYO3_PYTHON": "/a", "PYTHON_SYS_EXECUTABLE": ""}, False),
    ],
)
def test_the_older_name_of_the_variable_follows_where_it_says_the_same(before: dict[str, str], renamed: bool) -> None:
    planned = steady(before, BUILT, an_interpreter("/a"), "/store")
    assert planned.set.get("PYTHON_SYS_EXECUTABLE") == (planned.set["PYO3_PYTHON"] if renamed else None)


def test_an_interpreter_without_a_redirector_keeps_its_path_on_windows() -> None:
    planned = steady({}, project_with(NEW, readers=["crate"]), an_interpreter(), "/store", windows=True)
    assert sorted(planned.set) == ["PYO3_BASE_PYTHON", "PYO3_CONFIG_FILE"]
    assert planned.reasons["PYO3_PYTHON"].startswith("left alone: /opt/python/bin/python3.11 has no redirector")
    assert lines_of(config_of(planned).content)["executable"] == an_interpreter().executable


def test_an_interpreter_with_a_redirector_has_a_stable_name_on_windows() -> None:
    used = an_interpreter()
    used.redirector = b"MZ"
    planned = steady({}, project_with(NEW, readers=["crate"]), used, "/store", windows=True)
    assert planned.set["PYO3_PYTHON"] == os.path.join("/store", *planned.files[0].name.split("/"))
    assert planned.set["PYO3_PYTHON"].endswith("python.exe")
    assert planned.set["PYO3_SHIM_PYTHON"] == used.executable
    assert lines_of(config_of(planned).content)["executable"] == planned.set["PYO3_PYTHON"]


@pytest.mark.parametrize("mode", ["full", "export"])
@pytest.mark.parametrize("version", [OLD, NEW])
def test_there_is_a_reason_for_whatever_is_set(mode: str, version: tuple[int, int, int]) -> None:
    planned = steady(
        {"PYO3_SHIM_MODE": mode, "PYTHON_SYS_EXECUTABLE": "/a"}, project_with(version), an_interpreter(), "/"
    )
    assert planned.set.keys() <= planned.reasons.keys()
    assert all(planned.reasons.values())


# PYO3_BASE_PYTHON of the user


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        (an_interpreter(version="3.12"), "version"),
        (an_interpreter(implementation="PyPy"), "implementation"),
        (an_interpreter(build_flags="Py_GIL_DISABLED"), "build flags"),
        (an_interpreter(abi="cpython-311-aarch64-linux-gnu"), "ABI"),
        (an_interpreter(implementation="PyPy", version="3.12", abi="pypy312-pp73"), "implementation"),
    ],
)
def test_a_base_of_another_kind_is_an_error_that_names_both(asked: Interpreter, difference: str) -> None:
    used = an_interpreter()
    with pytest.raises(UserError) as caught:
        check_base_python(asked, used, "/asked/python")
    for part in ("/asked/python", used.executable, plan.kind(asked), plan.kind(used), f"another {difference}"):
        assert part in caught.value.what
    assert used.base_executable in caught.value.hint


def test_kind_of_an_interpreter_has_its_version_its_flags_and_its_abi() -> None:
    assert plan.kind(an_interpreter(build_flags="Py_DEBUG", abi="x")) == "CPython 3.11 Py_DEBUG x"
    assert plan.kind(an_interpreter(abi="")) == "CPython 3.11"


def test_a_base_of_the_same_kind_is_taken() -> None:
    check_base_python(
        an_interpreter("/other", "/other/base", environment=[], lib_dir="/other/lib"), an_interpreter(), "/o"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (MATURINS_FILE, True),
        (os.path.join("maturin", "pyo3-config-a-3.11.txt"), True),
        ("/a/maturin/pyo3-config-a-3.11.txt/b", False),
        ("pyo3-config-a-3.11.txt", False),
        ("/a/maturin/config.txt", False),
    ],
)
def test_maturins_own_file_is_known_by_its_name(path: str, expected: bool) -> None:
    assert plan.written_by_maturin(path) is expected


# What the log says


def test_log_says_why_each_variable_is_set() -> None:
    used = an_interpreter()
    environ = {"PYO3_PYTHON": "/a", "PYTHON_SYS_EXECUTABLE": "/a"}
    assert steady(environ, BUILT, used, "/store").reasons == {
        "PYO3_BASE_PYTHON": "the interpreter that the environment was made from",
        "PYO3_PYTHON": "a stable name for the isolated interpreter",
        "PYO3_SHIM_PYTHON": "the isolated interpreter itself, for that name",
        "PYTHON_SYS_EXECUTABLE": "as PYO3_PYTHON",
        "PYO3_CONFIG_FILE": f"what pyo3 finds out about {used.base_executable}",
    }


@pytest.mark.parametrize(
    ("environ", "maturin_config", "reason"),
    [
        ({"PYO3_SHIM_MODE": "export"}, None, "left alone: PYO3_SHIM_MODE=export"),
        ({"PYO3_CONFIG_FILE": MATURINS_FILE}, b"", "maturin's own file, where no cache prunes it"),
    ],
)
def test_log_says_why_the_config_file_is_another_one_or_none(
    environ: dict[str, str], maturin_config: bytes | None, reason: str
) -> None:
    planned = steady(environ, BUILT, an_interpreter(), "/store", maturin_config=maturin_config)
    assert planned.reasons["PYO3_CONFIG_FILE"] == reason


@pytest.mark.parametrize(
    ("environ", "project", "renamed"),
    [
        ({}, project_with(), True),
        ({}, project_with(locked=False), True),
        ({"PYO3_PYTHON": "/b"}, project_with(), False),
        ({}, BUILT, False),
    ],
)
def test_the_older_name_of_the_variable_alone_counts_where_there_is_no_pyo3(
    environ: dict[str, str], project: Project, renamed: bool
) -> None:
    """It is not pyo3 that reads it there, but a build script of another kind."""
    planned = steady({"PYTHON_SYS_EXECUTABLE": "/a", **environ}, project, an_interpreter("/a"), "/store")
    assert planned.set.get("PYTHON_SYS_EXECUTABLE") == (planned.set["PYO3_PYTHON"] if renamed else None)
