"""The backend around maturin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import maturin  # type: ignore[import-untyped]

from pyo3_base_python.backend import hooks
from pyo3_base_python.backend import maturin as module

if TYPE_CHECKING:
    import pytest

    from tests.unit.support import Script, Wrapper


around = vars(module)


def test_hooks_are_maturins() -> None:
    for name in (*hooks.REQUIRES, *hooks.WORK):
        assert (name in around) == hasattr(maturin, name)
    assert around["get_requires_for_build_wheel"] is maturin.get_requires_for_build_wheel
    assert around["build_wheel"].__wrapped__ is maturin.build_wheel


def test_maturin_is_started_with_the_shim_on_and_does_not_warn_that_nobody_builds_with_it(
    wrapper: Wrapper, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = script("maturin", 'echo "$MATURIN_NO_MISSING_BUILD_BACKEND_WARNING $CARGO"')
    os.rename(said, wrapper.bin / "maturin")
    monkeypatch.setenv("PATH", wrapper.environ["PATH"])
    assert around["build_sdist"]("nowhere") == f"1 {wrapper.own_program}"
