"""The record of what was built last comes back in full, or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper import record
from pyo3_base_python.wrapper.record import Record, read_record, write_record

PATHS = st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), min_size=1)
DIGESTS = st.text("0123456789abcdef", min_size=20, max_size=20)
ENTRIES = st.dictionaries(PATHS, st.tuples(DIGESTS, st.integers(0, 2**63)), max_size=5)


@pytest.fixture(scope="module")
def record_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return os.fspath(tmp_path_factory.mktemp("records") / "folder" / "crate.sources")


@given(trees=st.lists(PATHS, min_size=1, max_size=4), entries=ENTRIES, data=st.data())
def test_record_comes_back_in_full_or_not_at_all(
    record_file: str, trees: list[str], entries: dict[str, tuple[str, int]], data: st.DataObject
) -> None:
    write_record(record_file, Record(trees, entries))
    found = read_record(record_file)
    assert found is not None
    assert (found.trees, found.entries) == (trees, entries)
    whole = Path(record_file).read_bytes()
    Path(record_file).write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert read_record(record_file) is None


@pytest.mark.promise("fault")
@given(st.binary() | st.text().map(lambda text: f"{record.HEADER}\n{text}\nend".encode(errors="replace")))
def test_any_record_is_survived(record_file: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(record_file), exist_ok=True)
    Path(record_file).write_bytes(content)
    found = read_record(record_file)
    assert found is None or found.trees


@pytest.mark.promise("fault")
def test_record_without_a_tree_is_void(record_file: str) -> None:
    os.makedirs(os.path.dirname(record_file), exist_ok=True)
    Path(record_file).write_text(f"{record.HEADER}\nend", encoding="utf-8")
    assert read_record(record_file) is None


@pytest.mark.promise("fault")
def test_record_of_another_format_is_void(record_file: str) -> None:
    write_record(record_file, Record(["/tree"]))
    path = Path(record_file)
    path.write_bytes(path.read_bytes().replace(record.HEADER.encode(), b"pyo3-base-python sources 0"))
    assert read_record(record_file) is None


def test_path_with_a_line_break_is_not_recorded(record_file: str) -> None:
    write_record(record_file, Record(["/tree", "/a\nb"], {"c\nd": ("0" * 20, 1), "e": ("1" * 20, 2)}))
    found = read_record(record_file)
    assert found is not None
    assert (found.trees, found.entries) == (["/tree"], {"e": ("1" * 20, 2)})


def test_path_with_blanks_and_a_carriage_return_is_recorded(record_file: str) -> None:
    write_record(record_file, Record(["/my own tree"], {" a b\r": ("0" * 20, 1)}))
    found = read_record(record_file)
    assert found is not None
    assert (found.trees, found.entries) == (["/my own tree"], {" a b\r": ("0" * 20, 1)})


@pytest.mark.promise("fault")
def test_path_that_is_not_utf_8_is_recorded(record_file: str) -> None:
    write_record(record_file, Record(["/\udcff"]))
    found = read_record(record_file)
    assert found is not None
    assert found.trees == ["/\udcff"]


@pytest.mark.promise("fault")
def test_no_draft_is_left_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            write_record(os.fspath(tmp_path / "folder" / "crate.sources"), Record(["/tree"]))
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("dirty", [True, False])
def test_the_interpreter_and_what_had_changed_come_back(record_file: str, dirty: bool) -> None:
    write_record(record_file, Record(["/tree"], python="/my own/python", since=3, built=["b x", "a"], dirty=dirty))
    found = read_record(record_file)
    assert found is not None
    assert (found.python, found.since, found.built, found.dirty) == ("/my own/python", 3, ["a", "b x"], dirty)
    assert found.entries == {}


def test_an_interpreter_with_a_line_break_in_its_path_is_not_recorded(record_file: str) -> None:
    write_record(record_file, Record(["/tree"], python="/a\nb", dirty=True))
    found = read_record(record_file)
    assert found is not None
    assert (found.trees, found.python, found.dirty) == (["/tree"], "", False)
    assert found.says(Record(["/tree"]))


def test_record_remembers_the_last_trees_only() -> None:
    assert Record([str(number) for number in range(40)]).trees == [str(number) for number in range(8, 40)]
