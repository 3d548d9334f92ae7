"""What CARGO names: its content, its code, what that imports, and what is left when either is gone."""

from __future__ import annotations

import importlib.resources
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pyo3_base_python
from pyo3_base_python import __version__, launcher, store
from pyo3_base_python.errors import CannotSteady
from pyo3_base_python.store import PINNED_TIME

from .support import InterpreterOf, Script, Wrapper

AWKWARD = "a b'c\"d$HOME`e`\\f*=g&;ä"
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
from pyo3_base_python import cargo, process
def become(program, arguments, environ):
    print(environ.get("PYO3_CONFIG_FILE"))
    print(*sorted(set(sys.modules) - before))
process.become = become
cargo.main()
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
    assert launcher.install(wrapper.environ) == wrapper.program
    assert os.stat(wrapper.program).st_ino == before.st_ino


def test_code_in_the_store_is_that_of_the_package_and_nothing_else(wrapper: Wrapper) -> None:
    (folder,) = (wrapper.store / "wrapper").iterdir()
    found = {path.stem: path for path in (folder / "pyo3_base_python").iterdir()}
    assert sorted(found) == sorted(launcher.WRAPPER_MODULES)
    for name, path in found.items():
        assert path.read_bytes() == (SOURCE / f"{name}.py").read_bytes()
        assert path.stat().st_mtime == PINNED_TIME


def test_another_version_of_the_code_gets_a_folder_of_its_own(
    wrapper: Wrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(SOURCE, copy)
    (copy / "plan.py").write_text("changed", encoding="utf-8")
    before = Path(wrapper.program).read_bytes()
    monkeypatch.setattr(importlib.resources, "files", lambda _: copy)
    assert launcher.install(wrapper.environ) == wrapper.program
    assert len(list((wrapper.store / "wrapper").iterdir())) == 2
    assert Path(wrapper.program).read_bytes() != before


@pytest.mark.promise("fault")
def test_code_that_was_changed_is_put_right_by_the_next_installation(wrapper: Wrapper) -> None:
    (path,) = (wrapper.store / "wrapper").glob("*/pyo3_base_python/cargo.py")
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


# What another version has written


def written_by(version: str, wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Have another ``version`` of this package install its launcher, and return that."""
    copy = wrapper.folder / f"version-{version}"
    shutil.copytree(SOURCE, copy)
    (copy / "plan.py").write_text(f"# {version}\n{(SOURCE / 'plan.py').read_text()}", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(importlib.resources, "files", lambda _: copy)
        patched.setattr(launcher, "__version__", version)
        launcher.install(wrapper.environ)
    return Path(wrapper.program).read_bytes()


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        ("0.0.9", False),
        ("0.1.0", False),
        ("0.1.0rc1", False),
        ("0.1.0.post1", False),
        ("0.1.1", True),
        ("0.1.10rc1", True),
        ("0.10", True),
        ("1.0.dev3", True),
        ("unknown", False),
    ],
)
def test_launcher_of_a_newer_version_stays(
    wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch, version: str, newer: bool
) -> None:
    """As in the isolated build of a project that pins an older version than the user has."""
    os.unlink(wrapper.program)
    before = written_by(version, wrapper, monkeypatch)
    assert f" {version}:".encode() in before
    monkeypatch.setattr(launcher, "__version__", "0.1.0")
    wrapper.run("build")
    assert list(wrapper.store.glob("wrapper/*/pyo3_base_python/__pycache__")), "Python keeps what it has compiled"
    assert launcher.install(wrapper.environ) == wrapper.program
    assert (Path(wrapper.program).read_bytes() == before) is newer
    result = wrapper.run("build")
    assert (result.code, result.err, result.arguments) == (0, "", ["build"])


def test_the_newest_of_several_versions_wins(wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, winner in (("0.9.2", b" 0.9.2:"), ("0.9.10", b" 0.9.10:"), ("0.9.9", b" 0.9.10:")):
        assert winner in written_by(version, wrapper, monkeypatch)


@pytest.mark.promise("fault")
def test_newer_launcher_in_a_store_with_any_path_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / AWKWARD
    folder.mkdir()
    wrapper = Wrapper(folder, sys.executable)
    newer = written_by("999", wrapper, monkeypatch)
    launcher.install(wrapper.environ)
    assert Path(wrapper.program).read_bytes() == newer


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    "damage",
    [
        *("cut", "changed", "empty", "gone", "for others to write to", "a link", "python gone", "in another store"),
        *("code gone", "code incomplete", "code changed", "code added", "code for others to write to"),
    ],
)
def test_launcher_of_a_newer_version_that_is_damaged_is_replaced(
    wrapper: Wrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    mine = Path(wrapper.program).read_bytes()
    (own,) = (wrapper.store / "wrapper").iterdir()
    written = written_by("999", wrapper, monkeypatch)
    (code,) = (path for path in (wrapper.store / "wrapper").iterdir() if path != own)
    program, module = Path(wrapper.program), code / "pyo3_base_python" / "plan.py"
    if damage in {"cut", "changed", "empty"}:
        content = {"cut": written[:-30], "changed": written.replace(b"127", b"126"), "empty": b""}[damage]
        program.write_bytes(content)
        os.utime(program, (PINNED_TIME, PINNED_TIME))
    elif damage == "gone":
        program.unlink()
    elif damage == "for others to write to":
        program.chmod(0o777)
    elif damage == "a link":
        program.rename(tmp_path / "elsewhere")
        program.symlink_to(tmp_path / "elsewhere")
    elif damage == "python gone":
        script = launcher.launcher_script("/not/there/python", os.fspath(code)).replace(
            f" {__version__}:".encode(), b" 999:"
        )
        rewrite(program, script)
    elif damage == "in another store":
        rewrite(program, written.replace(os.fsencode(code), os.fsencode(tmp_path / "other" / "wrapper" / code.name)))
    elif damage == "code gone":
        shutil.rmtree(code)
    elif damage == "code incomplete":
        module.unlink()
    elif damage == "code for others to write to":
        module.chmod(0o666)
    else:
        path = module if damage == "code changed" else module.with_name("added.py")
        path.write_text("changed", encoding="utf-8")
        path.chmod(0o600)
        os.utime(path, (PINNED_TIME, PINNED_TIME))
    assert launcher.install(wrapper.environ) == wrapper.program
    assert Path(wrapper.program).read_bytes() == mine
    assert not Path(wrapper.program).is_symlink()


def rewrite(program: Path, script: bytes) -> None:
    """Put ``script`` there as a version would that wrote it so, with the digest at its end."""
    body = script.rpartition(b"# ")[0]
    program.write_bytes(b"%s# %s\n" % (body, store.digest(body).encode()))
    os.utime(program, (PINNED_TIME, PINNED_TIME))


# Its imports


def test_wrapper_modules_are_exactly_what_the_wrapper_imports(wrapper: Wrapper) -> None:
    package = "pyo3_base_python"
    expected = {package if name == "__init__" else f"{package}.{name}" for name in launcher.WRAPPER_MODULES}
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


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_wrapper_runs_on_each_python_that_the_package_supports(
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
    assert line.endswith("is gone; cargo runs without a stable interpreter")
    assert wrapper.changes(result, CARGO=wrapper.program) == {"CARGO": None}


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


def test_launcher_may_be_started_by_any_shell_and_by_a_link(wrapper: Wrapper, tmp_path: Path, script: Script) -> None:
    link = tmp_path / "a link"
    link.symlink_to(wrapper.program)
    for program in (os.fspath(link), script("indirect", f'exec sh "{wrapper.program}" "$@"')):
        result = wrapper.run("build", program=program)
        assert (result.code, result.err, result.arguments) == (0, "", ["build"])
