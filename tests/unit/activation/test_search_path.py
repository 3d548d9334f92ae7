"""The wrapper as `cargo` on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import search_path, switch
from pyo3_base_python.wrapper import process, real_cargo
from pyo3_base_python.wrapper.errors import UserError
from tests.unit.support import posix

if TYPE_CHECKING:
    from tests.unit.support import Wrapper

pytestmark = posix("on Windows there is no cargo of ours on PATH")


def on_path(wrapper: Wrapper, **changes: str | None) -> str:
    return switch.variables(wrapper.variables(**changes), on_path=True).get("PATH", "")


def first(wrapper: Wrapper, **changes: str | None) -> Path:
    return Path(on_path(wrapper, **changes).partition(os.pathsep)[0])


def program(path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return os.fspath(path)


def called(wrapper: Wrapper, path: str, *arguments: str, **changes: str) -> dict[str, str]:
    """What the recording cargo has in its environment when ``cargo`` is started by its name."""
    shutil.rmtree(wrapper.folder / "record")
    (wrapper.folder / "record").mkdir()
    environ = {**wrapper.variables(**changes), "PATH": path}
    subprocess.run(["sh", "-c", 'cargo "$@"', "sh", *arguments], env=environ, cwd=wrapper.project, check=True)
    pairs = (wrapper.folder / "record" / "environ").read_text(encoding="utf-8").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


# What is started by its name


def test_cargo_has_a_stable_interpreter_and_the_path_of_before(wrapper: Wrapper) -> None:
    path = on_path(wrapper)
    assert path.endswith(os.pathsep + wrapper.environ["PATH"])
    seen = called(wrapper, path, "build")
    assert seen["PYO3_PYTHON"].startswith(os.fspath(wrapper.store))
    assert seen["PATH"] == wrapper.environ["PATH"]


@pytest.mark.parametrize("arguments", [("metadata",), ("--version",), ("base-python", "test"), ("-C", "/", "build")])
def test_cargo_that_builds_nothing_of_pyo3_is_left_alone_but_for_path(
    wrapper: Wrapper, arguments: tuple[str, ...]
) -> None:
    seen = called(wrapper, on_path(wrapper), *arguments)
    assert seen["PATH"] == wrapper.environ["PATH"]
    assert "PYO3_CONFIG_FILE" not in seen


def test_the_next_cargo_on_path_is_started_and_not_the_one_that_cargo_named(wrapper: Wrapper, tmp_path: Path) -> None:
    """As a script does that says `cargo`, whatever CARGO is."""
    other = program(tmp_path / "other" / "cargo")
    environ = wrapper.variables(CARGO=other)
    added = switch.variables(environ, on_path=True)
    assert added["PYO3_SHIM_CARGO"] == other
    assert "PYO3_CONFIG_FILE" in called(wrapper, added.pop("PATH"), "build", **added)


def test_wrappers_in_a_row_end_at_the_real_cargo(wrapper: Wrapper, tmp_path: Path) -> None:
    path = on_path(wrapper)
    own = os.path.dirname(wrapper.program)
    other = on_path(wrapper, PYO3_SHIM_STORE=os.fspath(tmp_path / "other-store")).partition(os.pathsep)[0]
    row = os.pathsep.join([path.partition(os.pathsep)[0], other, own, wrapper.environ["PATH"]])
    seen = called(wrapper, row, "build")
    assert seen["PATH"] == os.pathsep.join([own, wrapper.environ["PATH"]])


@pytest.mark.promise("fault")
def test_wrappers_in_a_row_that_can_not_work_end_at_the_real_cargo(wrapper: Wrapper, tmp_path: Path) -> None:
    path = on_path(wrapper)
    other = tmp_path / "other-store"
    second = on_path(wrapper, PYO3_SHIM_STORE=os.fspath(other)).partition(os.pathsep)[0]
    for code in [*wrapper.store.glob("wrapper/*"), *other.glob("wrapper/*")]:
        shutil.rmtree(code / "pyo3_base_python")
    row = os.pathsep.join([second, path])
    assert "PYO3_CONFIG_FILE" not in called(wrapper, row, "build")


# The folder


def test_programs_beside_cargo_are_beside_it(wrapper: Wrapper) -> None:
    rustc = program(wrapper.bin / "rustc")
    program(wrapper.bin / "python")
    folder = first(wrapper)
    assert sorted(os.listdir(folder)) == ["cargo", "rustc"]
    assert os.readlink(folder / "rustc") == rustc
    assert real_cargo.is_wrapper(os.fspath(folder / "cargo"))


def test_each_name_stands_for_the_program_that_it_stood_for(wrapper: Wrapper, tmp_path: Path) -> None:
    program(wrapper.bin / "rustc")
    before = program(tmp_path / "before" / "rustc")
    path = os.pathsep.join([os.path.dirname(before), wrapper.environ["PATH"]])
    assert os.listdir(first(wrapper, PATH=path)) == ["cargo"]
    assert process.find_program("rustc", {"PATH": on_path(wrapper, PATH=path)}) == before


def test_another_toolchain_is_another_folder(wrapper: Wrapper) -> None:
    alone = first(wrapper)
    program(wrapper.bin / "rustc")
    assert first(wrapper) != alone
    assert os.listdir(alone) == ["cargo"]


def test_second_activation_adds_nothing_new(wrapper: Wrapper) -> None:
    environ = {**wrapper.environ, **switch.variables(wrapper.environ, on_path=True)}
    assert "PATH" not in switch.variables(environ, on_path=True)


def test_of_two_folders_one_is_left(wrapper: Wrapper) -> None:
    lasting = switch.variables(wrapper.environ, on_path=True, lasting=True)["PATH"]
    assert on_path(wrapper, PATH=lasting) == on_path(wrapper) != lasting


@pytest.mark.parametrize("lasting", [True, False])
def test_removal_leads_back(wrapper: Wrapper, lasting: bool) -> None:
    environ = {**wrapper.environ, **switch.variables(wrapper.environ, on_path=True, lasting=lasting)}
    assert switch.removals(environ)["PATH"] == wrapper.environ["PATH"]
    shutil.rmtree(wrapper.store / "path")
    assert switch.removals(environ)["PATH"] == wrapper.environ["PATH"]


@pytest.mark.parametrize("path", ["/a/path/b", "/usr/bin:/opt/path/bin", "", ":/usr/bin:", f"/opt/path/{'0' * 19}"])
def test_the_users_own_folders_are_none_of_ours(path: str) -> None:
    assert real_cargo.without_wrapper(path) == path


def test_empty_places_in_path_stay(wrapper: Wrapper) -> None:
    path = f":{wrapper.environ['PATH']}:"
    assert real_cargo.without_wrapper(on_path(wrapper, PATH=path)) == path


# None


def test_where_there_is_no_cargo_there_is_none_of_ours(wrapper: Wrapper, tmp_path: Path) -> None:
    """Maturin's and other tools' hooks install a toolchain then."""
    assert on_path(wrapper, PATH=os.fspath(tmp_path)) == ""
    assert on_path(wrapper, PATH=os.fspath(wrapper.store / "bin")) == ""
    assert on_path(wrapper, PATH=None) == ""


def test_it_can_be_switched_off(wrapper: Wrapper) -> None:
    assert on_path(wrapper, PYO3_SHIM_PATH="off") == ""
    assert on_path(wrapper, PYO3_SHIM_PATH="") == on_path(wrapper, PYO3_SHIM_PATH="on") != ""
    assert "PATH" not in switch.variables(wrapper.environ)


def test_a_store_that_path_can_not_name_is_not_put_there(wrapper: Wrapper, tmp_path: Path) -> None:
    assert on_path(wrapper, PYO3_SHIM_STORE=os.fspath(tmp_path / "a:b")) == ""


def test_on_windows_there_is_none(wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "WINDOWS", True)
    assert search_path.folder(wrapper.environ, wrapper.program) == ""


@pytest.mark.promise("bad input")
def test_a_choice_that_does_not_exist_is_an_error_that_lists_those_that_do(wrapper: Wrapper) -> None:
    with pytest.raises(UserError, match="PYO3_SHIM_PATH is 'no', which is none of on, off"):
        search_path.folder({**wrapper.environ, "PYO3_SHIM_PATH": "no"}, wrapper.program)


def test_cross_is_left_alone(wrapper: Wrapper) -> None:
    assert on_path(wrapper, CARGO="cross") == ""
