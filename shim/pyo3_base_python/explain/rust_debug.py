"""Values as Rust's ``{:?}`` writes them, read back as far as cargo's log needs it. Pure.

https://doc.rust-lang.org/std/fmt/trait.Debug.html
"""

from __future__ import annotations

import re
from typing import NamedTuple, Union

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Debug", "Struct", "parse"]

# A string, a list, or anything else with a name: `None`, `Some("a")`, `EnvVarChanged { name: "A" }`, `1.5s`.
Debug = Union[str, "list[Debug]", "Struct"]

TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"{}()\[\],:]+(?:::[^\s"{}()\[\],:]+)*)|([{}()\[\],:]))', re.DOTALL)
ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
CLOSING = {"{": "}", "(": ")", "[": "]"}
DEEPEST = 40


class Struct(NamedTuple):
    """A named value: ``fields`` are those of ``Name { a: 1 }``, ``items`` those of ``Name(1)``; numbers are names."""

    name: str
    fields: Mapping[str, Debug]
    items: Sequence[Debug]

    def text(self, field: str) -> str | None:
        """The string in ``field``, also from within ``Some``; ``None`` for ``None`` and for anything but a string."""
        value = self.fields.get(field)
        if isinstance(value, Struct) and value.name == "Some" and value.items:
            value = value.items[0]
        return value if isinstance(value, str) else None


def parse(text: str) -> Debug | None:
    """The value that ``text`` begins with; ``None`` if it does not begin with one."""
    tokens: list[tuple[str, str]] = []
    position = 0
    while True:
        match = TOKEN.match(text, position)
        if match is None:
            break
        string, word, mark = match.groups()
        tokens.append(("string", string) if string is not None else ("word", word) if word is not None else (mark, ""))
        position = match.end()
    try:
        value, _ = _value(tokens, 0, 0)
    except (IndexError, _NotAValueError):
        return None
    return value


class _NotAValueError(Exception):
    """Not how Rust writes a value."""


def _value(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[Debug, int]:
    kind, text = tokens[at]
    if depth > DEEPEST:
        raise _NotAValueError
    if kind == "string":
        return ESCAPE.sub(_unescaped, text), at + 1
    if kind == "[":
        return _items(tokens, at, depth)
    if kind == "(":
        items, at = _items(tokens, at, depth)
        return Struct("", {}, items), at
    if kind != "word":
        raise _NotAValueError
    after = tokens[at + 1][0] if at + 1 < len(tokens) else ""
    if after == "(":
        items, at = _items(tokens, at + 1, depth)
        return Struct(text, {}, items), at
    if after == "{":
        fields, at = _fields(tokens, at + 1, depth)
        return Struct(text, fields, []), at
    return Struct(text, {}, []), at + 1


def _items(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[list[Debug], int]:
    closing = CLOSING[tokens[at][0]]
    at += 1
    items: list[Debug] = []
    while tokens[at][0] != closing:
        if tokens[at][0] == ",":
            at += 1
            continue
        item, at = _value(tokens, at, depth + 1)
        items.append(item)
    return items, at + 1


def _fields(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[dict[str, Debug], int]:
    at += 1
    fields: dict[str, Debug] = {}
    while tokens[at][0] != "}":
        kind, name = tokens[at]
        if kind == ",":
            at += 1
            continue
        if kind != "word" or tokens[at + 1][0] != ":":
            raise _NotAValueError
        fields[name], at = _value(tokens, at + 2, depth + 1)
    return fields, at + 1


def _unescaped(match: re.Match[str]) -> str:
    code, letter = match.groups()
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"  # noqa: PLR2004 - the last code point
    return ESCAPED.get(letter, letter)
