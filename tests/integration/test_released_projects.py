"""Projects from PyPI that nobody here wrote."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from .conftest import RPDS_PY, FrontEnd, Site, Unpack, build, pip, uv

TIKTOKEN = "tiktoken==0.14.0"  # setuptools-rust, version-specific


@pytest.mark.parametrize(
    ("requirement", "expression", "value"),
    [
        pytest.param(RPDS_PY, "len(module.HashTrieMap({1: 2}))", "1", id="rpds-py"),
        pytest.param(TIKTOKEN, "module.CoreBPE.__name__", "CoreBPE", id="tiktoken"),
    ],
)
def test_a_second_isolated_build_compiles_nothing(
    unpack: Unpack, environ: dict[str, str], tmp_path: Path, requirement: str, expression: str, value: str
) -> None:
    site = Site(unpack(requirement), tmp_path, environ)
    front_ends: list[FrontEnd] = [uv, build, pip]
    site.build(uv)
    for front_end in front_ends:
        outcome = site.build(front_end)
        assert outcome.recompiled == ()
        assert "pyo3" in outcome.fresh
    assert site.call(outcome, expression) == value
    command = ["maturin-shim", "build", "--release", "-i", sys.executable, "-o", os.fspath(tmp_path / "out")]
    if requirement == RPDS_PY:
        assert site.run(command, shim=False).recompiled == ()
