"""A world is a folder in which a history takes place; twins are at one path, in turn, so that nothing else differs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.activation import launcher
from pyo3_base_python.wrapper import real_cargo

from . import registry
from .project import REQUIREMENT

__all__ = ["ANSWER", "Environment", "Machine", "Outcome", "Tree", "World", "executable"]

# By path: text, and time in ns.
Tree = Mapping[str, "tuple[str, int]"]

# Kills cargo when it is about to compile, or has compiled, the crate `app`, if there is a file that says so.
RUSTC = """\
#!/bin/sh
if [ -e '{kill}' ]; then
  case "$*" in *"--crate-name app "*)
    [ "$(cat '{kill}')" = after ] && '{rustc}' "$@"
    rm '{kill}'
    kill -9 $PPID
    exit 1;;
  esac
fi
exec '{rustc}' "$@"
"""
ANSWER = "import ctypes, sys; f = ctypes.CDLL(sys.argv[1]).answer; f.restype = ctypes.c_char_p; print(f().decode())"


@dataclass(frozen=True)
class Outcome:
    """How a build ended: exit code, what cargo compiled (a package, or its build.rs), the module's answer or ``""``."""

    code: int
    compiled: frozenset[str]
    answer: str
    output: str
    written: tuple[str, ...] = ()


class Environment(NamedTuple):
    """An isolated environment: its folder's name, its requirement's version, and whether of the other interpreter."""

    name: str
    requirement: str
    other: bool


class Machine:
    """What the worlds share: cargo, a registry, the wrapper with its store, the path at which a world is built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = folder / "world"
        self.cargo_home = folder / "cargo-home"
        self.store = folder / "store"
        self.kill = folder / "kill"
        registry.install(self.cargo_home)
        sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
        self.tools = Path(sysroot) / "bin"
        self.rustc = folder / "rustc"
        self.rustc.write_text(RUSTC.format(kill=self.kill, rustc=self.tools / "rustc"))
        self.rustc.chmod(0o755)
        self.cargo = os.fspath(self.tools / "cargo")
        # Where there is no second one, `other` is a new environment like all.
        self.pythons = (os.path.realpath(sys.executable), _another() or os.path.realpath(sys.executable))
        self.wrapper = launcher.install({**os.environ, "PYO3_SHIM_STORE": os.fspath(self.store)}, lasting=True)
        assert real_cargo.is_wrapper(self.wrapper)

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of a build."""
        return {
            "PATH": os.pathsep.join([os.fspath(self.tools), "/usr/bin", "/bin"]),
            "HOME": os.fspath(self.at / "home"),
            "LANG": "C.UTF-8",
            "CARGO_HOME": os.fspath(self.cargo_home),
            "CARGO_INCREMENTAL": "0",
            "CARGO_PROFILE_DEV_DEBUG": "0",
            "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
            "RUSTC": os.fspath(self.rustc),
            "PYO3_SHIM_STORE": os.fspath(self.store),
            "PYO3_SHIM_SDIST_DIR": os.fspath(self.at / "sdists"),
            "PYO3_SHIM_LOG": os.fspath(self.at / "log"),
            **more,
        }


class World:
    """One world on a machine; ``shim`` is whether its builds have it."""

    def __init__(self, machine: Machine, name: str, *, shim: bool) -> None:
        self.machine = machine
        self.shim = shim
        self.home = machine.folder / name
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "home").mkdir(parents=True)

    @contextmanager
    def here(self) -> Iterator[Path]:
        """The world's folder, at the path that all worlds have while something happens in them."""
        os.rename(self.home, self.machine.at)
        try:
            yield self.machine.at
        finally:
            os.rename(self.machine.at, self.home)

    def write(self, name: str, tree: Tree, before: Tree) -> None:
        """Change the tree called ``name`` from ``before`` to what ``tree`` says."""
        folder = self.home / name
        for path in before.keys() - tree.keys():
            (folder / path).unlink()
        for path, (text, when) in tree.items():
            if before.get(path) != (text, when):
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
                os.utime(file, ns=(when, when))

    def build(
        self,
        name: str,
        *,
        environment: Environment,
        arguments: tuple[str, ...],
        variables: Mapping[str, str],
        shim: bool,
        times: bool,
        killed: str = "",
    ) -> Outcome:
        """Build the tree called ``name`` in an ``environment``, which is made for it.

        ``times``: whether those of the tree's files must stay.
        """
        with self.here() as at:
            base = self.machine.pythons[environment.other]
            interpreter = executable(at / environment.name, environment.requirement, base)
            if killed:
                self.machine.kill.write_text(killed)
            before = _listing(at, name, times=times)
            program = self.machine.wrapper if self.shim and shim else self.machine.cargo
            done = subprocess.run(
                [program, "build", "--offline", "--message-format=json", *arguments],
                cwd=at / name / "py",
                env=self.machine.environ(PYO3_PYTHON=interpreter, **variables),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            self.machine.kill.unlink(missing_ok=True)
            compiled, module = _messages(done.stdout)
            answer = ""
            if done.returncode == 0:
                command = [sys.executable, "-I", "-S", "-c", ANSWER, module]
                answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            written = tuple(sorted(_listing(at, name, times=times) ^ before))
            shutil.rmtree(at / environment.name)
        return Outcome(done.returncode, compiled, answer, done.stderr, written)


def _another() -> str:
    """A base interpreter of another version than this one, ``""`` for none."""
    for path in sorted(Path.home().glob(".pyenv/versions/*/bin/python3")):
        if _version(os.fspath(path)) not in {_version(sys.executable), "3.6", "3.7", "3.8"}:
            return os.path.realpath(path)
    return ""


@cache
def _version(python: str) -> str:
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def executable(folder: Path, requirement: str, base: str = os.path.realpath(sys.executable)) -> str:
    """The interpreter of a new isolated environment, as front ends make them, with a requirement of one module."""
    version = _version(base)
    packages = folder / "lib" / f"python{version}" / "site-packages"
    information = packages / f"{REQUIREMENT}-1.0.dist-info"
    information.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {os.path.dirname(base)}\nversion = {version}\n")
    code = f"VALUE = {requirement!r}\n"
    (packages / f"{REQUIREMENT}.py").write_text(code)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {REQUIREMENT}\nVersion: 1.0\n")
    digest = hashlib.sha256(code.encode()).hexdigest()
    (information / "RECORD").write_text(f"{REQUIREMENT}.py,sha256={digest},{len(code)}\n{information.name}/RECORD,,\n")
    return os.fspath(folder / "bin" / "python")


def _messages(output: str) -> tuple[frozenset[str], str]:
    """Packages compiled, and the path of the module, by cargo's messages."""
    compiled = set()
    module = ""
    for line in output.splitlines():
        message = json.loads(line)
        if message["reason"] == "compiler-artifact":
            name = os.path.basename(os.path.dirname(message["manifest_path"]))
            name = "app" if name == "py" else name
            if not message["fresh"]:
                compiled.add(f"{name} build.rs" if message["target"]["kind"] == ["custom-build"] else name)
            if name == "app" and message["target"]["crate_types"] == ["cdylib"]:
                module = message["filenames"][0]
    return frozenset(compiled), module


def _listing(at: Path, name: str, *, times: bool) -> set[str]:
    """Files of the world that no build should write; those in the tree with content, and time if ``times``."""
    found = set()
    for place, folders, names in os.walk(at):
        if place == os.fspath(at):
            folders[:] = [folder for folder in folders if folder not in {"target", "sdists"}]
        folders[:] = [folder for folder in folders if folder not in {"target", "__pycache__"}]
        for one in names:
            path = os.path.join(place, one)
            relative = os.path.relpath(path, at)
            if one in {"log", "made.rs"}:
                continue
            if relative.startswith(name + os.sep):
                with open(path, "rb") as file:
                    relative += f" {hashlib.sha256(file.read()).hexdigest()[:8]}"
                relative += f" {os.stat(path).st_mtime_ns}" if times else ""
            found.add(relative)
    return found
