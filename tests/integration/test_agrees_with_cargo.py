"""Where a project is, and for what it is built: the root, target directory and target that cargo takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyo3_base_python import bundled
from pyo3_base_python.wrapper import cargo_config, decide, plan, real_cargo
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.project import PYO3_CRATES, PYO3_FAMILY, artifact_names, parse_lock
from tests.unit.support import needs_tomllib

from .conftest import Site, uv
from .test_never_different import content
from .test_pyo3_versions import write_crate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest's own requirement there

if TYPE_CHECKING:
    from pyo3_base_python.wrapper.command_line import Invocation
    from pyo3_base_python.wrapper.project import Project

PACKAGE = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
MEMBER = PACKAGE.format(name="member")
OUTER = PACKAGE.format(name="outer")

LAYOUTS = {
    "alone": {"a/Cargo.toml": MEMBER},
    "member": {"Cargo.toml": '[workspace]\nmembers = ["a"]\n', "a/Cargo.toml": MEMBER},
    "member by a glob": {"Cargo.toml": '[workspace]\nmembers = ["*"]\n', "a/Cargo.toml": MEMBER},
    "not in a workspace, below a package": {"Cargo.toml": OUTER, "src/lib.rs": "", "a/Cargo.toml": MEMBER},
    "excluded": {"Cargo.toml": '[workspace]\nexclude = ["a"]\n', "a/Cargo.toml": MEMBER},
    "excluded on several lines": {
        "Cargo.toml": '[workspace]\nexclude = [\n  "b",\n  "a",\n]\n',
        "a/Cargo.toml": MEMBER,
    },
    "excluded by the folder above": {"Cargo.toml": '[workspace]\nexclude = ["a"]\n', "a/b/Cargo.toml": MEMBER},
    "excluded, but a member": {
        "Cargo.toml": '[workspace]\nmembers = ["a/b"]\nexclude = ["a"]\n',
        "a/b/Cargo.toml": MEMBER,
    },
    "another is excluded": {"Cargo.toml": '[workspace]\nmembers = ["a"]\nexclude = ["b"]\n', "a/Cargo.toml": MEMBER},
    "excluded from the inner, member of the outer": {
        "Cargo.toml": '[workspace]\nmembers = ["inner/a"]\n',
        "inner/Cargo.toml": '[workspace]\nexclude = ["a"]\n',
        "inner/a/Cargo.toml": MEMBER,
    },
    "with a workspace of its own": {
        "Cargo.toml": '[workspace]\nmembers = ["b"]\n',
        "a/Cargo.toml": f"{MEMBER}[workspace]\n",
    },
    "pointing aside": {
        "root/Cargo.toml": '[workspace]\nmembers = ["../a"]\n',
        "a/Cargo.toml": f'{MEMBER}workspace = "../root"\n',
    },
    "below one that points aside": {
        "root/Cargo.toml": '[workspace]\nmembers = ["../b", "../b/a"]\n',
        "b/Cargo.toml": f'{OUTER}workspace = "../root"\n',
        "b/src/lib.rs": "",
        "b/a/Cargo.toml": MEMBER,
    },
    "dotted keys": {"Cargo.toml": 'workspace.members = ["a"]\n', "a/Cargo.toml": MEMBER},
    "an inline table": {"Cargo.toml": 'workspace = { exclude = ["a"] }\n', "a/Cargo.toml": MEMBER},
    "a header with blanks": {"Cargo.toml": '[ workspace ]\nmembers = ["a"]\n', "a/Cargo.toml": MEMBER},
    "a header in quotes, after a mark of UTF-8": {
        "Cargo.toml": '\ufeff["workspace"]\nmembers = ["a"]\n',
        "a/Cargo.toml": MEMBER,
    },
    "a header in a description": {
        "Cargo.toml": f'{OUTER}description = """\n[workspace]\n"""\n',
        "src/lib.rs": "",
        "a/Cargo.toml": MEMBER,
    },
    "inheriting": {
        "Cargo.toml": '[workspace]\nmembers = ["a"]\n[workspace.package]\nlicense = "MIT"\n[workspace.lints]\n',
        "a/Cargo.toml": f"{MEMBER}license.workspace = true\n[lints]\nworkspace = true\n",
    },
}


@pytest.mark.quick
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_root_is_the_one_that_cargo_takes(layout: dict[str, str], tmp_path: Path) -> None:
    for name, text in layout.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if text.startswith(MEMBER):
            (file.parent / "src").mkdir()
            (file.parent / "src" / "lib.rs").touch()
            member = file.parent
    real = real_cargo.find(os.environ, "")
    command = [real, "locate-project", "--workspace", "--message-format", "plain"]
    expected = subprocess.run(command, cwd=member, check=True, capture_output=True, text=True).stdout.strip()
    here = decide.locate(real, parse(["build"]), os.environ, os.fspath(member))
    assert here is not None
    assert os.path.join(here.root, "Cargo.toml") == expected


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    """A package without dependencies, in a folder with no configuration above."""
    folder = tmp_path / "crate"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").touch()
    (folder / "Cargo.toml").write_text(MEMBER)
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def located(folder: Path, words: Sequence[str], environ: Mapping[str, str] = os.environ) -> tuple[Invocation, Project]:
    """How the shim reads ``cargo <words>`` in ``folder``, and what it takes it to build."""
    call = parse(words, lambda name: cargo_config.alias(name, environ, os.fspath(folder)))
    here = decide.locate(real_cargo.find(os.environ, ""), call, environ, os.fspath(folder))
    assert here is not None
    return call, here


CONFIG = ".cargo/config.toml"
BUILD_IN = "[build]\ntarget-dir = '{}'\n"
ONE, TWO = ("--config", "build.target-dir='one'"), ("--config", "build.target-dir='two'")
IN_ONE, IN_TWO = BUILD_IN.format("one"), BUILD_IN.format("two")

# Files in the crate's folder, cargo's words before and after the subcommand, and variables.
PLACES: dict[str, tuple[dict[str, str], tuple[str, ...], tuple[str, ...], dict[str, str]]] = {
    "nothing": ({}, (), (), {}),
    "an option": ({}, ONE, (), {}),
    "two options after": ({}, (), (*ONE, "--config=build.target-dir='two'"), {}),
    "options before and after": ({}, ONE, TWO, {}),
    "another option after": ({}, ONE, ("--config", "term.quiet=true"), {}),
    "a file": ({CONFIG: IN_ONE}, (), (), {}),
    "a file without an ending": ({".cargo/config": IN_ONE}, (), (), {}),
    "two files in one folder": ({".cargo/config": "", CONFIG: IN_ONE}, (), (), {}),
    "a file above": ({f"../{CONFIG}": IN_ONE}, (), (), {}),
    "two files": ({f"../{CONFIG}": IN_ONE, CONFIG: IN_TWO}, (), (), {}),
    "cargo's home": ({"home/config.toml": IN_ONE}, (), (), {"CARGO_HOME": "home"}),
    "a file and a variable": ({CONFIG: IN_ONE}, (), (), {"CARGO_BUILD_TARGET_DIR": "two"}),
    "an option and a variable": ({}, ONE, (), {"CARGO_BUILD_TARGET_DIR": "two"}),
    "two variables": ({}, ONE, (), {"CARGO_BUILD_TARGET_DIR": "two", "CARGO_TARGET_DIR": "three"}),
    "a file named on the command line": ({"conf/x.toml": IN_ONE}, ("--config", "conf/x.toml"), (), {}),
    "a file named so in the folder": ({"x.toml": IN_ONE}, ("--config", "x.toml"), (), {}),
    "included": ({CONFIG: "include = ['x.toml']", ".cargo/x.toml": IN_ONE}, (), (), {}),
    "included from below": ({CONFIG: "include = ['a/x.toml']", ".cargo/a/x.toml": IN_ONE}, (), (), {}),
    "included twice": (
        {CONFIG: "include = ['x.toml', { path = 'y.toml' }]", ".cargo/x.toml": IN_ONE, ".cargo/y.toml": IN_TWO},
        (),
        (),
        {},
    ),
    "included and set": ({CONFIG: f"include = ['x.toml']\n{IN_TWO}", ".cargo/x.toml": IN_ONE}, (), (), {}),
    "included on the command line": ({"x.toml": IN_ONE}, ("--config", "include=['x.toml']"), (), {}),
    "a line of a list before it": (
        {CONFIG: '[build]\ntarget-dir = "one"\n[x]\na = [\n["build"],\n]\n[build.y]\ntarget-dir = "two"\n'},
        (),
        (),
        {},
    ),
    "words that are no keys": ({CONFIG: "x = '''\n[build]\ntarget-dir = \"one\"\n'''\n"}, (), (), {}),
    "an escape in the key": ({CONFIG: '"bu\\u0069ld"."target-d\\u0069r" = "one"\n'}, (), (), {}),
    "a path upwards": ({CONFIG: BUILD_IN.format("../one")}, (), (), {}),
}


@needs_tomllib
@pytest.mark.quick
@pytest.mark.parametrize(("files", "before", "after", "variables"), PLACES.values(), ids=PLACES)
def test_the_target_directory_is_the_one_that_cargo_takes(
    files: dict[str, str], before: tuple[str, ...], after: tuple[str, ...], variables: dict[str, str], crate: Path
) -> None:
    write(crate, files)
    environ = {**os.environ, **variables}
    command = [real_cargo.find(os.environ, ""), *before, "metadata", "--no-deps", "--format-version", "1", *after]
    told = subprocess.run(command, cwd=crate, env=environ, check=True, capture_output=True).stdout
    _, here = located(crate, [*before, "build", *after], environ)
    assert here.target_dir == os.path.normpath(json.loads(told)["target_directory"])


ALIASES = """\
[alias]
plain = "check --target-dir one"
list = ["check", "--target-dir", "a b"]
again = "plain"
with = "--config build.target-dir='with' check"
through = "--config build.target-dir='through' bare"
bare = "check"
release = ["check", "-vr"]
b = "check --target-dir own"
check = "check --target-dir never"
lint = "clippy --target-dir lint"
leaving = "-C src check"
run-it = "run --"
"""
# What leaves in the crate's folder a new folder, with one for the profile in it.
LINES = [
    "plain",
    "list",
    "again --release",
    "with",
    "with --config term.quiet=false",
    "through",
    "bare --config build.target-dir='after'",
    "release",
    "b",
    "c --target-dir one",
    "check",
    "lint",
    "leaving",
    "run-it --target-dir never",
    "--config build.target-dir='before' bare",
    "--config build.target-dir='before' bare --config term.quiet=false",
    "--config build.target-dir='before' c --config term.quiet=false",
    "--config build.target-dir='before' check --config term.quiet=false",
    "--config build.target-dir='before' with",
    "--config build.target-dir='before' clippy",
    "--config build.target-dir='before' lint --release",
    "--config alias.bare='plain' bare",
]


@needs_tomllib
@pytest.mark.quick
@pytest.mark.parametrize("line", LINES)
def test_an_alias_leads_to_where_cargo_builds(line: str, crate: Path) -> None:
    write(crate, {CONFIG: ALIASES, "src/main.rs": "fn main() {}\n"})
    before = set(crate.iterdir())
    command = [real_cargo.find(os.environ, ""), *line.split()]
    subprocess.run(command, cwd=crate, check=True, capture_output=True)
    (made,) = set(crate.iterdir()) - before - {crate / "Cargo.lock"}
    call, here = located(crate, line.split())
    assert (here.target_dir, call.unclear) == (os.fspath(made), "")
    assert [folder.name for folder in made.iterdir() if folder.is_dir()] == [call.profile_folder]


@needs_tomllib
@pytest.mark.quick
@pytest.mark.parametrize("variable", ["check --target-dir one", "--target-dir one"])
def test_an_alias_may_be_a_variable(variable: str, crate: Path) -> None:
    write(crate, {CONFIG: "[alias]\nmine = ['check']\n"} if variable.startswith("--") else {})
    environ = {**os.environ, "CARGO_ALIAS_MINE": variable}
    subprocess.run([real_cargo.find(os.environ, ""), "mine"], cwd=crate, env=environ, check=True, capture_output=True)
    _, here = located(crate, ["mine"], environ)
    assert os.path.isdir(os.path.join(here.target_dir, "debug"))
    assert here.target_dir == os.fspath(crate / "one")


HOST = real_cargo.host_triple(os.environ) or ""
TARGETS: dict[str, tuple[str, str, dict[str, str]]] = {
    "host-tuple": ("[build]\ntarget = 'host-tuple'\n", "", {}),
    "a list": (f"[build]\ntarget = ['{HOST}']\n", "", {}),
    "a list of the host twice": (f"[build]\ntarget = ['{HOST}', 'host-tuple']\n", "", {}),
    "an option": ("", "--target host-tuple", {}),
    "an option and a file": ("[build]\ntarget = 'none'\n", f"--target={HOST}", {}),
    "a list and a variable": (f"[build]\ntarget = ['{HOST}']\n", "", {"CARGO_BUILD_TARGET": "host-tuple"}),
    "a variable": ("[build]\ntarget = 'none'\n", "", {"CARGO_BUILD_TARGET": HOST}),
    "none": ("[target.none]\nlinker = 'x'\n[build]\njobs = 1\n", "", {}),
}


@needs_tomllib
@pytest.mark.quick
@pytest.mark.parametrize(("config", "options", "variables"), TARGETS.values(), ids=TARGETS)
def test_a_target_that_is_the_host_is_no_cross_build(
    config: str, options: str, variables: dict[str, str], crate: Path
) -> None:
    write(crate, {CONFIG: config})
    environ = {**os.environ, **variables}
    words = ["check", *options.split()]
    subprocess.run([real_cargo.find(os.environ, ""), *words], cwd=crate, env=environ, check=True, capture_output=True)
    call, here = located(crate, words, environ)
    # Artifacts for a target that was asked for by name lie in a folder of that name.
    folder = os.path.join(here.target_dir, *plan.targets(call, here, HOST), call.profile_folder)
    assert os.path.isdir(os.path.join(folder, "deps"))
    assert list(Path(folder, "deps").glob("*member*"))
    reasons = plan.reasons_to_leave_alone(environ, call, here, HOST)
    assert "cross build" not in [kind for kind, _ in reasons]


def real_files(name: str) -> list[Path]:
    """The bundled projects' own, and those of the crates that cargo has unpacked on this machine."""
    bundle = Path(__file__).parents[2] / "rust_fixture"
    home = os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")
    return [*bundle.rglob(name), *Path(home, "registry", "src").glob(f"*/*/{name}")]


@pytest.mark.quick
def test_names_in_real_manifests_are_what_a_toml_reader_finds() -> None:
    manifests = real_files("Cargo.toml")
    assert len(manifests) > 3
    for path in manifests:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        names = [document[table]["name"] for table in ("package", "lib") if "name" in document.get(table, {})]
        assert sorted(artifact_names(os.fspath(path.parent))) == sorted(names), path


@pytest.mark.quick
def test_real_lock_files_say_what_a_toml_reader_finds() -> None:
    locks = real_files("Cargo.lock")
    assert len(locks) > 3
    for path in locks:
        text = path.read_text(encoding="utf-8")
        packages = tomllib.loads(text).get("package", [])
        lock = parse_lock(text)
        assert lock.local_packages == sorted({one["name"] for one in packages if "source" not in one}), path
        versions = [one["version"] for one in packages if one["name"] in PYO3_CRATES]
        assert lock.pyo3_versions == sorted({_numbers(version) for version in versions}), path
        readers = {one["name"] for one in packages if _reads_executable(one)}
        assert lock.readers_of_executable == sorted(readers), path


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.partition("-")[0].split("."))


def _reads_executable(package: dict[str, Any]) -> bool:
    needs = [name.split()[0] for name in package.get("dependencies", [])]
    return "pyo3-build-config" in needs and package["name"] not in PYO3_FAMILY


@pytest.mark.promise("module")
def test_an_excluded_package_is_built_by_its_own_lock(
    tmp_path: Path, environ: dict[str, str], interpreters: dict[str, str]
) -> None:
    """The workspace's pyo3 takes a config file for the stable ABI; the older one of the package would not."""
    if "3.11" not in interpreters:
        pytest.skip("there is no Python 3.11 on this machine, which this old pyo3 knows")
    (tmp_path / "Cargo.toml").write_text('[workspace]\nexclude = ["example"]\n')
    shutil.copy(bundled.copy("abi3", tmp_path / "other") / "Cargo.lock", tmp_path)
    site = Site(write_crate(tmp_path / "example", "0.22.6", "abi3-py37"), tmp_path / "scratch", environ)
    site.python = interpreters["3.11"]
    site.run(["cargo", "generate-lockfile"], shim=False)
    steady = site.build(uv)
    assert site.build(uv).recompiled == ()
    plain = site.build(uv, shim=False)
    assert "pyo3" in plain.recompiled
    assert content(steady) == content(plain)
