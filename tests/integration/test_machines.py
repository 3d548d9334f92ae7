"""More than one machine, with sccache and a Redis server between them, and what the shim adds to that."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

import pytest
import yaml
from click.testing import CliRunner

from pyo3_base_python import bundled
from pyo3_base_python.commands import cli
from pyo3_base_python.testbed import compiler_cache, machines
from pyo3_base_python.testbed.compiler_cache import Counted

from .conftest import Outcome, Site, uv
from .test_recipes import recipe

pytestmark = [
    pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server on this machine"),
    pytest.mark.skipif(os.name == "nt", reason="the servers listen on Unix sockets"),
]

# pyo3 0.26, which compiles its configuration, and with it the interpreter's path, into a crate.
OLD = "setuptools_rust"


class Visit(NamedTuple):
    """A build on one machine, the calls of its sccache, and the crates that were not in the cache."""

    outcome: Outcome
    counted: Counted
    missed: tuple[str, ...]


Visitor = Callable[..., Visit]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the cache that all machines use."""
    with compiler_cache.served(os.environ, tmp_path_factory.mktemp("redis") / "log") as endpoint:
        yield endpoint


@pytest.fixture
def visit(shared: str, tmp_path: Path, environ: dict[str, str]) -> Visitor:
    """Build on a machine that has nothing but the cache, at the paths that all machines have.

    ``target`` is a target directory that a CI cache restores; ``place`` and ``store`` name the folders of the checkout
    and of the shim's store, which starts empty.
    """
    if not shutil.which("sccache"):
        pytest.skip("there is no sccache on this machine")

    def build(
        crate: str, *, shim: bool, place: str = "checkout", store: str = "store", target: Path | None = None
    ) -> Visit:
        checkout = tmp_path / place
        shutil.rmtree(checkout, ignore_errors=True)
        bundled.copy(crate, checkout)
        for file in checkout.rglob("*"):
            file.touch()  # a checkout's files are of now
        if target is not None:
            target.rename(checkout / "target")
        shutil.rmtree(tmp_path / store, ignore_errors=True)
        variables = {
            **compiler_cache.without_settings(environ),
            "PYO3_SHIM_STORE": os.fspath(tmp_path / store),
        }
        with compiler_cache.on_a_machine(shared, variables, tmp_path / "sccache.log") as machine:
            site = Site(checkout, tmp_path / "scratch", dict(machine.environ))
            outcome = site.build(uv, shim=shim)
            assert site.answer(outcome) == 42
            return Visit(outcome, machine.counted(), machine.missed())

    return build


@pytest.mark.parametrize("crate", ["version_specific", "abi3", OLD])
def test_with_the_shim_the_second_machine_finds_every_crate(visit: Visitor, crate: str) -> None:
    """Not even the store has to be where it was."""
    first = visit(crate, shim=True, store="here")
    second = visit(crate, shim=True, store="there")
    assert first.missed
    assert second.missed == ()
    assert second.counted == Counted(first.counted.hits + first.counted.misses, 0, first.counted.not_cacheable)
    assert {"pyo3", "pyo3-ffi", "pyo3-build-config"} <= set(second.outcome.recompiled)


@pytest.mark.parametrize(
    ("crate", "missed"),
    [("version_specific", ()), (OLD, ("pyo3", "pyo3_build_config", "pyo3_macros_backend"))],
    ids=["pyo3 0.30", "pyo3 0.26"],
)
def test_control_without_the_shim_it_does_not_before_pyo3_0_29(
    visit: Visitor, crate: str, missed: tuple[str, ...]
) -> None:
    for _ in range(2):
        found = visit(crate, shim=False)
    assert found.missed == missed
    assert found.counted.misses == len(missed)
    assert found.counted.hits > 0


@pytest.mark.parametrize("shim", [True, False], ids=["shim", "control"])
def test_a_restored_target_directory(visit: Visitor, tmp_path: Path, shim: bool) -> None:
    """With the shim a fresh checkout compiles the project's own crate, and sccache is asked for nothing else."""
    visit("version_specific", shim=shim)
    kept = tmp_path / "kept"
    (tmp_path / "checkout" / "target").rename(kept)
    second = visit("version_specific", shim=shim, target=kept)
    again = {"version_specific"} if shim else {"pyo3-ffi", "pyo3", "version_specific"}
    assert set(second.outcome.recompiled) == again
    if shim:
        assert second.counted == Counted(hits=0, misses=0, not_cacheable=1)
    else:
        assert second.counted.hits == 2


def test_a_checkout_at_another_path_finds_every_crate_if_the_target_directory_is_where_it_was(
    visit: Visitor, tmp_path: Path, environ: dict[str, str]
) -> None:
    environ["CARGO_TARGET_DIR"] = os.fspath(tmp_path / "target")
    first = visit(OLD, shim=True, place="here")
    shutil.rmtree(tmp_path / "target")
    second = visit(OLD, shim=True, place="there")
    assert first.missed
    assert second.missed == ()
    assert "pyo3" in second.outcome.recompiled


@pytest.mark.quick
def test_the_recipe_sets_what_is_tested_here(shared: str, environ: dict[str, str], tmp_path: Path) -> None:
    """Its commands are those of the recipe for GitHub Actions, which is run word for word elsewhere."""
    job = yaml.safe_load(recipe("ci", "GitHub Actions with sccache"))
    if not shutil.which("sccache"):
        pytest.skip("there is no sccache on this machine")
    with compiler_cache.on_a_machine(shared, environ, tmp_path / "log") as machine:
        for name, value in job["env"].items():
            if not name.startswith("SCCACHE_"):
                assert os.path.basename(machine.environ[name]) == value, name
    used = [step.get("run") or step["uses"].partition("@")[0] for step in job["steps"]]
    simple = yaml.safe_load(recipe("ci", "GitHub Actions"))
    assert [step["run"] for step in simple if "run" in step] == [step["run"] for step in job["steps"] if "run" in step]
    assert used.index(simple[0]["run"]) < used.index("Swatinem/rust-cache")
    assert used[-1] == simple[-1]["run"]


def test_the_table(tmp_path: Path) -> None:
    project = os.fspath(bundled.folder() / OLD)
    output = tmp_path / "output"
    arguments = ["testbed", "machines", "--work", os.fspath(tmp_path / "bed"), project, "--output", os.fspath(output)]
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 0, result.output
    builds = json.loads((output / "machines.json").read_text())["builds"]
    found = {(build["way"], build["machine"]): build for build in builds}
    for way in machines.WAYS:
        assert found[way, "first"]["counted"]["hits"] == 0
        assert found[way, "second"]["counted"]["hits"] > 0
    assert "pyo3" in found["sccache", "second"]["missed"]
    assert found["sccache with the shim", "second"]["missed"] == []
    assert found["sccache with the shim", "second"]["counted"]["misses"] == 0
    assert found["sccache with the shim", machines.RESTORED]["counted"] == {"hits": 0, "misses": 0, "not_cacheable": 1}
    assert (output / "machines.md").read_text().count("\n| sccache with the shim |") == 3


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
def test_nothing_that_was_started_is_left(tmp_path: Path, environ: dict[str, str]) -> None:
    """The command is told to end in the middle of the first build."""
    project = os.fspath(bundled.folder() / "version_specific")
    work = tmp_path / "bed"
    environ["TMPDIR"] = os.fspath(tmp_path)
    command = ["pyo3-base-python", "testbed", "machines", project, "--work", os.fspath(work)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while not list(tmp_path.glob("sccache-*/socket")):
            assert child.poll() is None
            time.sleep(0.1)
        servers = _using(tmp_path)
        assert len(servers) >= 2
        child.terminate()
        assert child.wait() == 128 + signal.SIGTERM
    assert not _using(tmp_path) & servers
    assert not list(tmp_path.glob("*/socket"))


def _using(folder: Path) -> set[int]:
    """The processes that have ``folder`` in their command line, or work in it."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + b" " + os.fsencode(os.readlink(process / "cwd"))
        except OSError:
            continue
        if os.fsencode(folder) in words and int(process.name) != os.getpid():
            found.add(int(process.name))
    return found
