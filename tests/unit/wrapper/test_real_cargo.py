"""The real cargo, which the wrapper becomes; questions to it are tested where the wrapper runs, in `test_main`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import windows_program
from pyo3_base_python.wrapper import real_cargo
from pyo3_base_python.wrapper.errors import ShimError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.support import Wrapper


def test_there_is_no_cargo_where_only_the_wrapper_is(wrapper: Wrapper) -> None:
    with pytest.raises(ShimError, match="there is no cargo on PATH"):
        real_cargo.find({"PATH": os.fspath(wrapper.store / "bin")}, wrapper.program)


@pytest.mark.promise("fault")
def test_a_program_of_windows_is_known_by_its_end(tmp_path: Path) -> None:
    """X9: two wrappers would start each other for ever."""
    stub = b"MZ" + bytes(100_000)
    program = tmp_path / "cargo.exe"
    for content, ours in (
        (windows_program.program(stub, r"C:\Python\python.exe", r"C:\store\wrapper\0"), True),
        (stub, False),
        (b"MZ", False),
    ):
        program.write_bytes(content)
        assert real_cargo.is_wrapper(str(program)) == ours
