"""The real cargo, which the wrapper becomes; questions to it are tested where the wrapper runs, in `test_main`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.wrapper import real_cargo
from pyo3_base_python.wrapper.errors import ShimError

if TYPE_CHECKING:
    from tests.unit.support import Wrapper


def test_there_is_no_cargo_where_only_the_wrapper_is(wrapper: Wrapper) -> None:
    with pytest.raises(ShimError, match="there is no cargo on PATH"):
        real_cargo.find({"PATH": os.fspath(wrapper.store / "bin")}, wrapper.program)
