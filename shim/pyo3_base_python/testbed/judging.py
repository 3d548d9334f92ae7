"""Judge the specimens: each wrong one has to be caught for its reason, each right one has to pass where it claims to.

All are built by setuptools-rust, which costs no compilation of its own, with the newest pyo3 that has patches: a
specimen is one half of a pair, and the other half is ours.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from pyo3_base_python.testbed import building, candidates, matrix, measurement, patches, session, specimens, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.matrix import Cell, Choice
from pyo3_base_python.testbed.tables import Sheet
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyo3_base_python.testbed.candidates import Candidate
    from pyo3_base_python.testbed.matrix import Found, Verdict
    from pyo3_base_python.testbed.results import State
    from pyo3_base_python.testbed.specimens import Specimen
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Judgement", "as_json", "judge", "run", "sheet"]

FORMAT = 2
BUILDER = "setuptools-rust"
PYO3_VERSION = "0.30.1"
HEADINGS = ("candidate", "half", "judged", "by")


class Judgement(NamedTuple):
    """The result for a specimen: ``failed`` are the verdicts against it, ``unclaimed`` those where it claims nothing.

    ``missed`` says what is wrong with the judge: what it did not catch, whom it blamed instead, or what it held
    against a right one. Empty if all is as it should be.
    """

    specimen: Specimen
    failed: tuple[Verdict, ...]
    unclaimed: tuple[Verdict, ...]
    missed: tuple[str, ...]

    @property
    def word(self) -> str:
        """The judgement in a word or two."""
        if self.specimen.is_wrong:
            return "NOT CAUGHT" if self.missed else "caught"
        return "DOES NOT PASS" if self.missed else "passes"


class Result(NamedTuple):
    """All judgements, and what they were made with."""

    judgements: Sequence[Judgement]
    context: Mapping[str, str]


def judge(specimen: Specimen, cell: Cell, found: Found) -> Judgement:
    """What ``found`` in the cell of a specimen says about it, and about the judge. Pure."""
    against = [verdict for verdict in matrix.judge(cell, found, pip_major=0) if not verdict.holds]
    unclaimed = tuple(verdict for verdict in against if verdict.what in specimen.claims_nothing)
    failed = tuple(verdict for verdict in against if verdict not in unclaimed)
    if not specimen.is_wrong:
        # Its other half is ours, and not what is judged here.
        own = [verdict for verdict in failed if verdict.half in {"", specimen.half}]
        return Judgement(specimen, failed, unclaimed, tuple(str(verdict) for verdict in own))
    halves = {verdict.what: verdict.half for verdict in failed}
    missed = [f"{name} holds" for name in specimen.caught_by if name not in halves]
    missed += [
        f"{name}: to blame is {halves[name] or 'nobody'}, and not {specimen.half}"
        for name in specimen.caught_by
        if name in halves and halves[name] != specimen.half
    ]
    return Judgement(specimen, failed, unclaimed, tuple(missed))


def run(
    chosen: Sequence[Specimen],
    state: State,
    work: WorkFolder,
    environ: Mapping[str, str],
    progress: Callable[[str], None],
) -> Result:
    """Measure each of ``chosen`` that ``state`` does not have, and judge it. Raises ``ShimError``."""
    environ = {**tools.clean(environ), **measurement.CHEAP}
    python = tools.default_python(environ)
    other = tools.other_python(python, environ)
    if other is None:
        raise ShimError(
            f"there is no Python but {python.version} on this machine, and some mistakes need a second one to be seen",
            "install one, by uv or pyenv for instance",
            Exit.NAMED,
        )
    sets = patches.read_all(patches.find())
    ours = {
        half: candidates.choose(half, "patched", session.patch_set_for(half, version, sets), work, environ)
        for half, version in (("pyo3", PYO3_VERSION), (BUILDER, ""))
    }
    versions = tools.versions(session.TOOL_NAMES, tools.environment(python, building.BUILD_TOOLS, work, environ))
    context = {**versions, "cargo": session.cargo_version(environ), "Python": python.version}
    judgements = []
    for number, specimen in enumerate(chosen, 1):

        def tell(words: str, here: str = f"{specimen.name} ({number} of {len(chosen)})") -> None:
            progress(f"{here}: {words}")

        tell("preparing")
        one = specimens.candidate(specimen, sets, work, environ)
        pair = {**ours, specimen.project: one}
        cell = cell_of(pair, python.version)
        subjects = measurement.Subjects(
            {(BUILDER, one.label): one for one in pair.values() if one.project == "pyo3"},
            {(BUILDER, one.label): one for one in pair.values() if one.project == BUILDER},
            {python.version: python},
        )
        bed = measurement.Bed(subjects, work, environ, tell)
        parts = (pair["pyo3"].identity, pair[BUILDER].identity, python.path, *context.values())
        wanted = tried(specimen)
        how = (measurement.bundled_digest(), measurement.code_digest(), other.path, *wanted)
        key = " | ".join((*parts, ",".join(how)))
        found = state.get(key)
        if found is None:
            line = candidates.requirement(pair[BUILDER], work, environ)
            found = measurement.measure(cell, line, wanted, bed)
            if not found.error:
                state.add(key, found)
        judgements.append(judge(specimen, cell, found))
    return Result(judgements, context)


def tried(specimen: Specimen) -> tuple[str, ...]:
    """The hazards to try: all on a right one; on a wrong one those that have to catch it, which others can't undo."""
    return tuple(name for name in matrix.HAZARDS if name in specimen.caught_by or not specimen.is_wrong)


def cell_of(pair: Mapping[str, Candidate], version: str) -> Cell:
    """The one cell in which a pair of candidates is measured."""
    pyo3, builder = (Choice(one.kind, one.version, one.label) for one in (pair["pyo3"], pair[BUILDER]))
    return Cell(BUILDER, "version-specific", pyo3, builder, version, "uv", "off")


def sheet(result: Result) -> Sheet:
    """The judgements as a table."""
    rows = [
        [
            one.specimen.title,
            one.specimen.half,
            one.word,
            ", ".join(verdict.what for verdict in one.failed)
            or ("claims nothing of " + ", ".join(verdict.what for verdict in one.unclaimed) if one.unclaimed else ""),
        ]
        for one in result.judgements
    ]
    return Sheet("Candidates that are wrong on purpose, and right ones", HEADINGS, (False,) * 4, rows, result.context)


def reasons(result: Result) -> list[str]:
    """A line for each verdict against a candidate, and for each mistake of the judge."""
    lines = []
    for one in result.judgements:
        lines += [f"{one.specimen.name}: {verdict}" for verdict in (*one.failed, *one.unclaimed)]
        lines += [f"{one.specimen.name}: {one.word}: {words}" for words in one.missed]
    return lines


def as_json(result: Result) -> str:
    """One object: ``format``, ``context``, ``candidates``, ``holds`` (whether the judge is right about all)."""
    found = [
        {
            **one.specimen._asdict(),
            "half": one.specimen.half,
            "judged": one.word,
            "failed": [verdict._asdict() for verdict in one.failed],
            "unclaimed": [verdict._asdict() for verdict in one.unclaimed],
            "missed": list(one.missed),
        }
        for one in result.judgements
    ]
    holds = not any(one.missed for one in result.judgements)
    whole = {"format": FORMAT, "context": dict(result.context), "candidates": found, "holds": holds}
    return json.dumps(whole, indent=2) + "\n"
