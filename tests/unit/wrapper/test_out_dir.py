"""Build scripts that write beside the artifacts: which do, and that nothing of theirs goes astray."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import build_dir, sdist_place
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.out_dir import climber, climbs
from pyo3_base_python.wrapper.project import Project
from tests.unit.support import an_interpreter, posix

CLIMBS = 'let file = Path::new(&env::var("OUT_DIR").unwrap()).join("../../../made.h");'
STAYS = 'let file = Path::new(&env::var("OUT_DIR").unwrap()).join("made.h");'
PACKAGE = '[package]\nname = "x"\n'


def project_in(folder: Path, manifest_dir: str = "", sdist: str = "") -> Project:
    return Project(
        os.path.join(folder, manifest_dir), os.fspath(folder), None, os.path.join(folder, "target"), sdist=sdist
    )


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    "script",
    [
        CLIMBS,
        r'concat!(env!("OUT_DIR"), "\\..\\..\\..")',
        r'env::var("OUT_DIR"); join(r"..\..\..")',
        'env::var_os("OUT_DIR"); out.ancestors().nth(3)',
        'env::var_os("OUT_DIR"); out.parent().unwrap()\n.parent().unwrap().parent()',
        'env::var_os("OUT_DIR"); out.parent().and_then(Path::parent).and_then(Path::parent)',
        'env::var_os("OUT_DIR"); out.pop(); out.pop(); out.pop();',
        'env::var_os("OUT_DIR"); for _ in 0..3 { out.pop(); }',
        'env::var_os("OUT_DIR"); while !out.ends_with("target") { out.pop(); }',
        'env::var_os("OUT_DIR"); out.join("..").join("..").join("..")',
    ],
)
def test_a_script_that_goes_up_to_the_artifacts_climbs(script: str) -> None:
    assert climbs(script)


@pytest.mark.parametrize(
    "script",
    [
        "",
        STAYS,
        CLIMBS.replace("OUT_DIR", "CARGO_MANIFEST_DIR"),
        'env::var_os("OUT_DIR"); Path::new(manifest).parent().unwrap().parent()',
        'env::var_os("OUT_DIR"); for file in ["../a.c", "../b.c", "../c.c"] { build.file(file); }',
    ],
)
def test_a_script_that_stays_in_its_folder_or_starts_from_another_does_not(script: str) -> None:
    assert not climbs(script)


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    ("files", "script"),
    [
        ({"Cargo.toml": PACKAGE, "build.rs": CLIMBS}, "build.rs"),
        ({"Cargo.toml": PACKAGE + 'build = "tools/make.rs"\n', "tools/make.rs": CLIMBS}, "tools/make.rs"),
        ({"Cargo.toml": f'{PACKAGE}[dependencies]\nbuild = "0.1"\n', "build.rs": CLIMBS}, "build.rs"),
        (
            {"Cargo.toml": PACKAGE + "[dependencies]\ny = { version = '1', path = 'y' }\n", "y/build.rs": CLIMBS},
            "y/build.rs",
        ),
        ({"Cargo.toml": '[workspace]\nmembers = [\n  "y", # why\n  "z",\n]\n', "y/build.rs": CLIMBS}, "y/build.rs"),
        ({"Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n', "crates/y/build.rs": CLIMBS}, "crates/y/build.rs"),
        (
            {
                "Cargo.toml": f'{PACKAGE}[dependencies.y]\npath = "y"\n',
                "y/Cargo.toml": f'{PACKAGE}[build-dependencies]\nz.path = "../z"\ny.path = ".."\n',
                "z/build.rs": CLIMBS,
            },
            "z/build.rs",
        ),
    ],
)
def test_scripts_of_all_packages_that_are_named_count(tmp_path: Path, files: dict[str, str], script: str) -> None:
    for name in files:
        if name.endswith("build.rs"):
            files = {os.path.join(os.path.dirname(name), "Cargo.toml"): PACKAGE, **files}
    write(tmp_path, files)
    assert os.path.normpath(climber(project_in(tmp_path))) == os.fspath(tmp_path / script)
    write(tmp_path, {script: STAYS})
    assert climber(project_in(tmp_path)) == ""


def test_a_member_counts_its_workspace_and_what_is_read_is_all_there_is(tmp_path: Path) -> None:
    write(tmp_path, {"Cargo.toml": PACKAGE, "build.rs": CLIMBS, "a/Cargo.toml": PACKAGE})
    assert climber(project_in(tmp_path, "a")) == os.path.join(tmp_path, "build.rs")


@pytest.mark.promise("bad input")
def test_a_manifest_that_is_none_names_no_script(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_bytes(b'path = "\0*"\nmembers = ["\xff/*", "nowhere/*", "unended\nbuild = \n')
    assert climber(project_in(tmp_path)) == ""
    assert climber(project_in(tmp_path / "missing")) == ""


@posix("there are no places for sdists there")
@pytest.mark.promise("fault")
def test_what_a_script_puts_beside_the_artifacts_is_compiled_in_cargos_own_directories(tmp_path: Path) -> None:
    call, python = parse(["build"]), an_interpreter()
    environ = {"HOME": os.fspath(tmp_path)}
    tree = project_in(tmp_path, sdist=os.fspath(tmp_path))
    write(tmp_path, {"Cargo.toml": PACKAGE, "build.rs": STAYS})
    assert sdist_place.choose(environ, call, tree, python)
    assert build_dir.choose(environ, call, tree, python)[0]
    write(tmp_path, {"build.rs": CLIMBS})
    assert sdist_place.choose(environ, call, tree, python) == ""
    for chosen in ("auto", "interpreter"):
        folder, why_not = build_dir.choose({**environ, "PYO3_SHIM_BUILD_DIR": chosen}, call, tree, python)
        assert folder == ""
        assert why_not.startswith(f"left alone: {tmp_path}")
        assert "build.rs may write beside the artifacts" in why_not
