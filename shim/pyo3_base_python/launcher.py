"""Put into the store what ``$CARGO`` names: a launcher, and the code that it runs.

The code is copied, and run by the base interpreter, so that the path in ``CARGO`` never changes and stays good when the
environment that pyo3-base-python was installed into is gone (it may itself be an isolated build environment).

All versions of this package share the launcher, and a project that has adopted an old one must not put that back for
every shell. So the launcher of a newer version stays, if it is whole and can run. For that every version keeps to this:
the second to fourth line of the script name the version, the interpreter and the folder of the code; its last line is
the digest of what stands before; the folder is called by the digest of the code.
"""

from __future__ import annotations

import importlib.resources
import os
import sys

from pyo3_base_python import __version__, interpreter, plan, probe, process, store
from pyo3_base_python.cargo import LAUNCHER_MARK
from pyo3_base_python.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WRAPPER_MODULES", "install"]

# In the store: what `CARGO` names, and where the code is, each version's in a folder of its own.
LAUNCHER = "bin/cargo"
CODE = "wrapper"
# All that `cargo` imports; nothing else may be imported there.
WRAPPER_MODULES = (
    "__init__",
    "build_dir",
    "cargo",
    "cargo_config",
    "config",
    "editable",
    "errors",
    "interpreter",
    "invocation",
    "plan",
    "probe",
    "process",
    "project",
    "sources",
    "store",
)


def install(environ: Mapping[str, str]) -> str:
    """Make sure that the launcher is in the store, of this version or a newer one, and return the path for ``CARGO``.

    On Windows that is the ``.exe`` that pip makes from this package's entry point. Raises ``CannotSteady`` if the
    store can't be used.
    """
    if os.name == "nt":
        return _windows_launcher()
    root = store.default_root(environ)
    if is_of_newer_version(root):
        return os.path.join(root, *LAUNCHER.split("/"))
    package = importlib.resources.files("pyo3_base_python")
    code = {f"{name}.py": (package / f"{name}.py").read_bytes() for name in WRAPPER_MODULES}
    folder = f"{CODE}/{code_digest(code)}"
    for name, content in code.items():
        store.put(root, store.File(f"{folder}/pyo3_base_python/{name}", content))
    script = launcher_script(base_python(), os.path.join(root, *folder.split("/")))
    return store.put(root, store.File(LAUNCHER, script, executable=True))


def is_of_newer_version(root: str) -> bool:
    """Whether the launcher in the store at ``root`` is a newer version's, whole, and has its code and interpreter."""
    script = store.read(root, LAUNCHER, executable=True) or b""
    body, _, summary = script.rpartition(b"# ")
    lines = body.split(b"\n")
    if summary != store.digest(body).encode() + b"\n" or len(lines) < 4:  # noqa: PLR2004 - the lines that are read
        return False
    version = lines[1].partition(LAUNCHER_MARK + b" ")[2].partition(b":")[0].decode(errors="replace")
    if release(version) <= release(__version__):
        return False
    python, code = (shell_unquoted(line.partition(b"=")[2]) for line in lines[2:4])
    name = os.path.basename(code)
    return process.is_program(python) and code == os.path.join(root, CODE, name) and code_is_whole(root, name)


def code_is_whole(root: str, name: str) -> bool:
    """Whether the code that is called ``name`` in the store at ``root`` is what its name says."""
    folder = f"{CODE}/{name}/pyo3_base_python"
    try:
        names = [each for each in os.listdir(os.path.join(root, *folder.split("/"))) if each.endswith(".py")]
    except OSError:
        return False
    code = {each: store.read(root, f"{folder}/{each}") or b"" for each in names}
    return code_digest(code) == name


def code_digest(code: Mapping[str, bytes]) -> str:
    """What the folder of these files (name to content) is called."""
    return store.digest(*(part for name, content in sorted(code.items()) for part in (os.fsencode(name), content)))


def shell_unquoted(word: bytes) -> str:
    """What ``plan.shell_quoted`` made ``word`` of."""
    return os.fsdecode(word[1:-1].replace(b"'\\''", b"'"))


def release(version: str) -> tuple[int, ...]:
    """The numbers that ``version`` begins with; what comes before a release counts as that release."""
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def launcher_script(python: str, code: str) -> bytes:
    """A POSIX shell script that runs the wrapper in ``code`` with ``python``; plain cargo, if either is gone.

    ``-I -S``: neither PYTHONPATH (pip's isolation puts a sitecustomize there) nor site-packages are looked at.
    """
    quoted_python, quoted_code = plan.shell_quoted(os.fsencode(python)), plan.shell_quoted(os.fsencode(code))
    body = b"""#!/bin/sh
# Written by pyo3-base-python %(version)s: what CARGO names. It becomes cargo, with a stable interpreter set for pyo3.
python=%(python)s
code=%(code)s
if [ -x "$python" ] && [ -f "$code/pyo3_base_python/cargo.py" ]; then
  exec "$python" -I -S -c 'import sys
del sys.argv[0]
sys.path.append(sys.argv.pop(0))
from pyo3_base_python.cargo import main
main(sys.argv.pop(0))' "$code" "${LC_CTYPE+set to $LC_CTYPE}" "$0" "$@"
fi
echo "pyo3-base-python: $python or $code is gone; cargo runs without a stable interpreter" >&2
unset CARGO
if [ -n "$PYO3_SHIM_CARGO" ]; then exec "$PYO3_SHIM_CARGO" "$@"; fi
here=${0%%/*}
IFS=:
for folder in $PATH; do
  if [ "$folder" != "$here" ] && [ -x "$folder/cargo" ]; then exec "$folder/cargo" "$@"; fi
done
echo "pyo3-base-python: error: there is no cargo on PATH" >&2
exit 127
""" % {
        b"version": __version__.encode(),
        b"python": quoted_python,
        b"code": quoted_code,
    }
    return b"%s# %s\n" % (body, store.digest(body).encode())


def base_python() -> str:
    """The base interpreter of the one that runs this, which outlives any environment."""
    facts = {name: str(value) for name, value in probe.facts().items()}
    return interpreter.base_executable(facts)


def _windows_launcher() -> str:
    name = "pyo3-base-python-cargo.exe"
    for folder in (os.path.dirname(sys.executable), os.path.join(sys.prefix, "Scripts")):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise ShimError(f"{name} is not beside {sys.executable}", "install pyo3-base-python anew")
