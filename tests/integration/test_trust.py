"""A malicious repository, built by mistake: the shim leaves alone what the repository's links lead to.

What a build script does is its own affair (`.github/SECURITY.md`). So the real cargo compiles first, and then a cargo
that does nothing is started: whatever is written then, the shim has written.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.history import History
from tests.fuzz.judge import Judge
from tests.fuzz.project import Package, Script, Shape, files, first_sources
from tests.fuzz.world import Environment, Machine, World, executable

pytestmark = pytest.mark.promise("fault")

CARGO = """\
#!/bin/sh
[ "$1" = --version ] && echo "cargo 1.95.0 (f2d3ce0bd 2026-03-21)"
exit 0
"""
PLAIN = Package("app", ("macro",), None, "pyo3")
WITH_SCRIPT = Package("app", ("macro",), Script("neighbour", "itself", "src", helped=True), "pyo3")
SHAPES = {
    "own": Shape((PLAIN,), "own", "default", times="fixed", path="new"),
    "own, with a build script": Shape((WITH_SCRIPT,), "own", "default", times="fixed", path="new"),
    "own, in a target directory for several": Shape((PLAIN,), "own", "shared", times="fixed", path="new"),
    "sdist, in a target directory for several": Shape((PLAIN,), "sdist", "shared", times="fixed", path="new"),
}
# Cargo itself writes to where these lead: they are the target directory, wherever it lies.
TARGET = frozenset({"target", "target/debug", "one/py/target", "one/py/target/debug"})


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("trust"))


def listing(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Everything below ``folder``: content or target of a link, time in ns, mode."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[path.relative_to(folder).as_posix()] = (content, status.st_mtime_ns, status.st_mode)
    return found


def built(machine: Machine, shape: Shape) -> tuple[World, dict[str, str]]:
    """A world with a tree of ``shape`` in which the shim and cargo have built twice, and the variables of a build."""
    world = World(machine, "with", shim=True)
    sources = files(shape, first_sources(shape), Judge(machine).lock(History(shape)))
    world.write("one", {path: (text, 10**18) for path, text in sources.items()}, {})
    variables = {} if shape.target == "default" else {"CARGO_TARGET_DIR": os.fspath(machine.at / "target")}
    for number in range(2):
        environment = Environment(f"environment-{number}", "v0", other=False)
        outcome = world.build("one", environment=environment, arguments=(), variables=variables, shim=True, times=False)
        assert outcome.code == 0, outcome.output
    return world, variables


def places(world: World, shape: Shape) -> Iterator[str]:
    """What a repository can bring as a link: each folder and each record in the target directory, some sources."""
    top = world.home / ("one/py/target" if shape.target == "default" else "target")
    for path in sorted(top.rglob("*")):
        name = path.relative_to(world.home).as_posix()
        if name not in TARGET and (path.is_dir() or "pyo3-base-python" in name):
            yield name
    yield from ("one/py/src", "one/py/src/lib.rs", "one/py/assets", "one/py/Cargo.lock")


def start(machine: Machine, world: World, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Build in another environment with a cargo that does nothing."""
    cargo = machine.folder / "cargo"
    cargo.write_text(CARGO)
    cargo.chmod(0o755)
    with world.here() as at:
        environ = machine.environ(PYO3_PYTHON=executable(at / "other", "v1"), PYO3_SHIM_CARGO=os.fspath(cargo))
        return subprocess.run(
            [machine.wrapper, "build", "--offline"],
            cwd=at / "one" / "py",
            env={**environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nothing_is_written_or_removed_behind_a_link(machine: Machine, tmp_path: Path, shape: Shape) -> None:
    world, variables = built(machine, shape)
    kept = tmp_path / "kept"
    shutil.copytree(world.home, kept, symlinks=True)
    brought = list(places(world, shape))
    changed = listing(world.home)
    start(machine, world, variables)
    assert changed != listing(world.home), "the shim writes nothing at all"
    for name in brought:
        for is_there in (True, False):
            shutil.rmtree(world.home)
            shutil.copytree(kept, world.home, symlinks=True)
            outside = tmp_path / "outside"
            shutil.rmtree(outside, ignore_errors=True)
            outside.mkdir()
            (world.home / name).rename(outside / "it" if is_there else tmp_path / f"gone-{os.urandom(4).hex()}")
            (world.home / name).symlink_to(outside / "it")
            (world.home / "one" / "py" / "new.txt").write_text("new")
            before = listing(outside)
            done = start(machine, world, variables)
            assert listing(outside) == before, name
            assert done.returncode == 0, (name, done.stderr)
            assert "Traceback" not in done.stderr, (name, done.stderr)
