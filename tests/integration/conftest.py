"""A project that is built by real front ends, and what cargo compiled for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

import pytest

from pyo3_base_python import bundled, measure

FrontEnd = Callable[["Site", Path], "list[str]"]
# From a requirement (`name==version`) to the folder of its unpacked sdist.
Unpack = Callable[[str], Path]
UV = Path(sys.executable).with_name("uv")
RPDS_PY = "rpds-py==2026.9.1"  # maturin, version-specific, pyo3 0.29


REPOSITORY = Path(__file__).parents[2]


class Outcome(NamedTuple):
    """What a build did: packages that cargo compiled, packages that it found fresh, and the wheel (if there is one)."""

    recompiled: tuple[str, ...]
    fresh: tuple[str, ...]
    wheel: Path | None
    output: str


class Site:
    """A project's folder, and the environment in which it is built.

    ``python`` is the interpreter that front ends are told to build for.
    """

    def __init__(self, project: Path, scratch: Path, environ: dict[str, str]) -> None:
        scratch.mkdir(exist_ok=True)
        self.project = project
        self.scratch = scratch
        self.python = sys.executable
        self.environ = environ
        self.recorder = measure.Recorder(scratch, environ)
        self.builds = 0

    def build(self, front_end: FrontEnd, *, shim: bool = True, **variables: str) -> Outcome:
        """Build a wheel with ``front_end``; fails the test, with all output, if that fails."""
        self.builds += 1
        wheels = self.scratch / f"wheels-{self.builds}"
        outcome = self.run(front_end(self, wheels), shim=shim, expect=0, **variables)
        found = list(wheels.glob("*.whl"))
        return outcome._replace(wheel=found[0] if found else None)

    def run(self, command: list[str], *, shim: bool = True, expect: int = 0, **variables: str) -> Outcome:
        """Run ``command`` in the project's folder, behind ``pyo3-base-python run`` if ``shim``."""
        prefix = ["pyo3-base-python", "run", "--"] if shim else []
        environ = {**self.environ, "CARGO": os.fspath(self.recorder.program), **variables}
        self.recorder.take()
        done = subprocess.run(
            [*prefix, *command],
            cwd=self.project,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        messages = self.recorder.take()
        output = done.stdout.decode(errors="replace")
        told = "\n".join(line for line in messages.splitlines() if not line.lstrip().startswith("Running `"))
        assert done.returncode == expect, f"{command} ended with {done.returncode}:\n{output}\n{told}"
        compiled = measure.compiled(messages)
        return Outcome(compiled.recompiled, compiled.fresh, None, output + messages)

    def call(self, outcome: Outcome, expression: str) -> str:
        """The value of ``expression``, as a string, with the wheel's extension module loaded as ``module``."""
        assert outcome.wheel, outcome.output
        unpacked = outcome.wheel.parent / "unpacked"
        with zipfile.ZipFile(outcome.wheel) as archive:
            archive.extractall(unpacked)
        (file,) = unpacked.rglob("*.so")
        # By its file: the package around it may want other packages.
        code = (
            "from importlib import util\n"
            f"spec = util.spec_from_file_location({file.name.partition('.')[0]!r}, {os.fspath(file)!r})\n"
            "module = util.module_from_spec(spec)\n"
            "spec.loader.exec_module(module)\n"
            f"print({expression})"
        )
        return subprocess.run(
            [self.python, "-c", code], env=self.environ, check=True, capture_output=True, text=True
        ).stdout.strip()

    def answer(self, outcome: Outcome) -> int:
        """The answer of the bundled module in the wheel."""
        return int(self.call(outcome, "module.answer()"))

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace ``old``, which must be there once, in one of the project's files."""
        path = self.project / file
        text = path.read_text()
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real builds are marked slow, except those that everyday work should not be without."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and not item.get_closest_marker("quick"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def environ() -> dict[str, str]:
    """The environment of a build, as in a terminal in which no virtual environment is active."""
    return dict(os.environ)


@pytest.fixture(scope="session")
def warm_crates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, dict[str, str]], Path]:
    """Bundled crates, each built once with the shim: copies of them need no cold build."""
    built: dict[str, Path] = {}
    top = tmp_path_factory.mktemp("warm")

    def warm(name: str, environ: dict[str, str]) -> Path:
        if name not in built:
            site = Site(bundled.copy(name, top / name), top / f"{name}-scratch", environ)
            cold = site.build(uv)
            assert "pyo3" in cold.recompiled, cold.output
            assert site.answer(cold) == 42
            built[name] = site.project
        return built[name]

    return warm


@pytest.fixture
def site_of(
    tmp_path: Path, environ: dict[str, str], warm_crates: Callable[[str, dict[str, str]], Path]
) -> Callable[[str], Site]:
    """A copy of a bundled crate that has been built once with the shim, target directory and times included."""

    def make(name: str) -> Site:
        project = tmp_path / name
        shutil.copytree(warm_crates(name, environ), project, symlinks=True)
        return Site(project, tmp_path / "scratch", environ)

    return make


@pytest.fixture(scope="session")
def shim_index() -> Iterator[Path]:
    """A folder with the wheels of both distributions, as an index would have them.

    Its path is new each time: uv takes what it has cached for what it knows by path.
    """
    folder = Path(tempfile.mkdtemp(prefix="pyo3-base-python-index-"))
    for project in (REPOSITORY, REPOSITORY / "shim"):
        command = [os.fspath(UV), "build", "--wheel", "--out-dir", os.fspath(folder), os.fspath(project)]
        subprocess.run(command, check=True, capture_output=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def unpack(tmp_path_factory: pytest.TempPathFactory) -> Unpack:
    """Released projects, unpacked once for the whole run."""
    folders: dict[str, Path] = {}

    def unpacked(requirement: str) -> Path:
        if requirement not in folders:
            top = tmp_path_factory.mktemp("released")
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
            subprocess.run([*command, "--dest", top, requirement], check=True)
            (archive,) = top.glob("*.tar.gz")
            with tarfile.open(archive) as tar:
                tar.extractall(top, filter="data")
            (folders[requirement],) = [path for path in top.iterdir() if path.is_dir()]
        return folders[requirement]

    return unpacked


# The front ends: one function for each, from a site and a folder for wheels to a command.


def uv(site: Site, wheels: Path) -> list[str]:
    """`uv build --wheel`, in a fresh environment below uv's cache."""
    return ["uv", "build", "--wheel", "--python", site.python, "--out-dir", os.fspath(wheels)]


def build(site: Site, wheels: Path) -> list[str]:
    """`python -m build --wheel`, in a fresh environment in the temporary folder."""
    return [site.python, "-m", "build", "--wheel", "--outdir", os.fspath(wheels)]


def build_by_sdist(site: Site, wheels: Path) -> list[str]:
    """`python -m build`: an sdist, unpacked elsewhere, then a wheel from it."""
    return [site.python, "-m", "build", "--outdir", os.fspath(wheels)]


def pip(site: Site, wheels: Path) -> list[str]:
    """`pip wheel .`, with pip's own isolation."""
    return [site.python, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", os.fspath(wheels), "."]


FRONT_ENDS = [pytest.param(front_end, id=front_end.__name__) for front_end in (uv, build, pip)]
CRATES = ["version_specific", "abi3", "setuptools_rust", "imports_by_variable", "imports_by_config", "workspace"]
