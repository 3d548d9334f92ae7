"""What isolated builds compile without the shim, by the lock file and by what cargo has compiled so far."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper.project import Lock, Project
from pyo3_base_python.wrapper.today import Today, compiled_today

# `bindings` depends on pyo3, `app` on that; `tool` on neither.
USERS = {
    "pyo3-build-config": ["pyo3-ffi", "builder"],
    "pyo3-ffi": ["pyo3", "sys"],
    "pyo3": ["bindings"],
    "bindings": ["app"],
    "cc": ["sys"],
    "tool": ["app"],
}
LOCAL = ["app", "bindings", "builder", "sys", "tool"]


class Built:
    """A profile's folder, in which cargo has compiled something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fingerprint(self, package: str, *crates: str, host: bool = False) -> None:
        """Write that a package was compiled with ``crates``."""
        path = self.folder / ("host" if host else "target") / ".fingerprint" / f"{package}-0123" / "lib-x.json"
        path.parent.mkdir(parents=True)
        deps = ",".join(f'[1,"{crate}",false,2]' for crate in crates)
        path.write_text(f'{{"deps":[{deps}],"local":[]}}')

    def today(
        self, version: tuple[int, int, int] = (0, 29, 0), *, pyo3_looks: bool = True, selected: tuple[str, ...] = ()
    ) -> Today:
        """What isolated builds compile."""
        root = os.fspath(self.folder)
        project = Project(root, root, Lock([version], [], LOCAL, USERS), os.path.join(root, "target"))
        dirs = [os.path.join(root, name) for name in ("host", "target")]
        return compiled_today(project, dirs, "/python", pyo3_looks=pyo3_looks, selected=selected)


@pytest.fixture
def built(tmp_path: Path) -> Built:
    (tmp_path / "target").mkdir()
    return Built(tmp_path)


def test_before_the_first_build_there_is_nothing_to_compile_again(tmp_path: Path) -> None:
    today = Built(tmp_path).today()
    assert (today.python, today.packages, today.scripts, today.stays) == ("/python", [], [], set())


def test_what_is_asked_for_is_what_is_selected_with_its_dependencies(built: Built, tmp_path: Path) -> None:
    def asked(*selected: str) -> set[str]:
        return {one.partition(" ")[0] for one in built.today(selected=selected).asked}

    assert asked() == set(LOCAL)
    assert asked("sys") == {"sys"}
    assert asked("bindings") == {"bindings"}
    assert asked("app") > {"app", "bindings"}
    (tmp_path / "target").rmdir()
    assert asked("sys") == {"sys"}


def test_what_is_due_was_not_asked_for_in_the_same_way() -> None:
    today = Today("/1", ["crate", "user"], asked=["user", "other"], how="test")
    assert today.due(["crate test", "user build"]) == ["user"]
    assert today.due(["user test"]) == []


def test_it_is_what_depends_on_pyo3(built: Built) -> None:
    today = built.today()
    assert today.packages == ["app", "bindings", "sys"]
    assert today.scripts == ["sys"], "pyo3-ffi gives them metadata"
    assert today.stays == {"cc", "pyo3-build-config", "tool"}


def test_pyo3s_build_configuration_looked_at_the_interpreter_too(built: Built) -> None:
    today = built.today((0, 28, 3))
    assert today.packages == ["app", "bindings", "builder", "sys"]
    assert today.scripts == ["builder", "sys"]
    assert today.stays == {"cc", "tool"}


def test_where_pyo3_does_not_look_it_is_what_a_build_script_has_asked_for(built: Built) -> None:
    assert built.today(pyo3_looks=False).packages == []
    output = built.folder / "target" / "build" / "tool-0123" / "output"
    output.parent.mkdir(parents=True)
    output.write_text("cargo:rerun-if-env-changed=PYO3_PYTHON\n")
    today = built.today(pyo3_looks=False)
    assert (today.packages, today.scripts) == (["app", "tool"], ["app", "tool"])


def test_a_dependency_that_is_off_does_not_count(built: Built) -> None:
    built.fingerprint("bindings", "build_script_build")
    assert built.today().packages == ["sys"]
    built.fingerprint("sys", "cc")
    assert built.today().packages == []


def test_a_dependency_of_what_runs_on_the_host_counts(built: Built) -> None:
    built.fingerprint("bindings", "build_script_build")
    built.fingerprint("bindings", "pyo3", host=True)
    assert built.today().packages == ["app", "bindings", "sys"]


def test_a_crate_of_another_name_may_be_any(built: Built) -> None:
    built.fingerprint("bindings", "tool", "py")
    assert built.today().packages == ["app", "bindings", "sys"]


def test_a_crate_may_have_the_name_of_another_one(built: Built) -> None:
    """`tool = { package = "pyo3" }`: cargo's fingerprint tells."""
    built.fingerprint("bindings", "tool")
    library = built.folder / "target" / ".fingerprint" / "pyo3-0123" / "lib-pyo3"
    library.parent.mkdir()
    library.write_text("0200000000000000")
    assert built.today().packages == ["app", "bindings", "sys"]
    library.write_text("0300000000000000")
    assert built.today().packages == ["sys"]
