"""`adopt`: what it changes in a pyproject.toml, what it leaves alone, and what it refuses."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.commands import adoption
from pyo3_base_python.wrapper.errors import ShimError

REQUIREMENT = "pyo3-base-python-core>=0.1.0"
MATURIN = '[build-system]\nrequires = ["maturin>=1.5,<2"]\nbuild-backend = "maturin"\n'
ADOPTED = (
    f'[build-system]\nrequires = ["maturin>=1.5,<2", "{REQUIREMENT}"]\n'
    'build-backend = "pyo3_base_python_core.backend.maturin"\n'
)
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


def with_requires(array: str) -> str:
    return f'[build-system]\nrequires = {array}\nbuild-backend = "maturin"\n'


def adopted(text: str) -> str:
    """The text after adoption, which must restore the original when undone, and not change when repeated."""
    result = adoption.adopted(text, REQUIREMENT)
    assert adoption.restored(result) == text
    assert adoption.adopted(result, REQUIREMENT) == result
    return result


# what is written


def test_two_things_are_changed() -> None:
    assert adopted(MATURIN) == ADOPTED


def test_setuptools_has_a_backend_of_its_own() -> None:
    text = SETUPTOOLS.replace('"setuptools"', '"setuptools", "setuptools-rust"')
    assert 'build-backend = "pyo3_base_python_core.backend.setuptools_rust"\n' in adopted(text)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ('["maturin"]', f'["maturin", "{REQUIREMENT}"]'),
        ('[ "maturin" ]', f'[ "maturin", "{REQUIREMENT}" ]'),
        ('["maturin",]', f'["maturin", "{REQUIREMENT}",]'),
        ('["maturin" , ]', f'["maturin", "{REQUIREMENT}" , ]'),
        ("['maturin']", f"['maturin', '{REQUIREMENT}']"),
        ('["""\nmaturin"""]', f'["""\nmaturin""", "{REQUIREMENT}"]'),
        ('[\n  "maturin",\n]', f'[\n  "maturin",\n  "{REQUIREMENT}",\n]'),
        ('[\n  "maturin"\n]', f'[\n  "maturin",\n  "{REQUIREMENT}"\n]'),
        ('[\n\t"maturin" # a, b\n]', f'[\n\t"maturin", # a, b\n\t"{REQUIREMENT}"\n]'),
        ('[\n\t"maturin" , # a, b\n]', f'[\n\t"maturin" , # a, b\n\t"{REQUIREMENT}",\n]'),
        ('[\n"maturin",\n# more\n\n]', f'[\n"maturin",\n"{REQUIREMENT}",\n# more\n\n]'),
        ('[\n  "maturin"]', f'[\n  "maturin", "{REQUIREMENT}"]'),
        ('["maturin", # a\n]', f'["maturin", "{REQUIREMENT}", # a\n]'),
        ('[\n  "maturin"\n  , "cffi"\n  ,\n]', f'[\n  "maturin"\n  , "cffi", "{REQUIREMENT}"\n  ,\n]'),
        (
            '[\n  "cffi" # "maturin"\n  , # "maturin"\n  "maturin"\n  ,\n]',
            f'[\n  "cffi" # "maturin"\n  , # "maturin"\n  "maturin",\n  "{REQUIREMENT}"\n  ,\n]',
        ),
        ('["maturin", "maturin"]', f'["maturin", "maturin", "{REQUIREMENT}"]'),
        ('["not a requirement!", "maturin"]', f'["not a requirement!", "maturin", "{REQUIREMENT}"]'),
    ],
)
def test_requirement_is_written_as_the_others_are(array: str, expected: str) -> None:
    wanted = with_requires(expected).replace('d = "maturin"', 'd = "pyo3_base_python_core.backend.maturin"')
    for newline in ("\n", "\r\n"):
        assert adopted(with_requires(array).replace("\n", newline)) == wanted.replace("\n", newline)


@pytest.mark.parametrize(
    "text",
    [
        'build-system.requires = ["maturin"]\nbuild-system.build-backend = "maturin"',
        'build-system = { requires = ["maturin"], build-backend = "maturin" }\n',
        "['build-system']\n\"requires\" = ['maturin']\n'build-backend' = 'maturin'",
        '[build-system]\nbuild-backend="maturin"#"maturin"\nrequires=["maturin"]#["maturin"]\n',
        '[tool.a]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n' + MATURIN,
        '# requires = ["maturin>=1.5,<2"]\n# build-backend = "maturin"\n' + MATURIN,
        MATURIN + "[project]\nname = 'a'\n[build-system.b]\nc = nan\n",
        MATURIN + "[tool.a]\nb = [1, 1.0, true, nan, 1979-05-27T07:32:00Z]\n",
    ],
)
def test_where_it_is_written_is_found_in_whatever_form(text: str) -> None:
    before, after = (tomlkit.parse(each).unwrap() for each in (text, adopted(text)))
    before["build-system"]["requires"].append(REQUIREMENT)
    before["build-system"]["build-backend"] = "pyo3_base_python_core.backend.maturin"
    assert repr(after) == repr(before)


# Generated texts: every form of the table, with decoys around it.

NEWLINES = st.sampled_from(["\n", "\r\n"])
SPACE = st.sampled_from(["", " ", "  ", "\t"])
COMMENTS = st.sampled_from(["", "# a", '# "maturin",', '#["maturin"]', f'# "{REQUIREMENT}",', "# ünï,"])
VALUES = st.sampled_from(["maturin", "maturin>=1.5,<2", "cffi", "cffi ; python_version >= '3.9'", "setuptools_rust"])


@st.composite
def strings(draw: st.DrawFn, value: str) -> str:
    quotes = ['"', '"""'] if "'" in value else ['"', "'", '"""', "'''"]
    quote = draw(st.sampled_from(quotes))
    return f"{quote}{value}{quote}"


@st.composite
def arrays(draw: st.DrawFn, values: list[str]) -> str:
    """An array with white space and comments wherever TOML allows them."""

    def gap() -> str:
        lines = draw(st.lists(st.tuples(SPACE, COMMENTS), max_size=2))
        return "".join(f"{space}{comment}\n" for space, comment in lines) + draw(SPACE)

    written = [draw(strings(value)) for value in values]
    text = "[" + gap()
    for index, value in enumerate(written):
        comma = index + 1 < len(written) or draw(st.booleans())
        text += value + gap() + ("," + gap() if comma else "")
    return text + "]"


@st.composite
def pyprojects(draw: st.DrawFn) -> str:
    """A pyproject.toml that builds with maturin, in one of the possible ways to write it."""
    requires = draw(arrays(draw(st.lists(VALUES, min_size=1, max_size=4))))
    pairs = [("requires", requires), ("build-backend", draw(strings("maturin")))]
    if draw(st.booleans()):
        pairs.reverse()
    equals = draw(st.sampled_from(["=", " = ", "  =\t"]))
    form = draw(st.sampled_from(["table", "dotted", "inline"]))
    if form == "inline":
        table = "build-system = { " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
    else:
        prefix = "build-system." if form == "dotted" else ""
        lines = [f"{prefix}{key}{equals}{value}{draw(SPACE)}{draw(COMMENTS)}" for key, value in pairs]
        table = "\n".join(["[build-system]"] * (form == "table") + lines)
    other = '[project]\nname = "maturin"\n[tool.a]\nrequires = ["maturin"] # "maturin"\nbuild-backend = "maturin"'
    # What is no table of its own has to come first.
    parts = [table, other] if form != "table" or draw(st.booleans()) else [other, table]
    text = draw(COMMENTS) + "\n" + "\n".join(parts) + draw(st.sampled_from(["", "\n", "\n\n"]))
    return text.replace("\n", draw(NEWLINES))


@given(pyprojects())
def test_any_pyproject_is_adopted_undone_and_otherwise_the_same(text: str) -> None:
    before, after = (tomlkit.parse(each).unwrap() for each in (text, adopted(text)))
    before["build-system"]["requires"].append(REQUIREMENT)
    before["build-system"]["build-backend"] = "pyo3_base_python_core.backend.maturin"
    assert after == before


@given(st.one_of(st.text(), st.text(alphabet="[]{}='\"#.,\n abuild-system")))
def test_any_text_is_taken_or_refused_with_a_hint(text: str) -> None:
    for change in (functools.partial(adoption.adopted, requirement=REQUIREMENT), adoption.restored):
        refused = None
        try:
            assert change(text) == text
        except ShimError as error:
            refused = error
        assert refused is None or (refused.what and refused.hint)


# what is taken out


@pytest.mark.parametrize("text", [MATURIN, SETUPTOOLS, "", "[build-system]\nrequires = 1\n", "build-system = 1\n"])
def test_undo_of_what_is_not_adopted_is_the_same(text: str) -> None:
    assert adoption.restored(text) == text


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ('["maturin", "pyo3-base-python-core"]', '["maturin"]'),
        ('["maturin", "PyO3_base.python-CORE >= 7 ; python_version > \'3\'"]', '["maturin"]'),
        ('["maturin", \'pyo3-base-python-core; python_version > "3"\']', '["maturin"]'),
        ('["pyo3-base-python-core", "maturin"]', '["maturin"]'),
        ('["cffi", "pyo3-base-python-core>=7", "maturin"]', '["cffi", "maturin"]'),
        ('[\n  "pyo3-base-python-core>=7",\n  "maturin",\n]', '[\n  "maturin",\n]'),
        ('[\n  "cffi",\n  "pyo3-base-python-core>=7", # why\n  "maturin",\n]', '[\n  "cffi",\n  "maturin",\n]'),
        ('["maturin" ,"pyo3-base-python-core"]', '["maturin"]'),
        ('[ # a, b, "maturin",\n  "pyo3-base-python-core",\n"maturin"]', '[ # a, b, "maturin",\n"maturin"]'),
        ('[\n  "maturin", # "maturin",\n    "pyo3-base-python-core"\n]', '[\n  "maturin", # "maturin",\n]'),
        ('["pyo3-base-python-core"]', "[]"),
        ('["maturin"]', '["maturin"]'),
    ],
)
def test_undo_takes_out_what_was_moved_or_changed_since(array: str, expected: str) -> None:
    text = with_requires(array).replace('"maturin"\n', '"pyo3_base_python_core.backend.maturin"\n')
    assert adoption.restored(text) == with_requires(expected)


# what is refused


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no [build-system]"),
        ("[project]\nname = 'a'\n", "no [build-system]"),
        ("[build-system\n", "not valid TOML"),
        ("\ufeff" + MATURIN, "not valid TOML"),
        (MATURIN + MATURIN, "not valid TOML"),
        (MATURIN + "a = 1\na = 2\n", "not valid TOML"),
        (MATURIN + "a = 2020-13-99\n", "not valid TOML"),
        ("build-system = 1\n", "no `requires`"),
        ('[build-system]\nbuild-backend = "maturin"\n', "no `requires`"),
        ('[build-system]\nrequires = "maturin"\nbuild-backend = "maturin"\n', "no `requires`"),
        ('[build-system]\nrequires = ["maturin", 1]\nbuild-backend = "maturin"\n', "no `requires`"),
        ('[build-system]\nrequires = ["maturin"]\n', "names no build-backend"),
        ('[build-system]\nrequires = ["maturin"]\nbuild-backend = ["maturin"]\n', "names no build-backend"),
        ('[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n', "is hatchling.build"),
        (MATURIN + 'backend-path = ["."]\n', "backend-path"),
        (SETUPTOOLS, "does not use setuptools-rust"),
        ("tool = 1\n" + SETUPTOOLS, "does not use setuptools-rust"),
        (SETUPTOOLS.replace("build_meta", "build_meta:__legacy__"), "is setuptools.build_meta:__legacy__"),
        (with_requires("[]"), "`requires` is empty"),
        (with_requires('["maturin", "pyo3_base_python_core"]'), "already, but the backend is maturin"),
        (ADOPTED.replace(f', "{REQUIREMENT}"', ""), "has no pyo3-base-python-core"),
        (MATURIN.replace('d = "maturin"', 'd = "m\\u0061turin"'), "not understood"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line_with_a_hint(text: str, what: str) -> None:
    with pytest.raises(ShimError) as caught:
        adoption.adopted(text, REQUIREMENT)
    assert what in caught.value.what
    assert caught.value.hint
    assert "\n" not in caught.value.what + caught.value.hint


def test_what_can_not_be_undone_exactly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "restored", lambda text: text)
    with pytest.raises(ShimError, match="undone exactly"):
        adoption.adopted(MATURIN, REQUIREMENT)


@pytest.mark.parametrize(
    ("table", "setup_py"),
    [
        ("[[tool.setuptools-rust.ext-modules]]\ntarget = 'a'\n", ""),
        ("", "from setuptools_rust import RustExtension\n"),
        ("", "if True:\n    import setuptools_rust as rust\n"),
    ],
)
def test_setuptools_rust_is_found_without_being_required(table: str, setup_py: str) -> None:
    result = adoption.adopted(SETUPTOOLS + table, REQUIREMENT, setup_py)
    assert "pyo3_base_python_core.backend.setuptools_rust" in result


@pytest.mark.parametrize("setup_py", ["# from setuptools_rust import RustExtension\n", "import setuptools_rusty\n"])
def test_setuptools_without_rust_is_refused(setup_py: str) -> None:
    with pytest.raises(ShimError, match="setuptools-rust"):
        adoption.adopted(SETUPTOOLS, REQUIREMENT, setup_py)


# what would break a build


@pytest.mark.promise("bad input")
@pytest.mark.parametrize(
    ("text", "setup", "what", "hint"),
    [
        (f'{MATURIN}[project]\nrequires-python = ">=3.7"\n', "", "supports Python 3.7", "require >=3.8"),
        (MATURIN, 'setup(\n    python_requires=">=3.6, <4",\n)\n', "supports Python 3.7", "require >=3.8"),
        (MATURIN, "[options]\npython_requires = >=3.7,<3.8\n", "supports Python 3.7", "require >=3.8"),
        (with_requires('["maturin>=0.12,<0.13"]'), "", "has maturin>=0.12,<0.13", "allow maturin 1.4.0 or later"),
        (
            SETUPTOOLS.replace('"setuptools"', '"setuptools", "setuptools_rust<1.1"'),
            "",
            "has setuptools_rust<1.1",
            "allow setuptools-rust 1.1.0 or later",
        ),
    ],
)
def test_what_adoption_would_break_is_refused_and_says_what_to_do(text: str, setup: str, what: str, hint: str) -> None:
    with pytest.raises(ShimError) as caught:
        adoption.adopted(text, REQUIREMENT, setup)
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert "\n" not in caught.value.what + caught.value.hint


@pytest.mark.parametrize("project", ['requires-python = ">=3.8"', 'requires-python = "no specifier"', 'name = "a"'])
def test_what_pyproject_toml_says_of_python_counts_and_no_more(project: str) -> None:
    text = f"{MATURIN}[project]\n{project}\n"
    setup = "# python_requires='>=3.6'\n" if "name" in project else "python_requires='>=3.6'\n"
    assert adoption.adopted(text, REQUIREMENT, setup).startswith(ADOPTED)


# what an earlier version adopted

OLDER = '[build-system]\nrequires = ["maturin>=1.5,<2", "pyo3-base-python>=0.1.0"]\nbuild-backend = "{}"\n'


def test_older_adoption_is_undone_and_brought_up_to_date() -> None:
    text = OLDER.format("pyo3_base_python.backend.maturin")
    assert adoption.restored(text) == MATURIN
    assert adoption.adopted(text, REQUIREMENT) == ADOPTED


# the diff


@pytest.mark.parametrize("text", [MATURIN, MATURIN[:-1], MATURIN.replace("\n", "\r\n"), "# \x85\u2028 é\n" + MATURIN])
def test_diff_is_what_git_applies(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text.encode())
    git = shutil.which("git")
    assert git
    subprocess.run(
        [git, "apply", "--whitespace=nowarn", "-"],
        input=adoption.diff(text, adopted(text)).encode(),
        cwd=tmp_path,
        check=True,
        env={"GIT_CEILING_DIRECTORIES": os.fspath(tmp_path.parent), "GIT_CONFIG_NOSYSTEM": "1", "HOME": os.devnull},
    )
    assert path.read_bytes().decode() == adopted(text)


def test_diff_of_the_same_is_empty() -> None:
    assert adoption.diff(MATURIN, MATURIN) == ""


# the file


def test_file_is_found_by_its_folder_and_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    with pytest.raises(ShimError, match="there is no file"):
        adoption.find(tmp_path)
    path.mkdir()
    with pytest.raises(ShimError, match="there is no file"):
        adoption.find(tmp_path)
    path.rmdir()
    path.touch()
    assert adoption.find(tmp_path) == adoption.find(path) == path


def test_what_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(ShimError, match="not UTF-8"):
        adoption.read(path)
    with pytest.raises(ShimError, match="can't read"):
        adoption.read(tmp_path)


def test_file_keeps_its_mode_and_its_line_endings(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.touch()
    path.chmod(0o640)
    adoption.write(path, "a\r\nb\n")
    assert path.read_bytes() == b"a\r\nb\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["pyproject.toml"]


def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "file.toml", tmp_path / "pyproject.toml"
    target.touch()
    link.symlink_to(os.path.join("elsewhere", "file.toml"))
    adoption.write(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("by", ["mode", "system"])
def test_read_only_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.touch()
    if by == "mode":
        path.chmod(0o444)
    else:
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ShimError, match="read-only"):
        adoption.write(path, "new")
    assert path.read_bytes() == b""


@pytest.mark.parametrize("step", ["chmod", "replace"])
def test_file_that_can_not_be_replaced_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fails(*arguments: Any) -> None:
        raise PermissionError(1, "Operation not permitted", arguments)

    path = tmp_path / "pyproject.toml"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, step, fails)
    with pytest.raises(ShimError, match=r"can't write .*: Operation not permitted"):
        adoption.write(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["pyproject.toml"]
