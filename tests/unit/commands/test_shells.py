"""Variables as shells and tools read them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyo3_base_python.commands import shells
from pyo3_base_python.wrapper.errors import ShimError

AWKWARD = ["", "a b", "'", "''", "\\", "\\'", "a\\", "'; exit", "$HOME `x` $(x) !x", '"', "a\nb", "#", "%", "ä", "~"]
# What a variable can hold.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.sampled_from(AWKWARD)
VARIABLES = st.dictionaries(st.sampled_from(["CARGO", "TOX_OVERRIDE", "PYO3_SHIM_CARGO"]), VALUES)


def read_back(pattern: str, unescape: Callable[[str], str], text: str) -> dict[str, str]:
    """Assignments one after another, with nothing between them."""
    found = {}
    position = 0
    while position < len(text):
        match = re.compile(pattern, re.DOTALL).match(text, position)
        assert match is not None, text[position:]
        found[match[1]] = unescape(match[2])
        position = match.end()
    return found


@settings(max_examples=40)
@given(VARIABLES)
def test_sh_comes_through_a_real_shell(variables: dict[str, str]) -> None:
    script = shells.sh(variables) + "".join(f'printf "%s\\0" "${name}"\n' for name in variables)
    script += "sh -c 'printf %s ${CARGO+exported}'"
    said = subprocess.run(
        ["sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, check=True
    ).stdout
    *values, exported = said.split(b"\0")
    assert [value.decode() for value in values] == list(variables.values())
    assert exported == (b"exported" if "CARGO" in variables else b"")


@given(VARIABLES)
def test_fish_comes_back_by_its_quoting_rules(variables: dict[str, str]) -> None:
    """Within single quotes: `\\'` is a quote and `\\\\` a backslash, all else is itself."""
    text = shells.fish(variables)
    pattern = r"set -gx (\w+) '((?:[^'\\]|\\['\\])*)'\n"
    assert read_back(pattern, lambda quoted: re.sub(r"\\(['\\])", r"\1", quoted), text) == variables


OTHER_QUOTES = ["\u2018", "\u2019", "\u201a", "\u201b"]
PLAIN_QUOTES = VALUES.filter(lambda value: not set(value) & set(OTHER_QUOTES))


@given(st.dictionaries(st.sampled_from(["CARGO", "TOX_OVERRIDE"]), PLAIN_QUOTES))
def test_powershell_comes_back_by_its_quoting_rules(variables: dict[str, str]) -> None:
    """Within single quotes a doubled quote is one, all else is itself."""
    text = shells.powershell(variables)
    assert read_back(r"\$env:(\w+) = '((?:[^']|'')*)'\n", lambda quoted: quoted.replace("''", "'"), text) == variables


@pytest.mark.parametrize("quote", OTHER_QUOTES)
def test_powershells_other_single_quotes_are_doubled_as_well(quote: str) -> None:
    assert shells.powershell({"CARGO": f"/home/O{quote}Neil"}) == f"$env:CARGO = '/home/O{quote * 2}Neil'\n"


@given(VARIABLES)
def test_cmd_comes_back_by_the_rules_of_a_batch_file_or_is_refused(variables: dict[str, str]) -> None:
    """In it `%%` is one per cent sign; what is between the first quote and the last is the value."""
    if any("\n" in value for value in variables.values()):
        with pytest.raises(ShimError, match="holds a line break"):
            shells.cmd(variables)
        return
    text = shells.cmd(variables)
    pattern = r'@set "(\w+)=((?:[^\n%]|%%)*)"\r\n'
    assert read_back(pattern, lambda quoted: quoted.replace("%%", "%"), text) == variables


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("sh", "unset A\n"),
        ("bash", "unset A\n"),
        ("zsh", "unset A\n"),
        ("direnv", "unset A\n"),
        ("fish", "set -e A\n"),
        ("powershell", "$env:A = $null\n"),
        ("cmd", '@set "A="\r\n'),
        ("json", '{\n  "A": null\n}\n'),
    ],
)
def test_variable_without_a_value_is_unset(form: str, line: str) -> None:
    assert shells.FORMATS[form]({"A": None}) == line
    assert form not in shells.CAN_NOT_UNSET


@given(VARIABLES)
def test_json_is_one_object(variables: dict[str, str]) -> None:
    text = shells.as_json(variables)
    assert json.loads(text) == variables
    assert text.endswith("}\n")


@given(VARIABLES)
def test_rust_analyzer_gets_a_member_of_its_settings(variables: dict[str, str]) -> None:
    assert json.loads(shells.rust_analyzer(variables)) == {"rust-analyzer.cargo.extraEnv": variables}


@given(VARIABLES)
def test_github_gets_one_line_for_each_or_a_refusal(variables: dict[str, str]) -> None:
    if any("\n" in value for value in variables.values()):
        with pytest.raises(ShimError, match="holds a line break"):
            shells.github(variables)
        return
    text = shells.github(variables)
    pairs = [line.split("=", 1) for line in text.split("\n")[:-1]]
    assert {name: value for name, value in pairs} == variables  # noqa: C416 - pairs are lists


@pytest.mark.promise("bad input")
def test_github_refuses_a_value_with_a_line_break() -> None:
    with pytest.raises(ShimError, match="CARGO holds a line break"):
        shells.github({"CARGO": "a\nPATH=b"})


def test_direnv_reads_what_sh_reads() -> None:
    assert shells.FORMATS["direnv"]({"CARGO": "a b"}) == "export CARGO='a b'\n"


def test_formats_are_those_that_are_promised() -> None:
    assert sorted(shells.FORMATS) == [
        *"bash cmd direnv fish github json powershell rust-analyzer sh zsh".split(),
    ]
    alike = [shells.FORMATS[name] for name in ("sh", "bash", "zsh", "direnv")]
    assert set(alike) == {shells.sh}
    assert len({form({"A": "b c"}) for form in shells.FORMATS.values()}) == len(shells.FORMATS) - len(alike) + 1


@settings(max_examples=20)
@given(VALUES.filter(bool))
def test_a_folder_comes_first_on_path_in_a_real_shell(folder: str) -> None:
    for path, expected in (("/usr/bin:/bin", f"{folder}:/usr/bin:/bin"), ("", folder)):
        script = f'PATH="{path}"\n{shells.FIRST_ON_PATH["sh"](folder)}printf %s "$PATH"'
        assert subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout.decode() == expected


def test_each_shell_has_words_for_it() -> None:
    said = {form: first("/a b'%") for form, first in shells.FIRST_ON_PATH.items()}
    quoted = """'/a b'"'"'%'"""
    sh = f'export PATH={quoted}"${{PATH:+:$PATH}}"\n'
    assert said == {
        "sh": sh,
        "bash": sh,
        "zsh": sh,
        "direnv": f"PATH_add {quoted}\n",
        "fish": "set -gx PATH '/a b\\'%' $PATH\n",
        "powershell": "$env:PATH = '/a b''%' + [IO.Path]::PathSeparator + $env:PATH\n",
        "cmd": '@set "PATH=/a b\'%%;%PATH%"\r\n',
    }
    # In one object there is all of it, GitHub has a file for it, and rust-analyzer is not told.
    assert shells.FORMATS.keys() - said.keys() == {"json", "github", "rust-analyzer"}


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("words", [shells.cmd_path, shells.line_of_path])
def test_a_folder_with_a_line_break_is_refused(words: Callable[[str], str]) -> None:
    with pytest.raises(ShimError, match="PATH holds a line break"):
        words("/a\nb")


@pytest.mark.parametrize("form", sorted(shells.FORMATS))
def test_nothing_to_set_is_nothing_to_run(form: str) -> None:
    text = shells.FORMATS[form]({})
    assert text == "" or json.loads(text) in ({}, {"rust-analyzer.cargo.extraEnv": {}})


def test_lines_are_appended_to_the_file_that_github_names(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("BEFORE=1\n", encoding="utf-8")
    shells.append_to_github("CARGO=ä\n", "GITHUB_ENV", {"GITHUB_ENV": os.fspath(path)})
    assert path.read_text(encoding="utf-8") == "BEFORE=1\nCARGO=ä\n"


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("environ", [{}, {"GITHUB_ENV": ""}])
def test_outside_of_github_there_is_a_hint(environ: dict[str, str]) -> None:
    with pytest.raises(ShimError, match="GITHUB_ENV is not set") as caught:
        shells.append_to_github("A=b\n", "GITHUB_ENV", environ)
    assert "GitHub Actions" in caught.value.hint


@pytest.mark.promise("bad input")
def test_file_of_github_that_can_not_be_written_is_named() -> None:
    with pytest.raises(ShimError, match="GITHUB_ENV=/not/there/env: No such file or directory"):
        shells.append_to_github("A=b\n", "GITHUB_ENV", {"GITHUB_ENV": "/not/there/env"})
