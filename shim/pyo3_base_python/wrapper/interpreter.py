"""Ask an interpreter what it is: its base interpreter, its configuration, the content of its environment."""

from __future__ import annotations

import os

from . import early, installed, probe, process, pyo3_config
from .errors import CannotSteady
from .names import ENVIRONMENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Interpreter", "Place", "ask", "find", "lasting_name", "named_by"]

# An interpreter on a cold network drive may be slow; one that hangs must not hang the build.
SECONDS_TO_ANSWER = 30.0

# A folder with more names in it is that of a system, whose programs are on PATH as well.
NAMES_LISTED = 250

# In a framework of macOS: what `bin/python3.x` becomes, so that it can have windows. By itself it knows no environment.
APP = os.path.join("Resources", "Python.app", "Contents", "MacOS", "Python")

EXPECTED_FACTS = frozenset(
    "implementation version full_version executable base_executable prefix base_prefix shared ld_version lib_dir"
    " pointer_width build_flags framework_prefix platform soabi stdlib sys_path".split()
)


class Place:
    """The folder of an interpreter, and whether that is a virtual environment's.

    ``programs`` are the names of those in it, ``siblings`` of what lies beside it.
    """

    __slots__ = ("folder", "is_environment", "programs", "siblings")

    def __init__(
        self, folder: str, *, is_environment: bool, programs: Iterable[str] = (), siblings: Iterable[str] = ()
    ) -> None:
        self.folder = folder
        self.is_environment = is_environment
        self.programs = list(programs)
        self.siblings = list(siblings)


class Interpreter:
    """An interpreter as the probe found it.

    ``executable`` runs in its environment; ``base_executable`` is the real, canonical path of the interpreter that the
    environment was made from; ``config`` is pyo3's view of it (see ``pyo3_config.describe``); ``abi`` tells builds of
    one version apart (SOABI where the platform has it); ``environment`` lists what is installed, a line for each
    distribution; ``full_version`` is ``sys.version``, which changes when the interpreter is upgraded in its place;
    ``place`` is where it stands; ``redirector`` is the program that it brings for virtual environments on Windows.
    """

    __slots__ = ("abi", "base_executable", "config", "environment", "executable", "full_version", "place", "redirector")

    def __init__(
        self,
        executable: str,
        base_executable: str,
        config: Mapping[str, str],
        abi: str,
        environment: Iterable[str],
        *,
        full_version: str,
        place: Place,
        redirector: bytes = b"",
    ) -> None:
        self.executable = executable
        self.base_executable = base_executable
        self.config = dict(config)
        self.abi = abi
        self.environment = list(environment)
        self.full_version = full_version
        self.place = place
        self.redirector = redirector


def find(environ: Mapping[str, str], *, pyo3: bool = True) -> str | None:
    """The interpreter that pyo3 would use: ``PYO3_PYTHON``, the active environment's, or the one on ``PATH``.

    As ``find_interpreter`` of pyo3-build-config does. Without ``pyo3`` in the graph ``PYTHON_SYS_EXECUTABLE`` names it
    as well: maturin sets that alone for other bindings. Returns a path, or ``None`` if there is none.
    """
    variables = named_by(environ, pyo3=pyo3)
    if len(variables) == 1:
        (variable,) = variables
        named = environ[variable]
        if variable in ENVIRONMENTS:
            return _in_prefix(named, "Scripts" if variable == "VIRTUAL_ENV" else "")
        return process.find_program(named, environ) or named
    for name in ("python", "python3"):
        found = process.find_program(name, environ)
        if found:
            return found
    return None


def named_by(environ: Mapping[str, str], *, pyo3: bool = True) -> list[str]:
    """The variables that decide which interpreter ``find`` finds.

    Where there is none, and where two environments are active, it is the first on ``PATH``.
    """
    for variable in ("PYO3_PYTHON",) if pyo3 else ("PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE"):
        if environ.get(variable):
            return [variable]
    return [variable for variable in ENVIRONMENTS if environ.get(variable)]


def ask(
    executable: str, environ: Mapping[str, str], building: str = "", begun: process.Capture | None = None
) -> Interpreter:
    """Start ``executable`` in ``environ``, unless it is the one that was ``begun``, and return what it is.

    ``building`` is the folder of the package that is about to be built (see ``editable``). Raises ``CannotSteady``, in
    words that name the interpreter, if it does not start, does not answer, or is unknown.
    """
    try:
        if begun is not None and begun.program == executable:
            code, output = begun.result(SECONDS_TO_ANSWER)
        else:
            code, output = process.capture([executable, early.PROBE], environ, SECONDS_TO_ANSWER)
    except OSError as error:  # a TimeoutError is one, too
        raise CannotSteady(f"can't run the interpreter {executable}: {error.strerror or error}") from None
    facts = read_answer(output)
    if facts is None:
        raise CannotSteady(f"{executable} does not answer like a Python 3 interpreter (exit code {code})")
    name = facts["executable"] or os.path.abspath(executable)
    prefixes = (facts["prefix"], facts["base_prefix"])
    return Interpreter(
        name,
        base_executable(facts),
        pyo3_config.describe(facts),
        facts["soabi"],
        installed.environment_content(_library_folders(facts), building, prefixes),
        full_version=facts["full_version"],
        place=Place(
            os.path.dirname(name),
            is_environment=facts["prefix"] != facts["base_prefix"],
            programs=_programs(os.path.dirname(name)),
            siblings=_siblings(os.path.dirname(os.path.dirname(name))),
        ),
        redirector=_redirector(facts) if process.WINDOWS else b"",
    )


def read_answer(output: bytes) -> dict[str, str] | None:
    """What the probe printed, found among whatever else is in ``output``; ``None`` if it is not complete."""
    for line in output.splitlines():
        mark, _, words = line.partition(b" ")
        if mark != probe.MARK.encode():
            continue
        facts = {}
        for word in words.split():
            name, _, digits = word.partition(b"=")
            try:
                facts[name.decode("ascii")] = os.fsdecode(bytes.fromhex(digits.decode("ascii")))
            except ValueError:
                return None
        broken = any("\0" in value for name, value in facts.items() if name != "sys_path")
        return facts if set(facts) >= EXPECTED_FACTS and not broken else None
    return None


def base_executable(facts: Mapping[str, str]) -> str:
    """The interpreter that an environment was made from, by its lasting name. Raises ``CannotSteady`` if there is none.

    Most environments link to it. In those that hold a copy ``sys._base_executable`` is a guess by file name, which may
    hit another version (CPython issue 99204): there, what is taken must have the copy's content. On Windows the
    environment's launcher passes the exact path.
    """
    executable = os.path.realpath(facts["executable"])
    prefix, base_prefix = facts["prefix"], facts["base_prefix"]
    if facts["platform"].startswith("win"):
        base = facts["base_executable"] or executable
        if process.is_program(base):
            return os.path.realpath(base)
    elif prefix == base_prefix or not _inside(executable, os.path.realpath(prefix)):
        if process.is_program(executable):
            return lasting_name(executable, facts["version"])
    else:
        name = "pypy" if facts["implementation"] == "pypy" else "python"
        named = [os.path.join(base_prefix, "bin", name + suffix) for suffix in (facts["version"], "3", "")]
        for path in [facts["base_executable"], *named]:
            base = os.path.realpath(path)
            if process.is_program(base) and base != executable and _same_content(base, executable):
                return lasting_name(base, facts["version"])
    raise CannotSteady(f"can't find the base interpreter of {facts['executable'] or prefix}")


def lasting_name(path: str, version: str) -> str:
    """The real name of a base interpreter of ``version`` (``3.12``), and of two the one that upgrades leave as it is.

    Homebrew keeps each release at ``Cellar/<formula>/<release>``, and ``opt/<formula>`` is a link to the current one
    (https://docs.brew.sh/Formula-Cookbook#homebrew-terminology).
    """
    real = os.path.realpath(path)
    framework = real[: -len(APP)]
    if real == framework + APP:
        names = (f"python{version}", f"python{version}t", "python3")
        programs = [program for program in (f"{framework}bin/{name}" for name in names) if process.is_program(program)]
        real = os.path.realpath(programs[0]) if programs else real
    place, cellar, below = real.partition("/Cellar/")
    if cellar and below.count("/") > 1:
        formula, release, inside = below.split("/", 2)
        lasting = f"{place}/opt/{formula}"
        if os.path.realpath(lasting) == f"{place}/Cellar/{formula}/{release}":
            return f"{lasting}/{inside}"
    return real


def _library_folders(facts: Mapping[str, str]) -> list[str]:
    stdlib = facts["stdlib"]
    return [
        path
        for path in dict.fromkeys(facts["sys_path"].split("\0"))
        if path and path != stdlib and path != os.path.join(stdlib, "lib-dynload") and not path.endswith(".zip")
    ]


def _redirector(facts: Mapping[str, str]) -> bytes:
    from . import redirector  # noqa: PLC0415 - needed on Windows alone

    return redirector.read(facts["stdlib"], facts["build_flags"])


def _programs(folder: str) -> list[str]:
    """Names of the programs in ``folder``; only those related to Python, if it holds the programs of a whole system."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    if len(names) > NAMES_LISTED:
        names = [name for name in names if name.startswith(("python", "pip"))]
    return [name for name in names if process.is_program(os.path.join(folder, name))]


def _siblings(folder: str) -> list[str]:
    """Names in ``folder``; none if there are too many, or in the root of the file system."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return names if len(names) <= NAMES_LISTED and folder != os.path.dirname(folder) else []


def _in_prefix(prefix: str, windows_folder: str) -> str:
    if process.WINDOWS:
        return os.path.join(prefix, windows_folder, "python.exe")
    return os.path.join(prefix, "bin", "python")


def _inside(path: str, folder: str) -> bool:
    return os.path.normcase(path).startswith(os.path.normcase(os.path.join(folder, "")))


def _same_content(path: str, other: str) -> bool:
    with open(path, "rb") as one, open(other, "rb") as two:
        if os.fstat(one.fileno()).st_size != os.fstat(two.fileno()).st_size:
            return False
        while True:
            block = one.read(1 << 20)
            if block != two.read(1 << 20):
                return False
            if not block:
                return True
