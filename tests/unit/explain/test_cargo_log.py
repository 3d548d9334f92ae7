"""Cargo's log: units, reasons, times and dependencies, read from real logs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.explain import cargo_log
from pyo3_base_python.explain.cargo_log import Package, Unit
from pyo3_base_python.explain.sieve import part

from .support import CARGOS, STORIES, stderr_of

BASE = Package("base", "0.2.0", "/home/user/project/base")
TOP = Package("top", "0.1.0", "/home/user/project/top")
REAL = part(stderr_of("variable-changed")).log


def units_of(story: str, cargo: str) -> list[Unit]:
    return cargo_log.read(part(stderr_of(story, cargo)).log)


@pytest.mark.parametrize("cargo", CARGOS)
def test_every_unit_is_there_with_what_it_needs(cargo: str) -> None:
    units = units_of("variable-changed", cargo)
    assert [(unit.package, unit.mode, unit.script) for unit in units] == [
        (BASE, "Build", True),
        (BASE, "RunCustomBuild", False),
        (BASE, "Build", False),
        (TOP, "Build", False),
    ]
    assert [set(unit.needs) >= {place} for place, unit in enumerate(units[1:])] == [True, True, True]
    assert not units[0].needs


@pytest.mark.parametrize("cargo", CARGOS)
def test_a_unit_that_is_fresh_has_no_reason(cargo: str) -> None:
    reasons = [unit.reason and unit.reason.name for unit in units_of("variable-changed", cargo)]
    assert reasons == [None, "EnvVarChanged", "UnitDependencyInfoChanged", "UnitDependencyInfoChanged"]


@pytest.mark.parametrize("cargo", CARGOS)
@pytest.mark.parametrize("story", STORIES)
def test_every_unit_of_a_story_ran_in_the_order_of_its_needs(story: str, cargo: str) -> None:
    units = units_of(story, cargo)
    assert units
    for unit in units:
        if unit.started is None:
            assert "fails" in story
            continue
        assert unit.ended is not None
        assert unit.started <= unit.ended
        for place in unit.needs:
            assert (units[place].started or 0) < unit.started


@pytest.mark.parametrize("cargo", CARGOS)
def test_a_failed_unit_is_known_and_what_waited_for_it_did_not_start(cargo: str) -> None:
    units = units_of("fails", cargo)
    assert [(unit.package.name, unit.failed, unit.started is None) for unit in units if unit.reason] == [
        ("base", True, False),
        ("top", False, True),
    ]


@pytest.mark.parametrize("cargo", CARGOS)
def test_of_units_alike_the_one_that_ran_long_is_the_one_that_was_compiled(cargo: str) -> None:
    """A verdict says neither features nor profile: here `base` is as it was, and a second `top` is new."""
    compiled = [unit for unit in units_of("features-changed", cargo) if unit.reason]
    assert [unit.package for unit in compiled] == [TOP]


def test_two_of_a_kind_are_told_apart_by_how_long_they_ran() -> None:
    """As where a crate is built for build scripts as well: here the other one comes first, and is fresh."""
    lines = REAL.decode().splitlines()
    of_crate = [line for line in lines if 'name: "base"' in line and "lib_target" in line and "mode: Build" in line]
    other = [
        re.sub(r"^ *[\d.]+s", "   0.000000001s", line).replace("dep_hash: ", "dep_hash: 1")
        for line in of_crate
        if ": start " in line or ": end (" in line
    ]
    assert len(other) >= 2
    units = cargo_log.read("\n".join([*other, *lines]).encode())
    crates = [unit for unit in units if unit.package == BASE and unit.mode == "Build" and not unit.script]
    assert [(unit.seconds > 0, unit.reason is not None) for unit in crates] == [(False, False), (True, True)]


@given(st.binary())
def test_any_bytes_are_read(log: bytes) -> None:
    assert cargo_log.read(log) == []


@given(st.data())
def test_a_damaged_log_is_read(data: st.DataObject) -> None:
    """Cut, doubled, spliced: as when cargo was killed, or something else writes to its stderr."""
    lines = REAL.split(b"\n")
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["cut", "drop", "double", "splice"]))
        if what == "cut":
            lines[place] = lines[place][: data.draw(st.integers(0, len(lines[place])))]
        elif what == "drop":
            del lines[place : place + data.draw(st.integers(1, 40))]
            lines = lines or [b""]
        elif what == "double":
            lines.insert(place, lines[place])
        else:
            lines.insert(place, data.draw(st.binary()))
    cargo_log.read(b"\n".join(lines))
