"""Parts for several of the unit tests: facts for the pure modules, and a wrapper that can be run for real."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from pyo3_base_python.activation import launcher
from pyo3_base_python.wrapper.cargo_config import CargoConfig
from pyo3_base_python.wrapper.interpreter import Interpreter, Place
from pyo3_base_python.wrapper.project import Lock, Project

if TYPE_CHECKING:
    from typing_extensions import TypeAlias

__all__ = [
    "CONFIG",
    "LOCK",
    "MANIFEST",
    "VERSIONS",
    "InterpreterOf",
    "Result",
    "Script",
    "Wrapper",
    "an_interpreter",
    "click_runner",
    "damaged",
    "needs_root",
    "needs_tomllib",
    "posix",
    "project_with",
    "stand_in_cargo",
    "wait_for",
]

VERSIONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.14t")
CONFIG = {
    "implementation": "CPython",
    "version": "3.11",
    "shared": "true",
    "lib_name": "python3.11",
    "lib_dir": "/opt/python/lib",
    "pointer_width": "64",
    "build_flags": "",
    "python_framework_prefix": "",
    "suppress_build_script_link_lines": "false",
}
MANIFEST = '[package]\nname = "crate"\nversion = "0.1.0"\n'
LOCK = """\
[[package]]
name = "crate"
version = "0.1.0"
dependencies = [
 "pyo3",
]

[[package]]
name = "pyo3"
version = "0.26.0"
source = "registry+index"
"""
# What a shell adds of its own to the environment that it was given.
SHELL_VARIABLES = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})

# Without these no program starts on Windows, or it has no folder for temporary files.
NEEDED = ("SYSTEMROOT", "TEMP", "TMP") if os.name == "nt" else ()


def posix(why: str) -> pytest.MarkDecorator:
    """Marks what can't be so, or can't be tried so, on Windows."""
    return pytest.mark.skipif(os.name != "posix", reason=why)


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away"
)
# For what is unknown to the shim on older ones.
needs_tomllib = pytest.mark.skipif(sys.version_info < (3, 11), reason="this Python has no reader for TOML")

# The path of an interpreter of a version ("3.9"); skips the test where there is none.
InterpreterOf: TypeAlias = Callable[[str], str]
# Writes a program from the body of a shell script: name, body -> path.
Script: TypeAlias = Callable[[str, str], str]


def an_interpreter(
    executable: str = "/tmp/isolated/bin/python",
    base_executable: str = "/opt/python/bin/python3.11",
    abi: str = "cpython-311-x86_64-linux-gnu",
    environment: Iterable[str] = ("maturin-1.9.4.dist-info a.py,sha256=1,2",),
    full_version: str = "3.11.7 (main) [GCC]",
    place: Place | None = None,
    **config: str,
) -> Interpreter:
    """An interpreter as the probe would have found it, except for what is given."""
    place = place or Place(os.path.dirname(executable), is_environment=True)
    return Interpreter(
        executable, base_executable, {**CONFIG, **config}, abi, environment, full_version=full_version, place=place
    )


def project_with(
    *pyo3: tuple[int, int, int],
    readers: Iterable[str] = (),
    build_target: str = "",
    locked: bool = True,
    cargo_env: Iterable[str] = (),
    unknown: Iterable[str] = (),
    target_dir: str = "/src/target",
) -> Project:
    """A project whose Cargo.lock has these versions of pyo3."""
    config = CargoConfig([build_target] if build_target else [], variables=cargo_env, unknown=unknown)
    return Project("/src", "/src", Lock(pyo3, readers) if locked else None, target_dir, config=config)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A valid file, damaged in a few places: cut, repeated, overwritten, with words that its readers look for."""
    content = whole
    for _ in range(draw(st.integers(1, 6))):
        start, end = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        # Numbers of so many digits are refused by `int`.
        words = [b"", content[start:end] * 2, b"\n", b'"', b"[", b"]", b"=", b"#", b"\0", b"\xff", b" ", b"7" * 5000]
        content = content[:start] + draw(st.sampled_from(words) | st.binary(max_size=8)) + content[end:]
    return content


def click_runner() -> CliRunner:
    """Runs a click command with stdout and stderr apart, which click 8.1 (the last for Python 3.9) has to be told."""
    apart: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**apart)


def wait_for(path: Path, seconds: float = 60) -> None:
    """Return as soon as ``path`` exists."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.005)


@functools.lru_cache(None)
def stand_in_cargo() -> str:
    """A cargo for Windows that writes down how it was called; skips the test where there is none, and no compiler."""
    named, compiler = os.environ.get("STAND_IN_CARGO"), shutil.which("gcc")
    if named or not compiler:
        return named or pytest.skip("there is no stand-in for cargo here, and no gcc to compile one")
    program = os.path.join(tempfile.mkdtemp(), "cargo.exe")
    source = Path(__file__).parents[1] / "windows" / "programs" / "cargo.c"
    subprocess.run([compiler, "-municode", "-o", program, source], check=True)
    return program


@functools.lru_cache(None)
def compiled_code() -> Path:
    """A store's folder of code in which Python has compiled the modules, which takes as long as several runs."""
    program = launcher.install({"PYO3_SHIM_STORE": os.path.join(tempfile.mkdtemp(), "store")})
    code = Path(program).parents[1] / "pyo3_base_python"
    subprocess.run([launcher.base_python(), "-I", "-m", "compileall", "-q", code], check=True)
    return code


class Result(NamedTuple):
    """How a run of the wrapper ended; ``arguments`` is None, and ``environ`` empty, if cargo was not reached."""

    code: int
    out: bytes
    err: str
    arguments: list[str] | None
    environ: dict[str, str]

    @property
    def lines(self) -> list[str]:
        """The lines of stderr."""
        return self.err.splitlines()


class Wrapper:
    """The launcher, installed into a store of its own, with a project, and a cargo that records how it was called.

    ``program`` is the lasting one, ``own_program`` that of this version. That cargo then runs ``FAKE_CARGO_DOES`` as a
    line of shell.
    """

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.bin = folder / "bin"
        self.project = folder / "project"
        for new in (self.bin, self.project):
            new.mkdir()
        self.write_project(MANIFEST, LOCK)
        self.cargo = self.fake_cargo(self.bin / "cargo")
        self.environ = {
            "PATH": os.pathsep.join((os.fspath(self.bin), "/usr/bin", "/bin")),
            "HOME": os.fspath(folder),
            "LANG": "C.UTF-8",
            "CARGO_HOME": os.fspath(folder / "cargo-home"),
            "PYO3_PYTHON": python,
            "PYO3_SHIM_STORE": os.fspath(self.store),
            "PYTHONWARNINGS": "error",
            **{name: os.environ[name] for name in NEEDED if name in os.environ},
        }
        self.program = launcher.install(self.environ, lasting=True)
        self.own_program = launcher.install(self.environ)
        # The store takes no links for its modules, but what Python compiles of them may be links: they cost nothing.
        for compiled in compiled_code().glob("**/__pycache__"):
            own = Path(self.own_program).parents[1] / "pyo3_base_python" / compiled.relative_to(compiled_code())
            shutil.copytree(compiled, own, copy_function=os.link)

    def write_project(self, manifest: str, lock: str | None) -> None:
        """Write Cargo.toml, and Cargo.lock if one is wanted."""
        (self.project / "Cargo.toml").write_text(manifest, encoding="utf-8")
        (self.project / "Cargo.lock").unlink(missing_ok=True)
        if lock is not None:
            (self.project / "Cargo.lock").write_text(lock, encoding="utf-8")

    def fake_cargo(self, path: Path) -> str:
        """Write a recording cargo to ``path``, and return that; on Windows it ends in ``.exe``."""
        record = self.folder / "record"
        record.mkdir(exist_ok=True)
        if os.name == "nt":
            program = path.with_suffix(".exe")
            shutil.copyfile(stand_in_cargo(), program)
            Path(f"{program}.record").write_text(os.fspath(record), encoding="utf-8")
            return os.fspath(program)
        path.write_text(
            "#!/bin/sh\n"
            f"cd '{record}'\n"
            'printf "%s\\0" "$#" "$@" >arguments\n'
            "env -0 >environ\n"
            f"echo {path.name} $$ >called\n"
            'eval "$FAKE_CARGO_DOES"\n',
            encoding="utf-8",
        )
        path.chmod(0o755)
        return os.fspath(path)

    @property
    def called(self) -> list[str]:
        """The name by which the recording cargo was last called, and its process."""
        return (self.folder / "record" / "called").read_text(encoding="utf-8").split()

    def variables(self, **changes: str | None) -> dict[str, str]:
        """The environment that the wrapper gets; ``None`` removes a variable."""
        return {name: value for name, value in {**self.environ, **changes}.items() if value is not None}

    def start(
        self, *arguments: str | bytes, environ: dict[str, str] | None = None, program: str = ""
    ) -> subprocess.Popen[bytes]:
        """Start the wrapper in the project, with pipes; for a `with` statement."""
        return subprocess.Popen(
            [program or self.program, *arguments],
            env=self.environ if environ is None else environ,
            cwd=self.project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(
        self,
        *arguments: str | bytes,
        stdin: bytes | str = b"",
        program: str = "",
        does: str = "",
        **changes: str | None,
    ) -> Result:
        """Run the wrapper to its end. What cargo ``does`` is a line of shell."""
        if does and os.name == "nt":
            pytest.skip("there is no shell that cargo's stand-in could run")
        record = self.folder / "record"
        for name in ("arguments", "environ", "called"):
            (record / name).unlink(missing_ok=True)
        variables = self.variables(**{"FAKE_CARGO_DOES": does, **changes})
        with self.start(*arguments, environ=variables, program=program) as process:
            try:
                out, err = process.communicate(stdin.encode() if isinstance(stdin, str) else stdin, timeout=30)
            finally:
                process.kill()
        seen: list[str] | None = None
        environ: dict[str, str] = {}
        if (record / "called").exists():
            count, *words = (record / "arguments").read_bytes().split(b"\0")[:-1]
            seen = [os.fsdecode(word) for word in words]
            assert len(seen) == int(count)
            pairs = [os.fsdecode(pair) for pair in (record / "environ").read_bytes().split(b"\0") if pair]
            environ = {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
        return Result(process.returncode, out, err.decode(errors="surrogateescape"), seen, environ)

    def changes(self, result: Result, **changes: str | None) -> dict[str, str | None]:
        """How cargo's environment in ``result`` differs from the wrapper's (with ``changes``); ``None`` is unset."""
        before = self.variables(**changes)
        names = (before.keys() | result.environ.keys()) - SHELL_VARIABLES - {"FAKE_CARGO_DOES"}
        return {name: result.environ.get(name) for name in names if result.environ.get(name) != before.get(name)}
