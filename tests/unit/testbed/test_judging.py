"""The judge, judged: caught is what fails for its own reason, with its own half to blame, and nothing else."""

from __future__ import annotations

import json

import pytest

from pyo3_base_python.testbed import judging, matrix, specimens
from pyo3_base_python.testbed.candidates import FIX, Candidate
from pyo3_base_python.testbed.evidence import BACKEND, PYO3
from pyo3_base_python.testbed.judging import Judgement, Result, judge
from pyo3_base_python.testbed.matrix import Cause, Found, Outcome

PAIR = {name: Candidate(name, "x", FIX, "0.30.1", "id") for name in ("pyo3", "setuptools-rust")}
CELL = judging.cell_of(PAIR, "3.11")
WELL = Found(
    (), 1.0, {"switch": Outcome(holds=True, what="right"), "import-script": Outcome(holds=True, what="imported")}
)
CHURNS = WELL._replace(crates=("pyo3-ffi", "pyo3", "plain"), cause=Cause("pyo3-ffi: PYO3_PYTHON was /a, is /b", PYO3))


def stale(half: str) -> Found:
    return WELL._replace(hazards={**WELL.hazards, "switch": Outcome(holds=False, what="built for 3.11", half=half)})


def no_script() -> Found:
    blind = Outcome(holds=False, what="/base can't import it", half=PYO3)
    return WELL._replace(hazards={**WELL.hazards, "import-script": blind})


def specimen(*caught_by: str, claims_nothing: tuple[str, ...] = ()) -> specimens.Specimen:
    return specimens.Specimen("name", "title", "pyo3", "0.30.1", "0", True, caught_by, claims_nothing)


@pytest.mark.parametrize(
    ("one", "found", "word", "missed"),
    [
        (specimen("switch"), stale(PYO3), "caught", ()),
        (specimen("switch"), WELL, "NOT CAUGHT", ("switch holds",)),
        (specimen("switch"), CHURNS, "NOT CAUGHT", ("switch holds",)),
        (specimen("switch"), stale(BACKEND), "NOT CAUGHT", ("switch: to blame is the backend, and not pyo3",)),
        (specimen("switch"), stale(""), "NOT CAUGHT", ("switch: to blame is nobody, and not pyo3",)),
        (specimen("crates"), CHURNS, "caught", ()),
        (specimen("crates", "switch"), CHURNS, "NOT CAUGHT", ("switch holds",)),
        (specimen(), WELL, "passes", ()),
        (specimen(claims_nothing=("import-script",)), no_script(), "passes", ()),
        (specimen(claims_nothing=("import-script",)), WELL, "passes", ()),
    ],
)
def test_each_is_judged_by_its_own_reason(
    one: specimens.Specimen, found: Found, word: str, missed: tuple[str, ...]
) -> None:
    judgement = judge(one, CELL, found)
    assert (judgement.word, judgement.missed) == (word, missed)


@pytest.mark.parametrize("found", [no_script(), CHURNS, stale(PYO3), Found((), 0.0, {}, "does not build")])
def test_a_right_one_has_to_pass_all_that_it_claims(found: Found) -> None:
    judgement = judge(specimen(claims_nothing=("import-config",)), CELL, found)
    assert judgement.word == "DOES NOT PASS"
    assert len(judgement.missed) == len(judgement.failed) == 1


def test_a_right_one_does_not_answer_for_the_other_half() -> None:
    judgement = judge(specimen(), CELL, stale(BACKEND))
    assert judgement.word == "passes"
    assert [verdict.what for verdict in judgement.failed] == ["switch"]


def test_a_wrong_one_is_tried_where_it_has_to_be_caught() -> None:
    assert judging.tried(specimen("crates", "switch")) == ("switch",)
    assert judging.tried(specimen()) == tuple(matrix.HAZARDS)


def test_a_wrong_one_that_does_not_build_is_not_caught() -> None:
    assert judge(specimen("crates"), CELL, Found((), 0.0, {}, "does not build")).word == "NOT CAUGHT"


def result_of(*judgements: Judgement) -> Result:
    return Result(judgements, {"cargo": "1.95.0"})


def test_where_nothing_is_claimed_a_right_one_is_told_apart() -> None:
    result = result_of(judge(specimen(claims_nothing=("import-script",)), CELL, no_script()))
    assert judging.sheet(result).rows == [["title", "pyo3", "passes", "claims nothing of import-script"]]
    assert judging.reasons(result)[0].startswith("name: import-script: /base can't import it; expected holds")
    assert json.loads(judging.as_json(result))["holds"] is True


def test_reasons_name_what_was_found_and_what_the_judge_missed() -> None:
    result = result_of(judge(specimen("crates"), CELL, CHURNS), judge(specimen("crates"), CELL, WELL))
    first, second = judging.reasons(result)
    assert first.startswith("name: crates: 3 (pyo3-ffi, pyo3, plain; pyo3-ffi: PYO3_PYTHON was /a, is /b); expected 0")
    assert first.endswith("to blame: pyo3")
    assert second == "name: NOT CAUGHT: crates holds"
    data = json.loads(judging.as_json(result))
    assert data["holds"] is False
    assert [one["judged"] for one in data["candidates"]] == ["caught", "NOT CAUGHT"]
