"""Projects from PyPI that nobody here wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from .conftest import FrontEnd, Site, build, pip, uv

RPDS_PY = "rpds-py==2026.9.1"  # maturin, version-specific, pyo3 0.29
TIKTOKEN = "tiktoken==0.14.0"  # setuptools-rust, version-specific


@pytest.fixture(scope="session")
def unpack(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A function from a requirement to the folder of its unpacked sdist, one for the whole run."""
    folders: dict[str, Path] = {}

    def unpacked(requirement: str) -> Path:
        if requirement not in folders:
            top = tmp_path_factory.mktemp("released")
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
            subprocess.run([*command, "--dest", top, requirement], check=True)
            (archive,) = top.glob("*.tar.gz")
            with tarfile.open(archive) as tar:
                tar.extractall(top, filter="data")
            (folders[requirement],) = [path for path in top.iterdir() if path.is_dir()]
        return folders[requirement]

    return unpacked


@pytest.mark.parametrize(
    ("requirement", "expression", "value"),
    [
        pytest.param(RPDS_PY, "len(module.HashTrieMap({1: 2}))", "1", id="rpds-py"),
        pytest.param(TIKTOKEN, "module.CoreBPE.__name__", "CoreBPE", id="tiktoken"),
    ],
)
def test_a_second_isolated_build_compiles_nothing(
    unpack: object, environ: dict[str, str], tmp_path: Path, requirement: str, expression: str, value: str
) -> None:
    assert callable(unpack)
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
