"""Cargo's configuration files: the reader agrees with a TOML reader, or says that it does not know."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper import cargo_config
from pyo3_base_python.wrapper.cargo_config import UNKNOWN, build_table, parse
from tests.unit.support import damaged

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest's own requirement there

KEYS = ("target", "target-dir", "build-dir")

BLANKS = st.sampled_from(["", " ", "\t "])
COMMENTS = st.sampled_from(["", " # why", '#target = "no"'])
# What a triple or a path is written with: no escapes.
PLAIN = st.text(st.characters(min_codepoint=32, exclude_characters="\"'\\\x7f", exclude_categories=["Cc", "Cs"]))


@st.composite
def entry(draw: st.DrawFn, key: str) -> str:
    quote = draw(st.sampled_from("\"'"))
    return (
        f"{draw(BLANKS)}{key}{draw(BLANKS)}={draw(BLANKS)}{quote}{draw(PLAIN)}{quote}{draw(BLANKS)}{draw(COMMENTS)}\n"
    )


@st.composite
def configs(draw: st.DrawFn) -> str:
    """A config file with these keys in the build table or not, and the same keys where they mean something else."""
    keys = draw(st.lists(st.sampled_from([*KEYS, "rustc"]), unique=True))
    text = ""
    if draw(st.booleans()):
        text += "".join(draw(entry(f"build.{key}")) for key in keys)
    else:
        body = "".join(draw(entry(key)) for key in keys)
        text += f"{draw(BLANKS)}[{draw(BLANKS)}build{draw(BLANKS)}]{draw(BLANKS)}\n{body}jobs = 4\n"
    return text + "".join(
        f"\n[{table}]\n" + "".join(draw(entry(key)) for key in draw(st.lists(st.sampled_from(KEYS), unique=True)))
        for table in draw(st.lists(st.sampled_from(["net", "target.x86_64", "term", "build-std"]), unique=True))
    )


@given(configs())
def test_config_reader_agrees_with_a_toml_reader(text: str) -> None:
    expected = tomllib.loads(text).get("build", {})
    found = parse(text)[0]
    for key in KEYS:
        # "?" is the answer to a value that holds what looks like a comment.
        assert found.get(key, "") in {expected.get(key, ""), "?" if "#" in expected.get(key, "") else None}


@pytest.mark.promise("fault")
@given(st.text() | st.text('[]build.target-dir="#={}\n '))
def test_config_reader_never_raises(text: str) -> None:
    assert all(isinstance(value, str) for value in parse(text)[0].values())


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
    found = table(folder, os.fspath(folder / ".cargo" / "other.toml"))
    assert set(found) == set(KEYS)
    assert all("\n" not in value for value in found.values())


@pytest.mark.promise("fault")
def test_files_that_include_themselves_many_times_do_not_hang(tmp_path: Path) -> None:
    """Ten times in each of eight levels would be a hundred million files."""
    config(tmp_path, "config.toml", "include = [" + '"config.toml", ' * 10 + ']\n[build]\ntarget = "own"\n')
    found = table(tmp_path)
    assert (found["target"], found["target-dir"]) == ("own", UNKNOWN)


def config(folder: Path, name: str, text: str) -> None:
    """Write ``text`` to a file in the folder of config files of ``folder``."""
    path = folder / ".cargo" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def table(folder: Path, *options: str, **environ: str) -> dict[str, str]:
    """The table that cargo would find in ``folder``."""
    found = build_table(options, {"CARGO_HOME": os.fspath(folder / "home"), **environ}, os.fspath(folder))
    return {key: found[key] for key in KEYS}


def test_what_a_file_sets_wins_over_what_it_includes(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", 'include = ["one.toml", { path = "two.toml" }]\n[build]\ntarget = "own"\n')
    config(tmp_path, "one.toml", '[build]\ntarget = "one"\ntarget-dir = "out-1"\n')
    config(tmp_path, "two.toml", '[build]\ntarget-dir = "out-2"\n')
    assert table(tmp_path) == {"target": "own", "target-dir": os.fspath(tmp_path / "out-2"), "build-dir": ""}


def test_a_list_of_included_files_may_take_several_lines(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", 'include = [\n  "one.toml",\n]\n')
    config(tmp_path, "one.toml", '[build]\ntarget = "one"\n')
    assert table(tmp_path)["target"] == "one"


@pytest.mark.promise("fault")
def test_files_that_include_each_other_are_unknown(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", 'include = ["config.toml"]\n')
    assert table(tmp_path)["target"] == UNKNOWN


def test_the_command_line_wins_over_variables_and_these_over_files(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '[build]\ntarget = "file"\n')
    assert table(tmp_path)["target"] == "file"
    assert table(tmp_path, CARGO_BUILD_TARGET="variable")["target"] == "variable"
    assert table(tmp_path, 'build.target="option"', CARGO_BUILD_TARGET="variable")["target"] == "option"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[env]\nPYO3_PYTHON = "python"\n', "PYO3_PYTHON"),
        ('env.PYO3_CONFIG_FILE = "file"\n', "PYO3_CONFIG_FILE"),
        ('[env]\nPYO3_PYTHON = { value = "python", force = true }\n', "PYO3_PYTHON!"),
        ('[env.PYO3_CROSS_LIB_DIR]\nvalue = "lib"\nforce = true\n', "PYO3_CROSS_LIB_DIR PYO3_CROSS_LIB_DIR!"),
        ('[env.PYO3_PYTHON]\nvalue = "true"\nforce = false\n', "PYO3_PYTHON PYO3_PYTHON"),
        ('env = { PYO3_NO_PYTHON = "1" }\n', "PYO3_NO_PYTHON!"),
        ('env = { A = "b", "CONDA_PREFIX".value = "c" }\n', "CONDA_PREFIX!"),
        ('[env]\nVIRTUAL_ENV = { value = ".venv", relative = true }\nCONDA_PREFIX = "x"\n', "VIRTUAL_ENV CONDA_PREFIX"),
        ('[env]\nPYTHON_SYS_EXECUTABLE = "x"\n', "PYTHON_SYS_EXECUTABLE"),
        ('[env]\nPYTHON_SYS_EXEC = "x"\nPYO3_PYTHONS = "x"\nVIRTUAL_ENV_PROMPT = "x"\nMY_VIRTUAL_ENV = "x"\n', None),
        ('env = { VIRTUAL_ENV_PROMPT = "x", MY_VIRTUAL_ENV = "x" }\n', None),
        ('[env]\nPYTHONPATH = "x"\nPYO3_USE_ABI3_FORWARD_COMPATIBILITY = "1"\n', None),
        ('[other]\nPYO3_PYTHON = "python"\n', None),
    ],
)
def test_variables_that_name_an_interpreter_are_found_in_env(text: str, expected: str | None) -> None:
    assert parse(text)[0].get(cargo_config.ENV) == expected


@pytest.mark.parametrize("force", ["false", "true"])
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ["VIRTUAL_ENV", "CONDA_PREFIX"]),
        ({"PYO3_PYTHON": "python"}, []),
        # pyo3 does not read it.
        ({"PYTHON_SYS_EXECUTABLE": "python"}, ["VIRTUAL_ENV", "CONDA_PREFIX"]),
    ],
)
def test_environments_count_where_no_interpreter_is_named(
    tmp_path: Path, force: str, environ: dict[str, str], expected: list[str]
) -> None:
    names = ("VIRTUAL_ENV", "CONDA_PREFIX")
    config(
        tmp_path,
        "config.toml",
        "[env]\n" + "".join(f'{name} = {{ value = "x", force = {force} }}\n' for name in names),
    )
    found = build_table([], {"CARGO_HOME": os.fspath(tmp_path / "home"), **environ}, os.fspath(tmp_path))
    assert found[cargo_config.ENV].split() == expected


@pytest.mark.parametrize(("force", "expected"), [("false", ""), ("true", "PYO3_PYTHON")])
def test_a_variable_holds_where_the_environment_has_none_or_it_is_forced(
    tmp_path: Path, force: str, expected: str
) -> None:
    config(tmp_path, "config.toml", f'[env]\nPYO3_PYTHON = {{ value = "x", force = {force} }}\n')
    environ = {"CARGO_HOME": os.fspath(tmp_path / "home")}
    assert build_table([], environ, os.fspath(tmp_path))[cargo_config.ENV] == "PYO3_PYTHON"
    environ["PYO3_PYTHON"] = "python"
    assert build_table([], environ, os.fspath(tmp_path))[cargo_config.ENV] == expected


@pytest.mark.promise("fault")
def test_a_byte_order_mark_hides_nothing(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", '\ufeff[build]\ntarget = "own"\n')
    assert table(tmp_path)["target"] == "own"


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A section that is none, and what it seems to end.
        ('[build]\nrustc = """\n[net]\n"""\ntarget = "own"\n', {"target": UNKNOWN}),
        ("[build]\nrustc = '''\n[net]\n'''\ntarget-dir = 'out'\n", {"target-dir": UNKNOWN}),
        ('[env]\nA = """\n[net]\n"""\nPYO3_PYTHON = "x"\nVIRTUAL_ENV = "x"\n', {"env": "PYO3_PYTHON! VIRTUAL_ENV!"}),
        ('[alias]\na = """\n[build]\n"""\n', {}),
        # TOML 1.1, which cargo reads from 1.94 on.
        ('env = {\n VIRTUAL_ENV = "x",\n}\n', {"env": "VIRTUAL_ENV!"}),
        ('[env]\nPYO3_PYTHON = {\n value = "x",\n force = true,\n}\n', {"env": "PYO3_PYTHON!"}),
        ('build = {\n target = "x",\n}\n', {"target": UNKNOWN}),
    ],
)
def test_what_is_spoken_of_beside_values_of_several_lines_is_unknown(text: str, expected: dict[str, str]) -> None:
    assert parse(text) == (expected, [])


@pytest.mark.promise("fault")
def test_files_included_beside_strings_of_several_lines_are_read(tmp_path: Path) -> None:
    config(tmp_path, "config.toml", 'include = ["one.toml"]\n[alias]\na = """\n"""\n')
    config(tmp_path, "one.toml", '[env]\nPYO3_PYTHON = "x"\n')
    found = build_table([], {"CARGO_HOME": os.fspath(tmp_path / "home")}, os.fspath(tmp_path))
    assert found == {**dict.fromkeys(KEYS, UNKNOWN), "env": "PYO3_PYTHON"}


def test_variables_of_every_layer_count(tmp_path: Path) -> None:
    inner = tmp_path / "project"
    for folder, variable in ((tmp_path, "PYO3_PYTHON"), (inner, "PYO3_CROSS")):
        (folder / ".cargo").mkdir(parents=True)
        (folder / ".cargo" / "config.toml").write_text(f'[env]\n{variable} = "x"\n')
    (inner / ".cargo" / "config.toml").write_text('include = ["more.toml"]\n[env]\nPYO3_CROSS = "x"\n')
    (inner / ".cargo" / "more.toml").write_text('[env]\nPYO3_NO_PYTHON = "1"\n')
    found = build_table(["env.PYO3_CONFIG_FILE='y'"], {"CARGO_HOME": os.fspath(tmp_path / "none")}, os.fspath(inner))
    assert found[cargo_config.ENV].split() == ["PYO3_CONFIG_FILE", "PYO3_CROSS", "PYO3_NO_PYTHON", "PYO3_PYTHON"]
