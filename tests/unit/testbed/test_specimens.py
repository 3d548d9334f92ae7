"""The specimens: each says what it is, and each half of the fix has wrong ones and right ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.testbed import matrix, patches, specimens, upstream
from pyo3_base_python.testbed.evidence import BACKEND, PYO3
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.workfolder import WorkFolder

KNOWN = specimens.read_all()
HEAD = "Candidate: does nothing\nProject: pyo3\nVersion: 0.30.1\n"


def test_both_halves_have_wrong_and_right_specimens() -> None:
    kinds = {(one.half, one.is_wrong) for one in KNOWN}
    assert kinds == {(PYO3, True), (PYO3, False), (BACKEND, True), (BACKEND, False)}
    assert len({one.title for one in KNOWN}) == len(KNOWN)


@pytest.mark.parametrize("one", KNOWN, ids=lambda one: one.name)
def test_a_specimen_names_verdicts_that_there_are(one: specimens.Specimen) -> None:
    assert {*one.caught_by, *one.claims_nothing} <= {"crates", *matrix.HAZARDS}
    assert not (one.caught_by and one.claims_nothing)
    text = (specimens.FOLDER / f"{one.name}.patch").read_text()
    assert bool(patches.touched(text)) == one.patched


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}Cought-by: crates\n\n--- a/x\n+++ b/x\n",
        "Project: pyo3\nVersion: 0.30.1\n\n--- a/x\n+++ b/x\n",
        HEAD,
    ],
)
def test_a_specimen_that_says_nothing_clear_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wrong: "):
        specimens.parse("wrong", text)


def test_specimens_are_chosen_by_name() -> None:
    assert specimens.choose((), KNOWN) == KNOWN
    assert [one.name for one in specimens.choose((KNOWN[2].name,), KNOWN)] == [KNOWN[2].name]
    with pytest.raises(ShimError, match="there is no specimen newest") as raised:
        specimens.choose(("newest",), KNOWN)
    assert raised.value.exit_code == Exit.NAMED


def test_a_specimen_is_some_of_our_patches_then_its_own(work: WorkFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[PatchSet] = []

    def patched(patch_set: PatchSet, *_: object) -> Path:
        applied.append(patch_set)
        return work.top

    monkeypatch.setattr(upstream, "patched", patched)
    sets = patches.read_all(patches.find())
    identities = {specimens.candidate(one, sets, work, os.environ).identity for one in KNOWN}
    assert len(identities) == len(KNOWN)
    for one, patch_set in zip(KNOWN, applied):
        assert (patch_set.project, patch_set.version) == (one.project, one.version)
        assert all((patch_set.folder / name).is_file() for name in patch_set.patches)
        names = [Path(name).name for name in patch_set.patches]
        series = next(known.patches for known in sets if known.project == one.project and one.version in known.versions)
        ours = series if one.own == "all" else series[: int(one.own)]
        assert names == [*ours, *([f"{one.name}.patch"] if one.patched else [])]
        assert names
