"""Cargo's configuration: the reader finds what a TOML reader finds, or says that it does not know."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pyo3_base_python.wrapper import cargo_config, names
from pyo3_base_python.wrapper.cargo_config import CargoConfig, alias, files, load
from tests.unit.support import damaged, needs_tomllib, posix

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest's own requirement there

KEYS = ("target", "target-dir", "build-dir")
VARIABLES = ("PYO3_PYTHON", "VIRTUAL_ENV", "PYO3_CROSS_LIB_DIR")


@pytest.fixture
def _no_tomllib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As before Python 3.11."""
    monkeypatch.setitem(sys.modules, "tomllib", None)


def config(folder: Path, name: str, text: str) -> None:
    """Write ``text`` to a file in the folder of config files of ``folder``."""
    path = folder / ".cargo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def found(folder: Path, *options: str, **environ: str) -> CargoConfig:
    """The configuration that a cargo started in ``folder`` would find."""
    return load(options, {"CARGO_HOME": os.fspath(folder / "home"), **environ}, os.fspath(folder))


def fields(settings: CargoConfig) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in CargoConfig.__slots__}


def read_as(text: str) -> CargoConfig:
    """What the reader makes of ``text`` on its own."""
    return load([text], {"CARGO_HOME": "/none"}, "/none")


# Compared with a reader for TOML, on files of all forms


LETTERS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n#=[]{}'\"\\ "), max_size=8)
# Values that look like what is looked for.
STRINGS = LETTERS | st.sampled_from(
    [*KEYS, *VARIABLES, "[build]\ntarget-dir = 'x'\n", "[target.x]", "build.target='x'"]
)


def escaped(text: str, *, several_lines: bool = False) -> str:
    """``text`` between double quotes."""
    kept = {"\n"} if several_lines else set()
    return "".join(
        letter if letter in kept or (letter.isprintable() and letter not in '"\\') else f"\\U{ord(letter):08x}"
        for letter in text
    )


@st.composite
def string(draw: st.DrawFn, text: str) -> str:
    """A way to write ``text``."""
    ways = ["basic", "several lines"]
    if all(letter.isprintable() and letter != "'" for letter in text):
        ways.append("literal")
    if all((letter.isprintable() or letter == "\n") and letter != "'" for letter in text):
        ways.append("literal of several lines")
    way = draw(st.sampled_from(ways))
    if way == "literal":
        return f"'{text}'"
    if way == "literal of several lines":
        return f"'''\n{text}'''"
    if way == "several lines":
        return f'"""\n{escaped(text, several_lines=True)}"""'
    return f'"{escaped(text)}"'


@st.composite
def key(draw: st.DrawFn, name: str) -> str:
    """A way to write the key ``name``, of letters that need no quotes."""
    place = draw(st.integers(0, len(name) - 1))
    hidden = f'"{name[:place]}\\u{ord(name[place]):04x}{name[place + 1 :]}"'
    return draw(st.sampled_from([name, name, f'"{name}"', f"'{name}'", hidden]))


BLANK = st.sampled_from(["", " ", "\t "])
COMMENT = st.sampled_from(["", " # build target-dir", "# env PYO3_PYTHON = [", " # '''"])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.sampled_from(["string", "string", "other", "list", "table"][: 5 if depth else 3]))
    if kind == "string":
        return draw(string(draw(STRINGS)))
    if kind == "other":
        return draw(st.sampled_from(["true", "false", "3", "1.5", "1979-05-27", "[]", "{}"]))
    if kind == "list":
        items = draw(st.lists(values(depth=depth - 1) | STRINGS.flatmap(string), max_size=3))
        gap = draw(st.sampled_from(["", "\n", "\n\n  ", " # [build]\n"]))
        return "[" + gap + f",{gap}".join(items) + draw(st.sampled_from(["", ","] if items else [""])) + gap + "]"
    inner = draw(st.lists(st.sampled_from([*KEYS, "value", "force", "x"]), unique=True, max_size=3))
    return "{" + ", ".join(f"{draw(key(name))} = {draw(values(depth=depth - 1))}" for name in inner) + "}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Valid TOML: these keys in the tables that are read, and in others where they mean something else."""
    lines = [draw(COMMENT)]
    tables = draw(st.lists(st.sampled_from(["build", "env", "alias", "net", "target"]), unique=True))
    headers = []
    for table in tables:
        entries = draw(st.lists(st.sampled_from([*KEYS, *VARIABLES, "jobs", "b"]), unique=True, max_size=4))
        pairs = [(draw(key(name)), draw(values())) for name in entries]
        way = draw(st.sampled_from(["dotted", "inline", "header", "below"]))
        name = draw(key(table))
        if way == "dotted":
            dot = draw(st.sampled_from([".", " . "]))
            lines += [f"{draw(BLANK)}{name}{dot}{left} ={draw(BLANK)}{right}{draw(COMMENT)}" for left, right in pairs]
        elif way == "inline":
            lines.append(f"{name} = {{ " + ", ".join(f"{left} = {right}" for left, right in pairs) + " }")
        elif way == "below":  # a table for each key
            headers += [f"[{name}.{left}]{draw(COMMENT)}\nvalue = {right}\n" for left, right in pairs]
        else:
            headers.append(f"{draw(BLANK)}[{draw(BLANK)}{name}{draw(BLANK)}]{draw(COMMENT)}")
            headers += [f"{draw(BLANK)}{left}{draw(BLANK)}= {right}{draw(COMMENT)}" for left, right in pairs]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join([*lines, *headers])


def expected(document: dict[str, Any]) -> dict[str, Any]:
    """What a ``document`` sets, in the plainest way; paths are relative to ``/none``."""
    build, env = document.get("build", {}), document.get("env", {})
    understood: dict[str, Any] = {
        name: value
        for name, value in build.items()
        if name in KEYS
        and (
            isinstance(value, str)
            or (name == "target" and isinstance(value, list) and all(isinstance(one, str) for one in value))
        )
    }
    target = understood.get("target", [])
    return {
        "targets": [target] if isinstance(target, str) and target else target or [],
        "target_dir": os.path.abspath(os.path.join("/none", understood["target-dir"]))
        if understood.get("target-dir")
        else "",
        "build_dir": os.path.abspath(os.path.join("/none", understood["build-dir"]))
        if understood.get("build-dir")
        else "",
        "variables": sorted(set(VARIABLES) & env.keys()),
        "unknown": (build.keys() & set(KEYS)) - understood.keys(),
    }


S20 = '[build]\nrustflags = [\n[ "a" ],\n]\ntarget-dir = "out"\n'
SEVERAL_LINES = "build = { rustc = '''\n[target''', target-dir = \"out\" }\n"


@needs_tomllib
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents())
@example(S20)
@example(SEVERAL_LINES)
def test_what_a_file_sets_is_what_a_toml_reader_finds(text: str) -> None:
    assert fields(read_as(text)) == expected(tomllib.loads(text))


@pytest.mark.usefixtures("_no_tomllib")
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(documents())
@example(S20)
@example(SEVERAL_LINES)
def test_without_a_toml_reader_nothing_that_a_file_sets_is_missed(text: str) -> None:
    theirs = expected(tomllib.loads(text))
    ours = read_as(text)
    is_set = {"target": "targets", "target-dir": "target_dir", "build-dir": "build_dir"}
    assert {name for name, field in is_set.items() if theirs[field]} | theirs["unknown"] <= ours.unknown
    # One of pyo3's for cross builds stands for all of them.
    assert set(theirs["variables"]) <= set(ours.variables) | (
        {"PYO3_CROSS_LIB_DIR"} if names.CROSS in ours.variables else set()
    )
    assert (ours.targets, ours.target_dir, ours.build_dir) == ([], "", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[net]\noffline = true\n",
        '[build]\nrustflags = ["-C", "target-cpu=native"]\n  [target.x86_64-apple-darwin]\nlinker = "a"\n',
        '[target.x86_64-unknown-linux-gnu] # for what we build\nlinker = "a"\n[env]\nPYTHONPATH = "x"\n',
        '[alias]\nbuild-all = "build --target x"\n',
        '[mine]\ntarget-dir = "out"\nPYO3_PYTHON = "x"\n',
    ],
)
def test_a_file_that_speaks_of_nothing_costs_no_reader(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def refuse(_: str) -> NoReturn:
        raise AssertionError

    monkeypatch.setitem(sys.modules, "tomllib", SimpleNamespace(loads=refuse))
    assert fields(read_as(text)) == fields(CargoConfig())


@pytest.mark.promise("fault")
@given(st.text() | st.text('[]build.target-dir="#={}\n '))
def test_any_text_is_survived(text: str) -> None:
    settings = read_as(text)
    assert settings.unknown <= {*KEYS, *names.INTERPRETER, *names.ENVIRONMENTS, names.CROSS} | set(settings.variables)


@pytest.mark.promise("fault")
@needs_tomllib
@pytest.mark.parametrize("text", ["build.target = 'x'\nx = " + "[" * 5000, "build.target = 'x'\nx = " + "7" * 5000])
def test_a_file_that_is_too_much_for_the_reader_is_unknown(text: str) -> None:
    assert read_as(text).unknown == {"target"}


# TOML 1.1, which cargo reads from 1.94 on
@pytest.mark.usefixtures("_no_tomllib")
@pytest.mark.parametrize(
    ("text", "unknown", "variables"),
    [
        ('env = {\n VIRTUAL_ENV = "x",\n}\n', {"VIRTUAL_ENV"}, ["VIRTUAL_ENV"]),
        ('[env]\nPYO3_PYTHON = {\n value = "x",\n force = true,\n}\n', {"PYO3_PYTHON"}, ["PYO3_PYTHON"]),
        ('build = {\n target = "x",\n}\n', {"target"}, []),
    ],
)
def test_what_no_reader_takes_is_unknown(text: str, unknown: set[str], variables: list[str]) -> None:
    assert read_as(text).unknown == unknown
    assert read_as(text).variables == variables


# Targets


@needs_tomllib
@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ('[build]\ntarget = "a"', ["a"]),
        ('  [ build ]  \r\n  target = "a"  # why\r\n', ["a"]),
        ('"build"."t\\u0061rget" = "a"', ["a"]),
        ('build = { target = "a" }', ["a"]),
        ('[build]\ntarget = ["a", "b"]', ["a", "b"]),
        ('[build]\ntarget = [\n  "a",\n]', ["a"]),
        ("[build]\ntarget = []", []),
        ('[build]\n# target = "a"\n# build.target = "a"', []),
        ('[build]\njobs = 2\n[net]\ntarget = "a"', []),
        ('[build]\ntarget-dir = "a"', []),
    ],
)
def test_build_target_in_the_ways_it_can_be_written(text: str, targets: list[str]) -> None:
    assert (read_as(text).targets, read_as(text).unknown) == (targets, frozenset())


@needs_tomllib
@pytest.mark.parametrize("text", ["build.target = 3", "build.target = ['a', 3]", "build.target-dir = ['a']"])
def test_a_value_that_cargo_refuses_is_unknown(text: str) -> None:
    (key,) = read_as(text).unknown
    assert (key in text, read_as(text).targets, read_as(text).target_dir) == (True, [], "")


# Which files, and which of them wins


@needs_tomllib
def test_the_nearest_file_wins_and_then_that_of_the_home_folder(tmp_path: Path) -> None:
    inner = tmp_path / "a"
    config(inner, "config.toml", '[build]\ntarget = "near"\n')
    config(tmp_path, "config.toml", '[build]\ntarget = "far"\ntarget-dir = "out"\n')
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text('[build]\ntarget = "home"\nbuild-dir = "there"\n')
    settings = found(inner, CARGO_HOME="../home")
    assert (settings.targets, settings.target_dir) == (["near"], os.fspath(tmp_path / "out"))
    assert settings.build_dir == os.fspath(tmp_path / "there")
    assert found(tmp_path).targets == ["far"]
    (tmp_path / ".cargo" / "config.toml").unlink()
    assert found(tmp_path).targets == ["home"]


@needs_tomllib
def test_without_cargo_home_it_is_in_the_home_folder(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[build]\ntarget = "home"\n')
    assert load([], {"HOME": os.fspath(tmp_path)}, "/none").targets == ["home"]


@needs_tomllib
def test_cargos_home_above_the_project_counts_once(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[build]\ntarget = ["a"]\n')
    (tmp_path / "link").symlink_to(".cargo")
    for home in (".cargo", "link"):
        assert found(tmp_path / "project", CARGO_HOME=os.fspath(tmp_path / home)).targets == ["a"]


@needs_tomllib
def test_a_file_without_the_ending_hides_the_other(tmp_path: Path) -> None:
    config(tmp_path, "config", '[build]\ntarget = "old"\n')
    config(tmp_path, "config.toml", '[build]\ntarget-dir = "new"\n')
    settings = found(tmp_path)
    assert (settings.targets, settings.target_dir) == (["old"], "")
    assert files({"CARGO_HOME": "/none"}, os.fspath(tmp_path)) == [os.fspath(tmp_path / ".cargo" / "config")]


@needs_tomllib
def test_the_command_line_wins_over_variables_and_these_over_files(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[build]\ntarget = "file"\n')
    assert found(tmp_path).targets == ["file"]
    assert found(tmp_path, CARGO_BUILD_TARGET="variable").targets == ["variable"]
    options = ("build.target='first'", 'build.target="option"')
    assert found(tmp_path, *options, CARGO_BUILD_TARGET="variable").targets == ["option"]
    (tmp_path / "file.toml").write_text("build.target='named'")
    assert found(tmp_path, *options, "file.toml").targets == ["named"]


@needs_tomllib
def test_lists_of_several_places_are_joined(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[build]\ntarget = ["far"]\n')
    config(tmp_path / "a", "config.toml", '[build]\ntarget = ["near"]\n')
    assert found(tmp_path / "a", "build.target=['option']", CARGO_BUILD_TARGET="variable").targets == [
        "far",
        "near",
        "variable",
        "option",
    ]


@needs_tomllib
def test_a_list_joined_with_something_unknown_is_unknown(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[build]\ntarget = "far"\nnonsense')
    config(tmp_path / "a", "config.toml", '[build]\ntarget = ["near"]\n')
    assert found(tmp_path / "a").unknown == {"target"}
    assert found(tmp_path / "a", "build.target='option'").unknown == frozenset()


@needs_tomllib
@pytest.mark.parametrize("name", ["conf/mine.toml", "../conf/mine.toml"])
def test_paths_of_a_file_named_on_the_command_line_are_relative_to_what_holds_its_folder(
    tmp_path: Path, name: str
) -> None:
    place = tmp_path / "a" / name
    for folder in (tmp_path / "a", place.parent):
        folder.mkdir(parents=True, exist_ok=True)
    place.write_text("build.target-dir = 'out'\n")
    assert found(tmp_path / "a", name).target_dir == os.path.normpath(place.parent.parent / "out")
    assert found(tmp_path / "a", "build.target-dir='out'").target_dir == os.fspath(tmp_path / "a" / "out")
    assert found(tmp_path / "a", CARGO_BUILD_TARGET_DIR="out").target_dir == os.fspath(tmp_path / "a" / "out")


# Files that others include


@needs_tomllib
def test_what_a_file_sets_wins_over_what_it_includes(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", 'include = [\n"one.toml", { path = "sub/two.toml" }]\n[build]\ntarget = "own"\n')
    config(tmp_path, "one.toml", '[build]\ntarget = "one"\ntarget-dir = "out-1"\nbuild-dir = "there"\n')
    (tmp_path / ".cargo" / "sub").mkdir()
    config(tmp_path, "sub/two.toml", '[build]\ntarget-dir = "out-2"\n')
    settings = found(tmp_path)
    assert (settings.targets, settings.unknown) == (["own"], frozenset())
    # Relative to what holds the folder of the file that says so.
    assert settings.target_dir == os.fspath(tmp_path / ".cargo" / "out-2")
    assert settings.build_dir == os.fspath(tmp_path / "there")


@needs_tomllib
def test_files_included_on_the_command_line_are_relative_to_where_cargo_starts(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('[build]\ntarget = "one"\n')
    assert found(tmp_path, "include=['one.toml']").targets == ["one"]
    nothing = found(tmp_path, "include=[{path='none.toml', optional=true}]")
    assert fields(nothing) == fields(CargoConfig())


@needs_tomllib
@pytest.mark.parametrize("line", ['include = "one.toml"', "include = [3]", "include = [{ file = 'one.toml' }]"])
def test_anything_may_be_set_by_an_include_that_is_not_understood(line: str) -> None:
    assert read_as(line).unknown >= set(KEYS)
    assert "PYO3_PYTHON" in read_as(line).variables


@pytest.mark.usefixtures("_no_tomllib")
def test_without_a_reader_anything_may_be_set_by_what_is_included(tmp_path: Path) -> None:
    assert read_as("include = ['one.toml']").unknown >= set(KEYS)
    config(tmp_path, "config.toml", "include = ['one.toml']\n")
    assert stands_for(tmp_path, "lint") == []


@pytest.mark.promise("fault")
@needs_tomllib
def test_files_that_include_each_other_are_unknown(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", 'include = ["config.toml"]\n')
    assert found(tmp_path).unknown >= set(KEYS)


@pytest.mark.promise("fault")
@needs_tomllib
@pytest.mark.timeout(60)
@pytest.mark.parametrize("names", [["config.toml"] * 10, ["a/../config.toml", "b/../config.toml"]])
def test_files_that_include_themselves_many_times_do_not_hang(tmp_path: Path, names: list[str]) -> None:
    """Ten times in each of eight levels would be a hundred million files."""
    for name in "ab":
        (tmp_path / ".cargo" / name).mkdir(parents=True)
    config(tmp_path, "config.toml", f'include = {names}\n[build]\ntarget = "own"\n')
    settings = found(tmp_path)
    assert (settings.targets, settings.unknown >= {"target-dir"}) == (["own"], True)


# Files that are none, or no good ones


@posix("there are no pipes in folders there")
@pytest.mark.promise("fault")
@pytest.mark.timeout(60)
@pytest.mark.parametrize("place", ["file", "option", "included"])
def test_a_pipe_is_not_opened_and_may_set_anything(tmp_path: Path, place: str) -> None:
    """``--config <(echo ...)`` is cargo's to read: it can be read once."""
    (tmp_path / ".cargo").mkdir()
    pipe = tmp_path / ".cargo" / {"file": "config.toml", "option": "pipe", "included": "pipe.toml"}[place]
    os.mkfifo(pipe)
    if place == "included":
        config(tmp_path, "config.toml", "include = ['pipe.toml']\n")
    settings = found(tmp_path, *([os.fspath(pipe)] if place == "option" else []))
    assert settings.unknown >= set(KEYS)
    assert "PYO3_CONFIG_FILE" in settings.variables


@posix("there are no pipes in folders there")
@pytest.mark.promise("fault")
@pytest.mark.timeout(60)
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "pipe")
    assert cargo_config.read(os.fspath(tmp_path / "link")) is None
    assert cargo_config.read(os.fspath(tmp_path / "pipe")) is None
    assert cargo_config.read(os.fspath(tmp_path)) is None
    assert cargo_config.read("a\0b") is None


@pytest.mark.promise("fault")
@needs_tomllib
def test_a_byte_order_mark_hides_nothing(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '\ufeff[build]\ntarget = "own"\n')
    assert found(tmp_path).targets == ["own"]


WHOLE_CONFIG = b"""\
include = ["config.toml", { path = "other.toml", optional = true }]
[build]
target = "x86_64-unknown-linux-gnu" # the host
target-dir = 'out'
[net]
offline = true
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


@pytest.mark.promise("fault")
@given(damaged(WHOLE_CONFIG) | st.binary(), damaged(WHOLE_CONFIG))
def test_config_file_that_is_damaged_is_survived(folder: Path, content: bytes, other: bytes) -> None:
    (folder / ".cargo").mkdir(exist_ok=True)
    for name, written in (("config.toml", content), ("other.toml", other)):
        (folder / ".cargo" / name).write_bytes(written)
    settings = found(folder, os.fspath(folder / ".cargo" / "other.toml"))
    assert all(isinstance(value, str) for value in [*settings.targets, settings.target_dir, settings.build_dir])


# Variables by which `[env]` names an interpreter


@needs_tomllib
@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ('[env]\nPYO3_PYTHON = "python"\n', ["PYO3_PYTHON"]),
        ('env.PYO3_CONFIG_FILE = "file"\n', ["PYO3_CONFIG_FILE"]),
        ('[env.PYO3_CROSS_LIB_DIR]\nvalue = "lib"\nforce = true\n', ["PYO3_CROSS_LIB_DIR"]),
        ('env = { A = "b", "CONDA_PREFIX".value = "c" }\n', ["CONDA_PREFIX"]),
        (
            '[env]\nVIRTUAL_ENV = { value = ".venv", relative = true }\nCONDA_PREFIX = "x"\n',
            ["CONDA_PREFIX", "VIRTUAL_ENV"],
        ),
        ('[env]\nPYTHON_SYS_EXECUTABLE = "x"\n', ["PYTHON_SYS_EXECUTABLE"]),
        ('[env]\nPYTHON_SYS_EXEC = "x"\nPYO3_PYTHONS = "x"\nVIRTUAL_ENV_PROMPT = "x"\nMY_VIRTUAL_ENV = "x"\n', []),
        ('[env]\nPYTHONPATH = "x"\nPYO3_USE_ABI3_FORWARD_COMPATIBILITY = "1"\n', []),
        ('[other]\nPYO3_PYTHON = "python"\n[env]\n', []),
        ('env = "PYO3_PYTHON"\n', []),
    ],
)
def test_variables_that_name_an_interpreter_are_found_in_env(text: str, variables: list[str]) -> None:
    assert (read_as(text).variables, read_as(text).unknown) == (variables, frozenset())


@needs_tomllib
@pytest.mark.parametrize("force", ["false", "true"])
@pytest.mark.parametrize(
    ("environ", "variables"),
    [
        ({}, ["CONDA_PREFIX", "VIRTUAL_ENV"]),
        ({"PYO3_PYTHON": "python"}, []),
        # pyo3 does not read it.
        ({"PYTHON_SYS_EXECUTABLE": "python"}, ["CONDA_PREFIX", "VIRTUAL_ENV"]),
    ],
)
def test_environments_count_where_no_interpreter_is_named(
    tmp_path: Path, force: str, environ: dict[str, str], variables: list[str]
) -> None:
    lines = (f'{name} = {{ value = "x", force = {force} }}\n' for name in ("VIRTUAL_ENV", "CONDA_PREFIX"))
    config(tmp_path, "config.toml", "[env]\n" + "".join(lines))
    assert found(tmp_path, **environ).variables == variables


@needs_tomllib
@pytest.mark.parametrize(
    ("value", "variables"),
    [
        ("'x'", []),
        ("{ value = 'x', force = false }", []),
        ("{ value = 'force = true' }", []),
        ("{ value = 'x', force = true }", ["PYO3_PYTHON"]),
    ],
)
def test_a_variable_holds_where_the_environment_has_none_or_it_is_forced(
    tmp_path: Path, value: str, variables: list[str]
) -> None:
    config(tmp_path, "config.toml", f"[env]\nPYO3_PYTHON = {value}\n")
    assert found(tmp_path).variables == ["PYO3_PYTHON"]
    assert found(tmp_path, PYO3_PYTHON="python").variables == variables


@pytest.mark.usefixtures("_no_tomllib")
def test_a_variable_that_can_not_be_read_may_be_forced(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", "[env]\nPYO3_PYTHON = 'x'\n")
    settings = found(tmp_path, PYO3_PYTHON="python")
    assert settings.variables == ["PYO3_PYTHON"]
    assert settings.unknown == {"PYO3_PYTHON"}


@needs_tomllib
def test_variables_of_every_place_count(tmp_path: Path) -> None:
    inner = tmp_path / "project"
    config(tmp_path, "config.toml", '[env]\nPYO3_PYTHON = "x"\n[env.PYO3_CROSS]\nforce = true\n')
    config(inner, "config.toml", 'include = ["more.toml"]\n[env.PYO3_CROSS]\nvalue = "x"\n')
    config(inner, "more.toml", '[env]\nPYO3_NO_PYTHON = "1"\n')
    settings = found(inner, "env.PYO3_CONFIG_FILE='y'", PYO3_CROSS="1")
    assert settings.variables == ["PYO3_CONFIG_FILE", "PYO3_CROSS", "PYO3_NO_PYTHON", "PYO3_PYTHON"]


# Aliases


def stands_for(folder: Path, name: str, **environ: str) -> list[str] | None:
    return alias(name, {"CARGO_HOME": os.fspath(folder / "home"), **environ}, os.fspath(folder))


@needs_tomllib
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[alias]\nx-y = "build  --release\\t--lib"\n', ["build", "--release", "--lib"]),
        ('[alias]\nx-y = ["build", "--target-dir", "a b"]\n', ["build", "--target-dir", "a b"]),
        ('alias."x-y" = "b"\n', ["b"]),
        ('[alias]\n"x-\\u0079" = "b"\n', ["b"]),
        ('include = ["more.toml"]\n', ["included"]),
        ('[alias]\ny = "b"\n[net]\nx-y = "b"\n', None),
        ("[alias]\nx-y = 3\n", []),
        ("[alias]\nx-y = ['build', 3]\n", []),
        ('alias = "x-y"\n', []),
        ("[alias]\nx-y = 'b'\nnonsense\n", []),
        ("[alias]\nz = 'b'\nnonsense\n", None),
        ("", None),
    ],
)
def test_what_an_alias_stands_for(tmp_path: Path, text: str, words: list[str] | None) -> None:
    config(tmp_path, "config.toml", text)
    config(tmp_path, "more.toml", "[alias]\nx-y = 'included'\n")
    assert stands_for(tmp_path, "x-y") == words


@needs_tomllib
def test_an_alias_may_be_a_variable_which_adds_to_a_list(tmp_path: Path) -> None:
    assert stands_for(tmp_path, "x-y", CARGO_ALIAS_X_Y="build --lib") == ["build", "--lib"]
    assert stands_for(tmp_path, "x-y", CARGO_ALIAS_X_Y="") == []
    config(tmp_path, "config.toml", '[alias]\nx-y = "check"\nz = ["check"]\n')
    assert stands_for(tmp_path, "x-y", CARGO_ALIAS_X_Y="build --lib") == ["build", "--lib"]
    assert stands_for(tmp_path, "z", CARGO_ALIAS_Z="--lib -v") == ["check", "--lib", "-v"]


@needs_tomllib
def test_a_dot_in_the_name_of_an_alias_leads_into_a_table(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[alias]\nx.y = "check"\n')
    assert stands_for(tmp_path, "x.y") == ["check"]
    assert stands_for(tmp_path, "x.z") is None
    assert stands_for(tmp_path, "x.y", CARGO_ALIAS_X_Y="build") == ["build"]


@needs_tomllib
def test_the_nearest_alias_counts_and_lists_are_joined(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[alias]\none = "far"\nmore = ["far"]\n')
    config(tmp_path / "a", "config.toml", '[alias]\none = "near"\nmore = ["near"]\n')
    assert stands_for(tmp_path / "a", "one") == ["near"]
    assert stands_for(tmp_path / "a", "more") == ["far", "near"]


@pytest.mark.usefixtures("_no_tomllib")
def test_an_alias_that_can_not_be_read_is_told_from_one_that_is_none(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", "[alias]\nlint = 'clippy --all'\n")
    assert stands_for(tmp_path, "lint") == []
    assert stands_for(tmp_path, "nextest") is None


@pytest.mark.promise("fault")
@given(st.text() | st.text("[]alias.x\"'={}\n "), st.text())
def test_any_alias_is_survived(folder: Path, text: str, name: str) -> None:
    config(folder, "config.toml", text)
    words = stands_for(folder, name)
    assert words is None or all(isinstance(word, str) for word in words)
