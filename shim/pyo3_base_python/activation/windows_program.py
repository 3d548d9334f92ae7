"""What ``CARGO`` names on Windows: a program as pip makes them of scripts, here of the wrapper's copy in the store.

Each pip carries distlib's launcher: an ``.exe`` that reads, at its own end, a line that names an interpreter and a zip
with a ``__main__.py``, and starts that interpreter with itself as the script. Arguments, streams and the exit code are
handed on. https://distlib.readthedocs.io/en/latest/tutorial.html#using-the-scripts-api, "wrapping callables".
"""

from __future__ import annotations

import io
import os
import sys
import sysconfig
import zipfile
from pathlib import Path

from .. import __version__
from ..wrapper.errors import CannotSteady
from ..wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["program", "stub"]

# distlib's names for console programs, by what `sysconfig.get_platform` says.
NAMES = {"win-amd64": "t64.exe", "win-arm64": "t64-arm.exe", "win32": "t32.exe"}
IN_PIP = "pip/_vendor/distlib"

# Its last lines stand for plain cargo, where the code is gone or broken.
MAIN = """\
# Written by pyo3-base-python {version}: what CARGO names. It runs cargo, with a stable interpreter set for pyo3.
import sys
del sys.path[0]
sys.path.append({code!a})
try:
    from pyo3_base_python.wrapper import prepare
    from pyo3_base_python.wrapper.main import main
except Exception:
    main = None
if main:
    main()
import os, subprocess
sys.stderr.write(
    "pyo3-base-python: %s is gone or broken ('pyo3-base-python env' mends it);"
    " cargo runs without a stable interpreter\\n" % sys.path[-1]
)
sys.stderr.flush()
os.environ.pop("CARGO", None)
def is_cargo(path):
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        file.seek(-min(4096, os.path.getsize(path)), 2)
        return b"Written by pyo3-base-python" not in file.read()
places = [os.path.join(folder, "cargo.exe") for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
cargo = os.environ.get("PYO3_SHIM_CARGO") or next(filter(is_cargo, places), None)
if cargo is None:
    sys.exit("pyo3-base-python: error: there is no cargo on PATH")
code = subprocess.call([cargo, *sys.argv[1:]])
sys.exit(code - (1 << 32) if code >= 1 << 31 else code)
"""


def program(stub: bytes, python: str, code: str) -> bytes:
    """A program that runs the wrapper in the folder ``code`` with ``python``, made of distlib's launcher, ``stub``.

    ``-I -S``: neither PYTHONPATH (pip's isolation puts a sitecustomize there) nor site-packages are looked at.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # not compressed: what wrote it can be read at its end
        entry = zipfile.ZipInfo("__main__.py", date_time=(1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, MAIN.format(version=__version__, code=code))
    return stub + f'#!"{python}" -I -S\r\n'.encode() + packed.getvalue()


def stub() -> bytes:
    """Distlib's launcher, from the pip of the base interpreter or of this environment. Raises ``CannotSteady``."""
    name = NAMES.get(sysconfig.get_platform(), "")
    for content in _candidates(name) if name else ():
        if content.startswith(b"MZ"):
            return content
    raise CannotSteady(
        f"there is no pip beside {sys.base_prefix} to take {name or 'a launcher'} from",
        "`python -m ensurepip` there brings one",
        Exit.DISK,
    )


def _candidates(name: str) -> Iterator[bytes]:
    """Of the base interpreter first: it is one for all environments, and so the program is."""
    library = os.path.dirname(os.path.abspath(os.__file__))
    for wheel in sorted(Path(library, "ensurepip", "_bundled").glob("pip-*.whl")):
        try:
            with zipfile.ZipFile(wheel) as archive:
                yield archive.read(f"{IN_PIP}/{name}")
        except (OSError, KeyError, zipfile.BadZipFile):
            continue
    for site in (os.path.join(library, "site-packages"), sysconfig.get_path("purelib")):
        try:
            yield Path(site, *IN_PIP.split("/"), name).read_bytes()
        except OSError:
            continue
