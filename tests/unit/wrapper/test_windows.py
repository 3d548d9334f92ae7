"""Words for cmd.exe; what follows from them is tested in `tests/windows`."""

from __future__ import annotations

import pytest

from pyo3_base_python.wrapper import windows


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("plain-1.0", "plain-1.0"),
        (r"C:\x\y", r"C:\x\y"),
        ("a b", '"a b"'),
        ("", '""'),
        ("x=1", '"x=1"'),
        ("a&b", '"a&b"'),
        ('a"b', '"a""b"'),
        ('a\\"b', '"a\\\\""b"'),
        ("a b\\", '"a b\\\\"'),
        ("back\\", '"back\\\\"'),
        ("%OS%", '"%%cd:~,%OS%%cd:~,%"'),
        ("ä", '"ä"'),
    ],
)
def test_a_word_is_quoted_where_cmd_would_read_it(word: str, line: str) -> None:
    assert windows.line_for_batch("x.cmd", [word]) == f'cmd.exe /e:ON /v:OFF /d /c "x.cmd {line}"'


@pytest.mark.promise("bad input")
@pytest.mark.parametrize("word", ["a\nb", "a\rb"])
def test_a_line_break_is_refused(word: str) -> None:
    with pytest.raises(OSError, match="can't be given a line break"):
        windows.line_for_batch("x.cmd", [word])


@pytest.mark.parametrize(("name", "batch"), [("x.cmd", True), (r"C:\X.BAT", True), ("x.exe", False), ("cmd", False)])
def test_files_of_commands_are_known_by_their_suffix(name: str, batch: bool) -> None:
    assert windows.is_batch(name) == batch


@pytest.mark.parametrize(("code", "given"), [(0, 0), (101, 101), (0x7FFFFFFF, 0x7FFFFFFF), (0xC0000005, -1073741819)])
def test_exit_codes_are_given_with_the_sign_of_a_c_long(code: int, given: int) -> None:
    with pytest.raises(SystemExit) as ended:
        windows.end(code)
    assert ended.value.code == given
