"""The stable name of an isolated interpreter on Windows: a folder in the store like a virtual environment.

Imported there alone; pure but for ``read``. What is started by a path has to be a program, and none of ours is needed:
each CPython brings a redirector, which it copies into each of its virtual environments (PEP 405) and which starts the
``python.exe`` that ``pyvenv.cfg`` names::

    python/<identity>/Scripts/python.exe                the redirector of the base interpreter
    python/<identity>/pyvenv.cfg                        leads it there
    python/<identity>/Lib/site-packages/isolated.pth    what that one does first: run the isolated interpreter instead
    python/<identity>/interpreter.txt                   which one, where a build script has cleared its environment
"""

from __future__ import annotations

import os

from . import stable_name
from .files import read as read_file
from .store import File

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .interpreter import Interpreter

__all__ = ["files", "read", "why_not"]

# `sys.orig_argv` has come with it.
OLDEST_PYTHON = (3, 10)

# All of it stands on one line, so that there is no .pyc of it which nobody checks. PYTHONPATH is for the isolated
# interpreter. An exception would be printed, and the base interpreter would go on.
STARTS_THE_ISOLATED = """
import os, sys
try:
    sys.path[:] = [entry for entry in sys.path if entry.startswith(sys.base_prefix)]
    import subprocess
    environ = dict(os.environ)
    environ.pop("__PYVENV_LAUNCHER__", None)
    python = environ.get("PYO3_SHIM_PYTHON", "")
    if not os.path.isfile(python):
        with open(os.path.join(sys.prefix, "interpreter.txt"), encoding="utf-8") as file:
            python = file.read()
    if not os.path.isfile(python):
        raise FileNotFoundError("the environment that %s stands for is gone" % sys.executable)
    child = subprocess.Popen([python, *sys.orig_argv[1:]], env=environ)
    while True:
        try:
            code = child.wait()
            break
        except KeyboardInterrupt:
            pass
except BaseException as error:
    sys.stderr.write("pyo3-base-python: %s\\n" % error)
    sys.stderr.flush()
    code = 127
os._exit(code - (1 << 32) if code >= 1 << 31 else code)
"""


def read(stdlib: str, build_flags: str) -> bytes:
    """The redirector of the CPython with the modules in ``stdlib``; ``b""`` if it has none.

    https://docs.python.org/3/library/venv.html: ``python.exe`` to 3.12, ``venvlauncher.exe`` since, one of its own for
    free threading. Debug builds keep theirs elsewhere.
    """
    flags = build_flags.split(",")
    names = ("venvlaunchert.exe",) if "Py_GIL_DISABLED" in flags else ("venvlauncher.exe", "python.exe")
    for name in () if "Py_DEBUG" in flags else names:
        content = read_file(os.path.join(stdlib, "venv", "scripts", "nt", name), b"MZ")
        if content:
            return content
    return b""


def why_not(interpreter: Interpreter) -> str:
    """Why ``interpreter`` can't have such a name, in words; ``""`` if it can."""
    version = tuple(map(int, interpreter.config["version"].split(".")))
    if interpreter.config["implementation"] != "CPython":
        return f"{interpreter.config['implementation']} has no redirector for virtual environments"
    if version < OLDEST_PYTHON:
        return f"Python {interpreter.config['version']} does not know by which arguments it was started"
    return "" if interpreter.redirector else f"{interpreter.base_executable} has no redirector for virtual environments"


def files(interpreter: Interpreter) -> list[File]:
    """What belongs into the store for ``interpreter``, which can have a name; the program comes first."""
    folder = f"python/{stable_name.identity(interpreter, interpreter.redirector)}"
    home = os.path.dirname(interpreter.base_executable)
    settings = f"home = {home}\ninclude-system-site-packages = false\nversion = {interpreter.config['version']}\n"
    line = f"import sys; exec({STARTS_THE_ISOLATED!a}, {{}})\n"
    return [
        File(f"{folder}/Scripts/python.exe", interpreter.redirector, executable=True),
        File(f"{folder}/pyvenv.cfg", settings.encode(errors="surrogatepass")),
        File(f"{folder}/Lib/site-packages/isolated.pth", line.encode()),
        File(f"{folder}/interpreter.txt", interpreter.executable.encode(errors="surrogatepass")),
    ]
