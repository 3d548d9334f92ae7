"""Values as Rust prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.explain.rust_debug import Debug, Struct, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        (r'"a \"b\" \\ \n\t \u{1f980} \u{7f}"', 'a "b" \\ \n\t \U0001f980 \x7f'),
        ("None", Struct("None", {}, [])),
        ("[]", []),
        ('["-C", "opt-level=1"]', ["-C", "opt-level=1"]),
        ("UnitIndex(14)", Struct("UnitIndex", {}, [Struct("14", {}, [])])),
        ('(1, "b")', Struct("", {}, [Struct("1", {}, []), "b"])),
        (
            'EnvVarChanged { name: "A", old_value: None, new_value: Some("b") }',
            Struct(
                "EnvVarChanged",
                {"name": "A", "old_value": Struct("None", {}, []), "new_value": Struct("Some", {}, ["b"])},
                [],
            ),
        ),
        (
            'ChangedFile { reference: "/a", reference_mtime: 1795423124.463538885s, stale: "/b" }',
            Struct(
                "ChangedFile",
                {"reference": "/a", "reference_mtime": Struct("1795423124.463538885s", {}, []), "stale": "/b"},
                [],
            ),
        ),
    ],
)
def test_value_is_read(text: str, value: Debug) -> None:
    assert parse(text) == value


@pytest.mark.parametrize("text", ["", "{", "A {", "A { b }", "A(", '"', "]", "A { b: }", "(" * 1000])
def test_what_is_no_value_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_string_is_taken_out_of_some() -> None:
    value = parse('A { a: Some("x"), b: None, c: "y", d: 1 }')
    assert isinstance(value, Struct)
    assert [value.text(field) for field in ("a", "b", "c", "d", "e")] == ["x", None, "y", None, None]


@given(st.text(alphabet='{}()[]",:\\ aZ0.') | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    parse(text)
