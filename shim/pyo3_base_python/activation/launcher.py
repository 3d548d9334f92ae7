"""Put into the store what ``$CARGO`` names: a launcher, and the code that it runs.

The code is copied, and run by the base interpreter, so that the path in ``CARGO`` is the same for all environments,
and stays valid when the environment that pyo3-base-python was installed into is gone (it may itself be isolated).

There are two launchers: one beside the code, for this version only, for what this process starts; and the lasting one,
for shells and settings, which any version makes if there is none. It is replaced only on request: a project whose
environment holds an older version must not put that in place for every shell.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from .. import __version__
from ..wrapper import interpreter, probe, process, stable_name, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["install"]

# The package that this is in: `pyo3_base_python`, or `pyo3_base_python_core`. In the store it has the one name.
PACKAGE = Path(__file__).resolve().parent.parent


def install(environ: Mapping[str, str], *, lasting: bool = False) -> str:
    """Make sure that the launcher is in the store, and return the path for ``CARGO``.

    ``lasting`` is whether that is to be one path for every version. Raises ``CannotSteady`` if the store can't be used.
    """
    root = store.default_root(environ)
    code = wrapper_code()
    python = base_python()
    name, own_parts = "cargo", []
    if process.WINDOWS:
        from . import windows_program  # noqa: PLC0415 - slow to import, and needed there alone

        # A program that runs can't be written anew: another stub, or another Python, is another folder.
        name, own_parts = "cargo.exe", [windows_program.stub(), python.encode(errors="surrogatepass")]
    parts = [part for item in sorted(code.items()) for part in (item[0].encode(), item[1])]
    folder = f"wrapper/{store.digest(*parts, *own_parts)}"
    for module, content in code.items():
        store.put(root, store.File(f"{folder}/pyo3_base_python/{module}", content))
    place = os.path.join(root, *folder.split("/"))
    if process.WINDOWS:
        program = windows_program.program(own_parts[0], python, place)
    else:
        program = launcher_script(python, place, needed_by_python())
    own = store.put(root, store.File(f"{folder}/bin/{name}", program, executable=True))
    if not lasting and os.path.exists(os.path.join(root, "bin", name)):
        return own
    shared = store.put(root, store.File(f"bin/{name}", program, executable=True))
    return shared if lasting else own


def wrapper_code() -> dict[str, bytes]:
    """The code that ``$CARGO`` runs: the folder ``wrapper`` and the package's own file, by relative path (``/``)."""
    code = {f"wrapper/{module.name}": module.read_bytes() for module in (PACKAGE / "wrapper").glob("*.py")}
    return {"__init__.py": (PACKAGE / "__init__.py").read_bytes(), **code}


def launcher_script(python: str, code: str, needed: Iterable[str] = ()) -> bytes:
    """A POSIX shell script that runs the wrapper in ``code`` with ``python``; plain cargo, if either is of no use.

    To try ``python`` costs as much as the wrapper itself, so that is done only if it, or another file that is
    ``needed``, is not there or has changed since it was last seen to work (a file in ``code`` says when that was).
    ``-I -S``: neither PYTHONPATH (pip's isolation puts a sitecustomize there) nor site-packages are looked at.
    """
    quoted_python, *quoted_needed = [stable_name.shell_quoted(os.fsencode(path)) for path in (python, *needed)]
    return b"""#!/bin/sh
# Written by pyo3-base-python %(version)s: what CARGO names. It becomes cargo, with a stable interpreter set for pyo3.
python=%(python)s
code=%(code)s
seen() {
  for file in "$python"%(needed)s; do
    if [ ! -f "$file" ] || [ "$file" -nt "$code/seen" ]; then return 1; fi
  done
  [ -f "$code/seen" ]
}
works() {
  said=$("$python" -I -S -c 'import sys
sys.path.append(sys.argv[1])
import pyo3_base_python.wrapper.prepare
print("works")' "$code" </dev/null)
  [ "$said" = works ] || return
  echo >"$code/seen" || true
}
if [ -x "$python" ] && [ -f "$code/pyo3_base_python/wrapper/main.py" ] && { seen || works 2>/dev/null; }
then
  exec "$python" -I -S -c 'import sys
del sys.argv[0]
sys.path.append(sys.argv.pop(0))
from pyo3_base_python.wrapper.main import main
main(sys.argv.pop(0))' "$code" "${LC_CTYPE+set to $LC_CTYPE}" "$0" "$@"
fi
echo "pyo3-base-python: $python or $code is gone or broken ('pyo3-base-python env' mends it);" \
  "cargo runs without a stable interpreter" >&2
unset CARGO
if [ -n "$PYO3_SHIM_CARGO" ]; then exec "$PYO3_SHIM_CARGO" "$@"; fi
here=${0%%/*}
IFS=:
for folder in $PATH; do
  if [ "$folder" = "$here" ] || [ ! -f "$folder/cargo" ] || [ ! -x "$folder/cargo" ]; then continue; fi
  line=
  { read -r line; read -r line; } 2>/dev/null <"$folder/cargo"
  case $line in "# Written by pyo3-base-python"*) continue ;; esac
  exec "$folder/cargo" "$@"
done
echo "pyo3-base-python: error: there is no cargo on PATH" >&2
exit 127
""" % {
        b"version": __version__.encode(),
        b"python": quoted_python,
        b"code": stable_name.shell_quoted(os.fsencode(code)),
        b"needed": b"".join(b" " + path for path in quoted_needed),
    }


def needed_by_python() -> list[str]:
    """The files that ``base_python`` needs to start: its library, if it is linked to one, and the standard library."""
    variables = sysconfig.get_config_vars()
    framework = variables.get("PYTHONFRAMEWORK") and variables.get("PYTHONFRAMEWORKPREFIX")
    library = os.path.join(str(framework or variables.get("LIBDIR")), str(variables.get("INSTSONAME")))
    linked = [library] if framework or variables.get("Py_ENABLE_SHARED") else []
    return [path for path in (*linked, os.path.abspath(os.__file__)) if os.path.isfile(path)]


def base_python() -> str:
    """The base interpreter of the interpreter that runs this; it outlives any environment."""
    facts = {name: str(value) for name, value in probe.facts().items()}
    return interpreter.base_executable(facts)
