"""A build directory for each interpreter: which one, what is in it at first, and what cargo is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyo3_base_python import build_dir
from pyo3_base_python.errors import CannotSteady
from pyo3_base_python.project import Lock, Project

from .support import Script, Wrapper, an_interpreter

fcntl = pytest.importorskip("fcntl", reason="Windows has other locks, and no build directories")

BUILT = Project("/src", "/src", Lock([(0, 26, 0)]), "", "/src/target")
ON = {"PYO3_SHIM_BUILD_DIR": "interpreter"}
NEW_CARGO = 'if [ "$1" = --version ]; then echo "cargo 1.91.0 (abc 2025-10-01)"; fi'
FINGERPRINTS = {"pyo3-ffi-0123456789abcdef", "serde-0123456789abcdef"}


def choose(environ: dict[str, str] | None = None, project: Project = BUILT, **interpreter: Any) -> str:
    return build_dir.choose({**ON, **(environ or {})}, project, an_interpreter(**interpreter))


# Which one


@pytest.mark.parametrize("value", [None, "", "shared"])
def test_all_interpreters_share_cargos_own_where_nothing_else_is_asked_for(value: str | None) -> None:
    environ = {} if value is None else {"PYO3_SHIM_BUILD_DIR": value}
    assert build_dir.choose(environ, BUILT, an_interpreter()) == ""


def test_name_is_readable_and_below_the_target_directory() -> None:
    folder, name = os.path.split(choose())
    assert folder == "/src/target/pyo3-base-python"
    assert name.startswith("cpython-3.11-")


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
    "target_dir", ["", "/elsewhere/target", "/src-other/target", "/src/{a}", "/src/it's", "/src/a\nb", "/src/\udcff"]
)
def test_cargos_own_stays_where_it_may_serve_other_trees_or_can_not_be_named(target_dir: str) -> None:
    assert choose(project=Project("/src", "/src", Lock([(0, 26, 0)]), "", target_dir)) == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["build", "--", "x"], ["--config", "build.build-dir='/a b'", "build", "--", "x"]),
        (["+nightly", "build"], ["+nightly", "--config", "build.build-dir='/a b'", "build"]),
    ],
)
def test_cargo_is_told_before_its_subcommand(arguments: list[str], expected: list[str]) -> None:
    assert build_dir.add_option(arguments, "/a b") == expected


# What is in it at first


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the folder of a profile as cargo leaves it, below a folder of the name that is given."""

    def make(name: str) -> Path:
        place = tmp_path / name / "release"
        for fingerprint in (*FINGERPRINTS, "local-0123456789abcdef"):
            (place / ".fingerprint" / fingerprint).mkdir(parents=True)
            (place / ".fingerprint" / fingerprint / "lib").write_text(name)
        (place / "deps").mkdir()
        (place / "deps" / "libserde.rlib").write_text(name)
        os.utime(place / "deps" / "libserde.rlib", ns=(1_000_000_001, 1_000_000_001))
        (place / "liblocal.d").write_text("")
        (place / ".cargo-lock").write_text("")
        return place

    return make


@pytest.fixture
def prepare(tmp_path: Path, script: Script) -> Callable[..., str]:
    """Prepares the build directory ``target/pyo3-base-python/cpython``."""
    root = os.fspath(tmp_path)
    project = Project(root, root, Lock([(0, 26, 0)], local_packages=["local"]), "", os.path.join(root, "target"))

    def run(cargo: str = NEW_CARGO) -> str:
        folder = os.path.join(project.target_dir, "pyo3-base-python", "cpython")
        return build_dir.prepare(folder, ["release"], project, [script("cargo", cargo)], dict(os.environ))

    return run


def copy_of(tmp_path: Path) -> Path:
    return tmp_path / "target" / "pyo3-base-python" / "cpython" / "release"


def test_dependencies_that_are_compiled_are_copied_with_their_times(
    prepare: Callable[..., str], compiled: Callable[[str], Path], tmp_path: Path
) -> None:
    origin = compiled("target")
    assert prepare() == f"release copied from {origin.parent}"
    copy = copy_of(tmp_path)
    assert (copy / "deps" / "libserde.rlib").read_text() == "target"
    assert (copy / "deps" / "libserde.rlib").stat().st_mtime_ns == 1_000_000_001
    assert sorted(path.name for path in copy.iterdir()) == [".fingerprint", "deps"]


def test_a_package_of_a_tree_is_not_taken_for_that_of_another(
    prepare: Callable[..., str], compiled: Callable[[str], Path], tmp_path: Path
) -> None:
    compiled("target")
    prepare()
    assert {path.name for path in (copy_of(tmp_path) / ".fingerprint").iterdir()} == FINGERPRINTS


def test_an_interpreter_more_starts_with_what_the_last_one_has(
    prepare: Callable[..., str], compiled: Callable[[str], Path], tmp_path: Path
) -> None:
    for age, name in ((1, "older"), (2, "younger")):
        place = compiled(f"target/pyo3-base-python/{name}").parent
        os.utime(place, (age, age))
    prepare()
    assert (copy_of(tmp_path) / "deps" / "libserde.rlib").read_text().endswith("younger")


def test_what_is_there_stays(prepare: Callable[..., str], compiled: Callable[[str], Path], tmp_path: Path) -> None:
    compiled("target")
    compiled("target/pyo3-base-python/cpython")
    assert prepare("exit 1") == ""
    assert (copy_of(tmp_path) / "liblocal.d").exists()


def test_nothing_is_copied_while_cargo_compiles_there(
    prepare: Callable[..., str], compiled: Callable[[str], Path], tmp_path: Path
) -> None:
    with (compiled("target") / ".cargo-lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert prepare() == ""
    assert not copy_of(tmp_path).parent.exists()


def test_a_copy_that_fails_leaves_nothing(
    prepare: Callable[..., str], compiled: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    compiled("target")
    monkeypatch.setattr(shutil, "copystat", full)
    assert prepare() == ""
    assert not any((tmp_path / "target" / "pyo3-base-python").rglob("release*"))


def test_without_anything_compiled_there_is_nothing_to_copy(prepare: Callable[..., str], tmp_path: Path) -> None:
    assert prepare() == ""
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("says", ["cargo 1.90.0 (abc 2025-09-01)", "cargo", "", "cargo x.y"])
def test_a_cargo_that_would_warn_of_the_option_is_not_given_it(prepare: Callable[..., str], says: str) -> None:
    with pytest.raises(CannotSteady, match=r"needs cargo 1\.91"):
        prepare(f"echo '{says}'")


# In the wrapper


def test_cargo_gets_the_option_and_the_log_says_so(wrapper: Wrapper, tmp_path: Path) -> None:
    log = os.fspath(tmp_path / "log")
    result = wrapper.run("build", "--release", does=NEW_CARGO, PYO3_SHIM_LOG=log, **ON)
    assert (result.code, result.err) == (0, "")
    assert result.arguments is not None
    option, value, *rest = result.arguments
    assert (option, rest) == ("--config", ["build", "--release"])
    assert value.startswith(f"build.build-dir='{wrapper.project}/target/pyo3-base-python/cpython-")
    assert "build directory" in Path(log).read_text()


def test_an_old_cargo_costs_one_line_and_the_interpreter_is_steady(wrapper: Wrapper) -> None:
    result = wrapper.run("build", does="echo cargo 1.70.0", **ON)
    assert result.arguments == ["build"]
    assert "PYO3_CONFIG_FILE" in result.environ
    (line,) = result.lines
    assert "needs cargo 1.91" in line


def test_a_choice_that_does_not_exist_is_an_error_that_lists_those_that_do(wrapper: Wrapper) -> None:
    result = wrapper.run("build", PYO3_SHIM_BUILD_DIR="slots")
    assert (result.code, result.arguments) == (3, None)
    assert "'slots', which is none of shared, interpreter" in result.err
