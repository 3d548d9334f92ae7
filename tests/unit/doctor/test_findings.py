"""Every finding: one fact is changed in a project where all is well, and the doctor has to say so."""

from __future__ import annotations

import pytest

from pyo3_base_python.doctor import facts, findings, pyproject, settings
from pyo3_base_python.doctor.finding import NOTE, OK, PROBLEM, Finding
from pyo3_base_python.doctor.remedies import REMEDIES
from pyo3_base_python.wrapper import command_line, plan
from pyo3_base_python.wrapper.decide import Decision
from pyo3_base_python.wrapper.errors import CannotSteady, UserError
from pyo3_base_python.wrapper.project import Lock, Project
from tests.unit.support import project_with

from .support import WELL, a_script, decided


def of(topic: str, given: facts.Facts) -> list[Finding]:
    return [finding for finding in findings.judge(given) if finding.topic == topic]


def one(topic: str, given: facts.Facts) -> Finding:
    (finding,) = of(topic, given)
    return finding


def test_where_all_is_well_all_is_ok() -> None:
    found = findings.judge(WELL)
    assert {finding.level for finding in found} == {OK}
    assert [finding.topic for finding in found if finding.topic != "wrapper"] == [
        "front ends",
        "backend",
        "cargo",
        "CARGO",
        "pyo3",
        "python",
        "store",
        "sdists",
        "upstream",
    ]
    assert not findings.nothing_to_do(WELL)


def test_what_all_is_well_says() -> None:
    said = [f"{finding.topic}: {finding.what}" for finding in findings.judge(WELL)]
    assert "front ends: uv 0.13.9, pip 23.2" in said
    assert "backend: maturin>=1.5,<2 (1.16.0 is installed here)" in said
    assert "cargo: /usr/bin/cargo 1.95.0" in said
    assert "CARGO: /store/bin/cargo: the shim is on" in said
    assert "pyo3: 0.30.1" in said
    assert "python: CPython 3.11 cpython-311-x86_64-linux-gnu: /tmp/isolated/bin/python" in said
    assert one("python", WELL).details == ("base interpreter /opt/python/bin/python3.11",)
    assert "store: /store" in said


def test_no_front_end() -> None:
    assert one("front ends", WELL._replace(front_ends={})).level == NOTE


@pytest.mark.parametrize(
    ("declared", "version", "level", "words"),
    [
        (None, "", NOTE, "there is no pyproject.toml here"),
        (pyproject.PyProject("hatchling.build"), "", NOTE, "hatchling.build, without maturin or setuptools-rust"),
        (WELL.pyproject, "", OK, "not installed here: isolated builds install it"),
        (WELL.pyproject, "1.4.0", NOTE, "but 1.4.0 is installed here"),
        (WELL.pyproject, "1.17.0b1", OK, "1.17.0b1 is installed here"),
    ],
)
def test_build_backend(declared: pyproject.PyProject | None, version: str, level: str, words: str) -> None:
    finding = one("backend", WELL._replace(pyproject=declared, backend_version=version))
    assert finding.level == level
    assert words in finding.what


def test_a_pyproject_that_can_not_be_read() -> None:
    error = UserError("pyproject.toml can't be read", "correct it")
    given = WELL._replace(pyproject=None, pyproject_error=error)
    assert one("backend", given) == Finding(PROBLEM, "backend", error.what, error.hint)


def test_no_cargo_is_a_problem_only_where_there_is_something_to_build() -> None:
    error = UserError("there is no cargo on PATH", "install Rust")
    given = WELL._replace(cargo=facts.Cargo(error=error))
    assert one("cargo", given) == Finding(PROBLEM, "cargo", error.what, error.hint)
    empty = given._replace(decision=decided(("no manifest", "there is no Cargo.toml here")))
    assert one("cargo", empty).level == NOTE


@pytest.mark.parametrize(
    ("named", "kind", "level", "words"),
    [
        (None, "unset", NOTE, "in this shell the shim is off"),
        ("/my/cargo", "other", NOTE, "is /my/cargo, which is not the shim"),
        ("/gone", "missing", PROBLEM, "is /gone, which is not a program"),
        ("cross", "cross", PROBLEM, "the shim leaves cross builds alone"),
        ("/store/bin/cargo", "another launcher", NOTE, "by another version of it or another Python"),
    ],
)
def test_what_cargo_names(named: str | None, kind: str, level: str, words: str) -> None:
    finding = one("CARGO", WELL._replace(cargo=facts.Cargo(named, kind, "/usr/bin/cargo", "1.95.0")))
    assert finding.level == level
    assert words in finding.what
    assert finding.hint


def test_that_the_shim_is_off_is_not_said_where_there_is_no_work_for_it() -> None:
    given = WELL._replace(cargo=facts.Cargo(), decision=decided(("no pyo3", "there is no pyo3")))
    assert of("CARGO", given) == []


def test_where_there_is_no_project_only_that_is_said() -> None:
    no_manifest = WELL._replace(decision=decided(("no manifest", "there is no Cargo.toml here")))
    nowhere = no_manifest._replace(pyproject=None)
    assert [(finding.level, finding.topic) for finding in findings.judge(nowhere)] == [(NOTE, "project")]
    assert findings.nothing_to_do(nowhere)
    for given in (no_manifest, nowhere._replace(pyproject_error=UserError("broken", "correct it"))):
        assert of("project", given) == []
        assert of("wrapper", given)


def test_where_there_is_no_project_it_is_said_what_stands_in_the_way_of_packages_from_an_index() -> None:
    nowhere = WELL._replace(decision=decided(("no manifest", "there is no Cargo.toml here")), pyproject=None)
    error = UserError("there is no cargo on PATH", "install Rust")
    given = nowhere._replace(
        cargo=facts.Cargo(error=error), sdist_error=error, store_error=error, unknown_variables=("PYO3_SHIM_X",)
    )
    assert [finding.topic for finding in findings.judge(given)] == ["project", "variables", "cargo", "store", "sdists"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("PYO3_SHIM_SDISTDIR", "did you mean PYO3_SHIM_SDIST_DIR?"), ("PYO3_SHIM_Q", "see the list of variables")],
)
def test_a_variable_that_nobody_reads(name: str, hint: str) -> None:
    finding = one("variables", WELL._replace(unknown_variables=(name,)))
    assert (finding.level, finding.what) == (NOTE, f"{name} is set, and the shim has no such variable")
    assert finding.hint.startswith(hint)


def test_a_cargo_that_is_started_by_its_name_past_the_shim() -> None:
    given = WELL._replace(cargo=WELL.cargo._replace(typed="/usr/bin/cargo"))
    finding = one("PATH", given)
    assert (finding.level, finding.what) == (
        NOTE,
        "a cargo that is started by its name is /usr/bin/cargo, without the shim",
    )
    assert "env)" in finding.hint


def test_several_versions_of_pyo3() -> None:
    assert one("pyo3", WELL._replace(project=project_with((0, 26, 0), (0, 30, 1)))).what == "0.26.0 and 0.30.1"


def test_an_interpreter_that_no_variable_names_is_a_note_that_says_where_it_is_from() -> None:
    finding = one("python", WELL._replace(python_unnamed=True))
    assert finding.level == NOTE
    assert finding.what == f"{one('python', WELL).what}; the first on PATH, since no virtual environment is active"
    assert "cargo base-python" in finding.hint


def test_a_store_that_can_not_be_used_is_said_once() -> None:
    error = CannotSteady("can't use the store /store: read-only", "set PYO3_SHIM_STORE")
    given = WELL._replace(store_error=error, decision=Decision(None), decision_error=error)
    found = [finding for finding in findings.judge(given) if finding.level == PROBLEM]
    assert found == [Finding(PROBLEM, "store", error.what, error.hint)]


def test_a_backend_of_the_projects_own_that_wraps_another() -> None:
    declared = pyproject.PyProject("_build", "setuptools-rust", "setuptools-rust", in_tree=True)
    finding = one("backend", WELL._replace(pyproject=declared, backend_version=""))
    assert finding.what.startswith("_build, the project's own, with setuptools-rust (not installed here")


@pytest.mark.parametrize(
    ("manifests", "words"),
    [
        ((), None),
        (("Cargo.toml",), None),
        (("src/_bcrypt/Cargo.toml",), "src/_bcrypt/Cargo.toml"),
        (("a/Cargo.toml", "b/Cargo.toml"), "a/Cargo.toml; not looked at: b/Cargo.toml"),
    ],
)
def test_which_manifest_is_looked_at(manifests: tuple[str, ...], words: str | None) -> None:
    found = of("manifest", WELL._replace(manifests=manifests))
    assert [finding.what for finding in found] == ([words] if words else [])


def test_two_active_environments_are_a_problem() -> None:
    finding = one("environment", WELL._replace(environments=("VIRTUAL_ENV", "CONDA_PREFIX")))
    assert finding.level == PROBLEM
    assert finding.what.startswith("VIRTUAL_ENV and CONDA_PREFIX are both set: `maturin develop` refuses")
    assert finding.hint
    assert of("environment", WELL._replace(environments=("VIRTUAL_ENV",))) == []


# uv


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (None, True),
        (("pyproject.toml", "Cargo.toml"), True),
        (("pyproject.toml", "src/**/*.rs"), False),
        (("src/lib.rs",), False),
        (("**/*",), False),
    ],
)
def test_whether_uv_notices_an_edit(keys: tuple[str, ...] | None, problem: bool) -> None:
    declared = pyproject.PyProject("maturin", "maturin", "maturin", cache_keys=keys)
    found = of("uv", WELL._replace(pyproject=declared, uv_project=True))
    assert [finding.level for finding in found] == ([PROBLEM] if problem else [])
    assert of("uv", WELL._replace(pyproject=declared)) == [], "uv does not manage this project"


def test_the_hint_for_uv_names_the_crates_own_sources() -> None:
    project = project_with((0, 30, 1))
    project.manifest_dir = "/src/rust/module"
    finding = one("uv", WELL._replace(project=project, uv_project=True))
    assert finding.hint == (
        '[tool.uv] cache-keys = [{ file = "pyproject.toml" }, { file = "rust/module/src/**/*.rs" },'
        ' { file = "rust/module/Cargo.toml" }, { file = "rust/module/Cargo.lock" }]'
    )


def test_nothing_is_said_of_uv_where_no_rust_is_built() -> None:
    assert of("uv", WELL._replace(pyproject=pyproject.PyProject("hatchling.build"), uv_project=True)) == []


# What the wrapper would do


def test_variables_are_named_with_their_values_and_reasons_as_details() -> None:
    finding = one("wrapper", WELL)
    names = ["PYO3_BASE_PYTHON", "PYO3_PYTHON", "PYO3_SHIM_PYTHON", "PYO3_CONFIG_FILE"]
    assert (finding.level, finding.what) == (OK, f"would set {', '.join(names)}")
    assert [detail.partition("=")[0] for detail in finding.details] == names
    assert finding.details[0] == (
        "PYO3_BASE_PYTHON=/opt/python/bin/python3.11 (the interpreter that the environment was made from)"
    )


def test_what_is_left_alone_is_a_note() -> None:
    steps = plan.Plan()
    steps.export("PYO3_BASE_PYTHON", "/b", "base")
    steps.reasons["PYO3_CONFIG_FILE"] = "left alone"
    given = WELL._replace(decision=Decision(None, plan=steps))
    assert of("wrapper", given)[1] == Finding(NOTE, "wrapper", "PYO3_CONFIG_FILE left alone")


EVERY_REASON = {
    "mode": ({"PYO3_SHIM_MODE": "off"}, project_with((0, 30, 1))),
    "no interpreter": ({"PYO3_NO_PYTHON": "1"}, project_with((0, 30, 1))),
    "config file": ({"PYO3_CONFIG_FILE": "mine"}, project_with((0, 30, 1))),
    "no manifest": ({}, None),
    "cargo env": ({}, project_with((0, 30, 1), cargo_env=["PYO3_PYTHON"])),
    "cross build": ({}, project_with((0, 30, 1), build_target="aarch64-apple-darwin")),
    "unknown place": ({}, project_with((0, 30, 1), target_dir="")),
    "no lock": ({}, project_with(locked=False)),
    "no pyo3": ({}, project_with()),
    "old pyo3": ({}, project_with((0, 15, 0))),
    "reader": ({}, project_with((0, 20, 0), readers=["numpy"])),
}


@pytest.mark.parametrize("kind", EVERY_REASON)
def test_every_reason_to_leave_cargo_alone_has_its_level_and_hint(kind: str) -> None:
    environ, project = EVERY_REASON[kind]
    reasons = tuple(plan.reasons_to_leave_alone(environ, command_line.parse(["rustc"]), project))
    assert [name for name, _ in reasons] == [kind]
    given = WELL._replace(project=project, decision=decided(*reasons))
    finding = one("wrapper", given)
    assert finding.what == f"would leave cargo alone: {reasons[0][1]}"
    assert finding.hint
    assert finding.level == (NOTE if kind in {"no manifest", "no pyo3"} else PROBLEM)
    assert findings.nothing_to_do(given) is (kind in {"no manifest", "no pyo3"})


def test_the_hints_are_for_the_reasons_that_there_are() -> None:
    assert set(REMEDIES) == {*EVERY_REASON, "no python"}


def test_a_reason_that_is_new_is_a_problem_all_the_same() -> None:
    assert one("wrapper", WELL._replace(decision=decided(("new", "for a new reason")))).level == PROBLEM


def test_all_reasons_are_named() -> None:
    reasons = (("mode", "PYO3_SHIM_MODE=off"), ("config file", "PYO3_CONFIG_FILE is set"))
    assert len(of("wrapper", WELL._replace(decision=decided(*reasons)))) == 2


def test_no_interpreter() -> None:
    given = WELL._replace(python=None, decision=decided(("no python", "there is no Python interpreter")))
    assert one("wrapper", given) == Finding(
        PROBLEM,
        "wrapper",
        "would leave cargo alone: there is no Python interpreter",
        "install Python, or put it on PATH",
    )
    assert of("python", given) == []


@pytest.mark.parametrize("error", [UserError("wrong", "set it right"), CannotSteady("no answer")])
def test_what_the_wrapper_refuses_has_a_hint(error: CannotSteady | UserError) -> None:
    finding = one("wrapper", WELL._replace(decision=Decision(None), decision_error=error))
    assert (finding.level, finding.what) == (PROBLEM, error.what)
    assert finding.hint == (error.hint or "check PYO3_PYTHON, the active virtual environment and PATH")


# Settings of other tools


@pytest.mark.parametrize(
    ("variable", "value", "level"),
    [
        ("CARGO", "/my/cargo", PROBLEM),
        ("CARGO_BUILD_TARGET", "aarch64-apple-darwin", PROBLEM),
        ("PYO3_CONFIG_FILE", "mine", PROBLEM),
        ("PYO3_NO_PYTHON", "1", PROBLEM),
        ("PYO3_CROSS_LIB_DIR", "/lib", PROBLEM),
        ("PYO3_SHIM_MODE", "off", PROBLEM),
        ("PYO3_SHIM_MODE", "export", NOTE),
        ("PYO3_SHIM_MODE", "full", OK),
        ("PYO3_PYTHON", "python", NOTE),
        ("PYO3_BASE_PYTHON", "python", NOTE),
    ],
)
def test_what_a_tool_sets(variable: str, value: str, level: str) -> None:
    given = WELL._replace(settings=(settings.Setting("tox.ini", variable, value),))
    finding = one("settings", given)
    assert (finding.level, finding.what) == (level, f"tox.ini sets {variable}={value}")
    assert bool(finding.hint) is (level == PROBLEM)


@pytest.mark.parametrize(
    ("variable", "forced", "level", "words"),
    [
        ("PYO3_PYTHON", False, NOTE, "unless the environment does: then the wrapper leaves cargo alone"),
        ("PYO3_PYTHON", True, NOTE, "whatever the environment says: then the wrapper leaves cargo alone"),
        ("CARGO", True, NOTE, "reaches build scripts only"),
        ("VIRTUAL_ENV", False, NOTE, "unless the environment does, where PYO3_PYTHON is not set: then the wrapper"),
    ],
)
def test_what_cargos_configuration_sets(variable: str, forced: bool, level: str, words: str) -> None:
    setting = settings.Setting("cargo's [env] in /src/.cargo/config.toml", variable, "value", forced)
    by_hand = pyproject.PyProject("hatchling.build")
    finding = one("settings", WELL._replace(settings=(setting,), pyproject=by_hand))
    assert finding.level == level
    assert words in finding.what


@pytest.mark.parametrize(
    ("variable", "forced", "level"),
    [("PYO3_PYTHON", False, OK), ("VIRTUAL_ENV", False, OK), ("PYO3_PYTHON", True, NOTE), ("CARGO", False, NOTE)],
)
def test_what_the_build_backend_overrides_is_no_obstacle(variable: str, forced: bool, level: str) -> None:
    setting = settings.Setting("cargo's [env] in /src/.cargo/config.toml", variable, "value", forced)
    finding = one("settings", WELL._replace(settings=(setting,)))
    assert finding.level == level
    assert ("which maturin overrides: it applies only to a cargo that is started by hand" in finding.what) is (
        level == OK
    )


def test_what_is_set_for_another_platform_is_no_problem_here() -> None:
    setting = settings.Setting("pyproject.toml [tool.cibuildwheel]", "CARGO_BUILD_TARGET", "x", here=False)
    finding = one("settings", WELL._replace(settings=(setting,)))
    assert (finding.level, finding.hint) == (NOTE, "")
    assert finding.what.endswith("sets CARGO_BUILD_TARGET=x, for builds on other platforms than this one")


@pytest.mark.parametrize(
    ("passes", "override", "kind", "level", "words"),
    [
        (True, False, "launcher", OK, "passes CARGO on"),
        (False, True, "launcher", OK, "but TOX_OVERRIDE does"),
        (False, False, "launcher", PROBLEM, "builds below tox run without the shim"),
        (False, False, "unset", NOTE, "`pyo3-base-python run -- tox` makes it do so"),
    ],
)
def test_whether_tox_hands_cargo_on(passes: bool, override: bool, kind: str, level: str, words: str) -> None:
    given = WELL._replace(
        tox=settings.Tox("tox.ini", passes, ()), tox_override=override, cargo=WELL.cargo._replace(kind=kind)
    )
    finding = one("tox", given)
    assert finding.level == level
    assert words in finding.what


# Build scripts


def scripts(*given: facts.BuildScript) -> list[Finding]:
    return of("build scripts", WELL._replace(graph=facts.Graph(given)))


@pytest.mark.parametrize("variable", ["PATH", "VIRTUAL_ENV"])
def test_a_build_script_that_can_not_be_steadied(variable: str) -> None:
    (finding,) = scripts(a_script(variable))
    assert finding.level == PROBLEM
    assert f"ring 1.2.3 watches {variable}" in finding.what
    assert finding.hint == "ask its authors to watch a variable of its own instead"
    (own,) = scripts(a_script(variable, name="mine", local=True))
    assert own.hint == "let /crates/mine/build.rs watch a variable of its own instead"


def test_a_build_script_that_watches_the_interpreter() -> None:
    watching, total = scripts(a_script("PYO3_PYTHON"))
    assert (watching.level, total.level) == (OK, OK)
    assert watching.what == "ring 1.2.3 watches PYO3_PYTHON, which the wrapper gives a stable name"
    assert total.what == "none of 1 watches anything that is new in every build"


def test_a_build_script_that_watches_an_interpreter_without_a_stable_name() -> None:
    steps = plan.Plan()
    steps.reasons["PYO3_PYTHON"] = "left alone: there is no redirector"
    graph = facts.Graph((a_script("PYO3_PYTHON"),))
    watching = one("build scripts", WELL._replace(graph=graph, decision=Decision(None, plan=steps)))
    assert (watching.level, "new in every isolated build" in watching.what) == (PROBLEM, True)


@pytest.mark.parametrize(("named", "said"), [(r"C:\store\bin\cargo.exe", True), ("/store/bin/cargo", False)])
def test_a_launcher_that_needs_its_python_says_so(named: str, said: bool) -> None:
    found = of("CARGO", WELL._replace(cargo=facts.Cargo(named, "launcher", "/bin/cargo", "1.95")))
    assert any("does not start where the Python" in finding.what for finding in found) == said


def test_a_build_script_that_runs_the_interpreter_of_pyo3_build_config() -> None:
    running, _ = scripts(a_script(runs_python=True, depends_on=("pyo3-build-config",)))
    assert running.level == NOTE
    assert "a changed build requirement compiles pyo3 again" in running.what
    assert len(scripts(a_script(runs_python=True, depends_on=("which",)))) == 1


def test_a_build_script_that_the_wrapper_takes_to_run_the_interpreter() -> None:
    script = a_script(name="mine", local=True, depends_on=("pyo3-build-config",))
    for readers, hint in ((["mine"], "build with one front end"), (["another"], None)):
        lock = Lock([(0, 28, 3)], readers_of_executable=readers)
        here = Project("/crates/mine", "/crates/mine", lock, "/crates/mine/target")
        found = of("build scripts", WELL._replace(graph=facts.Graph((script,)), decision=Decision(here)))
        hints = [finding.hint for finding in found if "asks pyo3-build-config" in finding.what]
        assert [one[: len(hint or "")] for one in hints] == ([hint] if hint else [])


def test_a_build_script_that_names_nothing_matters_in_a_crate_of_ones_own() -> None:
    naming, _ = scripts(a_script(name="mine", local=True, names_something=False))
    assert naming.level == NOTE
    assert "mine 1.2.3 prints no rerun-if line" in naming.what
    assert "/crates/mine/build.rs" in naming.hint
    assert len(scripts(a_script(names_something=False))) == 1


@pytest.mark.parametrize(
    ("local", "who"), [(True, "let /crates/ring/build.rs name "), (False, "ask its authors to name ")]
)
@pytest.mark.parametrize(("pattern", "folder"), [("include/x/*", "include/x"), ("*.c", "its folder")])
def test_a_pattern_is_a_file_that_is_never_there(pattern: str, folder: str, local: bool, who: str) -> None:
    (finding,) = scripts(a_script(local=local, files=(pattern,)))
    assert finding.level == PROBLEM
    assert f"ring 1.2.3 watches {pattern}, but cargo expands no patterns" in finding.what
    assert finding.hint == f"{who}{folder} instead, or each file"


def test_a_file_that_is_not_there_matters_in_a_crate_of_ones_own() -> None:
    missing, _ = scripts(a_script(local=True, files=("data.txt",)))
    assert (missing.level, missing.what) == (
        NOTE,
        "ring 1.2.3 watches data.txt, which is not there: where it says so, it is compiled each time",
    )
    assert len(scripts(a_script(files=("data.txt",)))) == 1


def test_pyo3s_own_build_scripts_are_known() -> None:
    assert [finding.level for finding in scripts(a_script("PATH", "VIRTUAL_ENV", name="pyo3-ffi"))] == [OK]


def test_sources_that_are_not_there() -> None:
    given = WELL._replace(graph=facts.Graph(error="error: no matching package"))
    finding = one("build scripts", given)
    assert finding.level == NOTE
    assert "not downloaded yet" in finding.what
    assert "error: no matching package" in finding.what
    assert "cargo fetch" in finding.hint


# Upstream


@pytest.mark.parametrize(
    ("reads", "sets", "level", "words"),
    [
        (True, True, OK, "pyo3 reads PYO3_BASE_PYTHON and maturin 1.16.0 sets it: the shim can go"),
        (True, False, NOTE, "maturin 1.16.0 does not set it, so the wrapper does"),
        (True, None, NOTE, "no build backend is installed here that might set it"),
        (False, True, OK, "this pyo3 does not read PYO3_BASE_PYTHON: the shim is needed"),
    ],
)
def test_whether_upstream_has_the_fix(reads: bool, sets: bool | None, level: str, words: str) -> None:
    finding = one("upstream", WELL._replace(graph=facts.Graph(pyo3_reads=reads), backend_sets=sets))
    assert finding.level == level
    assert words in finding.what


def test_nothing_is_said_of_upstream_where_pyo3_is_not_known() -> None:
    assert of("upstream", WELL._replace(graph=facts.Graph())) == []


@pytest.mark.parametrize(
    ("requirement", "version", "feature", "steady"),
    [
        ("maturin>=1.5,<2", (0, 30, 1), "abi3-py39", True),
        ("maturin", (0, 29, 0), "abi3", True),
        ("maturin==1.16.3", (0, 30, 1), "abi3", True),
        ("maturin==1.17.*", (0, 30, 1), "abi3", True),
        ("maturin>=1.5,<1.16", (0, 30, 1), "abi3", False),
        ("maturin==1.9.4", (0, 30, 1), "abi3", False),
        ("maturin>=1.5", (0, 28, 3), "abi3", False),
        ("maturin>=1.5", (0, 30, 1), "default", False),
    ],
)
def test_a_stable_abi_that_is_steady_by_itself(
    requirement: str, version: tuple[int, int, int], feature: str, steady: bool
) -> None:
    given = WELL._replace(
        pyproject=pyproject.PyProject("maturin", "maturin", requirement),
        project=project_with(version),
        graph=facts.Graph(pyo3_features=frozenset({feature}), pyo3_reads=False),
    )
    assert ("stable ABI" in one("upstream", given).what) is steady


def test_a_stable_abi_with_setuptools_rust_is_not() -> None:
    given = WELL._replace(
        pyproject=pyproject.PyProject("setuptools.build_meta", "setuptools-rust", "setuptools-rust"),
        graph=facts.Graph(pyo3_features=frozenset({"abi3"}), pyo3_reads=False),
    )
    assert "the shim is needed" in one("upstream", given).what
