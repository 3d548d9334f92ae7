"""The test bed at work: real sources, real builds. It has to tell a real fix from one that fixes nothing."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyo3_base_python import bundled
from pyo3_base_python.commands import cli
from pyo3_base_python.testbed import patches, specimens, tools, upstream, upstream_tests
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.testbed.matrix import FRONT_ENDS
from pyo3_base_python.testbed.workfolder import WorkFolder

EVERY_TIME = 3  # the least that is recompiled where PYO3_PYTHON is a new path in each build


# Several projects are compiled from nothing in one test.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> WorkFolder:
    """One work folder for all tests, as a user has: sources and what cargo builds are shared."""
    return WorkFolder(tmp_path_factory.mktemp("bed"))


def bed(work: WorkFolder, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["testbed", command, "--work", os.fspath(work.top), *arguments])


def matrix(work: WorkFolder, *arguments: str) -> tuple[Result, dict[str, tuple[int, dict[str, bool]]]]:
    """Run `testbed matrix`; return also, for ``pyo3 kind/backend kind front end shim``, crates and hazards."""
    output = work.top / "output"
    result = bed(work, "matrix", "--output", os.fspath(output), *arguments)
    assert result.exit_code in {0, 1}, result.output
    found = {}
    for cell in json.loads((output / "matrix.json").read_text())["cells"]:
        assert not cell["error"], cell
        hazards = {name: value["holds"] for name, value in cell["hazards"].items()}
        words = (f"{cell['pyo3']['kind']}/{cell['builder']['kind']}", cell["front_end"], cell["shim"])
        found[" ".join(words)] = (len(cell["crates"]), hazards)
    return result, found


def test_released_sources_are_fetched_checked_and_patched(work: WorkFolder) -> None:
    result = bed(work, "apply")
    assert result.exit_code == 0, result.output
    for patch_set in patches.read_all(patches.find()):
        tree = upstream.patched(patch_set, work, tools.clean(os.environ))
        for name in patch_set.patches:
            text = (patch_set.folder / name).read_text()
            for path in patches.touched(text, patch_set.include):
                released = upstream.released(patch_set, work, tools.clean(os.environ)) / path
                assert not released.exists() or released.read_bytes() != (tree / path).read_bytes(), path


def test_patches_apply_to_all_versions_that_they_name(work: WorkFolder) -> None:
    for patch_set in patches.read_all(patches.find()):
        for version in patch_set.versions:
            result = bed(work, "apply", f"{patch_set.project}/{patch_set.version}", "--against", version)
            assert result.exit_code == 0, result.output


def test_a_version_that_does_not_exist_is_told(work: WorkFolder) -> None:
    for arguments in (("apply", "pyo3/0.30.1", "--against", "0.999.0"), ("compare", "rpds-py==0.0.999")):
        result = bed(work, *arguments)
        assert result.exit_code == Exit.NAMED, result.output
        assert len(result.output.strip().splitlines()) == 2, result.output


def test_patches_that_do_not_apply_to_a_version_name_hunk_and_version(work: WorkFolder) -> None:
    result = bed(work, "apply", "pyo3/0.30.1", "--against", "0.28.3")
    assert result.exit_code == Exit.PATCH, result.output
    assert "does not apply to pyo3 0.28.3: hunk " in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "project", ["pyo3/0.24.2", "pyo3/0.25.1", "pyo3/0.26.0", "pyo3/0.30.1", "setuptools-rust/1.13.0"]
)
def test_the_projects_own_tests_pass_with_the_patches(work: WorkFolder, project: str) -> None:
    (patch_set,) = (one for one in patches.read_all(patches.find()) if f"{one.project}/{one.version}" == project)
    found = upstream_tests.run(patch_set, work, tools.clean(os.environ), print)
    assert found.holds, found
    assert not found.patched.failed
    assert len(found.patched.passed) > len(found.released.passed), "the patches bring tests of their own"


@pytest.mark.slow
def test_the_patched_pair_alone_stops_the_churn_and_half_of_it_does_not(work: WorkFolder) -> None:
    options = ("--backend", "setuptools-rust", "--abi", "version-specific", "--front-end", "uv", "--shim", "off")
    result, found = matrix(work, *options, "--hazard", "import,edit,wrong-version")
    assert result.exit_code == 0, result.output
    crates = {name: number for name, (number, _) in found.items()}
    assert crates.pop("fix/fix uv off") == 0
    assert set(crates) == {"released/released uv off", "released/fix uv off", "fix/released uv off"}
    assert all(number >= EVERY_TIME for number in crates.values()), crates
    assert found["fix/fix uv off"][1]["import"]
    assert found["fix/fix uv off"][1]["edit"]
    assert (work.top / "output" / "matrix.md").read_text().count("\n| setuptools-rust |") == 4

    # Measured once: the same command builds nothing, and says the same.
    logs = {path: path.stat().st_mtime_ns for path in work.top.rglob("cargo.log")}
    again, same = matrix(work, *options, "--hazard", "import,edit,wrong-version")
    assert same == found
    assert again.output.count("(measured before)") == 4
    assert {path: path.stat().st_mtime_ns for path in work.top.rglob("cargo.log")} == logs


@pytest.mark.slow
def test_a_checkout_that_fixes_nothing_does_not_pass_for_a_fix(work: WorkFolder) -> None:
    """The released sources, handed in as somebody's candidate: what a fix should do, they do not."""
    sets = {f"{one.project}/{one.version}": one for one in patches.read_all(patches.find())}
    environ = tools.clean(os.environ)
    pyo3 = upstream.released(sets["pyo3/0.26.0"], work, environ) / "pyo3-build-config"
    backend = upstream.released(sets["setuptools-rust/1.13.0"], work, environ)
    candidates = ("--pyo3", os.fspath(pyo3), "--setuptools-rust", os.fspath(backend), "--backend", "setuptools-rust")
    subset = ("--abi", "version-specific", "--front-end", "uv", "--hazard", "")
    result, found = matrix(work, *candidates, *subset, "--shim", "off,full")
    assert result.exit_code == Exit.FAILED, result.output
    assert found["fix/fix uv off"][0] >= EVERY_TIME
    assert found["fix/fix uv full"][0] == 0
    assert "expected 0 (the fixed backend exports PYO3_BASE_PYTHON" in result.output


@pytest.mark.slow
def test_the_shim_with_a_released_and_a_patched_pyo3_below_maturin(work: WorkFolder) -> None:
    candidates = ("--backend", "maturin", "--maturin", "released", "--pyo3", "released", "--pyo3", "patched")
    result, found = matrix(
        work, *candidates, "--abi", "version-specific", "--front-end", "build", "--hazard", "edit,wrong-version"
    )
    assert result.exit_code == 0, result.output
    crates = {name: number for name, (number, _) in found.items()}
    assert crates.pop("released/released build full") == 0
    assert crates.pop("fix/released build full") == 0
    assert crates.pop("fix/released build export") == 0
    assert len(crates) == 3
    assert all(number >= EVERY_TIME for number in crates.values()), crates
    # A fixed pyo3 trusts a backend that does not know the variable: the bed sees the wrong binary.
    if "wrong-version" in found["fix/released build off"][1]:
        assert not found["fix/released build off"][1]["wrong-version"]
        assert found["fix/released build full"][1]["wrong-version"]


@pytest.mark.slow
@pytest.mark.timeout(1500)  # maturin is compiled: two minutes on a fast machine, a multiple of that on a slow one
def test_the_patched_maturin_with_the_patched_pyo3(work: WorkFolder) -> None:
    candidates = ("--backend", "maturin", "--maturin", "patched", "--pyo3", "patched", "--shim", "off")
    result, found = matrix(work, *candidates, "--abi", "version-specific", "--hazard", "edit")
    assert result.exit_code == 0, result.output
    assert found == {f"fix/fix {front_end} off": (0, {"edit": True}) for front_end in FRONT_ENDS}


@pytest.mark.slow
@pytest.mark.timeout(3600)  # twenty-one candidates, each built several times; some minutes on an idle machine
def test_each_wrong_candidate_is_caught_for_its_reason_and_each_right_one_passes(work: WorkFolder) -> None:
    output = work.top / "judged"
    result = bed(work, "judge", "--output", os.fspath(output))
    if "some mistakes need a second one" in result.output:
        pytest.skip("there is one version of Python on this machine")
    assert result.exit_code == 0, result.output
    found = {one["name"]: one for one in json.loads((output / "judge.json").read_text())["candidates"]}
    assert {name: one["judged"] for name, one in found.items()} == {
        one.name: "caught" if one.is_wrong else "passes" for one in specimens.read_all()
    }
    tracked = found["pyo3-tracks-pyo3-python"]["failed"][0]["found"]
    assert re.search(
        r"^3 \(pyo3-ffi, pyo3, plain; pyo3-ffi: PYO3_PYTHON was [/~]\S+, is [/~]\S+: tracked, though", tracked
    )
    configured = found["backend-config-names-environment"]["failed"][0]["found"]
    assert re.search(
        r"pyo3-ffi: PYO3_CONFIG_FILE [/~]\S+: `executable=[/~]\S+` became `executable=[/~]\S+`", configured
    )
    unclaimed = {verdict["what"] for verdict in found["right-pr-6114"]["unclaimed"]}
    assert unclaimed == {"import-config", "import-script", "active-env"}
    assert [verdict["what"] for verdict in found["right-pr-3216"]["unclaimed"]] == ["user-python"]


def test_what_is_typed_twice_compiles_once(work: WorkFolder) -> None:
    result = bed(work, "workflows", "--output", os.fspath(work.top / "output"), "uv build (maturin new)")
    assert result.exit_code == 0, result.output
    (row,) = json.loads((work.top / "output" / "workflows.json").read_text())["workflows"]
    counts = [len(built["crates"]) for built in (*row["without"], *row["shim"])]
    assert counts[0] == counts[1] == counts[2] > EVERY_TIME
    assert counts[3] == 0


@pytest.mark.slow
def test_ways_to_build_are_compared(work: WorkFolder) -> None:
    output = work.top / "comparison"
    project = os.fspath(bundled.folder() / "version_specific")
    wanted = ("--way", "plain,uv,pip,pip-venv,no-isolation,shim", "--repeat", "1")
    result = bed(work, "compare", project, *wanted, "--output", os.fspath(output))
    assert result.exit_code == 0, result.output
    ways = {way["way"]: way for way in json.loads((output / "compare.json").read_text())["ways"]}
    assert not any(way["skipped"] for way in ways.values()), ways
    for way in ("plain", "uv", "pip-venv"):
        assert len(ways[way]["crates"]) >= EVERY_TIME, way
    # The pip of an environment builds in no environment of its own: PYO3_PYTHON is its own interpreter.
    assert ways["pip"]["crates"] == ways["no-isolation"]["crates"] == ways["shim"]["crates"] == []
    assert "pip 2" in ways["pip-venv"]["breaks"], "its pip is another one than the others', and is told"
    assert ways["shim"]["seconds"] < ways["plain"]["seconds"]
    assert not (Path(project) / "dist").exists(), "the project itself is left as it was"


@pytest.mark.slow
def test_interpreters_in_turn_are_compared(work: WorkFolder, interpreters: dict[str, str]) -> None:
    if not {"3.10", "3.12"} <= interpreters.keys():
        pytest.skip("there is no Python 3.10 or no 3.12 on this machine")
    output = work.top / "interpreters"
    project = os.fspath(bundled.folder() / "version_specific")
    named = [word for version in ("3.10", "3.12") for word in ("--interpreter", interpreters[version])]
    result = bed(work, "interpreters", project, *named, "--output", os.fspath(output))
    assert result.exit_code == 0, result.output
    plain, shim, shared, apart = json.loads((output / "interpreters.json").read_text())["ways"]
    assert len(plain["warm"]["crates"]) == len(shared["warm"]["crates"]) == 2 * EVERY_TIME
    assert shim["warm"]["crates"] == apart["warm"]["crates"] == []
    # The second interpreter's directory begins as a copy.
    assert len(shim["cold"]["crates"]) == len(plain["cold"]["crates"])
    everything = set(plain["cold"]["crates"])
    assert sorted(apart["cold"]["crates"]) == sorted([*everything, *everything])
    assert plain["megabytes"] < apart["megabytes"] < 3 * plain["megabytes"]
