"""The candidates that the test bed itself is judged by: wrong on purpose, each in one way, and right ones beside them.

A specimen is a file below ``specimens/``: headers, and after a blank line a patch of the released sources of its
project. ``Own-patches`` is how many of this repository's own come before that patch, or are all of it. ``Caught-by``
names the verdicts that have to fail; a right one has none, and its ``Claims-nothing`` names those that may.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.testbed import session, upstream
from pyo3_base_python.testbed.candidates import FIX, Candidate
from pyo3_base_python.testbed.evidence import BACKEND, PYO3
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["Specimen", "candidate", "parse", "read_all"]

HEADERS = ("Candidate", "Project", "Version", "Own-patches", "Caught-by", "Claims-nothing")
FOLDER = Path(__file__).with_name("specimens")
ALL = "all"


class Specimen(NamedTuple):
    """A specimen: ``name`` is that of its file, ``title`` says what it does, ``own`` how many of our patches it has.

    ``patched`` is whether its file is a patch, too.
    """

    name: str
    title: str
    project: str
    version: str
    own: str
    patched: bool
    caught_by: tuple[str, ...]
    claims_nothing: tuple[str, ...]

    @property
    def is_wrong(self) -> bool:
        """Whether it has to be caught."""
        return bool(self.caught_by)

    @property
    def half(self) -> str:
        """The half of the fix that it is, in the words of a verdict."""
        return PYO3 if self.project == "pyo3" else BACKEND


def read_all() -> list[Specimen]:
    """All specimens, by name: wrong ones of the backend and of pyo3, then the right ones."""
    return [parse(file.stem, file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.patch"))]


def parse(name: str, text: str) -> Specimen:
    """The specimen in a file's ``text``. Raises ``ValueError`` for a header that is not known, or missing."""
    head, _, patch = text.partition("\n\n")
    fields = dict(line.partition(": ")[::2] for line in head.splitlines())
    if set(fields) - set(HEADERS) or not set(HEADERS[:3]) <= set(fields):
        raise ValueError(f"{name}: headers are {', '.join(fields)}")
    if not patch and "Own-patches" not in fields:
        raise ValueError(f"{name}: it has neither a patch nor some of our own")
    return Specimen(
        name,
        fields["Candidate"],
        fields["Project"],
        fields["Version"],
        fields.get("Own-patches", "0"),
        bool(patch),
        _words(fields.get("Caught-by", "")),
        _words(fields.get("Claims-nothing", "")),
    )


def candidate(specimen: Specimen, sets: Sequence[PatchSet], work: WorkFolder, environ: Mapping[str, str]) -> Candidate:
    """The specimen as a candidate: its tree is fetched and patched. Raises ``ShimError``."""
    patch_set = upstream.against(session.patch_set_for(specimen.project, specimen.version, sets), specimen.version)
    number = len(patch_set.patches) if specimen.own == ALL else int(specimen.own)
    ours = [os.fspath(patch_set.folder / name) for name in patch_set.patches[:number]]
    its_own = [f"{specimen.name}.patch"] if specimen.patched else []
    chosen = patch_set._replace(folder=FOLDER, patches=(*ours, *its_own))
    tree = upstream.patched(chosen, work, environ)
    identity = f"{specimen.version}-{chosen.digest}"
    return Candidate(specimen.project, specimen.title, FIX, specimen.version, identity, tree)


def choose(named: Sequence[str], known: Sequence[Specimen]) -> list[Specimen]:
    """Those of ``known`` that are ``named``; all if none is. Raises ``ShimError`` for a name that is not known."""
    unknown = [name for name in named if name not in {one.name for one in known}]
    if unknown:
        names = ", ".join(one.name for one in known)
        raise ShimError(f"there is no specimen {unknown[0]}", f"there are {names}", Exit.NAMED)
    return [one for one in known if not named or one.name in named]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
