"""Python for Windows under wine, in the user's cache: made once, and anew when what it is made of has changed.

From PyPI: the libraries of CPython 3.11 (in panda3d's wheel), pip, uv, and what the tests import. From Debian: wine
and a compiler for the programs in ``programs``. The standard library is that of a Python 3.11 of this machine.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

__all__ = ["MissingError", "Windows", "set_up"]

HERE = Path(__file__).parent
COMPILER = "x86_64-w64-mingw32-gcc"
DEBIAN = "apt-get install wine wine64 gcc-mingw-w64-x86-64"
# Its folder deploy_libs is CPython for Windows, but for the programs and the modules in Python.
LIBRARIES = "panda3d==1.10.16"
# Installed for the tests: the runners, what the shim imports, the front ends.
INSTALLED = (
    *(
        "build",
        "click",
        "colorama",
        "hypothesis",
        "packaging",
        "pip",
        "platformdirs",
        "pytest",
        "pytest-timeout",
        "pytest-xdist",
    ),
    *("rich", "tomlkit", "typing-extensions", "uv"),
)
# Installed by the tests: a build requirement with a library of its own; what adopted projects build with.
WHEELS = ("cffi", "pycparser", "setuptools", "pip")
FOR_WINDOWS = ("--platform", "win_amd64", "--python-version", "3.11", "--only-binary=:all:")


class MissingError(Exception):
    """What this machine lacks for it, and how to have it."""


class Windows:
    """A prefix of wine at ``prefix``, with ``python`` (a path of Windows) in it."""

    python = r"C:\Python311\python.exe"
    wheels = r"C:\wheels"
    cargo = r"C:\stand-ins\cargo.exe"

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.drive = prefix / "drive_c"

    @functools.cached_property
    def environ(self) -> dict[str, str]:
        """The environment to start ``wine`` with."""
        own = {
            "WINEPREFIX": os.fspath(self.prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # No dialogue that offers to install them.
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
        }
        return {**os.environ, **own}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run a program of Windows to its end. Its output goes through pipes: Python ends on a file there."""
        command = ["wine", *arguments]
        return subprocess.run(command, env=self.environ, check=False, capture_output=True)


def set_up() -> Windows:
    """The prefix in the user's cache, ready; raises ``MissingError``. The first time takes a minute or two."""
    missing = [name for name in ("wine", COMPILER) if shutil.which(name) is None]
    if missing:
        raise MissingError(f"there is no {' and no '.join(missing)} ({DEBIAN})")
    library = standard_library()
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "pyo3-base-python" / "windows"
    windows = Windows(folder / "wine")
    stamp, wanted = folder / "made-of", made_of(library)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return windows
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make_prefix(windows)
    make_python(windows, library, folder / "downloads")
    compile_programs(windows)
    shutil.rmtree(folder / "downloads")
    stamp.write_text(wanted, encoding="utf-8")
    return windows


def made_of(library: Path) -> str:
    """All that decides what is in the prefix."""
    sources = [Path(__file__), *sorted((HERE / "programs").iterdir())]
    return "\n".join([os.fspath(library), *(hashlib.sha256(path.read_bytes()).hexdigest() for path in sources)])


def standard_library() -> Path:
    """The modules in Python of a CPython 3.11 of this machine, with pip for `venv` in it; raises ``MissingError``."""
    places = [sys.executable, *filter(None, [shutil.which("python3.11")])]
    places += map(os.fspath, Path.home().glob(".pyenv/versions/3.11.*/bin/python"))
    code = "import os, sys; print(os.path.dirname(os.__file__) if sys.version_info[:2] == (3, 11) else '')"
    for place in places:
        said = subprocess.run([place, "-I", "-c", code], capture_output=True, text=True, check=False).stdout.strip()
        if said and any((Path(said) / "ensurepip" / "_bundled").glob("pip-*.whl")):
            return Path(said)
    raise MissingError("there is no Python 3.11 with ensurepip on this machine, whose standard library is needed")


def make_prefix(windows: Windows) -> None:
    """Make the prefix itself."""
    for command in (["wineboot", "--init"], ["winecfg", "/v", "win10"]):
        windows.run(*command).check_returncode()


def make_python(windows: Windows, library: Path, downloads: Path) -> None:
    """Put Python there, where its installer does, and what the tests import."""
    home = windows.drive / "Python311"
    left_out = shutil.ignore_patterns("site-packages", "__pycache__", "lib-dynload", "test", "idlelib", "tkinter")
    shutil.copytree(library, home / "Lib", ignore=left_out)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "download", "--no-deps", *FOR_WINDOWS, "--dest", downloads, LIBRARIES], check=True)
    (wheel,) = downloads.glob("panda3d-*.whl")
    (home / "DLLs").mkdir()
    with zipfile.ZipFile(wheel) as opened:
        for name in opened.namelist():
            folder, _, file = name.rpartition("/")
            if folder == "deploy_libs" and file.endswith((".dll", ".pyd")) and not file.startswith("api-ms-"):
                beside = file in {"python311.dll", "VCRUNTIME140.dll"}
                (home / ("" if beside else "DLLs") / file).write_bytes(opened.read(name))
    site = home / "Lib" / "site-packages"
    subprocess.run([*pip, "install", *FOR_WINDOWS, "--target", site, *INSTALLED], check=True)
    (home / "Scripts").mkdir()
    shutil.copy2(site / "bin" / "uv.exe", home / "Scripts" / "uv.exe")
    subprocess.run([*pip, "download", *FOR_WINDOWS, "--dest", windows.drive / "wheels", *WHEELS], check=True)


def compile_programs(windows: Windows) -> None:
    """The programs that are in no package."""
    home = windows.drive / "Python311"
    places = {
        "python": home / "python.exe",
        "redirector": home / "Lib" / "venv" / "scripts" / "nt" / "python.exe",
        "cargo": windows.drive / "stand-ins" / "cargo.exe",
        "bcryptprimitives": home / "Scripts" / "bcryptprimitives.dll",
    }
    for name, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        kind = "-shared" if place.suffix == ".dll" else "-municode"
        options = ["-O1", "-s", kind, "-Wall", "-Werror", "-o", os.fspath(place)]
        subprocess.run([COMPILER, *options, HERE / "programs" / f"{name}.c", "-ladvapi32"], check=True)
    for name in ("python", "redirector"):  # uv wants those without a console as well
        shutil.copy2(places[name], places[name].with_name("pythonw.exe"))
