"""A build directory for each interpreter: which one, and the option for cargo."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pyo3_base_python.wrapper import build_dir
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.errors import CannotSteady
from pyo3_base_python.wrapper.project import Lock, Project
from pyo3_base_python.wrapper.record import RECORDS
from tests.unit.support import Script, Wrapper, an_interpreter, posix

BUILT = Project("/src", "/src", Lock([(0, 26, 0)]), "/src/target")
BUILD = parse(["build"])
ON = {"PYO3_SHIM_BUILD_DIR": "interpreter"}
NEW_CARGO = 'if [ "$1" = --version ]; then echo "cargo 1.91.0 (abc 2025-10-01)"; fi'


def choose(environ: dict[str, str] | None = None, project: Project = BUILT, **interpreter: Any) -> str:
    folder, why_not = build_dir.choose({**ON, **(environ or {})}, BUILD, project, an_interpreter(**interpreter))
    assert why_not == ""
    return folder


# Which one


def test_all_interpreters_share_cargos_own_where_that_is_asked_for() -> None:
    assert build_dir.choose({"PYO3_SHIM_BUILD_DIR": "shared"}, BUILD, BUILT, an_interpreter()) == ("", "")


@pytest.mark.parametrize("value", [None, "", "auto"])
def test_there_is_one_for_the_case_that_it_is_needed(value: str | None) -> None:
    environ = {} if value is None else {"PYO3_SHIM_BUILD_DIR": value}
    assert build_dir.choose(environ, BUILD, BUILT, an_interpreter()) == (choose(), "")
    assert build_dir.is_automatic(environ)


def test_where_there_can_be_none_nothing_is_said_unless_it_was_asked_for() -> None:
    project = Project("/src", "/src", Lock([(0, 26, 0)]), "/elsewhere/target")
    assert build_dir.choose({}, BUILD, project, an_interpreter()) == ("", "")


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
        choose({"PYO3_CONFIG_FILE": "/src/target/maturin/pyo3-config-x86_64-unknown-linux-gnu-3.9.txt"}),
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


# A copy of what is compiled


class Target:
    """A target directory in which cargo has compiled something, and a build directory that begins as a copy of it."""

    def __init__(self, folder: Path) -> None:
        self.debug = folder / "target" / "debug"
        self.own = self.debug.parent / "pyo3-base-python-x"
        for name in (".cargo-lock", "deps/libpyo3.rlib", "build/pyo3-1/output", ".fingerprint/pyo3-1/lib-pyo3"):
            self.write(name)
        self.write("incremental/crate/state")

    def write(self, name: str) -> None:
        """Write a file in the profile's folder, with an older time."""
        path = self.debug / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))

    def seed(self, below: str = "debug") -> None:
        """Copy it."""
        build_dir.seed(os.fspath(self.own), below)

    def refuses(self, why: str) -> bool:
        """Whether there is no copy, not even a part of one, for this reason."""
        with pytest.raises(CannotSteady, match=why):
            self.seed()
        return not list(self.own.glob("debug*"))


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(tmp_path)


def test_a_new_one_begins_with_what_is_compiled_to_the_nanosecond(target: Target) -> None:
    target.seed()
    files = {path.relative_to(target.own).as_posix() for path in target.own.rglob("*") if path.is_file()}
    compiled = {"deps/libpyo3.rlib", "build/pyo3-1/output", ".fingerprint/pyo3-1/lib-pyo3"}
    assert files == {"CACHEDIR.TAG", *(f"debug/{name}" for name in compiled)}
    assert (target.own / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    for name in compiled:
        copy = target.own / "debug" / name
        assert copy.read_text() == name
        assert copy.stat().st_mtime_ns == (target.debug / name).stat().st_mtime_ns


def test_what_is_there_stays_as_it_is(target: Target) -> None:
    target.seed()
    (target.own / "debug" / "deps" / "libpyo3.rlib").write_text("compiled since")
    target.seed()
    assert (target.own / "debug" / "deps" / "libpyo3.rlib").read_text() == "compiled since"


@posix("see tests/windows/test_build_dir.py")
@pytest.mark.parametrize("kind", ["LOCK_EX", "LOCK_SH"])
def test_nothing_is_copied_while_a_cargo_works(target: Target, kind: str) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows

    with (target.debug / ".cargo-lock").open() as lock:
        fcntl.flock(lock, getattr(fcntl, kind))
        assert target.refuses("another cargo is at work")
    target.seed()


@posix("see tests/windows/test_build_dir.py")
def test_no_cargo_works_while_it_is_copied(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows

    seen = []

    def looks(source: str, *_: str, symlinks: bool) -> None:
        assert symlinks
        with (target.debug / ".cargo-lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        seen.append(source)

    monkeypatch.setattr(shutil, "copytree", looks)
    target.seed()
    assert len(seen) == 3
    with (target.debug / ".cargo-lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_nothing_is_copied_where_cargo_has_never_locked(target: Target) -> None:
    (target.debug / ".cargo-lock").unlink()
    assert target.refuses("can't copy")


def test_nothing_is_copied_of_what_serves_other_trees(target: Target) -> None:
    (target.debug / RECORDS).mkdir()
    (target.debug / RECORDS / "crate.sources").touch()
    assert target.refuses("other trees")


def test_room_is_left_on_the_disk(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_dir, "LEFT", 1 << 62)
    assert target.refuses("no room")


@posix("there are no pipes with names")
def test_a_copy_that_fails_leaves_nothing(target: Target) -> None:
    os.mkfifo(target.debug / "deps" / "pipe")
    assert target.refuses("can't copy")


def test_for_a_target_there_are_two_folders(target: Target) -> None:
    """What runs while it is compiled lies in that of the host."""
    shutil.copytree(target.debug, target.debug.parent / "x86_64-unknown-linux-gnu" / "debug")
    target.seed("x86_64-unknown-linux-gnu/debug")
    for below in ("debug", "x86_64-unknown-linux-gnu/debug"):
        assert (target.own / below / "deps" / "libpyo3.rlib").exists()


def test_a_copy_that_was_cut_short_is_made_again(target: Target) -> None:
    (target.own / "debug.new" / "deps").mkdir(parents=True)
    (target.own / "debug.new" / "deps" / "half").write_text("")
    target.seed()
    assert os.listdir(target.own / "debug" / "deps") == ["libpyo3.rlib"]
    assert not (target.own / "debug.new").exists()


# In the wrapper


def of_another(wrapper: Wrapper) -> Path:
    """Make cargo's own build directory hold crates for another interpreter; returns the folder of the profile."""
    target = Target(wrapper.project)
    config = wrapper.store / "config" / "other.txt"
    config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.write_text("version=3.6\n")
    (target.debug / "build" / "pyo3-ffi-1").mkdir()
    (target.debug / "build" / "pyo3-ffi-1" / "output").write_text(f"cargo:rerun-if-changed={config}\n")
    return target.debug


def own(wrapper: Wrapper) -> list[Path]:
    return list((wrapper.project / "target").glob("pyo3-base-python-*"))


def test_one_interpreter_has_cargos_own(wrapper: Wrapper) -> None:
    assert wrapper.run("build", does=NEW_CARGO).arguments == ["build"]
    Target(wrapper.project)
    assert wrapper.run("build", does=NEW_CARGO).arguments == ["build"]
    assert own(wrapper) == []


def test_another_interpreter_has_one_of_its_own_from_its_first_build_on(wrapper: Wrapper) -> None:
    debug = of_another(wrapper)
    for _ in range(2):
        result = wrapper.run("build", does=NEW_CARGO)
        (folder,) = own(wrapper)
        assert result.arguments == ["--config", f"build.build-dir='{folder}'", "build"]
        assert (folder / "debug" / "deps" / "libpyo3.rlib").exists()
        assert result.err == ""
        shutil.rmtree(debug, ignore_errors=True)  # in the second build nobody looks there


def test_another_profile_has_cargos_own(wrapper: Wrapper) -> None:
    of_another(wrapper)
    assert wrapper.run("build", "--release", does=NEW_CARGO).arguments == ["build", "--release"]


@pytest.mark.parametrize("shared", [True, False])
def test_none_is_made_where_that_is_asked_for_or_cargo_has_none(wrapper: Wrapper, tmp_path: Path, shared: bool) -> None:
    of_another(wrapper)
    log = tmp_path / "log"
    does = NEW_CARGO if shared else "echo cargo 1.90.0"
    choice = "shared" if shared else "auto"
    result = wrapper.run("build", does=does, PYO3_SHIM_BUILD_DIR=choice, PYO3_SHIM_LOG=os.fspath(log))
    assert (result.arguments, result.err, own(wrapper)) == (["build"], "", [])
    assert "PYO3_CONFIG_FILE" in result.environ
    assert ("no build directory of its own: a build directory needs cargo 1.91" in log.read_text()) is not shared


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
    assert "'slots', which is none of auto, interpreter, shared" in result.err
