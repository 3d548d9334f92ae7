"""`pyo3-base-python doctor` on real projects, with the real tools: all is well, and each obstacle in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest
import tomlkit

from pyo3_base_python import bundled
from pyo3_base_python.testbed import patches, tools, upstream
from pyo3_base_python.testbed.workfolder import WorkFolder

from .conftest import CRATES, RPDS_PY, Site, Unpack, uv

Make = Callable[[str], Site]


class Diagnosis(NamedTuple):
    """What the doctor found: its exit code, and the JSON."""

    code: int
    document: dict[str, object]
    findings: list[dict[str, Any]]

    def at(self, *levels: str) -> list[str]:
        """The findings of these levels, one a line."""
        return [f"{one['level']} {one['topic']} {one['what']}" for one in self.findings if one["level"] in levels]


def examine(folder: Path, environ: dict[str, str], **variables: str) -> Diagnosis:
    done = subprocess.run(
        [sys.executable, "-m", "pyo3_base_python", "doctor", "--json"],
        cwd=folder,
        env={**environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    document = json.loads(done.stdout)
    for finding in document["findings"]:
        assert finding["level"] != "problem" or finding["hint"], finding
    return Diagnosis(done.returncode, document, document["findings"])


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    """A copy of a bundled crate."""
    return bundled.copy("version_specific", tmp_path / "project")


# All is well


@pytest.mark.quick
@pytest.mark.parametrize("name", CRATES)
def test_on_each_bundled_crate_all_is_well(environ: dict[str, str], tmp_path: Path, name: str) -> None:
    project = bundled.copy(name, tmp_path / name)
    subprocess.run(["cargo", "fetch", "-q", "--locked"], cwd=project, env=environ, check=True)
    found = examine(project, environ)
    assert (found.code, found.at("problem")) == (0, [])
    said = "\n".join(found.at("ok", "note"))
    assert "ok build scripts none of " in said
    assert ("note upstream stable ABI: " in said) is (name == "abi3")
    assert ("watches PYO3_PYTHON, which the wrapper gives a stable name" in said) is (name == "imports_by_variable")
    assert ("asks pyo3-build-config for the interpreter" in said) is (name == "imports_by_config")
    assert ("ok backend setuptools-rust>=1.10 (" in said) is (name == "setuptools_rust")


def test_on_a_released_project_all_is_well_but_for_what_uv_takes_for_fresh(
    unpack: Unpack, environ: dict[str, str]
) -> None:
    project = unpack(RPDS_PY)
    subprocess.run(["cargo", "fetch", "-q", "--locked"], cwd=project, env=environ, check=True)
    found = examine(project, environ)
    # Its uv.lock and no `cache-keys`: `uv sync` takes the module that it has built before a Rust source was edited.
    (problem,) = found.at("problem")
    assert (found.code, problem.split()[:2]) == (1, ["problem", "uv"])
    said = "\n".join(found.at("ok"))
    assert "ok pyo3 0.29.3" in said
    assert "ok upstream this pyo3 does not read PYO3_BASE_PYTHON: the shim is needed" in said


def test_what_it_says_is_what_the_wrapper_sets(site_of: Make, environ: dict[str, str], tmp_path: Path) -> None:
    site = site_of("version_specific")
    log = tmp_path / "log"
    site.run(["cargo", "rustc", "--release", "--lib"], PYO3_SHIM_LOG=os.fspath(log))
    found = examine(site.project, environ)
    (line,) = log.read_text().splitlines()
    variables = found.document["would_set"]
    assert isinstance(variables, dict)
    assert len(variables) == 4
    for variable, value in variables.items():
        assert f"{variable}={value} (" in line


@pytest.mark.quick
def test_behind_run_the_shim_is_on(crate: Path, environ: dict[str, str]) -> None:
    command = ["pyo3-base-python", "run", "--", "pyo3-base-python", "doctor"]
    done = subprocess.run(command, cwd=crate, env=environ, capture_output=True, text=True, check=True)
    assert "/bin/cargo: the shim is on" in done.stdout
    assert "\x1b[" not in done.stdout
    assert done.stdout.splitlines()[-1] == "Nothing stands in the way."


@pytest.mark.quick
def test_in_an_active_environment_its_interpreter_is_the_one(crate: Path, environ: dict[str, str]) -> None:
    subprocess.run(["uv", "venv", "-q", "--python", sys.executable, crate / "env"], env=environ, check=True)
    found = examine(crate, environ, VIRTUAL_ENV=os.fspath(crate / "env"))
    (python,) = [one for one in found.findings if one["topic"] == "python"]
    assert python["level"] == "ok"
    assert python["what"].endswith(f": {crate / 'env' / 'bin' / 'python'}")
    assert python["details"][0].startswith("base interpreter ")
    assert found.code == 0


# Nothing to do


@pytest.mark.quick
def test_where_there_is_nothing_to_do(environ: dict[str, str], tmp_path: Path) -> None:
    assert examine(tmp_path, environ).document["nothing_to_do"] is True
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    python = examine(tmp_path, environ)
    assert (python.code, python.document["nothing_to_do"]) == (0, True)
    (tmp_path / "pyproject.toml").unlink()
    subprocess.run(["cargo", "init", "-q", "--lib", "--name", "plain", "--vcs", "none"], cwd=tmp_path, check=True)
    subprocess.run(["cargo", "generate-lockfile", "-q", "--offline"], cwd=tmp_path, check=True)
    rust = examine(tmp_path, environ)
    assert (rust.code, rust.document["nothing_to_do"]) == (0, True)
    assert "there is no pyo3 in Cargo.lock" in "\n".join(rust.at("note"))


# Obstacles


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PYO3_CONFIG_FILE": "mine.txt"}, "wrapper would leave cargo alone: PYO3_CONFIG_FILE is set"),
        ({"PYO3_NO_PYTHON": "1"}, "wrapper would leave cargo alone: PYO3_NO_PYTHON is set"),
        ({"PYO3_CROSS_LIB_DIR": "/lib"}, "wrapper would leave cargo alone: PYO3_CROSS_LIB_DIR is set"),
        ({"PYO3_SHIM_MODE": "off"}, "wrapper would leave cargo alone: PYO3_SHIM_MODE=off"),
        ({"PYO3_SHIM_MODE": "on"}, "wrapper PYO3_SHIM_MODE is 'on', which is none of full, export, off"),
        ({"CARGO_BUILD_TARGET": "aarch64-apple-darwin"}, "wrapper would leave cargo alone: cross build for aarch64-"),
        (
            {"VIRTUAL_ENV": sys.prefix, "CONDA_PREFIX": "/conda"},
            "environment VIRTUAL_ENV and CONDA_PREFIX are both set",
        ),
        ({"CARGO": "cross"}, "CARGO is cross: the shim leaves cross builds alone"),
        ({"CARGO": "/nowhere/cargo"}, "CARGO is /nowhere/cargo, which is not a program"),
        ({"PYO3_SHIM_CARGO": "/nowhere/cargo"}, "cargo PYO3_SHIM_CARGO is /nowhere/cargo, which is not a program"),
        ({"PYO3_SHIM_STORE": "/dev/null/store"}, "store can't use the store /dev/null/store"),
        ({"PYO3_PYTHON": "/nowhere/python"}, "wrapper can't run the interpreter /nowhere/python"),
        ({"PYO3_BASE_PYTHON": "/nowhere/python"}, "wrapper PYO3_BASE_PYTHON is /nowhere/python"),
        ({"PATH": "/nowhere", "PYO3_PYTHON": sys.executable}, "cargo there is no cargo on PATH"),
        ({"PATH": os.path.dirname("/nowhere/cargo")}, "wrapper would leave cargo alone: there is no Python"),
    ],
)
def test_a_variable_that_stands_in_the_way(
    environ: dict[str, str], crate: Path, variables: dict[str, str], words: str
) -> None:
    found = examine(crate, environ, **variables)
    assert found.code == 1
    problems = found.at("problem")
    assert any(line.startswith(f"problem {words}") for line in problems), problems
    if "PATH" not in variables:
        assert len(problems) == 1, problems


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("Cargo.lock", None, "wrapper would leave cargo alone: there is no Cargo.lock yet"),
        (
            "Cargo.lock",
            '[[package]]\nname = "pyo3"\nversion = "0.15.0"\n',
            "wrapper would leave cargo alone: pyo3 0.15",
        ),
        ("pyproject.toml", "[build-system\n", "backend "),
        (
            "pyproject.toml",
            "\n[tool.cibuildwheel]\nenvironment = 'CARGO=/my/cargo'\n",
            "settings pyproject",
        ),
        (
            "pyproject.toml",
            "\n[tool.uv.extra-build-variables]\na = { CARGO = '/c' }\n",
            "settings pyproject",
        ),
        (
            "pyproject.toml",
            "\n[tool.tox.env_pkg_base]\nset_env.CARGO = '/my/cargo'\n",
            "settings pyproject",
        ),
        ("tox.ini", "[pkgenv]\nset_env = CARGO=/my/cargo\n", "settings tox.ini sets CARGO=/my/cargo"),
        ("tox.toml", "[env_pkg_base]\nset_env.CARGO = '/my/cargo'\n", "settings tox.toml sets CARGO=/my/cargo"),
        (".cargo/config.toml", "[build]\ntarget = 'aarch64-apple-darwin'\n", "wrapper would leave cargo alone: cross"),
        (
            ".cargo/config.toml",
            "[env]\nPYO3_PYTHON = { value = 'python3.8', force = true }\n",
            "wrapper would leave cargo alone: cargo's",
        ),
        ("uv.lock", "", "uv [tool.uv] names no Rust sources in cache-keys"),
        (
            "build.rs",
            'fn main() { println!("cargo:rerun-if-changed=include/x/*"); }\n',
            "build scripts version_specific 0.1.0 watches include/x/*",
        ),
    ],
)
def test_a_file_that_stands_in_the_way(
    environ: dict[str, str], crate: Path, name: str, text: str | None, words: str
) -> None:
    file = crate / name
    if text is None:
        file.unlink()
    else:
        file.parent.mkdir(exist_ok=True)
        keep = file.read_text() if name == "pyproject.toml" and text.startswith("\n") else ""
        file.write_text(keep + text)
    found = examine(crate, environ)
    assert found.code == 1
    (problem,) = found.at("problem")
    assert problem.startswith(f"problem {words}")


@pytest.mark.quick
def test_a_tox_that_does_not_hand_the_shim_on(environ: dict[str, str], crate: Path) -> None:
    (crate / "tox.ini").write_text("[tox]\nenv_list = py\n")
    printed = subprocess.run(
        ["pyo3-base-python", "env", "--format", "json"], env=environ, capture_output=True, check=True
    )
    variables = json.loads(printed.stdout)
    assert examine(crate, environ, **variables).code == 0
    without = examine(crate, environ, CARGO=variables["CARGO"])
    assert without.at("problem") == [
        "problem tox tox.ini does not pass CARGO on: builds below tox run without the shim"
    ]
    (crate / "tox.ini").write_text("[testenv]\npass_env = CARGO\n[pkgenv]\npass_env = CARGO\n")
    assert examine(crate, environ, CARGO=variables["CARGO"]).code == 0


@pytest.mark.quick
def test_crates_that_are_not_downloaded_yet(environ: dict[str, str], crate: Path, tmp_path: Path) -> None:
    found = examine(crate, environ, CARGO_HOME=os.fspath(tmp_path / "cargo-home"))
    assert found.code == 0
    assert "not downloaded yet" in "\n".join(found.at("note"))


def test_a_build_script_that_watches_path_is_named_and_does_recompile(site_of: Make, environ: dict[str, str]) -> None:
    site = site_of("version_specific")
    (site.project / "build.rs").write_text('fn main() {\n    println!("cargo:rerun-if-env-changed=PATH");\n}\n')
    found = examine(site.project, environ)
    (problem,) = found.at("problem")
    assert "version_specific 0.1.0 watches PATH" in problem
    site.build(uv)
    assert site.build(uv).recompiled == ("version_specific",)


def test_uv_keeps_the_old_module_without_cache_keys_and_the_hint_helps(site_of: Make, environ: dict[str, str]) -> None:
    site = site_of("version_specific")
    sync = ["uv", "sync", "--python", site.python]
    site.run(sync)
    (hint,) = [one["hint"] for one in examine(site.project, environ).findings if one["topic"] == "uv"]
    site.edit("src/lib.rs", "42", "43")
    unnoticed = site.run(sync)
    assert (unnoticed.recompiled, unnoticed.fresh) == ((), ()), "uv asks the backend: nothing needs to be said"
    table, _, keys = hint.partition(" ")
    with (site.project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{table}\n{keys}\n")
    assert not [one for one in examine(site.project, environ).findings if one["topic"] == "uv"]
    site.run(sync)
    site.edit("src/lib.rs", "43", "44")
    assert site.run(sync).recompiled == ("version_specific",)


def test_a_pattern_in_a_build_script_is_named_and_does_recompile(site_of: Make, environ: dict[str, str]) -> None:
    site = site_of("version_specific")
    script = 'fn main() {\n    println!("cargo:rerun-if-changed=include/*");\n}\n'
    (site.project / "build.rs").write_text(script)
    (site.project / "include").mkdir()
    (site.project / "include" / "a.h").touch()
    (problem,) = examine(site.project, environ).at("problem")
    assert "watches include/*, but cargo expands no patterns" in problem
    site.build(uv)
    assert site.build(uv).recompiled == ("version_specific",)
    (site.project / "build.rs").write_text(script.replace("include/*", "include"))
    assert examine(site.project, environ).at("problem") == []
    site.build(uv)
    assert site.build(uv).recompiled == ()


@pytest.mark.quick
def test_maturin_refuses_two_active_environments(crate: Path, environ: dict[str, str]) -> None:
    both = {"VIRTUAL_ENV": sys.prefix, "CONDA_PREFIX": "/conda"}
    done = subprocess.run(
        ["maturin-shim", "develop"], cwd=crate, env={**environ, **both}, capture_output=True, text=True, check=False
    )
    assert "Both VIRTUAL_ENV and CONDA_PREFIX are set" in done.stderr
    assert done.returncode != 0


# Upstream


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> WorkFolder:
    return WorkFolder(tmp_path_factory.mktemp("patched"))


def patched(work: WorkFolder, name: str) -> Path:
    (patch_set,) = (one for one in patches.read_all(patches.find()) if f"{one.project}/{one.version}" == name)
    return upstream.patched(patch_set, work, tools.clean(os.environ))


def test_a_pyo3_that_reads_the_variable_itself_and_a_backend_that_sets_it(
    work: WorkFolder, environ: dict[str, str], tmp_path: Path
) -> None:
    project = bundled.copy("setuptools_rust", tmp_path / "project")
    manifest = tomlkit.parse((project / "Cargo.toml").read_text())
    tree = patched(work, "pyo3/0.26.0")
    manifest["patch"] = {"crates-io": {"pyo3-build-config": {"path": os.fspath(tree / "pyo3-build-config")}}}
    (project / "Cargo.toml").write_text(tomlkit.dumps(manifest))
    subprocess.run(["cargo", "fetch", "-q"], cwd=project, env=environ, check=True)

    half = examine(project, environ)
    assert half.code == 0
    said = "\n".join(half.at("note"))
    assert "note upstream pyo3 reads PYO3_BASE_PYTHON itself; setuptools-rust " in said
    assert "does not set it, so the wrapper does" in said

    env = tmp_path / "env"
    subprocess.run(["uv", "venv", "-q", "--python", sys.executable, env], env=environ, check=True)
    backend = patched(work, "setuptools-rust/1.13.0")
    python = os.fspath(env / "bin" / "python")
    subprocess.run(["uv", "pip", "install", "-q", "--python", python, backend], env=environ, check=True)
    whole = examine(project, environ, VIRTUAL_ENV=os.fspath(env))
    assert "sets it: the shim can go" in "\n".join(whole.at("ok"))
