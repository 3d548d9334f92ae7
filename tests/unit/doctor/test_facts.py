"""Facts from real folders, with a script as cargo; for the real tools see tests/integration/test_doctor.py."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import switch
from pyo3_base_python.doctor import facts
from pyo3_base_python.wrapper.errors import ShimError

if TYPE_CHECKING:
    from tests.unit.support import Wrapper

PYPROJECT = '[build-system]\nrequires = ["maturin>=1.5"]\nbuild-backend = "maturin"\n'


@pytest.fixture
def project(wrapper: Wrapper) -> Wrapper:
    """The wrapper's project, with a pyproject.toml."""
    write(wrapper, "pyproject.toml", PYPROJECT)
    return wrapper


def write(wrapper: Wrapper, name: str, text: str) -> Path:
    path = wrapper.project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def gather(wrapper: Wrapper, **changes: str | None) -> facts.Facts:
    return facts.gather(os.fspath(wrapper.project), wrapper.variables(FAKE_CARGO_DOES="exit 1", **changes))


# cargo


def test_without_the_variable(project: Wrapper) -> None:
    found = gather(project).cargo
    assert (found.named, found.kind, found.real) == (None, "unset", project.cargo)


def test_the_launcher(project: Wrapper) -> None:
    found = gather(project, CARGO=project.program).cargo
    assert (found.kind, found.real) == ("launcher", project.cargo)


def test_a_cargo_on_path_in_front_of_the_launcher(project: Wrapper, tmp_path: Path) -> None:
    (tmp_path / "cargo").symlink_to(project.program)
    first = f"{tmp_path}{os.pathsep}{project.environ['PATH']}"
    for changes, typed in (({}, project.cargo), ({"PATH": first}, ""), ({"PYO3_SHIM_PATH": "off"}, "")):
        assert gather(project, CARGO=project.program, **changes).cargo.typed == typed
    assert gather(project, CARGO=None).cargo.typed == ""


def test_names_of_variables_that_are_none(project: Wrapper) -> None:
    given = dict.fromkeys(("PYO3_SHIM_SDISTDIR", "PYO3_SHIM_", "PYO3_SHIMS"), "1")
    assert gather(project, **given).unknown_variables == ("PYO3_SHIM_", "PYO3_SHIM_SDISTDIR")
    assert gather(project).unknown_variables == ()


def test_a_folder_for_sdists_that_can_not_be_used(project: Wrapper) -> None:
    error = gather(project, PYO3_SHIM_SDIST_DIR="/dev/null/places").sdist_error
    assert isinstance(error, ShimError)
    assert error.what == "can't use the place for sdists /dev/null/places: Not a directory"
    found = gather(project, PYO3_SHIM_SDIST_DIR="sdists")
    assert found.decision_error is not None
    assert found.sdist_error is not None
    assert found.decision_error.what == found.sdist_error.what


def test_cross(project: Wrapper) -> None:
    assert gather(project, CARGO="cross").cargo.kind == "cross"


def test_a_cargo_that_is_gone(project: Wrapper) -> None:
    assert gather(project, CARGO="/nowhere/cargo").cargo.kind == "missing"


def test_a_cargo_of_somebody_else(project: Wrapper) -> None:
    other = project.fake_cargo(project.bin / "other-cargo")
    assert gather(project, CARGO=other).cargo.kind == "other"


def test_no_cargo(project: Wrapper) -> None:
    found = gather(project, PATH="/nowhere").cargo
    assert isinstance(found.error, ShimError)
    assert found.error.what == "there is no cargo on PATH"
    assert gather(project, PATH="/nowhere").graph == facts.Graph()


@pytest.mark.promise("fault")
@pytest.mark.parametrize("path", ["/nowhere", None])
def test_a_workspace_that_cargo_does_not_tell_is_no_end_of_the_matter(project: Wrapper, path: str | None) -> None:
    write(project, "Cargo.toml", '[package]\nname = "a"\nversion = "1.0.0"\nworkspace = "../nowhere"\n')
    found = gather(project, **({"PATH": path} if path else {}))
    assert found.project is None
    assert isinstance(found.decision_error, ShimError)
    assert "Cargo.toml" in found.decision_error.what


def test_a_build_directory_that_is_moved(project: Wrapper) -> None:
    found = gather(project, CARGO_BUILD_BUILD_DIR="/elsewhere")
    assert [kind for kind, _ in found.decision.reasons] == ["unknown place"]
    assert (found.decision.plan, found.decision_error) == (None, None)
    write(project, "PKG-INFO", "")
    write(project, "pyproject.toml", PYPROJECT)
    plan = gather(project, CARGO_BUILD_BUILD_DIR="/elsewhere").decision.plan
    assert plan is not None
    assert "PYO3_CONFIG_FILE" in plan.set


def test_a_launcher_of_another_version(project: Wrapper) -> None:
    assert gather(project, CARGO=project.program).cargo.kind == "launcher"
    Path(project.program).write_bytes(Path(project.program).read_bytes() + b"# of another\n")
    found = gather(project, CARGO=project.program).cargo
    assert (found.kind, found.real) == ("another launcher", project.cargo)


def test_the_version_of_cargo(project: Wrapper) -> None:
    found = facts.gather(os.fspath(project.project), project.variables(FAKE_CARGO_DOES="echo cargo 1.95.0"))
    assert found.cargo.version == "1.95.0"


# Where the manifest is


@pytest.mark.parametrize(
    ("pyproject", "manifest"),
    [
        (PYPROJECT, "Cargo.toml"),
        (PYPROJECT + '[tool.maturin]\nmanifest-path = "module/Cargo.toml"\n', "module/Cargo.toml"),
        (PYPROJECT, "rust/Cargo.toml"),
    ],
)
def test_the_manifest_is_where_the_backend_looks(project: Wrapper, pyproject: str, manifest: str) -> None:
    (project.project / "Cargo.toml").unlink()
    write(project, "pyproject.toml", pyproject)
    path = write(project, manifest, '[package]\nname = "a"\nversion = "1.0.0"\n')
    found = gather(project).project
    assert found
    assert found.manifest_dir == os.fspath(path.parent)


def test_no_manifest(project: Wrapper) -> None:
    (project.project / "Cargo.toml").unlink()
    found = gather(project)
    assert found.project is None
    assert [kind for kind, _ in found.decision.reasons] == ["no manifest"]


# Interpreter, backend, store, decision


def test_the_interpreter_and_what_the_wrapper_would_set(project: Wrapper) -> None:
    found = gather(project)
    assert found.python
    assert found.python.executable == sys.executable
    assert found.decision.plan
    assert found.decision.plan.set["PYO3_BASE_PYTHON"] == found.python.base_executable
    assert set(found.decision.plan.reasons) == set(found.decision.plan.set)


def test_an_interpreter_that_does_not_answer(project: Wrapper) -> None:
    found = gather(project, PYO3_PYTHON="/bin/true")
    assert found.python is None
    assert found.decision_error
    assert "/bin/true" in found.decision_error.what


def test_whether_a_variable_names_the_interpreter(project: Wrapper) -> None:
    assert not gather(project).python_unnamed
    found = gather(project, PYO3_PYTHON=None)
    assert found.python_unnamed
    assert found.python


def test_no_interpreter(project: Wrapper) -> None:
    found = gather(project, PYO3_PYTHON=None, PATH="/nowhere")
    assert found.python is None
    assert found.decision.reasons == (("no python", "there is no Python interpreter"),)


def test_the_backend_is_looked_for_in_the_interpreter_then_in_our_own(project: Wrapper) -> None:
    own = gather(project)
    other = gather(project, PYO3_PYTHON=os.path.realpath(sys.executable))
    assert own.backend_version == other.backend_version != ""
    assert own.backend_sets is False, "a maturin that sets PYO3_BASE_PYTHON: upstream has shipped its fix"


def test_no_backend(project: Wrapper) -> None:
    write(project, "pyproject.toml", "")
    found = gather(project)
    assert (found.backend_version, found.backend_sets) == ("", None)


def test_front_ends(project: Wrapper) -> None:
    uv = project.bin / "uv"
    uv.write_text("#!/bin/sh\necho uv 7.8.9\n", encoding="utf-8")
    uv.chmod(0o755)
    found = gather(project).front_ends
    assert found["uv"] == "7.8.9"
    assert {"build", "pip"} <= set(found)
    assert gather(project, PYO3_PYTHON="/bin/true").front_ends == {"uv": "7.8.9"}


def test_a_pyproject_that_can_not_be_read(project: Wrapper) -> None:
    write(project, "pyproject.toml", "[broken")
    found = gather(project)
    assert found.pyproject is None
    assert found.pyproject_error


def test_the_store(project: Wrapper) -> None:
    assert (gather(project).store, gather(project).store_error) == (os.fspath(project.store), None)
    broken = gather(project, PYO3_SHIM_STORE="/dev/null/store")
    assert broken.store == "/dev/null/store"
    assert broken.store_error
    assert "can't use the store" in broken.store_error.what


def test_every_reason_to_leave_cargo_alone(project: Wrapper) -> None:
    (project.project / "Cargo.lock").unlink()
    found = gather(project, PYO3_SHIM_MODE="off", PYO3_CONFIG_FILE="mine", CARGO_BUILD_TARGET="none-such")
    assert [kind for kind, _ in found.decision.reasons] == ["mode", "config file", "cross build", "no lock"]


def test_a_target_that_is_the_host_is_no_cross_build(project: Wrapper) -> None:
    rustc = project.bin / "rustc"
    rustc.write_text("#!/bin/sh\necho host: some-host\n", encoding="utf-8")
    rustc.chmod(0o755)
    assert gather(project, CARGO_BUILD_TARGET="some-host").decision.reasons == ()
    assert gather(project, CARGO_BUILD_TARGET="other").decision.reasons[0][0] == "cross build"


# Other tools' settings


def test_settings_from_every_file(project: Wrapper) -> None:
    write(
        project,
        "pyproject.toml",
        PYPROJECT
        + '[tool.cibuildwheel]\nenvironment = "CARGO=a"\n[tool.uv.extra-build-variables]\np = { CARGO = "b" }\n',
    )
    write(project, "uv.toml", 'extra-build-variables = { q = { CARGO = "c" } }\n')
    write(project, "tox.ini", "[testenv]\nset_env = CARGO=d\n")
    write(project, ".cargo/config.toml", '[env]\nPYO3_PYTHON = "e"\n')
    (project.folder / "cargo-home").mkdir()
    (project.folder / "cargo-home" / "config.toml").write_text('[env]\nPYO3_PYTHON = "f"\n')
    found = gather(project)
    assert [setting.value for setting in found.settings] == ["a", "b", "c", "d", "e", "f"]
    assert found.tox
    assert found.tox.place == "tox.ini"


@pytest.mark.parametrize("there", [True, False])
def test_the_launcher_in_a_setting_is_the_shims_own(project: Wrapper, there: bool) -> None:
    """Of this machine, or of the one that the setting is for."""
    value = project.program if there else "/home/nobody/.local/share/pyo3-base-python/bin/cargo"
    write(project, "tox.ini", f"[testenv]\nset_env = CARGO={value}\n")
    assert gather(project).settings == ()


def test_whether_tox_is_told_to_hand_cargo_on(project: Wrapper) -> None:
    assert not gather(project).tox_override
    override = switch.variables(project.environ)["TOX_OVERRIDE"]
    assert gather(project, TOX_OVERRIDE=f"testenv.pass_env+=A;{override}").tox_override


# The graph


def graph(project: Wrapper, output: str, code: int = 0) -> facts.Graph:
    answer = project.folder / "answer"
    answer.write_text(output, encoding="utf-8")
    does = f"cat '{answer}' >&2; exit {code}"
    return facts.gather(os.fspath(project.project), project.variables(FAKE_CARGO_DOES=does)).graph


def test_cargo_is_asked_offline_and_for_the_backends_features(project: Wrapper) -> None:
    write(project, "pyproject.toml", PYPROJECT + '[tool.maturin]\nfeatures = ["fast"]\n')
    graph(project, "")
    _, *words = (project.folder / "record" / "arguments").read_text().split("\0")[:-1]
    assert words[:5] == ["metadata", "--offline", "--locked", "--format-version", "1"]
    assert words[5:9] == ["--manifest-path", os.fspath(project.project / "Cargo.toml"), "--features", "fast"]


def test_scripts_features_and_whether_pyo3_reads_the_variable(project: Wrapper) -> None:
    script = write(project, "build.rs", 'println!("cargo:rerun-if-env-changed=PATH");')
    write(project, "config/src/impl_.rs", 'env_var("PYO3_BASE_PYTHON")')
    common: dict[str, object] = {"version": "1.0.0", "source": None, "dependencies": []}
    mine = {"id": "mine", "name": "mine", "manifest_path": os.fspath(project.project / "Cargo.toml")}
    target = {"kind": ["custom-build"], "src_path": os.fspath(script)}
    config = os.fspath(project.project / "config" / "Cargo.toml")
    packages = [
        {**common, **mine, "targets": [target]},
        {**common, "id": "ffi", "name": "pyo3-ffi", "manifest_path": "/ffi/Cargo.toml", "targets": []},
        {**common, "id": "config", "name": "pyo3-build-config", "manifest_path": config, "targets": []},
    ]
    nodes = [{"id": "ffi", "features": ["abi3"]}, {"id": "mine", "features": ["own"]}]
    document = {"packages": packages, "resolve": {"nodes": nodes}}
    found = graph(project, json.dumps(document))
    assert [(one.crate.name, one.does.watches) for one in found.scripts] == [("mine", frozenset({"PATH"}))]
    assert found.pyo3_features == {"abi3"}
    assert found.pyo3_reads is True
    write(project, "config/src/impl_.rs", 'env_var("PYO3_PYTHON")')
    assert graph(project, json.dumps(document)).pyo3_reads is False


@pytest.mark.parametrize(
    ("output", "code", "error"),
    [
        ("warning: w\nerror: no matching package\nas this is offline\n", 101, "error: no matching package"),
        ("something else\n", 101, "something else"),
        ("", 101, "cargo metadata says nothing"),
        ("", 0, "cargo metadata is not understood"),
    ],
)
def test_what_cargo_says_where_it_can_not_tell(project: Wrapper, output: str, code: int, error: str) -> None:
    assert graph(project, output, code).error.startswith(error)


def test_without_a_lock_file_cargo_is_not_asked(project: Wrapper) -> None:
    (project.project / "Cargo.lock").unlink()
    assert gather(project).graph == facts.Graph()


# What is unpacked anew, environments, uv


def test_what_cargos_configuration_sets_is_no_obstacle_where_the_backend_overrides_it(project: Wrapper) -> None:
    write(project, ".cargo/config.toml", '[env]\nPYO3_PYTHON = "python3.8"\n')
    environ = {"PYO3_PYTHON": None, "VIRTUAL_ENV": sys.prefix}
    assert gather(project, **environ).decision.reasons == ()
    write(project, ".cargo/config.toml", '[env]\nPYO3_PYTHON = { value = "python3.8", force = true }\n')
    assert [kind for kind, _ in gather(project, **environ).decision.reasons] == ["cargo env"]
    write(project, ".cargo/config.toml", '[env]\nPYO3_PYTHON = "python3.8"\n')
    write(project, "pyproject.toml", "")
    assert [kind for kind, _ in gather(project, **environ).decision.reasons] == ["cargo env"]


def test_manifests_environments_and_whether_it_is_uvs(project: Wrapper) -> None:
    found = gather(project, VIRTUAL_ENV="/a", CONDA_PREFIX="")
    assert (found.manifests, found.environments, found.uv_project) == (("Cargo.toml",), ("VIRTUAL_ENV",), False)
    assert gather(project, VIRTUAL_ENV="/a", CONDA_PREFIX="/b").environments == ("VIRTUAL_ENV", "CONDA_PREFIX")
    write(project, "uv.lock", "")
    assert gather(project).uv_project


@pytest.mark.parametrize(("text", "is_uvs"), [("[tool.uv.workspace]\nmembers = ['*']\n", True), ("", False)])
def test_a_member_of_a_workspace_of_uvs(project: Wrapper, text: str, is_uvs: bool) -> None:
    write(project, "../uv.lock", "")
    write(project, "../pyproject.toml", text)
    assert gather(project).uv_project is is_uvs


def test_a_place_for_sdists_that_the_user_chose(project: Wrapper) -> None:
    assert gather(project, CARGO_TARGET_DIR="/t").sdist_place == "/t"
    assert gather(project, CARGO_TARGET_DIR="t").sdist_place != "t", "relative to each unpacked sdist"
    (project.folder / "cargo-home").mkdir()
    (project.folder / "cargo-home" / "config.toml").write_text('[build]\ntarget-dir = "/u"\n', encoding="utf-8")
    assert gather(project).sdist_place == "/u"


def test_the_shims_own_place_for_sdists(project: Wrapper, tmp_path: Path) -> None:
    found = gather(project, PYO3_SHIM_SDIST_DIR=os.fspath(tmp_path / "places")).sdist_place
    assert Path(found).parent == tmp_path / "places"


def test_a_folder_of_the_project_is_no_place_for_sdists(project: Wrapper) -> None:
    found = gather(project, PYO3_SHIM_BUILD_DIR="interpreter", PYO3_SHIM_SDIST_DIR="off")
    assert found.decision.plan
    assert found.decision.plan.build_dir
    assert found.sdist_place == ""


def test_vendored_crates(project: Wrapper) -> None:
    write(project, ".cargo/config.toml", '[source.a]\ndirectory = "vendor"\n')
    assert gather(project).vendored == os.fspath(project.project / "vendor")


def test_crates_outside_of_the_workspace(project: Wrapper) -> None:
    common = {"version": "1.0.0", "dependencies": [], "targets": []}
    places = {"mine": project.project, "core": project.folder / "core", "registry": Path("/registry")}
    packages = [
        {
            **common,
            "id": name,
            "name": name,
            "manifest_path": os.fspath(folder / "Cargo.toml"),
            "source": "index" if name == "registry" else None,
        }
        for name, folder in places.items()
    ]
    found = graph(project, json.dumps({"packages": packages, "resolve": {"nodes": []}}))
    assert [crate.name for crate in found.outside] == ["core"]
