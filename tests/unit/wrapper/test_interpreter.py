"""Interpreters and their environments: real ones, and facts in the form that the probe prints."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper import interpreter, plan, probe, pyo3_config, stable_name
from pyo3_base_python.wrapper.errors import CannotSteady, UserError
from pyo3_base_python.wrapper.installed import environment_content
from pyo3_base_python.wrapper.interpreter import ask, base_executable, find, read_answer
from tests.installations import Installation, install
from tests.unit.support import VERSIONS, InterpreterOf, Script, damaged, posix

MAKERS = ("venv", "virtualenv", "uv")
REAL_FACTS = {name: str(value) for name, value in probe.facts().items()}
PATH = {"PATH": "/usr/bin:/bin"}


def make_environment(maker: str, python: str, folder: Path) -> str:
    """Make an environment without packages, and return its interpreter."""
    tool = shutil.which(maker, path=os.fspath(Path(sysconfig.get_path("scripts")))) or shutil.which(maker) or maker
    command = {
        "venv": [python, "-m", "venv", "--without-pip"],
        "virtualenv": [tool, "--no-seed", "--python", python],
        "uv": [tool, "venv", "--offline", "--no-config", "--python", python],
    }[maker]
    try:
        subprocess.run([*command, os.fspath(folder)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip(f"{maker} is not installed")
    except subprocess.CalledProcessError:
        if maker == "venv":
            raise
        pytest.skip(f"this {maker} does not know {python}")
    return os.fspath(folder / "bin" / "python")


# Environments, for real


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("maker", MAKERS)
def test_environment_gives_the_canonical_base_and_its_config(
    interpreter_of: InterpreterOf, tmp_path: Path, maker: str, version: str
) -> None:
    python = interpreter_of(version)
    base = ask(python, PATH)
    first = ask(make_environment(maker, python, tmp_path / "one place"), PATH)
    assert first.executable == os.fspath(tmp_path / "one place" / "bin" / "python")
    assert first.base_executable == base.base_executable == os.path.realpath(python)
    assert (first.config, first.abi) == (base.config, base.abi)
    assert first.config["version"] == version.rstrip("t")
    assert first.environment == []


def test_a_base_interpreter_is_its_own_base_by_whichever_name(interpreter_of: InterpreterOf, tmp_path: Path) -> None:
    python = interpreter_of("3.11")
    link = tmp_path / "another name"
    link.symlink_to(python)
    assert ask(os.fspath(link), PATH).base_executable == os.path.realpath(python)


@pytest.mark.parametrize("version", ["3.9", "3.11", "3.13"])
def test_environment_made_from_an_environment_has_the_same_base(
    interpreter_of: InterpreterOf, tmp_path: Path, version: str
) -> None:
    python = interpreter_of(version)
    outer = make_environment("venv", python, tmp_path / "outer")
    inner = make_environment("venv", outer, tmp_path / "inner")
    assert ask(inner, PATH).base_executable == os.path.realpath(python)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("version", ["3.9", "3.11"])
def test_environment_with_a_copy_of_the_interpreter_has_the_base_of_it(
    interpreter_of: InterpreterOf, tmp_path: Path, version: str
) -> None:
    python = interpreter_of(version)
    subprocess.run([python, "-m", "venv", "--without-pip", "--copies", tmp_path / "copy"], check=True)
    copy = tmp_path / "copy" / "bin" / "python"
    assert not copy.is_symlink()
    assert ask(os.fspath(copy), PATH).base_executable == os.path.realpath(python)


@pytest.mark.parametrize("maker", MAKERS)
def test_same_content_in_two_environments_gives_the_same_lines_and_other_versions_give_others(
    interpreter_of: InterpreterOf, tmp_path: Path, maker: str
) -> None:
    found = []
    for place, version in (("first", "1.0"), ("second", "1.0"), ("third", "1.1")):
        python = make_environment(maker, interpreter_of("3.11"), tmp_path / place)
        install(python, "cffi", version)
        install(python, "maturin", "1.9.4")
        found.append(ask(python, PATH))
    first, second, third = found
    assert first.environment == [
        "cffi-1.0.dist-info cffi.py,sha256=1.0,1",
        "maturin-1.9.4.dist-info maturin.py,sha256=1.9.4,1",
    ]
    assert second.environment == first.environment
    assert third.environment != first.environment
    assert (
        stable_name.launcher_file(first).name
        == stable_name.launcher_file(second).name
        != stable_name.launcher_file(third).name
    )


def test_environment_of_pips_isolation_is_seen_on_the_path_it_sets(tmp_path: Path) -> None:
    install("", "cffi", "1.0", folder=os.fspath(tmp_path / "overlay"))
    found = ask(sys.executable, {**PATH, "PYTHONPATH": os.fspath(tmp_path / "overlay")})
    assert "elsewhere: cffi-1.0.dist-info cffi.py,sha256=1.0,1" in found.environment


# Two builds of one version


def names(found: interpreter.Interpreter) -> tuple[bytes, str]:
    """The configuration without the path of the interpreter, and the name of the launcher."""
    return pyo3_config.render(found.config, "/python"), stable_name.launcher_file(found).name


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LIBDIR", "/opt/lib"),
        ("LDVERSION", "3.99td"),
        ("Py_TRACE_REFS", 1),
        ("Py_DEBUG", 1),
        ("Py_ENABLE_SHARED", None),
    ],
)
def test_interpreter_that_was_built_anew_in_its_place_is_another(
    tmp_path: Path, variable: str, value: str | int
) -> None:
    installation = Installation(tmp_path / "python")
    before = ask(os.fspath(installation.python), PATH)
    shared = before.config["shared"] == "true"
    installation.set(variable, int(not shared) if value == "?" else value)
    after = ask(os.fspath(installation.python), PATH)
    assert after.base_executable == before.base_executable
    for one, other in zip(names(after), names(before)):
        assert one != other


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.promise("stale")
def test_interpreter_that_was_upgraded_in_its_place_is_another_to_build_scripts_alone(tmp_path: Path) -> None:
    """S13: a script can embed the full version; pyo3 knows `3.11` only, and need not be compiled again."""
    installation = Installation(tmp_path / "python")
    before, same = (ask(os.fspath(installation.python), PATH) for _ in range(2))
    installation.upgrade()
    after = ask(os.fspath(installation.python), PATH)
    (config, name), (config_after, name_after) = names(before), names(after)
    assert config == config_after
    assert name == names(same)[1] != name_after


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.promise("stale")
def test_two_installations_of_one_version_are_told_apart(tmp_path: Path) -> None:
    first, second = (ask(os.fspath(Installation(tmp_path / name).python), PATH) for name in ("one", "two"))
    assert first.config["version"] == second.config["version"]
    for one, other in zip(names(first), names(second)):
        assert one != other


@pytest.mark.promise("stale")
def test_debug_build_is_another(debug_python: str, interpreter_of: InterpreterOf) -> None:
    debug = ask(debug_python, PATH)
    assert {"Py_DEBUG", "Py_REF_DEBUG"} <= set(debug.config["build_flags"].split(","))
    release = ask(interpreter_of(debug.config["version"]), PATH)
    for one, other in zip(names(debug), names(release)):
        assert one != other
    with pytest.raises(UserError, match="another build flags"):
        plan.check_base_python(release, debug, release.executable)


@pytest.mark.promise("stale")
@pytest.mark.parametrize("version", ["3.13", "3.14"])
def test_free_threaded_build_for_real(interpreter_of: InterpreterOf, tmp_path: Path, version: str) -> None:
    free = ask(make_environment("venv", interpreter_of(f"{version}t"), tmp_path / "environment"), PATH)
    assert free.base_executable == os.path.realpath(interpreter_of(f"{version}t"))
    assert (free.config["version"], free.config["lib_name"]) == (version, f"python{version}t")
    assert free.config["build_flags"] == "Py_GIL_DISABLED"
    assert free.abi.startswith(f"cpython-{version.replace('.', '')}t")


@posix("Alpine is no Windows")
@pytest.mark.promise("stale")
def test_build_for_musl_is_another_to_build_scripts(tmp_path: Path) -> None:
    """As Alpine's Python states itself; pyo3 itself is told nothing of the C library."""
    installation = Installation(tmp_path / "python")
    before = ask(os.fspath(installation.python), PATH)
    installation.set("SOABI", "cpython-311-x86_64-linux-musl")
    after = ask(os.fspath(installation.python), PATH)
    (config, name), (config_after, name_after) = names(before), names(after)
    assert config == config_after
    assert name != name_after


@pytest.mark.promise("stale")
def test_free_threaded_build_is_another() -> None:
    """As CPython 3.13's two builds state themselves in one prefix: few machines have the second."""
    common = {**REAL_FACTS, "version": "3.13", "build_flags": "", "lib_dir": "/usr/lib"}
    soabi = "cpython-313{}-x86_64-linux-gnu"
    normal = {**common, "ld_version": "3.13", "soabi": soabi.format("")}
    free = {**common, "ld_version": "3.13t", "soabi": soabi.format("t"), "build_flags": "Py_GIL_DISABLED"}
    one, other = (
        interpreter.Interpreter(
            "/v/bin/python",
            "/usr/bin/python",
            pyo3_config.describe(facts),
            facts["soabi"],
            [],
            full_version="",
            place=interpreter.Place("/v/bin", is_environment=True),
        )
        for facts in (normal, free)
    )
    for first, second in zip(names(one), names(other)):
        assert first != second
    assert b"build_flags=Py_GIL_DISABLED\n" in names(other)[0]
    with pytest.raises(UserError, match="another build flags"):
        plan.check_base_python(one, other, "/usr/bin/python")


@posix("interpreters lie elsewhere there: see tests/windows")
def test_standard_library_is_no_part_of_an_environment() -> None:
    path = "/lib/python311.zip /lib/python3.11 /lib/python3.11/lib-dynload  /site /site /lib/python3.11/site-packages"
    facts = {"stdlib": "/lib/python3.11", "sys_path": path.replace(" ", "\0")}
    assert interpreter._library_folders(facts) == ["/site", "/lib/python3.11/site-packages"]


# The base, from facts


class Place(NamedTuple):
    """A base installation and an environment made from it, on disk; a program's content tells it from others."""

    base: Path
    environment: Path

    @property
    def executable(self) -> Path:
        """The environment's own interpreter."""
        return self.environment / "bin" / "python"

    def facts(self, **changes: str) -> dict[str, str]:
        """The facts that the environment's interpreter would print, except for what is given."""
        return {
            "implementation": "cpython",
            "version": "3.11",
            "platform": "linux-x86_64",
            "base_executable": os.fspath(self.executable),
            "executable": os.fspath(self.executable),
            "prefix": os.fspath(self.environment),
            "base_prefix": os.fspath(self.base),
            **changes,
        }

    def put(self, name: str, content: str = "3.11", folder: Path | None = None) -> str:
        """Write a program below the base or another folder."""
        path = (folder or self.base) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        path.chmod(0o755)
        return os.fspath(path)

    def copy(self) -> None:
        """The environment has a copy of the interpreter, as `venv --copies` makes it."""
        self.put("bin/python", folder=self.environment)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = Path(os.path.realpath(tmp_path))
    return Place(folder / "base", folder / "environment")


@posix("interpreters lie elsewhere there: see tests/windows")
def test_base_is_where_the_environments_link_ends(place: Place) -> None:
    path = place.put("bin/python3.11")
    os.symlink("python3.11", place.base / "bin" / "python3")
    place.executable.parent.mkdir(parents=True)
    place.executable.symlink_to(place.base / "bin" / "python3")
    assert base_executable(place.facts(base_executable="/not/there")) == path


@posix("interpreters lie elsewhere there: see tests/windows")
def test_environment_may_be_reached_through_a_link(place: Place, tmp_path: Path) -> None:
    path = place.put("bin/python3.11")
    place.copy()
    link = tmp_path / "link"
    link.symlink_to(place.environment)
    facts = place.facts(prefix=os.fspath(link), executable=os.fspath(link / "bin" / "python"))
    assert base_executable(facts) == path


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.promise("fault")
@pytest.mark.parametrize("claimed", ["", "/not/there/python3.11", "{environment}/bin/python", "{base}/bin/python2"])
@pytest.mark.parametrize("name", ["bin/python3.11", "bin/python3", "bin/python"])
def test_base_of_a_copy_is_looked_for_below_its_prefix_where_the_claim_is_no_use(
    place: Place, claimed: str, name: str
) -> None:
    path = place.put(name)
    place.put("bin/python2", "2.7")
    place.copy()
    assert base_executable(place.facts(base_executable=claimed.format(**place._asdict()))) == path


@posix("interpreters lie elsewhere there: see tests/windows")
def test_claimed_base_of_a_copy_comes_first(place: Place) -> None:
    place.put("bin/python3.11")
    path = place.put("bin/python-custom")
    place.copy()
    assert base_executable(place.facts(base_executable=path)) == path


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.promise("fault")
@pytest.mark.parametrize("other", ["3.12", "3.11 and more"])
def test_base_of_a_copy_has_its_content(place: Place, other: str) -> None:
    """The claim is a guess by file name, and may be another version."""
    claimed = place.put("bin/python3", other)
    place.copy()
    with pytest.raises(CannotSteady, match=str(place.executable)):
        base_executable(place.facts(base_executable=claimed))
    path = place.put("bin/python3.11")
    assert base_executable(place.facts(base_executable=claimed)) == path


@posix("interpreters lie elsewhere there: see tests/windows")
def test_base_of_a_copy_is_canonical(place: Place) -> None:
    path = place.put("bin/python3.11")
    os.symlink(path, place.base / "bin" / "python")
    place.copy()
    assert base_executable(place.facts(base_executable=os.fspath(place.base / "bin" / "python"))) == path


@posix("interpreters lie elsewhere there: see tests/windows")
def test_base_of_a_copy_of_pypy_has_its_own_name(place: Place) -> None:
    place.put("bin/python3.11")
    path = place.put("bin/pypy3.11")
    place.copy()
    assert base_executable(place.facts(implementation="pypy")) == path


# Its lasting name: stand-ins for Homebrew's folders and for a framework of macOS


class Homebrew:
    """An installation of Homebrew: `Cellar/<formula>/<release>`, `opt/<formula>`, and an environment made from it."""

    FORMULA = "python@3.12"

    def __init__(self, folder: Path, inside: str) -> None:
        self.prefix = folder / "homebrew"
        self.opt = self.prefix / "opt" / self.FORMULA
        self.lasting = self.opt / inside / "bin" / "python3.12"
        self.inside = inside
        self.environment = folder / "environment"

    def release(self, name: str) -> Path:
        """Install this release, make it the current one, and return its interpreter: a script that starts this one."""
        program = self.prefix / "Cellar" / self.FORMULA / name / self.inside / "bin" / "python3.12"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        program.chmod(0o755)
        self.opt.parent.mkdir(exist_ok=True)
        self.opt.unlink(missing_ok=True)
        self.opt.symlink_to(f"../Cellar/{self.FORMULA}/{name}")
        return program

    def base(self) -> str:
        """The base of an environment whose interpreter is a link, as `venv` makes it there: into `opt`."""
        self.environment.joinpath("bin").mkdir(parents=True, exist_ok=True)
        link = self.environment / "bin" / "python"
        link.unlink(missing_ok=True)
        link.symlink_to(self.lasting)
        return base_executable(Place(self.opt / self.inside, self.environment).facts(version="3.12"))


@pytest.fixture(params=["", "Frameworks/Python.framework/Versions/3.12"], ids=["Linux", "macOS"])
def homebrew(tmp_path: Path, request: pytest.FixtureRequest) -> Homebrew:
    return Homebrew(Path(os.path.realpath(tmp_path)), request.param)


@posix("there is no Homebrew")
@pytest.mark.promise("stale")
def test_homebrews_python_has_a_name_without_its_release(homebrew: Homebrew) -> None:
    """X14: a base named by its release was another one after each `brew upgrade`, and then gone."""
    first = homebrew.release("3.12.7")
    assert homebrew.base() == os.fspath(homebrew.lasting)
    assert first == Path(os.path.realpath(homebrew.lasting))
    homebrew.release("3.12.8_1")
    shutil.rmtree(homebrew.prefix / "Cellar" / homebrew.FORMULA / "3.12.7")
    assert homebrew.base() == os.fspath(homebrew.lasting)


@posix("there is no Homebrew")
@pytest.mark.promise("stale")
@pytest.mark.parametrize("opt", ["", "../Cellar/python@3.12/3.12.8", "../Cellar/python@3.13/3.12.7"])
def test_a_release_that_is_not_the_current_one_keeps_its_own_name(homebrew: Homebrew, opt: str) -> None:
    old = homebrew.release("3.12.7")
    homebrew.release("3.12.8")
    homebrew.opt.unlink()
    if opt:
        homebrew.opt.symlink_to(opt)
    assert interpreter.lasting_name(os.fspath(old), "3.12") == os.fspath(old)


@posix("there is no Homebrew")
@pytest.mark.parametrize("path", ["Cellar/python3.12", "Cellar/python/bin", "Cellar"])
def test_what_only_looks_like_homebrew_keeps_its_name(tmp_path: Path, path: str) -> None:
    program = Path(os.path.realpath(tmp_path)) / path
    assert interpreter.lasting_name(os.fspath(program), "3.12") == os.fspath(program)


@posix("there is no Homebrew")
@pytest.mark.promise("stale")
def test_homebrews_upgrade_is_an_upgrade_in_place(tmp_path: Path) -> None:
    """X14 and S13: pyo3's configuration is the same, the name for build scripts is another."""
    place = Path(os.path.realpath(tmp_path))
    cellar, opt = place / "Cellar" / "python@3", place / "opt" / "python@3"
    opt.parent.mkdir()
    found: list[interpreter.Interpreter] = []
    for release in ("3.1", "3.2"):
        installation = Installation(cellar / release)
        installation.set("LIBDIR", os.fspath(opt / "lib"))  # Homebrew's own sysconfig says so
        if found:
            installation.upgrade()
            opt.unlink()
        opt.symlink_to(f"../Cellar/python@3/{release}")
        found.append(ask(os.fspath(installation.python), PATH))
    before, after = found
    assert before.base_executable == after.base_executable == os.fspath(opt / "bin" / installation.python.name)
    (config, name), (config_after, name_after) = names(before), names(after)
    assert config == config_after
    assert name != name_after


FRAMEWORK = "Library/Frameworks/Python.framework/Versions/3.12"


@posix("there are no frameworks")
@pytest.mark.parametrize("name", ["python3.12", "python3.12t", "python3"])
def test_the_app_of_a_framework_is_the_interpreter_that_starts_it(place: Place, name: str) -> None:
    """It runs by its own path as well, and then without the environment that it is linked from."""
    path = place.put(f"{FRAMEWORK}/bin/{name}", "stub")
    app = place.put(f"{FRAMEWORK}/Resources/Python.app/Contents/MacOS/Python", "the interpreter itself")
    prefix = os.fspath(place.base / FRAMEWORK)
    facts = place.facts(version="3.12", executable=app, base_executable=app, prefix=prefix, base_prefix=prefix)
    assert base_executable(facts) == path


@posix("there are no frameworks")
@pytest.mark.promise("fault")
def test_the_app_of_a_framework_without_programs_is_its_own_base(place: Place) -> None:
    app = place.put(f"{FRAMEWORK}/Resources/Python.app/Contents/MacOS/Python")
    place.put(f"{FRAMEWORK}/bin/python3.11")
    assert interpreter.lasting_name(app, "3.12") == app


def test_base_on_windows_is_what_the_environments_launcher_passes(place: Place) -> None:
    path = place.put("python.exe")
    place.copy()
    assert base_executable(place.facts(platform="win-amd64", base_executable=path)) == path
    assert base_executable(place.facts(platform="win-amd64", base_executable="", executable=path)) == path


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.parametrize("claimed", ["", "/not/there"])
def test_an_interpreter_outside_of_environments_is_its_own_base(place: Place, claimed: str) -> None:
    path = place.put("bin/python3.11")
    facts = place.facts(base_executable=claimed, executable=path, prefix=os.fspath(place.base))
    assert base_executable(facts) == path


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.promise("fault")
@pytest.mark.parametrize("platform", ["linux-x86_64", "win-amd64"])
def test_base_that_is_nowhere_is_said_with_the_environments_name(place: Place, platform: str) -> None:
    with pytest.raises(CannotSteady, match=f"can't find the base interpreter of {place.executable}"):
        base_executable(place.facts(platform=platform, base_executable="/not/there"))


@pytest.mark.promise("fault")
def test_file_that_is_no_program_is_no_base(place: Place) -> None:
    os.chmod(place.put("bin/python3.11"), 0o644)
    place.copy()
    with pytest.raises(CannotSteady, match="can't find the base interpreter"):
        base_executable(place.facts())


# The answer


def written(facts: dict[str, str]) -> bytes:
    return " ".join([probe.MARK, *(f"{name}={os.fsencode(value).hex()}" for name, value in facts.items())]).encode()


COMPLETE = dict.fromkeys(interpreter.EXPECTED_FACTS, "x")


@pytest.mark.promise("fault")
def test_answer_is_found_among_other_lines() -> None:
    assert read_answer(b"hello\n" + written(COMPLETE) + b"\r\n\xff bye") == COMPLETE


def test_answer_may_say_more_than_is_known_here() -> None:
    assert read_answer(written({**COMPLETE, "new": "y"})) == {**COMPLETE, "new": "y"}


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"hello\n",
        written({name: "x" for name in COMPLETE if name != "soabi"}),
        written(COMPLETE)[:-1],
        written(COMPLETE) + b" soabi=zz",
        written(COMPLETE) + b" \xff=00",
        written(COMPLETE).replace(b":1", b":2"),
        b"x" + written(COMPLETE),
    ],
)
def test_answer_that_is_not_there_in_full_is_none(output: bytes) -> None:
    assert read_answer(output) is None


@pytest.mark.promise("fault")
def test_interpreter_that_prints_before_and_after_is_understood(script: Script) -> None:
    noisy = script("noisy", f"echo before\nprintf 'no line end'\n{sys.executable} \"$@\"\nprintf 'after\\n'")
    assert ask(noisy, PATH).config == ask(sys.executable, PATH).config


@pytest.mark.promise("fault")
def test_interpreter_that_hangs_is_given_up(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "SECONDS_TO_ANSWER", 0.2)
    began = time.monotonic()
    with pytest.raises(CannotSteady, match=r"can't run the interpreter .*hangs: .* within 0\.2 s"):
        ask(script("hangs", "exec sleep 60"), PATH)
    assert time.monotonic() - began < 50


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("exit 3", "does not answer like a Python 3 interpreter (exit code 3)"),
        ("kill -SEGV $$", "does not answer like a Python 3 interpreter (exit code -11)"),
        ("echo 'Python 2.7.18'", "does not answer like a Python 3 interpreter (exit code 0)"),
    ],
)
def test_interpreter_that_does_not_answer_is_named(script: Script, body: str, said: str) -> None:
    path = script("interpreter", body)
    with pytest.raises(CannotSteady) as caught:
        ask(path, PATH)
    assert caught.value.what == f"{path} {said}"


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.promise("fault")
def test_interpreter_that_is_missing_is_named() -> None:
    with pytest.raises(CannotSteady, match="can't run the interpreter /not/there: No such file or directory"):
        ask("/not/there", PATH)


@pytest.mark.promise("fault")
def test_python_2_is_no_python_3(python_2: str) -> None:
    with pytest.raises(CannotSteady, match="Python 3"):
        ask(python_2, PATH)


@pytest.mark.promise("fault")
@given(st.binary() | damaged(written(REAL_FACTS)) | damaged(b"noise\n" + written(COMPLETE) + b"\r\nmore"))
def test_answer_that_is_damaged_is_understood_or_refused(output: bytes) -> None:
    found = read_answer(output)
    if found is None:
        return
    assert set(found) >= interpreter.EXPECTED_FACTS
    try:
        base_executable(found)
        pyo3_config.describe(found)
        environment_content(interpreter._library_folders(found))
    except CannotSteady:
        return


@pytest.mark.promise("fault")
@pytest.mark.parametrize("fact", ["executable", "lib_dir", "base_prefix"])
def test_answer_with_a_path_that_no_system_has_is_refused(fact: str) -> None:
    assert read_answer(written({**REAL_FACTS, fact: "/a\0b"})) is None


# Which interpreter pyo3 would use


def test_named_interpreter_comes_first(script: Script) -> None:
    path = script("python", "")
    assert find({"PYO3_PYTHON": "/named/python", "VIRTUAL_ENV": "/v", "PATH": os.path.dirname(path)}) == "/named/python"


@pytest.mark.parametrize(
    ("environ", "pyo3", "variables"),
    [
        ({}, True, []),
        ({"PYO3_PYTHON": "", "VIRTUAL_ENV": "", "CONDA_PREFIX": ""}, True, []),
        ({"PYO3_PYTHON": "p", "VIRTUAL_ENV": "/v"}, True, ["PYO3_PYTHON"]),
        ({"VIRTUAL_ENV": "/v"}, True, ["VIRTUAL_ENV"]),
        ({"CONDA_PREFIX": "/c"}, True, ["CONDA_PREFIX"]),
        ({"VIRTUAL_ENV": "/v", "CONDA_PREFIX": "/c"}, True, ["VIRTUAL_ENV", "CONDA_PREFIX"]),
        ({"PYTHON_SYS_EXECUTABLE": "p"}, True, []),
        ({"PYTHON_SYS_EXECUTABLE": "p"}, False, ["PYTHON_SYS_EXECUTABLE"]),
    ],
)
def test_which_variables_name_the_interpreter(environ: dict[str, str], pyo3: bool, variables: list[str]) -> None:
    assert interpreter.named_by(environ, pyo3=pyo3) == variables


def test_named_interpreter_may_be_a_name_on_path(script: Script) -> None:
    path = script("python3.99", "")
    assert find({"PYO3_PYTHON": "python3.99", "PATH": os.path.dirname(path)}) == path
    assert find({"PYO3_PYTHON": "python3.98", "PATH": os.path.dirname(path)}) == "python3.98"


@posix("interpreters lie elsewhere there: see tests/windows")
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"VIRTUAL_ENV": "/v"}, "/v/bin/python"),
        ({"CONDA_PREFIX": "/c"}, "/c/bin/python"),
        ({"VIRTUAL_ENV": "/v", "CONDA_PREFIX": "/c"}, None),
        ({}, None),
    ],
)
def test_active_environment_comes_next_unless_there_are_two(environ: dict[str, str], expected: str | None) -> None:
    assert find({**environ, "PATH": "/not/there"}) == expected


def test_path_comes_last_and_python_before_python3(script: Script) -> None:
    second = script("python3", "")
    environ = {"PATH": os.path.dirname(second)}
    assert find(environ) == second
    assert find(environ | {"VIRTUAL_ENV": "/v", "CONDA_PREFIX": "/c"}) == second
    first = script("python", "")
    assert find(environ) == first
