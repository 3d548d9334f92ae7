"""The cells of the matrix, and what the design says should hold in them."""

from __future__ import annotations

from unittest.mock import ANY

import pytest

from pyo3_base_python.testbed import matrix
from pyo3_base_python.testbed.candidates import FIX, RELEASED, UNKNOWN
from pyo3_base_python.testbed.matrix import (
    Cause,
    Cell,
    Choice,
    Found,
    Outcome,
    cells,
    expected_crates,
    expected_hazard,
    judge,
)

PIP = 23
OLD, NEW = "0.26.0", "0.30.1"


def choice(kind: str, version: str) -> Choice:
    return Choice(kind, version, f"{kind} {version}")


def cell_of(words: str) -> Cell:
    """``maturin abi3 released/fix uv off``: backend, ABI, kinds of pyo3 and backend, front end, mode of the shim."""
    backend, abi, kinds, front_end, shim = words.split()
    pyo3, builder = kinds.split("/")
    below = choice(pyo3, NEW if backend == "maturin" else OLD)
    return Cell(backend, abi, below, choice(builder, "1.0.0"), "3.11", front_end, shim)


CHURN = (3, None)
NONE = (0, 0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # The released pair recompiles pyo3, and only the whole shim helps it.
        ("maturin version-specific released/released uv off", CHURN),
        ("maturin version-specific released/released build off", CHURN),
        ("maturin version-specific released/released uv export", CHURN),
        ("maturin version-specific released/released uv full", NONE),
        ("setuptools-rust version-specific released/released uv off", CHURN),
        ("setuptools-rust version-specific released/released build full", NONE),
        # The patched pair needs no shim.
        ("maturin version-specific fix/fix uv off", NONE),
        ("maturin version-specific fix/fix build off", NONE),
        ("maturin version-specific fix/fix pip off", NONE),
        ("maturin abi3 fix/fix uv off", NONE),
        ("setuptools-rust version-specific fix/fix uv off", NONE),
        ("setuptools-rust abi3 fix/fix build off", NONE),
        # Half a fix is none, unless the shim exports the variable.
        ("maturin version-specific fix/released uv off", CHURN),
        ("maturin version-specific released/fix uv off", CHURN),
        ("maturin version-specific released/fix uv export", CHURN),
        ("maturin version-specific fix/released uv export", NONE),
        ("maturin version-specific fix/fix uv export", NONE),
        # What does not churn today.
        ("maturin version-specific released/released pip off", NONE),
        ("maturin version-specific released/released pip-venv off", CHURN),
        ("maturin abi3 released/released uv off", NONE),
        ("setuptools-rust abi3 released/released uv off", CHURN),
        ("setuptools-rust abi3 released/released pip off", NONE),
        # A version of which nothing is known may hold the fix or not, but the shim has to work with it.
        ("maturin version-specific unknown/released uv off", None),
        ("maturin version-specific unknown/unknown uv off", None),
        ("maturin version-specific released/unknown uv off", CHURN),
        ("maturin version-specific unknown/released uv full", NONE),
    ],
)
def test_what_the_second_build_should_compile(words: str, expected: tuple[int, int | None] | None) -> None:
    found = expected_crates(cell_of(words), PIP)
    assert (found and (found.least, found.most)) == expected
    assert found is None or found.why


def test_a_pip_that_may_build_in_an_environment_is_not_judged() -> None:
    cell = cell_of("maturin version-specific released/released pip off")
    assert expected_crates(cell, matrix.PIP_WITHOUT_ENVIRONMENT + 1) is None


def test_maturin_writes_no_configuration_for_an_old_pyo3() -> None:
    cell = cell_of("maturin abi3 released/released uv off")._replace(pyo3=choice(RELEASED, "0.26.0"))
    assert expected_crates(cell, PIP) is None


@pytest.mark.parametrize(
    ("hazard", "words", "expected"),
    [
        ("import", "maturin version-specific released/released uv full", True),
        ("import", "maturin version-specific fix/fix uv off", True),
        ("edit", "maturin version-specific fix/fix build off", True),
        ("edit", "maturin version-specific fix/released build export", True),
        ("edit", "maturin version-specific released/released build off", None),
        ("edit", "maturin version-specific released/released uv off", True),
        ("edit", "setuptools-rust version-specific fix/fix build off", True),
        ("wrong-version", "maturin version-specific fix/released build off", None),
        ("wrong-version", "maturin version-specific fix/released build full", True),
        ("wrong-version", "maturin version-specific fix/fix build off", True),
        ("wrong-version", "maturin version-specific released/released build off", True),
        ("lost-folder", "maturin abi3 released/released build off", None),
        ("lost-folder", "maturin abi3 released/released build full", True),
        ("import-script", "maturin version-specific fix/fix uv off", True),
        ("import-config", "maturin version-specific fix/fix uv off", True),
        # Maturin's own configuration names no executable, and is not written for an old pyo3.
        ("import-config", "maturin abi3 released/released uv off", None),
        ("import-script", "maturin abi3 fix/fix uv full", None),
        ("import-script", "setuptools-rust abi3 fix/fix uv off", True),
        # A public field, before 0.29: nothing can be read when it is asked for.
        ("import-config", "setuptools-rust version-specific fix/fix uv off", None),
        ("import-config", "setuptools-rust version-specific released/released uv off", True),
        ("import-config", "setuptools-rust version-specific fix/fix uv full", True),
        ("active-env", "maturin version-specific fix/fix uv off", True),
        ("switch", "maturin version-specific fix/released uv off", True),
        ("user-tree", "maturin version-specific released/released build off", True),
        ("import-again", "setuptools-rust version-specific fix/fix uv off", True),
        ("import-again", "setuptools-rust version-specific fix/fix pip off", None),
        ("import-again", "setuptools-rust version-specific fix/fix pip-venv off", True),
        ("import-again", "maturin abi3 fix/fix uv full", None),
        ("import-again", "maturin version-specific released/released uv full", True),
        ("base-value", "maturin version-specific released/released uv off", True),
        ("import-path", "maturin abi3 fix/released uv off", True),
        ("cfgs", "maturin version-specific fix/fix uv off", True),
        ("user-python", "setuptools-rust version-specific fix/fix uv off", True),
        ("plain-cargo", "maturin version-specific fix/released uv off", True),
    ],
)
def test_which_hazards_should_do_no_harm(hazard: str, words: str, expected: bool | None) -> None:
    assert expected_hazard(hazard, cell_of(words))[0] is expected


def test_something_is_expected_of_each_hazard() -> None:
    for hazard in matrix.HAZARDS:
        assert expected_hazard(hazard, cell_of("maturin version-specific fix/fix uv full")) == (True, ANY), hazard


def test_a_stable_abi_has_no_wrong_version_and_setuptools_rust_no_folder_to_lose() -> None:
    assert not matrix.applies("wrong-version", cell_of("maturin abi3 fix/fix uv off"))
    assert matrix.applies("wrong-version", cell_of("maturin version-specific fix/fix uv off"))
    assert not matrix.applies("plain-cargo", cell_of("maturin abi3 fix/fix uv off"))
    assert not matrix.applies("user-python", cell_of("setuptools-rust abi3 fix/fix uv off"))
    assert not matrix.applies("switch", cell_of("maturin abi3 fix/fix uv off"))
    assert not matrix.applies("lost-folder", cell_of("setuptools-rust abi3 fix/fix uv off"))
    assert matrix.applies("lost-folder", cell_of("maturin abi3 fix/fix uv off"))


def test_only_setuptools_rust_hands_on_what_the_user_has_set() -> None:
    assert matrix.applies("user-python", cell_of("setuptools-rust version-specific fix/fix uv off"))
    assert not matrix.applies("user-python", cell_of("setuptools-rust version-specific fix/fix uv full"))
    assert not matrix.applies("user-python", cell_of("maturin version-specific fix/fix uv off"))


CONTROL = cell_of("maturin version-specific released/released uv off")
SHIM = CONTROL._replace(shim="full")


@pytest.mark.parametrize(
    ("cell", "crates", "holds"),
    [
        (CONTROL, ("pyo3-ffi", "pyo3", "plain"), True),
        (CONTROL, (), False),  # the bed would measure nothing
        (SHIM, (), True),
        (SHIM, ("plain",), False),
    ],
)
def test_crates_are_judged_both_ways(cell: Cell, crates: tuple[str, ...], holds: bool) -> None:
    (verdict,) = judge(cell, Found(crates, 1.0, {}), PIP)
    assert (verdict.what, verdict.holds) == ("crates", holds)


def test_a_hazard_that_comes_true_is_judged_where_the_design_says_something() -> None:
    stale = {"edit": Outcome(holds=False, what="stale", half="the backend")}
    assert [verdict.holds for verdict in judge(SHIM, Found((), 1.0, stale), PIP)] == [True, False]
    open_question = CONTROL._replace(front_end="build")
    found = Found(("pyo3-ffi", "pyo3", "plain"), 1.0, stale)
    assert [verdict.what for verdict in judge(open_question, found, PIP)] == ["crates"]


def test_what_does_not_hold_names_crate_variable_values_and_half() -> None:
    cause = Cause("pyo3-ffi: PYO3_PYTHON was /a, is /b: tracked, though PYO3_BASE_PYTHON is /base in both", "pyo3")
    (verdict,) = judge(SHIM, Found(("pyo3-ffi", "pyo3", "plain"), 1.0, {}, cause=cause), PIP)
    assert str(verdict) == (
        "crates: 3 (pyo3-ffi, pyo3, plain; pyo3-ffi: PYO3_PYTHON was /a, is /b: tracked, though PYO3_BASE_PYTHON is"
        " /base in both); expected 0 (the shim gives the interpreter a stable name); to blame: pyo3"
    )


def test_nobody_is_to_blame_for_what_holds() -> None:
    cause = Cause("plain: PYO3_PYTHON was /a, is /b: PYO3_BASE_PYTHON is not exported", "the backend")
    (verdict,) = judge(CONTROL, Found(("pyo3-ffi", "pyo3", "plain"), 1.0, {}, cause=cause), PIP)
    assert (verdict.found, verdict.half) == ("3", "")


def test_a_build_that_fails_does_not_hold() -> None:
    (verdict,) = judge(CONTROL, Found((), 0.0, {}, "does not build"), PIP)
    assert not verdict.holds


def test_the_cells_are_the_product_and_each_has_a_key_of_its_own() -> None:
    pair = [choice(RELEASED, "1.0.0"), choice(FIX, "1.0.0")]
    builders = {"maturin": pair, "setuptools-rust": pair}
    below = {"maturin": [*pair, choice(UNKNOWN, "2.0.0")], "setuptools-rust": pair}
    found = cells(builders, below, iter(["3.11", "3.12"]))
    assert len(found) == (2 * 3 + 2 * 2) * 2 * 4 * 3 * 2
    assert len({cell.key for cell in found}) == len(found)


def test_options_choose_a_subset() -> None:
    pair = {"maturin": [choice(RELEASED, "1.0.0")]}
    found = cells(pair, pair, ["3.11"], abis=["abi3"], front_ends=["uv"], shims=["off", "full"])
    assert [(cell.abi, cell.front_end, cell.shim) for cell in found] == [("abi3", "uv", "off"), ("abi3", "uv", "full")]


def test_cells_that_share_what_cargo_has_built_are_neighbours() -> None:
    pair = {"maturin": [choice(RELEASED, "1.0.0"), choice(FIX, "1.0.0")]}
    scenarios = [(cell.abi, cell.pyo3) for cell in cells(pair, pair, ["3.11"])]
    assert scenarios == sorted(scenarios, key=scenarios.index)
