"""Change the modules that decide, one thing at a time, and count the changes that the tests notice.

`nice .venv/bin/python tests/mutation/run.py [module ...]`, with the extra `mutation` installed: those of the wrapper's
modules, or all that pyproject.toml has among the settings of mutmut. It makes the mutants and runs each against the
modules' own tests. It switches mutants in its own process, which a wrapper that is run as a program can't see; so what
survives is written into the code, and has to survive the tests that run the wrapper as well. Prints the survivors and
the score of each module; exit code 1 below `ENOUGH`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A copy, since mutants are written into it. Its sources lie in `src`: mutmut takes other folders for packages.
WORK = ROOT / ".cache" / "mutation"
SOURCE = WORK / "src"
MUTMUT = os.path.join(os.path.dirname(sys.executable), "mutmut")
TESTS_OF_THE_WRAPPER = ("tests/unit/wrapper/test_main.py", "tests/unit/activation/test_launcher.py")
SECONDS = 300
ENOUGH = 90.0  # per cent


def main(modules: list[str]) -> int:
    """Change these modules of the wrapper, or all; returns the exit code."""
    if not os.path.exists(MUTMUT):
        sys.exit("there is no mutmut beside this Python: install the extra `mutation`")
    shutil.rmtree(WORK, ignore_errors=True)
    for place, copy in ((ROOT / "shim", WORK / "src"), (ROOT / "tests", WORK / "tests")):
        shutil.copytree(place, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", WORK)
    chosen = [f"pyo3_base_python.wrapper.{module}.*" for module in modules]
    subprocess.run([MUTMUT, "run", "--max-children", "1", *chosen], cwd=WORK, check=True)
    if not wrapper_passes():
        sys.exit("the tests of the wrapper fail without a mutant")

    made: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for line in mutmut("results", "--all", "true").splitlines():
        mutant, _, status = line.strip().partition(": ")
        if status == "not checked":
            continue  # of a module that was not asked for
        *packages, module = mutant.partition(".x")[0].split(".")
        made[module] += 1
        if status not in {"killed", "timeout"} and not wrapper_notices(
            mutant, SOURCE.joinpath(*packages, f"{module}.py")
        ):
            left[module] += 1
            print(mutmut("show", mutant))
    made["all"], left["all"] = made.total(), left.total()
    scores = {module: 100 * (1 - left[module] / number) for module, number in made.items()}
    width = max(map(len, scores))
    print(f"{'module':{width}} mutants survived  killed")
    for module, score in scores.items():
        print(f"{module:{width}}{made[module]:8}{left[module]:9}{score:7.1f} %")
    return 0 if scores["all"] >= ENOUGH else 1


def mutmut(*arguments: str) -> str:
    """The output of one of mutmut's commands."""
    return subprocess.run([MUTMUT, *arguments], cwd=WORK, stdout=subprocess.PIPE, text=True, check=True).stdout


def wrapper_notices(mutant: str, source: Path) -> bool:
    """Whether the tests of the wrapper fail with ``mutant`` written into ``source``."""
    original = source.read_bytes()
    mutmut("apply", mutant)
    try:
        return not wrapper_passes()
    finally:
        source.write_bytes(original)


def wrapper_passes() -> bool:
    """Whether the tests that run the wrapper as a program pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS_OF_THE_WRAPPER]
    environ = {**os.environ, "PYTHONPATH": os.fspath(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=WORK, env=environ, stdout=subprocess.DEVNULL, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
