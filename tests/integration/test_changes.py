"""Something changed, so exactly the crates that depend on it are compiled, and the module gives the new answer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from tests.installations import Installation

from .conftest import FrontEnd, Site, build, uv

pytestmark = pytest.mark.promise("stale")

Make = Callable[[str], Site]


@pytest.mark.parametrize("crate", ["version_specific", "abi3", "setuptools_rust"])
def test_an_edited_source(site_of: Make, crate: str) -> None:
    site = site_of(crate)
    site.edit("src/lib.rs", "    42", "    43")
    outcome = site.build(uv)
    assert len(outcome.recompiled) == 1
    assert site.answer(outcome) == 43


def test_an_edited_path_dependency(site_of: Make) -> None:
    site = site_of("workspace")
    site.edit("numbers/src/lib.rs", "42", "43")
    outcome = site.build(uv)
    assert set(outcome.recompiled) == {"numbers", "workspace_module"}
    assert site.answer(outcome) == 43


def test_another_feature(site_of: Make) -> None:
    site = site_of("version_specific")
    louder = site.build(uv, MATURIN_PEP517_ARGS="--features louder")
    assert louder.recompiled == ("version_specific",)
    assert site.answer(louder) == 84
    quiet = site.build(uv)
    # A cdylib's file has one name for all features, so that cargo has to make it again.
    assert quiet.recompiled == ("version_specific",)
    assert site.answer(quiet) == 42


@pytest.mark.parametrize("interpreter", ["3.12"], indirect=True)
@pytest.mark.parametrize("build_dir", ["auto", "shared"])
def test_another_interpreter(site_of: Make, interpreter: str, build_dir: str) -> None:
    site = site_of("version_specific")
    here = site.python
    compiled = {"pyo3-ffi", "pyo3", "version_specific"}
    back = {"auto": set(), "shared": compiled}[build_dir]
    for python, expected in ((interpreter, compiled), (here, back)):
        site.python = python
        changed = site.build(uv, PYO3_SHIM_BUILD_DIR=build_dir)
        assert set(changed.recompiled) == expected
        assert site.answer(changed) == 42
        assert site.build(uv, PYO3_SHIM_BUILD_DIR=build_dir).recompiled == ()


def test_an_interpreter_that_was_built_anew_in_its_place(site_of: Make, tmp_path: Path) -> None:
    """Same path, same version, another configuration: first the library's folder, then a flag of the build."""
    site = site_of("version_specific")
    installation = Installation(tmp_path / "python")
    command = ["maturin-shim", "build", "--release", "-o", "wheels", "-i", os.fspath(installation.python)]
    site.run(command, shim=False)
    assert site.run(command, shim=False).recompiled == ()
    for variable, value in (("LIBDIR", "/opt/lib"), ("Py_TRACE_REFS", 1)):
        installation.set(variable, value)
        assert set(site.run(command, shim=False).recompiled) == {"pyo3-ffi", "pyo3", "version_specific"}
    assert site.run(command, shim=False).recompiled == ()


def test_an_interpreter_that_was_upgraded_in_its_place(site_of: Make, tmp_path: Path) -> None:
    """S13: a build script that embeds the full version runs again, pyo3 is not compiled for it."""
    site = site_of("imports_by_variable")
    site.edit("build.rs", "import cffi; print(cffi.__version__)", "import sys; print(sys.version.split()[0])")
    installation = Installation(tmp_path / "python")
    site.python = os.fspath(installation.python)
    command = ["maturin-shim", "build", "--release", "-o", "wheels", "-i", site.python]
    site.run(command, shim=False)
    assert site.run(command, shim=False).recompiled == ()
    installation.upgrade()
    changed = site.run(command, shim=False)
    assert changed.recompiled == ("imports_by_variable",)
    wheel = next((site.project / "wheels").glob("*.whl"))
    release = subprocess.check_output([site.python, "-c", "import sys; print(sys.version.split()[0])"], text=True)
    assert site.call(changed._replace(wheel=wheel), "module.cffi_version()") == release.strip()


def test_a_debug_build_of_the_same_version(site_of: Make, debug_python: str, interpreters: dict[str, str]) -> None:
    version = subprocess.check_output(
        [debug_python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True
    )
    if version.strip() not in interpreters:
        pytest.skip(f"there is no other Python {version.strip()} on this machine")
    site = site_of("version_specific")
    for python in (debug_python, interpreters[version.strip()]):
        site.python = python
        changed = site.build(uv)
        assert {"pyo3-ffi", "pyo3", "version_specific"} >= set(changed.recompiled)
        assert "pyo3" in changed.recompiled or python != debug_python
        assert changed.wheel is not None
        assert site.answer(changed) == 42
        assert site.build(uv).recompiled == ()


def test_another_build_requirement_reruns_the_script_that_imports_it(site_of: Make) -> None:
    site = site_of("imports_by_variable")
    site.edit("pyproject.toml", "cffi==2.0.0", "cffi==1.17.1")
    outcome = site.build(uv)
    assert outcome.recompiled == ("imports_by_variable",)
    assert site.call(outcome, "module.cffi_version()") == "1.17.1"
    assert site.build(uv).recompiled == ()


def test_another_build_requirement_reaches_a_script_that_asks_pyo3_for_the_interpreter(site_of: Make) -> None:
    """The script learns of the interpreter through pyo3's own build script, so pyo3 is compiled again as well."""
    site = site_of("imports_by_config")
    site.edit("pyproject.toml", "cffi==2.0.0", "cffi==1.17.1")
    outcome = site.build(build)
    assert set(outcome.recompiled) == {"pyo3-ffi", "pyo3", "imports_by_config"}
    assert site.call(outcome, "module.cffi_version()") == "1.17.1"


def test_another_build_requirement_that_no_build_script_can_see(site_of: Make) -> None:
    site = site_of("version_specific")
    site.edit("pyproject.toml", '"maturin>=1.5,<2"', '"maturin>=1.5,<2", "cffi==2.0.0"')
    assert site.build(uv).recompiled == ()


def test_another_distribution_compiles_nothing_for_a_script_that_only_has_flags_printed(site_of: Make) -> None:
    """W12: it depends on pyo3-build-config, as many do; those that may run the interpreter are another."""
    site = site_of("imports_by_config")
    lines = ("rerun-if-changed=build.rs", "rustc-env=CFFI_VERSION=none")
    constants = " ".join(f'println!("cargo:{line}");' for line in lines)
    (site.project / "build.rs").write_text(f"fn main() {{ pyo3_build_config::use_pyo3_cfgs(); {constants} }}")
    site.build(uv)
    site.edit("pyproject.toml", "cffi==2.0.0", "cffi==1.17.1")
    again = site.build(uv)
    assert again.recompiled == ()
    assert site.call(again, "module.cffi_version()") == "none"


def test_a_build_script_imports_its_requirement_after_its_first_environment_is_gone(site_of: Make) -> None:
    site = site_of("imports_by_config")
    with (site.project / "build.rs").open("a") as file:
        file.write("// edited\n")
    outcome = site.build(uv)
    assert outcome.recompiled == ("imports_by_config",)
    assert site.call(outcome, "module.cffi_version()") == "2.0.0"


HELPER = """\
[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"
[project]
name = "helper"
version = "1.0"
[tool.setuptools]
packages = ["helper"]
"""


@pytest.mark.parametrize(
    ("front_end", "requirement", "extra"),
    [
        pytest.param(build, "helper @ {url}", "", id="from-a-folder"),
        pytest.param(
            uv, "helper", '[tool.uv.sources]\nhelper = {{ path = "{path}", editable = true }}\n', id="editable"
        ),
    ],
)
def test_a_local_build_requirement_at_the_same_version(
    site_of: Make, tmp_path: Path, front_end: FrontEnd, requirement: str, extra: str
) -> None:
    """The build script that imports it runs again when its content has changed, and only then."""
    module = tmp_path / "helper" / "helper" / "__init__.py"
    module.parent.mkdir(parents=True)
    (tmp_path / "helper" / "pyproject.toml").write_text(HELPER)
    module.write_text("__version__ = 'first'\n")
    site = site_of("imports_by_variable")
    site.edit("build.rs", "import cffi; print(cffi.__version__)", "import helper; print(helper.__version__)")
    place = {"url": (tmp_path / "helper").as_uri(), "path": tmp_path / "helper"}
    site.edit("pyproject.toml", "cffi==2.0.0", requirement.format(**place))
    with (site.project / "pyproject.toml").open("a") as file:
        file.write(extra.format(**place))
    site.build(front_end)
    assert site.build(front_end).recompiled == ()
    module.write_text("__version__ = 'other'\n")
    changed = site.build(front_end)
    assert changed.recompiled == ("imports_by_variable",)
    assert site.call(changed, "module.cffi_version()") == "other"


TOOL = """\
from setuptools import setup
setup(name="helper", version="1.0", py_modules=[], scripts=["answer"], data_files=[("share/helper", ["data.txt"])])
"""
# What build scripts do with PYO3_PYTHON as a path, in an environment that may be cleared.
USES_A_TOOL = """\
use std::{env, path::PathBuf, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    let python = PathBuf::from(env::var_os("PYO3_PYTHON").unwrap());
    let above = python.parent().unwrap().parent().unwrap();
    let config = std::fs::read_to_string(above.join("pyvenv.cfg")).expect("pyvenv.cfg is above");
    assert!(config.contains("home = "), "{config}");
    let data = std::fs::read_to_string(above.join("share/helper/data.txt")).expect("data is beside");
    let mut words = vec![data];
    for program in [python.with_file_name("answer"), python.with_file_name("answer")] {
        let mut command = Command::new(&program);
        if words.len() > 1 {
            command.env_clear();
        }
        let output = command.output().expect("the tool is beside PYO3_PYTHON");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        words.push(String::from_utf8(output.stdout).unwrap());
    }
    let script = "import importlib.metadata as m; print(m.version('helper'))";
    let output = Command::new(&python).args(["-c", script]).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    words.push(String::from_utf8(output.stdout).unwrap());
    let words: Vec<_> = words.iter().map(|word| word.trim()).collect();
    println!("cargo:rustc-env=CFFI_VERSION={}", words.join(" "));
}
"""


@pytest.mark.parametrize("front_end", [pytest.param(uv, id="uv"), pytest.param(build, id="build")])
def test_a_tool_and_data_of_a_build_requirement_that_a_script_finds_by_path(
    site_of: Make, tmp_path: Path, front_end: FrontEnd
) -> None:
    """S10 and S12: beside PYO3_PYTHON, in a cleared environment too, and new when only they have changed."""
    helper = tmp_path / "helper"
    helper.mkdir()
    (helper / "setup.py").write_text(TOOL)
    (helper / "answer").write_text("#!python\nprint('one')\n")
    (helper / "data.txt").write_text("first")
    site = site_of("imports_by_variable")
    (site.project / "build.rs").write_text(USES_A_TOOL)
    # A front end may take what it has built of the same version from its cache, with the shim or without.
    site.environ["UV_NO_CACHE"] = "1"
    site.edit("pyproject.toml", "cffi==2.0.0", f"helper @ {helper.as_uri()}")
    assert site.call(site.build(front_end), "module.cffi_version()") == "first one one 1.0"
    assert site.build(front_end).recompiled == ()
    for file, content, answer in (
        ("data.txt", "other", "other one one 1.0"),
        ("answer", "#!python\nprint('two')\n", "other two two 1.0"),
    ):
        (helper / file).write_text(content)
        changed = site.build(front_end)
        assert changed.recompiled == ("imports_by_variable",)
        assert site.call(changed, "module.cffi_version()") == answer
    assert site.build(front_end).recompiled == ()
