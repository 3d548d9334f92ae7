"""pyo3's config file: its values, and that no value can add a line to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper import pyo3_config
from pyo3_base_python.wrapper.errors import CannotSteady

FACTS = {
    "implementation": "cpython",
    "version": "3.11",
    "shared": "True",
    "ld_version": "3.11",
    "lib_dir": "/opt/python/lib",
    "pointer_width": "64",
    "build_flags": "",
    "framework_prefix": "",
    "platform": "linux-x86_64",
}
FROM_THE_INTERPRETER = [name for name in FACTS if name not in {"implementation", "platform", "shared"}]


def lines_of(content: bytes) -> dict[str, str]:
    """As pyo3 reads it: lines, split at the first equals sign, trimmed."""
    pairs = [line.partition("=") for line in content.decode().split("\n") if line]
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name.strip(): value.strip() for name, _, value in pairs}


def test_file_of_a_linux_interpreter_in_full() -> None:
    assert pyo3_config.render(pyo3_config.describe(FACTS), "/opt/python/bin/python3.11").decode() == (
        "implementation=CPython\n"
        "version=3.11\n"
        "shared=true\n"
        "lib_name=python3.11\n"
        "lib_dir=/opt/python/lib\n"
        "executable=/opt/python/bin/python3.11\n"
        "pointer_width=64\n"
        "build_flags=\n"
        "suppress_build_script_link_lines=false\n"
    )


@pytest.mark.parametrize(
    ("changes", "key", "expected"),
    [
        ({"shared": "False"}, "shared", "false"),
        ({"ld_version": "3.7m"}, "lib_name", "python3.7m"),
        ({"ld_version": ""}, "lib_name", "python3.11"),
        ({"ld_version": "3.13t", "build_flags": "Py_GIL_DISABLED"}, "build_flags", "Py_GIL_DISABLED"),
        ({"build_flags": "Py_TRACE_REFS,Py_DEBUG"}, "build_flags", "Py_DEBUG,Py_REF_DEBUG,Py_TRACE_REFS"),
        ({"framework_prefix": "/Library"}, "python_framework_prefix", "/Library"),
        ({"implementation": "pypy", "ld_version": ""}, "lib_name", "pypy3.11-c"),
        ({"implementation": "pypy", "ld_version": "3.9"}, "lib_name", "pypy3.9-c"),
        ({"implementation": "pypy"}, "implementation", "PyPy"),
    ],
)
def test_value_as_pyo3_would_find_it(changes: dict[str, str], key: str, expected: str) -> None:
    assert lines_of(pyo3_config.render(pyo3_config.describe({**FACTS, **changes}), "/python"))[key] == expected


@pytest.mark.parametrize("flags", ["", "Py_GIL_DISABLED"])
@pytest.mark.parametrize("implementation", ["cpython", "pypy"])
def test_file_is_neutral_about_the_stable_abi(implementation: str, flags: str) -> None:
    described = pyo3_config.describe({**FACTS, "implementation": implementation, "build_flags": flags})
    assert not {"abi3", "target_abi"} & lines_of(pyo3_config.render(described, "/python")).keys()


def test_library_is_left_to_pyo3_on_windows() -> None:
    assert "lib_name" not in lines_of(
        pyo3_config.render(pyo3_config.describe({**FACTS, "platform": "win-amd64"}), "C:\\python")
    )


def test_values_that_are_not_there_are_left_out() -> None:
    assert "lib_dir" not in lines_of(pyo3_config.render(pyo3_config.describe({**FACTS, "lib_dir": ""}), "/python"))


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"implementation": "graalpy"}, "graalpy"),
        ({"platform": "mingw_x86_64"}, "mingw"),
        ({"platform": "cygwin-3.4-x86_64"}, "cygwin"),
    ],
)
def test_interpreter_that_is_not_known_is_refused_by_its_name(changes: dict[str, str], named: str) -> None:
    with pytest.raises(CannotSteady, match=named):
        pyo3_config.describe({**FACTS, **changes})


@pytest.mark.promise("fault")
@pytest.mark.parametrize("value", ["a\nb", "a\rb", " a", "a ", "a\t", "\udcff"])
@pytest.mark.parametrize("where", ["lib_dir", "executable"])
def test_value_that_would_not_come_back_is_refused_by_its_key(where: str, value: str) -> None:
    def write() -> bytes:
        facts = {**FACTS, "lib_dir": value} if where == "lib_dir" else FACTS
        return pyo3_config.render(pyo3_config.describe(facts), value)

    with pytest.raises(CannotSteady, match=rf"\b{where}\b"):
        write()


@pytest.mark.promise("fault")
@given(
    st.fixed_dictionaries({name: st.text() | st.just("x\nabi3=true") for name in FROM_THE_INTERPRETER}),
    st.sampled_from(["cpython", "pypy"]),
    st.text(),
)
def test_no_value_can_smuggle_in_a_line(values: dict[str, str], implementation: str, executable: str) -> None:
    try:
        described = pyo3_config.describe({**FACTS, **values, "implementation": implementation})
        content = pyo3_config.render(described, executable)
    except CannotSteady:
        return
    found = lines_of(content)
    assert set(found) <= set(pyo3_config.KEYS)
    assert found == {
        key: value for key, value in {**described, "executable": executable}.items() if value or key == "build_flags"
    }


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])).map(str.strip).filter(bool))
def test_any_path_of_one_line_is_written_as_it_is(path: str) -> None:
    assert lines_of(pyo3_config.render(pyo3_config.describe(FACTS), path))["executable"] == path


@pytest.mark.promise("fault")
@given(
    st.dictionaries(
        st.sampled_from(sorted(FACTS)), st.from_regex("a[a=\n\r ]*a", fullmatch=True) | st.text(), max_size=3
    ),
    st.text(min_size=1),
)
def test_whatever_an_interpreter_says_of_itself_comes_back_or_is_refused(
    changes: dict[str, str], executable: str
) -> None:
    try:
        described = pyo3_config.describe({**FACTS, **changes})
        content = pyo3_config.render(described, executable)
    except CannotSteady:
        return
    assert {key: lines_of(content).get(key, "") for key in pyo3_config.KEYS} == {**described, "executable": executable}
