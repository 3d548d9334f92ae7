"""The cells of the matrix, and what should hold in each and why. Pure: options in, cells and verdicts out."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from packaging.version import Version

from pyo3_base_python.testbed.candidates import FIX, RELEASED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "ABIS",
    "BACKENDS",
    "FRONT_ENDS",
    "HAZARDS",
    "SHIMS",
    "Cause",
    "Cell",
    "Choice",
    "Expectation",
    "Found",
    "Outcome",
    "Verdict",
    "applies",
    "cells",
    "expected_crates",
    "expected_hazard",
    "judge",
]

SHIMS = ("off", "export", "full")
FRONT_ENDS = ("uv", "build", "pip", "pip-venv")
BACKENDS = ("maturin", "setuptools-rust")
ABIS = ("version-specific", "abi3")

IMPORT, IMPORT_CONFIG, IMPORT_SCRIPT = "import", "import-config", "import-script"
IMPORT_PATH, IMPORT_AGAIN, CFGS = "import-path", "import-again", "cfgs"
BASE_VALUE, USER_PYTHON, PLAIN_CARGO = "base-value", "user-python", "plain-cargo"
ACTIVE, SWITCH, EDIT, TREE = "active-env", "switch", "edit", "user-tree"
WRONG_VERSION, LOST_FOLDER = "wrong-version", "lost-folder"
HAZARDS: dict[str, str] = {
    IMPORT: "a build script imports a build requirement through PYO3_PYTHON",
    IMPORT_CONFIG: "a build script imports a build requirement through the executable of pyo3's configuration",
    IMPORT_SCRIPT: "a build script imports a build requirement through run_python_script",
    IMPORT_PATH: "a build script imports a build requirement through the python on PATH",
    IMPORT_AGAIN: "a build script that imports a build requirement runs again if that is another version",
    BASE_VALUE: "PYO3_BASE_PYTHON, if it is exported, is the absolute path of the base interpreter",
    CFGS: "a build script that only asks for pyo3's cfgs does not run again in each environment",
    USER_PYTHON: "PYO3_PYTHON of the user, for setuptools-rust, reaches pyo3, and no base that would win over it",
    PLAIN_CARGO: "plain cargo obeys and notices PYO3_PYTHON, VIRTUAL_ENV, PATH and a configuration file as today",
    ACTIVE: "beside PYO3_BASE_PYTHON, run_python_script runs PYO3_PYTHON, or else the Python of the active environment",
    SWITCH: "builds for two interpreters in turn, on one target directory, are each for their own",
    EDIT: "an edited source of the same version reaches the wheel, through an sdist and one target directory",
    TREE: "no build changes a file of the user's tree, or its time",
    WRONG_VERSION: "an inherited PYO3_BASE_PYTHON of another Python version does no harm",
    LOST_FOLDER: "a cache that lost target/maturin costs no recompilation",
}

# One version alone is never the wrong one.
NEED_ANOTHER_PYTHON = (SWITCH, WRONG_VERSION, USER_PYTHON, PLAIN_CARGO)
# Where something is compiled in each build, they show nothing.
NEED_FRESH_BUILDS = (LOST_FOLDER, CFGS)

# Since then pyo3's configuration can be handed over by maturin, which does so for a stable ABI.
CONFIG_BY_MATURIN = Version("0.29")
# Before, the executable of pyo3's configuration was a public field: nothing can be read when it is asked for.
EXECUTABLE_GETTER = Version("0.29")
# pyo3-ffi, pyo3 and the project; with pyo3 before 0.29 also pyo3-build-config and both crates of the macros.
CHURN = 3
# The last major version of pip that builds without an environment of its own by default, as far as is known here.
PIP_WITHOUT_ENVIRONMENT = 26


class Choice(NamedTuple):
    """A candidate as the matrix sees it: its ``kind``, its version, and its label."""

    kind: str
    version: str
    label: str


class Cell(NamedTuple):
    """One combination that is built twice: see ``BACKENDS``, ``ABIS``, ``FRONT_ENDS`` and ``SHIMS``.

    ``builder`` is the candidate for the build backend, ``python`` a version as ``3.11``.
    """

    backend: str
    abi: str
    pyo3: Choice
    builder: Choice
    python: str
    front_end: str
    shim: str

    @property
    def key(self) -> str:
        """The cell as one line, for people and for the state file."""
        return " | ".join(
            (
                self.backend,
                self.abi,
                f"pyo3 {self.pyo3.label}",
                self.builder.label,
                self.python,
                self.front_end,
                self.shim,
            )
        )


class Expectation(NamedTuple):
    """What should be found: at least ``least`` and at most ``most`` (``None``: any number), because of ``why``."""

    least: int
    most: int | None
    why: str

    def holds(self, found: int) -> bool:
        """Whether ``found`` is within the bounds."""
        return self.least <= found and (self.most is None or found <= self.most)

    def __str__(self) -> str:
        """In words."""
        return str(self.most) if self.most is not None else f"{self.least} or more"


class Cause(NamedTuple):
    """Why something was compiled, or was not, and the ``half`` of the fix that is to blame; both may be unknown."""

    words: str = ""
    half: str = ""


class Outcome(NamedTuple):
    """The outcome of a hazard: whether all went well, what happened, and the ``half`` to blame if it went wrong."""

    holds: bool
    what: str
    half: str = ""


class Found(NamedTuple):
    """What was measured in a cell.

    ``crates`` are the packages that the second isolated build compiled, for ``cause``; ``hazards`` maps a hazard to its
    outcome; ``error`` is set if a build failed, for ``cause``, and then the rest means nothing.
    """

    crates: tuple[str, ...]
    seconds: float
    hazards: Mapping[str, Outcome]
    error: str = ""
    cause: Cause = Cause()


class Verdict(NamedTuple):
    """One expectation of a cell: what was expected, what was found, whether it holds, and why it should.

    ``half`` is the one to blame, ``pyo3`` or ``backend``, if it does not hold and that is known.
    """

    what: str
    expected: str
    found: str
    holds: bool
    why: str
    half: str = ""

    def __str__(self) -> str:
        """One line: what was found, what was expected and why, and which half is to blame."""
        to_blame = f"; to blame: {self.half}" if self.half else ""
        return f"{self.what}: {self.found}; expected {self.expected} ({self.why}){to_blame}"


def cells(
    builders: Mapping[str, Sequence[Choice]],
    pyo3: Mapping[str, Sequence[Choice]],
    pythons: Iterable[str],
    *,
    abis: Iterable[str] = ABIS,
    front_ends: Iterable[str] = FRONT_ENDS,
    shims: Iterable[str] = SHIMS,
) -> list[Cell]:
    """The product of the options, ordered so that neighbours share what cargo has built.

    ``builders`` and ``pyo3`` map a backend to its candidates, and to the candidates for the pyo3 below it.
    """
    abis, pythons, front_ends, shims = list(abis), list(pythons), list(front_ends), list(shims)
    return [
        Cell(backend, abi, below, builder, python, front_end, shim)
        for backend, choices in builders.items()
        for abi, below, python, builder, front_end, shim in itertools.product(
            abis, pyo3[backend], pythons, choices, front_ends, shims
        )
    ]


def churns_by_design(cell: Cell, pip_major: int) -> tuple[bool | None, str]:
    """Whether released projects recompile pyo3 in this cell without a shim, and why; ``None`` if that is not known."""
    if cell.front_end == "pip":
        if pip_major <= PIP_WITHOUT_ENVIRONMENT:
            return False, "pip's isolation is no environment: PYO3_PYTHON is pip's own interpreter"
        return None, "this pip may build in an environment"
    if _config_by_maturin(cell):
        return False, "maturin writes pyo3's configuration for a stable ABI"
    if cell.abi == "abi3" and cell.backend == "maturin":
        return None, "maturin writes pyo3's configuration for a stable ABI, not for every pyo3"
    return True, "PYO3_PYTHON is a new path in each build"


def expected_crates(cell: Cell, pip_major: int) -> Expectation | None:
    """How many crates the second isolated build should compile; ``None`` if the design does not say."""
    pyo3_fixed = cell.pyo3.kind == FIX
    if cell.shim == "full":
        return Expectation(0, 0, "the shim gives the interpreter a stable name")
    if pyo3_fixed and cell.shim == "export":
        return Expectation(0, 0, "the fixed pyo3 prefers the PYO3_BASE_PYTHON that the shim exports")
    if pyo3_fixed and cell.builder.kind == FIX:
        return Expectation(0, 0, "the fixed backend exports PYO3_BASE_PYTHON, the fixed pyo3 prefers it")
    churns, why = churns_by_design(cell, pip_major)
    if churns is False:
        return Expectation(0, 0, why)
    # Half a fix is none: a pyo3 that waits for the variable, or a backend that nobody listens to.
    no_reader = cell.pyo3.kind == RELEASED
    no_writer = pyo3_fixed and cell.builder.kind == RELEASED and cell.shim == "off"
    if churns and (no_reader or no_writer):
        return Expectation(CHURN, None, why)
    return None


def applies(hazard: str, cell: Cell) -> bool:
    """Whether ``hazard`` can happen in ``cell`` at all."""
    # maturin replaces it, and the shim gives it another name.
    if hazard == USER_PYTHON and (cell.backend != "setuptools-rust" or cell.shim != "off"):
        return False
    if hazard in NEED_ANOTHER_PYTHON:
        return cell.abi == "version-specific"  # a stable ABI is the same for both versions
    if hazard == LOST_FOLDER:
        return cell.backend == "maturin"
    return True


ALWAYS_WELL = {
    IMPORT: "PYO3_PYTHON still runs in the build environment",
    IMPORT_SCRIPT: "build scripts run Python in the build environment",
    BASE_VALUE: "it has to mean the same to everybody, wherever they are",
    IMPORT_PATH: "front ends put the environment first on PATH",
    CFGS: "they are of the base interpreter, and the same in each environment",
    USER_PYTHON: "setuptools-rust leaves it alone, and the base of another interpreter would win over it",
    PLAIN_CARGO: "who names an interpreter for cargo gets it",
    ACTIVE: "what is named, and else the active environment, is what build scripts run in",
    SWITCH: "the module is for the interpreter that the wheel is for",
    TREE: "a build has no business there",
}


def expected_hazard(hazard: str, cell: Cell) -> tuple[bool | None, str]:
    """Whether all should go well when ``hazard`` is tried, and why; ``None`` if the design does not say."""
    if hazard in {IMPORT_CONFIG, IMPORT_SCRIPT} and _config_by_maturin(cell):
        return None, "the configuration that maturin writes for a stable ABI names no executable"
    if hazard in ALWAYS_WELL:
        return True, ALWAYS_WELL[hazard]
    if hazard == LOST_FOLDER:
        if cell.shim == "full":
            return True, "the shim keeps the file elsewhere"
        return None, "maturin writes the file anew, and its time is new"
    by_cell = {
        IMPORT_CONFIG: _import_by_config,
        IMPORT_AGAIN: _import_again,
        EDIT: _edit,
        WRONG_VERSION: _wrong_version,
    }
    return by_cell[hazard](cell)


def _config_by_maturin(cell: Cell) -> bool:
    """Whether maturin writes pyo3's configuration."""
    return cell.abi == "abi3" and cell.backend == "maturin" and Version(cell.pyo3.version) >= CONFIG_BY_MATURIN


def _import_by_config(cell: Cell) -> tuple[bool | None, str]:
    if cell.pyo3.kind == FIX and Version(cell.pyo3.version) < EXECUTABLE_GETTER and cell.shim != "full":
        return None, "the executable is a public field, which can't be tracked"
    return True, "the executable of the configuration runs in the build environment"


def _import_again(cell: Cell) -> tuple[bool | None, str]:
    if cell.front_end == "pip":
        return None, "pip's isolation is no environment: PYO3_PYTHON is the same in each build"
    if cell.abi == "abi3" and cell.backend == "maturin":
        return None, "the configuration that maturin writes for a stable ABI names no executable"
    return True, "what it made of the version before is out of date"


def _edit(cell: Cell) -> tuple[bool | None, str]:
    if cell.shim != "off" or cell.front_end == "uv" or cell.backend == "setuptools-rust":
        return True, "unpacked sources get fresh times, or keep their own"
    if cell.builder.kind == FIX:
        return True, "the fixed maturin gives fresh times to sources that all have one"
    return None, "hidden by the churn where there is any"


def _wrong_version(cell: Cell) -> tuple[bool | None, str]:
    if cell.shim != "off":
        return True, "the shim refuses a PYO3_BASE_PYTHON of another version"
    if cell.builder.kind == FIX:
        return True, "the fixed backend replaces it"
    if cell.pyo3.kind == RELEASED:
        return True, "nobody reads it"
    return None, "a fixed pyo3 has to trust a backend that does not know the variable"


def judge(cell: Cell, found: Found, pip_major: int) -> list[Verdict]:
    """Everything that was expected of ``cell``, compared with what was found."""
    if found.error:
        return [Verdict("build", "builds", found.error, False, "each cell can be built", found.cause.half)]
    verdicts = []
    crates = expected_crates(cell, pip_major)
    if crates is not None:
        number = len(found.crates)
        holds = crates.holds(number)
        words = "; ".join(word for word in (", ".join(found.crates), found.cause.words) if word)
        what = str(number) if holds or not words else f"{number} ({words})"
        verdicts.append(Verdict("crates", str(crates), what, holds, crates.why, "" if holds else found.cause.half))
    for hazard, outcome in found.hazards.items():
        expected, why = expected_hazard(hazard, cell)
        if expected is not None:
            holds = outcome.holds is expected
            words = "holds" if expected else "breaks"
            verdicts.append(Verdict(hazard, words, outcome.what, holds, why, "" if holds else outcome.half))
    return verdicts
