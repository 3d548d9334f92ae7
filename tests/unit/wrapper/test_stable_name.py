"""The stable name: when it changes, and that it can be used like the interpreter's own path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyo3_base_python.wrapper import stable_name, store
from pyo3_base_python.wrapper.interpreter import Place, ask
from pyo3_base_python.wrapper.stable_name import launcher_file, shell_quoted
from tests.installations import install
from tests.unit.support import Script, an_interpreter, needs_root, posix

if TYPE_CHECKING:
    from pyo3_base_python.wrapper.interpreter import Interpreter

pytestmark = posix("the launcher is a shell script: see tests/windows/test_stable_name.py")

# The identity


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "changed",
    [
        an_interpreter(base_executable="/opt/other/bin/python3.11"),
        an_interpreter(abi="cpython-311d-x86_64-linux-gnu"),
        an_interpreter(environment=["maturin-1.9.5.dist-info"]),
        an_interpreter(environment=[]),
        an_interpreter(version="3.12"),
        an_interpreter(build_flags="Py_GIL_DISABLED"),
        an_interpreter(lib_dir="/opt/python/lib64"),
        an_interpreter(full_version="3.11.9 (main) [GCC]"),
        an_interpreter(place=Place("/tmp/isolated/bin", is_environment=False)),
    ],
)
def test_launchers_name_changes_with_the_base_and_with_the_environments_content(changed: Interpreter) -> None:
    assert launcher_file(changed).name != launcher_file(an_interpreter()).name


def test_launcher_does_not_know_where_the_isolated_environment_is() -> None:
    first, second = launcher_file(an_interpreter("/tmp/a/bin/python")), launcher_file(an_interpreter("/tmp/b/python"))
    assert (first.name, first.content) == (second.name, second.content)
    assert first.executable


def test_distributions_are_told_apart_in_the_launchers_name() -> None:
    names = {launcher_file(an_interpreter(environment=lines)).name for lines in (["a", "b"], ["ab"], ["b", "a"])}
    assert len(names) == 3


@settings(max_examples=40)
@given(
    st.lists(st.binary().filter(lambda word: b"\0" not in word) | st.sampled_from([b"'", b"''", b"$(x)\n", b"\xff"]))
)
def test_quoted_words_come_through_a_real_shell(words: list[bytes]) -> None:
    line = b"printf '%s\\0' " + b" ".join(map(shell_quoted, [b"", *words]))
    said = subprocess.run([b"sh", b"-c", line], stdout=subprocess.PIPE, check=True).stdout
    assert said.split(b"\0")[1:-1] == words


def test_environment_may_hold_names_that_are_not_utf_8() -> None:
    odd = an_interpreter(abi="cpython-\udcff", environment=["\udcff.dist-info"])
    assert launcher_file(odd).name != launcher_file(an_interpreter()).name


def test_launcher_says_who_wrote_it() -> None:
    assert launcher_file(an_interpreter()).content.startswith(b"#!/bin/sh\n# Written by pyo3-base-python")


# As a path


class Environment:
    """A virtual environment with a build requirement: a module and a tool that says where it lies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.python = folder / "bin" / "python"
        (site,) = folder.glob("lib/python*/site-packages")
        install("", "helper", "1", folder=os.fspath(site))
        (site / "helper.py").write_text("VALUE = 'seen'\n", encoding="utf-8")
        self.program("tool", 'echo "$0" "$@"')
        self.variables = {"PYO3_SHIM_PYTHON": os.fspath(self.python)}

    def program(self, name: str, body: str) -> None:
        """Write a shell script beside the interpreter."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def stand_in(self, root: Path, **environ: str) -> Path:
        """The stable path of its interpreter, after what belongs there was put into the store."""
        return put(ask(os.fspath(self.python), {"PATH": "/usr/bin:/bin", **environ}), root)


def put(found: Interpreter, root: Path) -> Path:
    paths = [store.put(os.fspath(root), file) for file in stable_name.files(found)]
    return Path(paths[0])


def said(path: Path, *arguments: str, code: int = 0, environ: dict[str, str] | None = None) -> str:
    """The output of a program in an environment that is empty except for ``environ``."""
    done = subprocess.run([path, *arguments], env=environ or {}, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout.strip() if code == 0 else done.stderr


IMPORT = ("-c", "import helper, sys; print(helper.VALUE, sys.prefix)")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(os.path.realpath(tmp_path)) / "store"


@pytest.fixture
def one(tmp_path: Path) -> Environment:
    return Environment(Path(os.path.realpath(tmp_path)) / "the first")


@pytest.fixture
def other(tmp_path: Path) -> Environment:
    """Another environment with the same content."""
    return Environment(Path(os.path.realpath(tmp_path)) / "second")


@pytest.mark.promise("fault")
def test_what_stands_beside_the_interpreter_stands_beside_its_name(root: Path, one: Environment) -> None:
    """S10: tools of build requirements, pyvenv.cfg, what else the environment has."""
    python = one.stand_in(root)
    assert said(python.with_name("tool"), "a b", environ=one.variables) == f"{one.folder}/bin/tool a b"
    above = python.parent.parent
    assert (above / "pyvenv.cfg").read_text() == (one.folder / "pyvenv.cfg").read_text()
    assert {path.name for path in one.folder.iterdir()} | {"environments"} == {path.name for path in above.iterdir()}
    assert next(above.glob("lib/python*/site-packages/helper.py")).is_file()
    programs = {path.name for path in one.folder.glob("bin/*") if os.access(path, os.X_OK)}
    assert {path.name for path in python.parent.iterdir()} == programs


@pytest.mark.promise("fault")
@pytest.mark.parametrize("environ", [{}, {"PYO3_SHIM_PYTHON": ""}, {"PYO3_SHIM_PYTHON": "/not/there"}])
def test_script_with_a_cleared_environment_sees_the_build_requirements(
    root: Path, one: Environment, environ: dict[str, str]
) -> None:
    """S10: it was the base interpreter, without a word."""
    python = one.stand_in(root)
    assert said(python, *IMPORT, environ=environ) == f"seen {one.folder}"
    assert said(python.with_name("tool"), environ=environ) == f"{one.folder}/bin/tool"
    assert said(python.with_name("python3"), *IMPORT, environ=environ) == f"seen {one.folder}"


@pytest.mark.parametrize("shell", ["bash", "busybox"])
def test_any_systems_shell_reads_it(root: Path, one: Environment, tmp_path: Path, shell: str) -> None:
    """`/bin/sh` is bash on macOS, and busybox on Alpine."""
    program = shutil.which(shell) or pytest.skip(f"there is no {shell} on this machine")
    sh = tmp_path / "sh"
    sh.symlink_to(program)
    python = one.stand_in(root)
    for environ in (one.variables, {}):
        assert said(sh, os.fspath(python), *IMPORT, environ=environ) == f"seen {one.folder}"
        assert said(sh, os.fspath(python.with_name("tool")), "a b", environ=environ) == f"{one.folder}/bin/tool a b"
    base = put(ask(os.path.realpath(sys.executable), {"PATH": "/usr/bin:/bin"}), root)
    assert said(sh, os.fspath(base), "-c", "print(3)") == "3"


@pytest.mark.promise("fault")
def test_name_whose_environment_is_gone_fails_and_says_so(root: Path, one: Environment) -> None:
    """As loudly as its path without the shim."""
    python = one.stand_in(root)
    shutil.rmtree(one.folder)
    for path in (python, python.with_name("tool")):
        line = f"pyo3-base-python: the environment that {path} stands for is gone\n"
        assert said(path, "-c", "", code=127) == line
        assert said(path, "-c", "", code=127, environ=one.variables) == line


@pytest.mark.promise("fault")
@pytest.mark.parametrize("first_to_end", [0, 1])
def test_two_builds_at_once_have_an_environment_each_until_they_end(
    root: Path, one: Environment, other: Environment, first_to_end: int
) -> None:
    both = [one, other]
    python, same = (each.stand_in(root) for each in both)
    assert python == same
    for each in both:
        assert said(python, *IMPORT, environ=each.variables) == f"seen {each.folder}"
    shutil.rmtree(both.pop(first_to_end).folder)
    (left,) = both
    assert said(python, *IMPORT, environ=left.variables) == f"seen {left.folder}"
    assert said(python, *IMPORT) == f"seen {left.folder}"
    assert said(python.with_name("tool")) == f"{left.folder}/bin/tool"


def test_environments_that_are_gone_are_forgotten(root: Path, one: Environment, other: Environment) -> None:
    python = one.stand_in(root)
    shutil.rmtree(one.folder)
    assert other.stand_in(root) == python
    (link,) = (python.parent.parent / "environments").iterdir()
    assert link.resolve() == other.folder
    assert (python.parent.parent / "pyvenv.cfg").resolve() == other.folder / "pyvenv.cfg"


@pytest.mark.promise("fault")
@needs_root
def test_environment_that_another_user_has_put_in_the_place_of_one_is_not_run(root: Path, one: Environment) -> None:
    python = one.stand_in(root)
    os.chown(one.folder / "bin", 12345, -1)
    assert "is gone" in said(python, "-c", "", code=127)


def test_second_call_writes_nothing(root: Path, one: Environment) -> None:
    def state() -> dict[Path, int]:
        return {path: path.lstat().st_ctime_ns for path in root.rglob("*")}

    one.stand_in(root)
    before = state()
    one.stand_in(root)
    assert state() == before


@pytest.mark.promise("fault")
def test_name_may_be_reached_by_a_link(root: Path, one: Environment, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(one.stand_in(root))
    assert said(link, *IMPORT, environ=one.variables) == f"seen {one.folder}"


def test_requirements_that_come_by_variable_are_another_name(root: Path, one: Environment, other: Environment) -> None:
    """S10: pip's isolation. A script that has cleared its environment must not get one where they are not there."""
    (site,) = other.folder.glob("lib/python*/site-packages")
    outside = site.rename(other.folder.with_name("overlay"))
    site.mkdir()
    assert other.stand_in(root, PYTHONPATH=os.fspath(outside)) != one.stand_in(root)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("name", ["base", "with space", "quote'\"$HOME`x`\\", "umlaut-ä"])
def test_name_of_a_base_interpreter_is_that_with_its_neighbours(root: Path, script: Script, name: str) -> None:
    """As in pip's isolation by a Python that is no virtual environment's."""
    base, tool = Path(script(name, 'echo "$0"; printf "<%s>\\n" "$@"')), Path(script("tool", "echo tool"))
    (base.parent.parent / "include").mkdir()
    place = Place(os.fspath(base.parent), is_environment=False, programs=["tool"], siblings=["include"])
    python = put(an_interpreter(os.fspath(base), os.fspath(base), place=place), root)
    expected = f"{base}\n<-c>\n<two words>\n<>"
    for environ in ({}, {"PYO3_SHIM_PYTHON": os.fspath(base)}, {"PYO3_SHIM_PYTHON": f"{base}-gone"}):
        assert said(python, "-c", "two words", "", environ=environ) == expected
    assert said(python.with_name("tool")) == "tool"
    assert python.with_name("tool").resolve() == tool.resolve()
    assert (python.parent.parent / "include").is_dir()


def test_names_of_its_own_are_not_taken_by_what_lies_there(root: Path) -> None:
    place = Place("/e/bin", is_environment=True, programs=["python"], siblings=["bin", "environments", "lib"])
    python = put(an_interpreter("/e/bin/python", place=place), root)
    assert python.is_file()
    assert not python.is_symlink()
    assert {path.name for path in python.parent.parent.iterdir()} == {"bin", "environments", "lib"}
    assert not python.parent.is_symlink()
