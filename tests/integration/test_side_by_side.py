"""A build directory for each interpreter: switching between them compiles nothing."""

from __future__ import annotations

import os
import sys
from typing import Callable

import pytest

from .conftest import Outcome, Site, uv
from .test_never_different import content

Make = Callable[[str], Site]


@pytest.fixture
def pythons(interpreters: dict[str, str]) -> list[str]:
    """Two interpreters of different versions."""
    if "3.12" not in interpreters or "3.10" not in interpreters:
        pytest.skip("there is no Python 3.10 or no 3.12 on this machine")
    return [interpreters["3.10"], interpreters["3.12"]]


def build_for(site: Site, python: str, build_dir: str = "interpreter") -> Outcome:
    site.python = python
    return site.build(uv, PYO3_SHIM_BUILD_DIR=build_dir)


@pytest.mark.parametrize("crate", ["version_specific", "setuptools_rust"])
def test_only_the_first_build_for_an_interpreter_compiles(site_of: Make, pythons: list[str], crate: str) -> None:
    site = site_of(crate)
    first = [build_for(site, python) for python in pythons]
    assert all("pyo3" in outcome.recompiled for outcome in first)
    for python in pythons:
        again = build_for(site, python)
        assert again.recompiled == ()
        assert site.answer(again) == 42
        assert "warning: " not in again.output


def test_control_in_one_build_directory_each_switch_compiles(site_of: Make, pythons: list[str]) -> None:
    site = site_of("version_specific")
    for _ in range(2):
        for python in pythons:
            switched = build_for(site, python, "shared")
    assert set(switched.recompiled) == {"pyo3-ffi", "pyo3", "version_specific"}


@pytest.mark.promise("module")
def test_the_wheel_is_the_one_that_is_built_without_the_shim(site_of: Make, pythons: list[str]) -> None:
    site = site_of("version_specific")
    apart = build_for(site, pythons[0])
    site.python = pythons[0]
    plain = site.build(uv, shim=False)
    assert "pyo3" in plain.recompiled
    assert content(plain) == content(apart)


@pytest.mark.promise("stale")
def test_an_edit_reaches_every_interpreter(site_of: Make, pythons: list[str]) -> None:
    site = site_of("workspace")
    for number in ("42", "43"):
        if number != "42":
            site.edit("numbers/src/lib.rs", "42", number)
        for python in pythons:
            assert site.answer(build_for(site, python)) == int(number)


def test_cargo_test_and_maturin_in_turn(site_of: Make) -> None:
    """Maturin has pyo3 linked as for an extension module, plain cargo as for a program."""
    site = site_of("version_specific")
    site.run(["uv", "venv", "-q", "--python", sys.executable, "env"], shim=False)
    site.environ.update(PYO3_SHIM_BUILD_DIR="interpreter", VIRTUAL_ENV=os.fspath(site.project / "env"))
    for _ in range(2):
        developed = site.run(["maturin", "develop", "--uv"])
        checked = site.run(["cargo", "check", "--tests"])
    assert developed.recompiled == checked.recompiled == ()
    assert "pyo3" in developed.fresh


def test_a_profile_and_a_config_of_the_users_own(site_of: Make) -> None:
    site = site_of("version_specific")
    command = ["cargo", "check", "--profile", "dist", "--config", 'profile.dist.inherits="release"']
    for _ in range(2):
        outcome = site.run(command, PYO3_SHIM_BUILD_DIR="interpreter", PYO3_PYTHON=sys.executable)
        assert "warning: " not in outcome.output
    assert outcome.recompiled == ()
    # The wrapper's own option did not take the place of the user's, nor the other way round.
    assert len(list((site.project / "target").glob("pyo3-base-python-cpython-*"))) == 1
