"""Where a project is: workspace, lock file and target directory are those that cargo takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pyo3_base_python import bundled
from pyo3_base_python.wrapper import decide, real_cargo
from pyo3_base_python.wrapper.command_line import parse

from .conftest import Site, uv
from .test_never_different import content
from .test_pyo3_versions import write_crate

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


@pytest.mark.quick
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], []),
        (["--config", "build.target-dir='one'"], []),
        ([], ["--config", "build.target-dir='one'", "--config=build.target-dir='two'"]),
        (["--config", "build.target-dir='one'"], ["--config", "build.target-dir='two'"]),
        (["--config", "build.target-dir='one'"], ["--config", "term.quiet=true"]),
    ],
)
def test_the_target_directory_is_the_one_that_cargo_takes(before: list[str], after: list[str], tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text(MEMBER)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").touch()
    real = real_cargo.find(os.environ, "")
    command = [real, *before, "metadata", "--no-deps", "--format-version", "1", *after]
    told = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    here = decide.locate(real, parse([*before, "build", *after]), os.environ, os.fspath(tmp_path))
    assert here is not None
    assert here.target_dir == json.loads(told)["target_directory"]


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
