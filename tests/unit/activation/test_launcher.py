"""The launcher that CARGO names: its content, its code, what that imports, and what it does when either is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

import pyo3_base_python
from pyo3_base_python import __version__
from pyo3_base_python.activation import launcher
from pyo3_base_python.wrapper.errors import CannotSteady
from pyo3_base_python.wrapper.store import PINNED_TIME
from tests.unit.support import InterpreterOf, Script, Wrapper, posix

pytestmark = posix("the launcher is a shell script: see tests/windows/test_cargo.py")

AWKWARD = "a b'c\"d$HOME`e`\\f*=g&;ä"
MENDS_IT = "is gone or broken ('pyo3-base-python env' mends it); cargo runs without a stable interpreter"
SOURCE = Path(pyo3_base_python.__file__).parent
COSTLY = frozenset(
    "re json subprocess typing pathlib hashlib tempfile shutil signal enum dataclasses collections".split()
)
# Runs the wrapper as the launcher does, up to where it would become cargo, and says what has been imported by then.
IMPORTED = """
import sys
del sys.argv[0]
sys.path.append(sys.argv.pop(0))
before = set(sys.modules)
from pyo3_base_python.wrapper import main, process
def become(program, arguments, environ):
    print(environ.get("PYO3_CONFIG_FILE"))
    print(*sorted(set(sys.modules) - before))
process.become = become
main.main()
"""


def imported(wrapper: Wrapper, **changes: str) -> set[str]:
    (code,) = (wrapper.store / "wrapper").iterdir()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORTED, code, wrapper.program, "build"],
        env=wrapper.variables(**changes),
        cwd=wrapper.project,
        capture_output=True,
        text=True,
        check=True,
    )
    config, names = done.stdout.splitlines()
    assert (config == "None") == (done.stderr != "")
    return set(names.split())


# Its files


def test_path_of_the_launcher_never_changes(wrapper: Wrapper) -> None:
    assert wrapper.program == os.fspath(wrapper.store / "bin" / "cargo")
    before = os.stat(wrapper.program)
    assert launcher.install(wrapper.environ, lasting=True) == wrapper.program
    assert os.stat(wrapper.program).st_ino == before.st_ino


def test_code_in_the_store_is_that_of_the_package_and_nothing_else(wrapper: Wrapper) -> None:
    (folder,) = (wrapper.store / "wrapper").iterdir()
    found = [path for path in (folder / "pyo3_base_python").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    names = {os.fspath(path.relative_to(folder / "pyo3_base_python")) for path in found}
    assert names == {"__init__.py", *(f"wrapper/{path.name}" for path in (SOURCE / "wrapper").glob("*.py"))}
    for path in found:
        assert path.read_bytes() == (SOURCE / path.relative_to(folder / "pyo3_base_python")).read_bytes()
        assert path.stat().st_mtime == PINNED_TIME


def test_another_version_of_the_code_gets_a_folder_of_its_own(
    wrapper: Wrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(SOURCE, copy)
    (copy / "wrapper" / "plan.py").write_text("changed", encoding="utf-8")
    before = Path(wrapper.program).read_bytes()
    monkeypatch.setattr(launcher, "PACKAGE", copy)
    assert launcher.install(wrapper.environ, lasting=True) == wrapper.program
    assert len(list((wrapper.store / "wrapper").iterdir())) == 2
    assert Path(wrapper.program).read_bytes() != before


def test_only_who_asks_for_the_lasting_launcher_replaces_that_of_another_version(wrapper: Wrapper) -> None:
    shared = Path(wrapper.program)
    shared.write_text("of another version")
    assert launcher.install(wrapper.environ) == wrapper.own_program
    assert shared.read_text() == "of another version"
    launcher.install(wrapper.environ, lasting=True)
    assert shared.read_bytes() == Path(wrapper.own_program).read_bytes()


def test_the_lasting_launcher_is_there_for_settings_that_name_it(wrapper: Wrapper) -> None:
    os.remove(wrapper.program)
    launcher.install(wrapper.environ)
    assert Path(wrapper.program).read_bytes() == Path(wrapper.own_program).read_bytes()


@pytest.mark.promise("fault")
def test_code_that_was_changed_is_put_right_by_the_next_installation(wrapper: Wrapper) -> None:
    (path,) = (wrapper.store / "wrapper").glob("*/pyo3_base_python/wrapper/main.py")
    assert wrapper.run("build").code == 0
    path.write_text("raise SystemExit('changed')", encoding="utf-8")
    assert wrapper.run("build").code == 1
    launcher.install(wrapper.environ)
    assert wrapper.run("build").code == 0


@pytest.mark.promise("fault")
def test_store_that_can_not_be_used_is_said(wrapper: Wrapper) -> None:
    with pytest.raises(CannotSteady, match="can't use the store"):
        launcher.install({**wrapper.environ, "PYO3_SHIM_STORE": os.fspath(wrapper.project / "Cargo.toml" / "store")})


def test_launcher_runs_the_base_interpreter_which_outlives_environments(wrapper: Wrapper) -> None:
    base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    assert launcher.base_python() == base
    assert f"python='{base}'\n" in Path(wrapper.program).read_text(encoding="utf-8")


def test_launcher_says_which_version_wrote_it(wrapper: Wrapper) -> None:
    assert f"pyo3-base-python {__version__}:" in Path(wrapper.program).read_text(encoding="utf-8")


# Its imports


def test_wrapper_modules_are_exactly_what_the_wrapper_imports(wrapper: Wrapper) -> None:
    package = "pyo3_base_python"
    modules = {path.stem for path in (SOURCE / "wrapper").glob("*.py")} - {"__init__"}
    if os.name == "posix":
        modules -= {"redirector", "windows"}
    expected = {package, f"{package}.wrapper", *(f"{package}.wrapper.{name}" for name in modules)}
    assert {name for name in imported(wrapper) if name.partition(".")[0] == package} == expected


def test_wrapper_imports_the_standard_library_only_and_none_of_its_costly_modules(wrapper: Wrapper) -> None:
    names = {name.partition(".")[0] for name in imported(wrapper)}
    assert not names & COSTLY
    if sys.version_info >= (3, 10):
        assert names - sys.stdlib_module_names == {"pyo3_base_python"}


@pytest.mark.parametrize("changes", [{"PYO3_PYTHON": "/not/there"}, {"PYO3_SHIM_STORE": "/dev/null/store"}])
def test_failing_costs_no_import_either(wrapper: Wrapper, changes: dict[str, str]) -> None:
    assert not {name.partition(".")[0] for name in imported(wrapper, **changes)} & COSTLY


# Its script


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_wrapper_runs_on_each_python_that_is_supported(
    wrapper: Wrapper, interpreter_of: InterpreterOf, version: str
) -> None:
    (code,) = (wrapper.store / "wrapper").iterdir()
    Path(wrapper.program).write_bytes(launcher.launcher_script(interpreter_of(version), os.fspath(code)))
    result = wrapper.run("build")
    assert (result.code, result.err, result.arguments) == (0, "", ["build"])
    assert result.environ["PYO3_PYTHON"].startswith(os.fspath(wrapper.store))


@pytest.mark.promise("fault")
def test_store_and_interpreter_may_have_any_path(tmp_path: Path) -> None:
    folder = tmp_path / AWKWARD
    folder.mkdir()
    wrapper = Wrapper(folder, sys.executable)
    (code,) = (wrapper.store / "wrapper").iterdir()
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    Path(wrapper.program).write_bytes(launcher.launcher_script(os.fspath(python), os.fspath(code)))
    record = tmp_path / "record"
    (wrapper.bin / "cargo").write_text(f'#!/bin/sh\nprintf "<%s>" "$@" >"{record}"\n', encoding="utf-8")
    with wrapper.start("build", AWKWARD) as started:
        assert started.communicate()[1] == b""
    assert started.returncode == 0
    assert record.read_text(encoding="utf-8") == f"<build><{AWKWARD}>"


@pytest.mark.promise("fault")
def test_pythons_own_variables_and_the_current_folder_do_not_reach_the_wrapper(wrapper: Wrapper) -> None:
    """Pip's isolation sets PYTHONPATH, and a project may have an `os.py` of its own."""
    for name in ("os", "stat", "sitecustomize", "pyo3_base_python"):
        (wrapper.project / f"{name}.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    variables = {"PYTHONPATH": os.fspath(wrapper.project), "PYTHONHOME": "/not/there", "PYTHONINSPECT": "1"}
    result = wrapper.run("metadata", **variables)
    assert (result.code, result.err, result.arguments) == (0, "", ["metadata"])
    assert wrapper.changes(result, **variables) == {}


@pytest.mark.promise("fault")
@pytest.mark.parametrize("gone", ["python", "code"])
def test_launcher_whose_python_or_code_is_gone_becomes_cargo_and_says_so_in_one_line(
    wrapper: Wrapper, gone: str
) -> None:
    (code,) = (wrapper.store / "wrapper").iterdir()
    if gone == "code":
        shutil.rmtree(code)
    else:
        Path(wrapper.program).write_bytes(launcher.launcher_script("/not/there/python", os.fspath(code)))
    result = wrapper.run("build", "", "a b", b"\xff", does="exit 5", CARGO=wrapper.program)
    assert result.arguments == ["build", "", "a b", "\udcff"]
    assert result.code == 5
    (line,) = result.lines
    assert line.endswith(MENDS_IT)
    assert wrapper.changes(result, CARGO=wrapper.program) == {"CARGO": None}


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    "broken",
    [
        b"#!/bin/sh\nexit 127\n",
        b"#!/bin/sh\necho said; cat; kill -SEGV $$\n",
        b"#!/not/there\n",
        b"\x7fELF of another machine\n",
        b"",
    ],
)
@pytest.mark.parametrize("worked_before", [False, True])
def test_launcher_whose_python_is_there_and_does_not_work_becomes_cargo_and_says_so_in_one_line(
    wrapper: Wrapper, tmp_path: Path, broken: bytes, worked_before: bool
) -> None:
    """S17: the build ended with 127."""
    (code,) = (wrapper.store / "wrapper").iterdir()
    python = tmp_path / "python"
    Path(wrapper.program).write_bytes(launcher.launcher_script(os.fspath(python), os.fspath(code)))
    if worked_before:
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        assert wrapper.run("build").err == ""
    python.write_bytes(broken)
    python.chmod(0o755)
    os.utime(python, (time.time() + 60, time.time() + 60))  # newer than what was seen, on any file system
    result = wrapper.run("build", stdin="for cargo", does="cat; exit 5", CARGO=wrapper.program)
    assert (result.code, result.out, result.arguments) == (5, b"for cargo", ["build"])
    (line,) = result.lines
    assert line.endswith(MENDS_IT)
    assert wrapper.changes(result, CARGO=wrapper.program) == {"CARGO": None}


@pytest.mark.promise("fault")
def test_launcher_whose_standard_library_is_gone_becomes_cargo(wrapper: Wrapper, tmp_path: Path) -> None:
    """S17: as when a newer minor version has taken its place, and left the program."""
    (code,) = (wrapper.store / "wrapper").iterdir()
    python, library = tmp_path / "python", tmp_path / "os.py"
    python.write_text(f'#!/bin/sh\n[ -f {library} ] && exec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    library.touch()
    script = launcher.launcher_script(os.fspath(python), os.fspath(code), [os.fspath(library)])
    Path(wrapper.program).write_bytes(script)
    assert wrapper.run("build").err == ""
    library.unlink()
    result = wrapper.run("build")
    assert (result.code, result.arguments, len(result.lines)) == (0, ["build"], 1)


def test_python_is_tried_once_and_again_when_it_has_changed(wrapper: Wrapper, tmp_path: Path) -> None:
    """To try it costs as much as the wrapper itself."""
    (code,) = (wrapper.store / "wrapper").iterdir()
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho >>{tmp_path}/started\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    Path(wrapper.program).write_bytes(launcher.launcher_script(os.fspath(python), os.fspath(code)))
    counts = []
    for change in (False, False, False, True, False):
        if change:
            later = time.time() + 60
            os.utime(python, (later, later))
            os.utime(code / "seen", (later - 1, later - 1))
        (tmp_path / "started").unlink(missing_ok=True)
        assert wrapper.run("build").err == ""
        counts.append(len((tmp_path / "started").read_text()))
        os.utime(code / "seen", (time.time() + 120, time.time() + 120))
    assert counts == [2, 1, 1, 2, 1]


def test_what_python_needs_is_named_by_the_launcher(wrapper: Wrapper) -> None:
    assert launcher.needed_by_python()
    for path in launcher.needed_by_python():
        assert os.path.isfile(path)
        assert f" '{path}'" in Path(wrapper.program).read_text(encoding="utf-8")


def test_python_of_a_framework_needs_the_frameworks_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "Python.framework/Versions/3.12/Python"
    variables = {
        "LIBDIR": os.fspath(library.parent / "lib"),
        "INSTSONAME": os.fspath(library.relative_to(tmp_path)),
        "PYTHONFRAMEWORK": "Python",
        "PYTHONFRAMEWORKPREFIX": os.fspath(tmp_path),
        "Py_ENABLE_SHARED": 0,
    }
    library.parent.mkdir(parents=True)
    library.touch()
    monkeypatch.setattr(sysconfig, "get_config_vars", lambda: variables)
    assert os.fspath(library) in launcher.needed_by_python()


@pytest.mark.promise("fault")
def test_launcher_without_its_code_becomes_the_cargo_that_was_named(wrapper: Wrapper, tmp_path: Path) -> None:
    (code,) = (wrapper.store / "wrapper").iterdir()
    shutil.rmtree(code)
    wrapper.run("build", PYO3_SHIM_CARGO=wrapper.fake_cargo(tmp_path / "named"))
    assert wrapper.called[0] == "named"


@pytest.mark.promise("fault")
def test_launcher_without_its_code_does_not_find_itself_on_path(wrapper: Wrapper) -> None:
    (code,) = (wrapper.store / "wrapper").iterdir()
    shutil.rmtree(code)
    path = os.pathsep.join((os.fspath(wrapper.store / "bin"), wrapper.environ["PATH"]))
    result = wrapper.run("build", PATH=path)
    assert (result.code, result.arguments, len(result.lines)) == (0, ["build"], 1)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("shell", ["bash", "busybox"])
def test_any_systems_shell_reads_it(wrapper: Wrapper, tmp_path: Path, shell: str) -> None:
    """`/bin/sh` is bash on macOS, and busybox on Alpine: with the code, and as plain cargo without it."""
    sh = tmp_path / "sh"
    sh.symlink_to(shutil.which(shell) or pytest.skip(f"there is no {shell} on this machine"))
    for _ in range(2):  # the first run tries whether Python works
        result = wrapper.run(wrapper.program, "build", "a b", program=os.fspath(sh))
        assert (result.code, result.arguments, result.lines) == (0, ["build", "a b"], [])
        assert "PYO3_CONFIG_FILE" in result.environ
    (code,) = (wrapper.store / "wrapper").iterdir()
    shutil.rmtree(code)
    path = os.pathsep.join((os.fspath(wrapper.store / "bin"), wrapper.environ["PATH"]))
    result = wrapper.run(wrapper.program, "build", "a b", program=os.fspath(sh), PATH=path)
    assert (result.code, result.arguments, len(result.lines)) == (0, ["build", "a b"], 1)
    assert "PYO3_CONFIG_FILE" not in result.environ


def test_launcher_may_be_started_by_any_shell_and_by_a_link(wrapper: Wrapper, tmp_path: Path, script: Script) -> None:
    link = tmp_path / "a link"
    link.symlink_to(wrapper.program)
    for program in (os.fspath(link), script("indirect", f'exec sh "{wrapper.program}" "$@"')):
        result = wrapper.run("build", program=program)
        assert (result.code, result.err, result.arguments) == (0, "", ["build"])
