"""The recipes in README and pages, run word for word with the tools that they are for."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
import tomlkit
import yaml

from pyo3_base_python import bundled
from tests.documentation.pages import blocks

from .conftest import REPOSITORY, Outcome, Site, uv
from .language_server import check_on_save

Make = Callable[[str], Site]
ACTION = REPOSITORY / ".github" / "actions" / "setup" / "action.yml"


def recipe(page: str, heading: str) -> str:
    """The first block of code below ``heading`` in ``page``."""
    return blocks(page, heading)[0]


@pytest.fixture
def site(site_of: Make) -> Site:
    """A crate that has been built with the shim, and the launcher in the store, as after `env` in another shell."""
    site = site_of("version_specific")
    site.environ["PYO3_SHIM_CARGO"] = os.fspath(site.recorder.program)
    site.run(["pyo3-base-python", "env"], shim=False)
    site.build(uv)  # at this path it was not built before
    return site


def launcher(site: Site) -> str:
    return os.path.join(site.environ["PYO3_SHIM_STORE"], "bin", "cargo")


def for_this_machine(text: str, site: Site) -> str:
    """``text`` with the path of this run's launcher in place of the usual one."""
    text, count = re.subn(r'"[^" ]*/\.local/share/pyo3-base-python/bin/cargo"', json.dumps(launcher(site)), text)
    assert count == 1
    return text


def assert_nothing_compiled(outcome: Outcome) -> None:
    assert outcome.recompiled == ()
    assert "pyo3" in outcome.fresh, "cargo was not started through the shim"


@pytest.mark.parametrize("by_name", [False, True], ids=["from the checkout", "by name"])
@pytest.mark.parametrize("tool", ["pipx", "uv"])
def test_install_it(tmp_path: Path, environ: dict[str, str], tool: str, by_name: bool) -> None:
    """By name as the recipes do, from a folder with a wheel."""
    from_checkout, wheel_to_folder = blocks("install", "Install it")
    (script,) = (line for line in from_checkout.splitlines() if line.startswith(f"$ {tool} "))
    if by_name:
        script = wheel_to_folder + script.replace(" .", " pyo3-base-python")
    script = script.replace("$ ", "").replace("~/wheels", os.fspath(tmp_path / "wheels"))
    bin_dir = tmp_path / "bin"
    environ.update(
        PIPX_HOME=os.fspath(tmp_path / "pipx"),
        PIPX_BIN_DIR=os.fspath(bin_dir),
        UV_TOOL_DIR=os.fspath(tmp_path / "tools"),
        UV_TOOL_BIN_DIR=os.fspath(bin_dir),
        PATH=f"{bin_dir}{os.pathsep}{environ['PATH']}",
    )
    subprocess.run(["bash", "-e", "-c", script], cwd=REPOSITORY, env=environ, check=True, stdin=subprocess.DEVNULL)
    for command in (["pyo3-base-python", "--version"], ["maturin-shim", "--version"]):
        subprocess.run([bin_dir / command[0], *command[1:]], env=environ, check=True)
    assert os.access(bin_dir / "cargo-base-python", os.X_OK)
    subprocess.run(["cargo", "base-python", "--version"], env=environ, check=True)


@pytest.mark.quick
def test_removing_it(tmp_path: Path, environ: dict[str, str]) -> None:
    """What is quoted of maturin's error, where CARGO is still set and the store is gone."""
    project = bundled.copy("version_specific", tmp_path / "project")
    maturins, _ = blocks("install", "Removing it")
    environ["CARGO"] = os.fspath(tmp_path / "gone" / "cargo")
    done = subprocess.run(["maturin", "build"], cwd=project, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode
    assert maturins in done.stderr


def test_removing_it_from_a_project_with_setuptools_rust(tmp_path: Path, environ: dict[str, str]) -> None:
    project = bundled.copy("setuptools_rust", tmp_path / "project")
    _, theirs = blocks("install", "Removing it")
    environ["CARGO"] = os.fspath(tmp_path / "gone" / "cargo")
    command = ["uv", "build", "--wheel", "--python", sys.executable]
    done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode
    assert theirs.replace("/home/me/.local/share/pyo3-base-python/bin/cargo", environ["CARGO"]) in done.stderr


def test_pip(site: Site, tmp_path: Path) -> None:
    """Of the project in this folder; the package from the index is installed in a test of Docker's recipe."""
    for number in (1, 2):
        subprocess.run([sys.executable, "-m", "venv", tmp_path / f"env-{number}"], check=True)
        path = f"{tmp_path / f'env-{number}' / 'bin'}{os.pathsep}{site.environ['PATH']}"
        for line in recipe("tools", "pip").splitlines()[:2]:
            outcome = site.run(["env", f"PATH={path}", *shlex.split(line.removeprefix("$ "))], shim=False)
            assert "pip install ." in line or "pip wheel" in line
            assert_nothing_compiled(outcome)


def test_uv(site: Site, tmp_path: Path) -> None:
    """A project that depends on the crate by path, synced twice."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "0.1.0"\nrequires-python = ">=3.9"\ndependencies = ["version_specific"]\n'
        f"[tool.uv.sources]\nversion_specific = {{ path = {json.dumps(os.fspath(site.project))} }}\n"
    )
    settings = for_this_machine(recipe("tools", "uv"), site).replace("your-package", "version_specific")
    (tmp_path / "uv.toml").write_text(settings)
    for _ in range(2):
        command = ["uv", "sync", "--project", os.fspath(app), "--config-file", os.fspath(tmp_path / "uv.toml")]
        command += ["--python", sys.executable, "--refresh-package", "version_specific", "--reinstall"]
        assert_nothing_compiled(site.run(command, shim=False))


def test_tox(site: Site, tmp_path: Path) -> None:
    (site.project / "tox.toml").write_text(
        recipe("tools", "tox").replace(
            "[env_run_base]\n", '[env_run_base]\npackage = "wheel"\nwheel_build_env = ".pkg"\n'
        )
        + '[env.a]\ncommands = [["python", "-c", "import version_specific"]]\n'
    )
    for number in (1, 2):
        command = ["tox", "-e", "a", "--workdir", os.fspath(tmp_path / f"tox-{number}")]
        assert_nothing_compiled(site.run(command, shim=False, CARGO=launcher(site)))


def test_nox(site: Site) -> None:
    session = (
        "import nox\n\n\n@nox.session(python=False)\ndef wheel(session):\n"
        f"    session.run('uv', 'build', '--wheel', '--python', {sys.executable!r})\n"
    )
    (site.project / "noxfile.py").write_text(recipe("tools", "nox") + session)
    for _ in range(2):
        assert_nothing_compiled(site.run(["nox"], shim=False))


def test_hatch(site: Site, tmp_path: Path) -> None:
    """Two new environments, into each of which the project is installed; and a build."""
    with (site.project / "pyproject.toml").open("a") as file:
        file.write("\n" + for_this_machine(recipe("tools", "hatch"), site))
    for number in (1, 2):
        site.environ["HATCH_DATA_DIR"] = os.fspath(tmp_path / f"hatch-{number}")
        command = ["hatch", "run", "python", "-c", "import version_specific; print(version_specific.answer())"]
        outcome = site.run(command, shim=False)
        assert "\n42\n" in outcome.output
    assert_nothing_compiled(outcome)
    for _ in range(2):
        outcome = site.run(["hatch", "build", "-t", "wheel"])
    assert_nothing_compiled(outcome)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="cibuildwheel runs on Python 3.11 and later")
@pytest.mark.quick
def test_cibuildwheel(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without a container there is no build: what cibuildwheel makes of the settings is what it would start with."""
    from cibuildwheel.environment import parse_environment  # noqa: PLC0415 - is not there for older Pythons

    settings = tomlkit.parse(recipe("ci", "cibuildwheel")).unwrap()["tool"]["cibuildwheel"]["linux"]
    assert settings["before-all"].endswith("/pyo3-base-python env")
    assignments = " ".join(f'{name}="{value}"' for name, value in settings["environment"].items())
    set_by_it = parse_environment(assignments).as_dictionary({"HOME": os.fspath(tmp_path), "PATH": environ["PATH"]})
    del environ["PYO3_SHIM_STORE"]
    environ["HOME"] = os.fspath(tmp_path)
    subprocess.run(["pyo3-base-python", "env"], env=environ, check=True, stdout=subprocess.DEVNULL)
    assert os.access(set_by_it["CARGO"], os.X_OK)
    (tmp_path / "pyproject.toml").write_text(recipe("ci", "cibuildwheel") + '[project]\nname = "a"\nversion = "1"\n')
    command = ["cibuildwheel", "--platform", "linux", "--archs", "x86_64", "--print-build-identifiers", "."]
    understood = subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True)
    assert "-manylinux_x86_64" in understood.stdout


Step = dict[str, Any]


def run_job(site: Site, folder: Path, steps: list[Step], used: Callable[[Step, dict[str, str]], None]) -> Outcome:
    """The result of the last step of a job on a new GitHub runner.

    ``folder`` is for what the job leaves there; ``used`` is told each step that names an action, and the variables.
    """
    files = {name: folder / name.lower() for name in ("GITHUB_ENV", "GITHUB_PATH")}
    path = f"{folder / 'bin'}{os.pathsep}{site.environ['PATH']}"
    variables = {
        "PATH": path,
        "PIPX_HOME": os.fspath(folder / "pipx"),
        "PIPX_BIN_DIR": os.fspath(folder / "bin"),
        "GITHUB_ACTION_PATH": os.fspath(ACTION.parent),
        **{name: os.fspath(file) for name, file in files.items()},
    }
    folder.mkdir()
    for file in files.values():
        file.touch()
    outcome = None
    for step in steps:
        if "uses" in step:
            used(step, variables)
            continue
        set_by_hand = ["env", *(f"{name}={value}" for name, value in variables.items())]
        outcome = site.run([*set_by_hand, "bash", "-e", "-c", step["run"]], shim=False)
        for line in files["GITHUB_ENV"].read_text().splitlines():
            name, _, value = line.partition("=")
            variables[name] = value
        first = files["GITHUB_PATH"].read_text().splitlines()
        variables["PATH"] = os.pathsep.join([*reversed(first), path])
    assert outcome
    return outcome


def test_github_actions(site: Site, tmp_path: Path, shim_index: Path) -> None:
    """Two jobs of one workflow: the cache's key is the same, since the variables that it holds are."""
    steps = yaml.safe_load(recipe("ci", "GitHub Actions"))
    keys: list[dict[str, str]] = []
    # pipx installs with uv where it finds one.
    site.environ.update(PIP_FIND_LINKS=os.fspath(shim_index), UV_FIND_LINKS=os.fspath(shim_index))

    def remember(_: Step, variables: dict[str, str]) -> None:
        keys.append({name: value for name, value in variables.items() if name.startswith("CARGO")})

    for number in (1, 2):
        assert_nothing_compiled(run_job(site, tmp_path / f"job-{number}", steps, remember))
    assert keys[0] == keys[1] == {"CARGO": launcher(site)}


def test_action_for_github(tmp_path: Path, environ: dict[str, str]) -> None:
    """Two jobs on machines of their own, with new checkouts; between them is what the action has cached."""
    own, others = yaml.safe_load(ACTION.read_text()), yaml.safe_load(blocks("ci", "GitHub Actions")[1])
    assert others[0]["uses"].partition("@")[0].endswith(f"/{ACTION.parent.relative_to(REPOSITORY)}")
    steps = [*own["runs"]["steps"], *others[1:]]
    machine = tmp_path / "machine"
    site = Site(machine / "project", tmp_path / "scratch", keep_rust(environ) | {"HOME": os.fspath(machine)})
    del site.environ["PYO3_SHIM_STORE"], site.environ["PYO3_SHIM_SDIST_DIR"]
    archive = tmp_path / "cache.tar"

    def restore(step: Step, variables: dict[str, str]) -> None:
        if step["uses"].startswith("actions/cache"):
            assert step["with"]["path"].replace("~", os.fspath(machine)) == variables["PYO3_SHIM_SDIST_DIR"]
            if archive.exists():
                subprocess.run(["tar", "-xf", archive, "-C", machine], check=True)

    for number in (1, 2):
        bundled.copy("version_specific", machine / "project")
        outcome = run_job(site, tmp_path / f"job-{number}", steps, restore)
        subprocess.run(["tar", "--posix", "-cf", archive, "-C", machine, ".cache/pyo3-base-python/sdists"], check=True)
        shutil.rmtree(machine)
    assert_nothing_compiled(outcome)


def test_gitlab(tmp_path: Path, environ: dict[str, str], shim_index: Path) -> None:
    """Two jobs, each in a new clone with new times; between them is what GitLab has cached."""
    job = yaml.safe_load(recipe("ci", "GitLab"))["wheel"]
    site = Site(tmp_path / "builds" / "project", tmp_path / "scratch", keep_rust(environ))
    (cached,) = job["cache"]["paths"]
    archive = tmp_path / "cache.tar"
    for name, value in job["variables"].items():
        site.environ[name] = value.replace("$CI_PROJECT_DIR", os.fspath(site.project))
    site.environ["PIP_FIND_LINKS"] = os.fspath(shim_index)
    lines = [*job["before_script"], *job["script"]]
    assert lines.pop(0).startswith("apt-get ")
    for number in (1, 2):
        bundled.copy("version_specific", site.project)
        subprocess.run(["git", "init", "-q"], cwd=site.project, check=True)
        if number > 1:
            subprocess.run(["tar", "-xf", archive, "-C", site.project], check=True)
        for path in (path for path in site.project.rglob("*") if ".cache" not in path.parts):
            os.utime(path)
        script = "\n".join(lines).replace("/opt/tools", os.fspath(tmp_path / f"tools-{number}"))
        outcome = site.run(["sh", "-e", "-c", script], shim=False)
        assert len(list((site.project / "dist").iterdir())) == 2
        subprocess.run(["tar", "--posix", "-cf", archive, "-C", site.project, cached], check=True)
        shutil.rmtree(site.project)
    assert_nothing_compiled(outcome)


@pytest.mark.parametrize("number", [0, 1], ids=["packages", "a project"])
def test_docker(tmp_path: Path, environ: dict[str, str], shim_index: Path, number: int) -> None:
    """Without Docker: each layer is a new home and a new Python, and the cache mount is all that lasts."""
    runs = re.findall(
        r"^RUN (?:--mount=type=cache,target=/sdists )?(.*)$", blocks("ci", "Docker")[number], re.MULTILINE
    )
    runs = runs if number else ["pip install pyo3-base-python", *runs]
    lasting = f"PYO3_SHIM_SDIST_DIR={tmp_path / 'sdists'}"
    outcomes = []
    for _ in range(2):
        layer = tmp_path / "layer"
        home, source = layer / "home", layer / "src"
        home.mkdir(parents=True)
        bundled.copy("version_specific", source)
        subprocess.run([sys.executable, "-m", "venv", layer / "python"], check=True)
        site = Site(source, layer / "scratch", keep_rust(environ) | {"HOME": os.fspath(home)})
        site.environ["PATH"] = f"{layer / 'python' / 'bin'}{os.pathsep}{environ['PATH']}"
        site.environ["PIP_FIND_LINKS"] = os.fspath(shim_index)
        del site.environ["PYO3_SHIM_STORE"], site.environ["PYO3_SHIM_SDIST_DIR"]
        for line in runs:
            here = {"/src": source, "/wheels": layer / "wheels", "PYO3_SHIM_SDIST_DIR=/sdists": lasting}
            words = [str(here.get(word, word)) for word in shlex.split(line)]
            outcome = site.run(["env", *words], shim=False)
        outcomes.append(outcome)
        shutil.rmtree(layer)
    assert "pyo3" in outcomes[0].recompiled
    assert_nothing_compiled(outcomes[1])


def keep_rust(environ: dict[str, str]) -> dict[str, str]:
    """``environ`` with what cargo has downloaded, and with Rust, where HOME will be another folder."""
    places = {"CARGO_HOME": ".cargo", "RUSTUP_HOME": ".rustup"}
    return {**{name: os.path.join(environ["HOME"], folder) for name, folder in places.items()}, **environ}


def answers(program: str) -> bool:
    """Whether a program exists and works: rustup has a proxy for tools that are not installed."""
    found = shutil.which(program)
    return found is not None and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not answers("rust-analyzer"), reason="there is no rust-analyzer on this machine")
def test_rust_analyzer(site: Site) -> None:
    """The editor and `cargo check` behind `run` in turn: neither makes the other compile."""
    site.run(["cargo", "check"])
    marks = sorted(site.project.glob("target/debug/build/pyo3-*/output"))
    assert marks
    before = [mark.stat().st_mtime_ns for mark in marks]
    printed = subprocess.check_output(
        recipe("development", "VS Code and rust-analyzer").split(), cwd=site.project, env=site.environ
    )
    settings: dict[str, Any] = {"cargo": {"extraEnv": json.loads(printed)["rust-analyzer.cargo.extraEnv"]}}
    editor = {name: value for name, value in site.environ.items() if name != "PYO3_SHIM_CARGO"}
    check_on_save(site.project, settings, editor)
    assert [mark.stat().st_mtime_ns for mark in marks] == before
    assert_nothing_compiled(site.run(["cargo", "check"]))
    check_on_save(site.project, {}, editor)
    assert [mark.stat().st_mtime_ns for mark in marks] != before, "without the recipe nothing was compiled either"


@pytest.mark.skipif(not shutil.which("direnv"), reason="there is no direnv on this machine")
def test_direnv(site: Site, tmp_path: Path) -> None:
    site.environ["XDG_DATA_HOME"] = os.fspath(tmp_path / "data")
    site.run(["sh", "-e", "-c", recipe("tools", "direnv")], shim=False)
    for _ in range(2):
        command = ["direnv", "exec", ".", "uv", "build", "--wheel", "--python", sys.executable]
        assert_nothing_compiled(site.run(command, shim=False))
