"""What to do about a cause."""

from __future__ import annotations

import pytest

from pyo3_base_python.explain.advice import Circumstances, Typed, advise
from pyo3_base_python.explain.cargo_log import Package
from pyo3_base_python.explain.reasons import Kind, Reason
from pyo3_base_python.explain.shim import LEFT_ALONE, OFF, PASSED_BY, SET, Shim
from pyo3_base_python.explain.sources import Sources

from .support import explained

SEEN = Circumstances(
    Shim(),
    Sources("/home/a/project"),
    Typed("uv build", on=False),
    store="/store",
    cwd="/home/a/project",
    command=("cargo", "rustc"),
    cold=False,
)
WITH = SEEN._replace(shim=Shim(SET))
PYO3_FFI = Package("pyo3-ffi", "0.30.1", "")
OTHER = Package("other", "1.0.0", "/home/a/project")
RANDOM, CONFIG, LAUNCHER = "/tmp/x1/bin/python", "/store/config/1.txt", "/store/python/1/python"


def variable(name: str, old: str | None, new: str | None, package: Package = PYO3_FFI) -> Reason:
    return Reason(Kind.VARIABLE, f"{name} changed", name, old, new, package, by_script=True)


@pytest.mark.parametrize(
    ("reason", "shim", "words"),
    [
        (
            variable("PYO3_PYTHON", RANDOM, "/tmp/x2/bin/python"),
            False,
            "the shim would keep it fresh: pyo3-base-python run -- uv build",
        ),
        (variable("PYO3_PYTHON", RANDOM, "/tmp/x2/bin/python", OTHER), False, "the shim would keep it fresh"),
        (variable("PYTHON_SYS_EXECUTABLE", None, RANDOM), False, "the shim would keep it fresh"),
        (variable("VIRTUAL_ENV", None, "/tmp/x2"), False, "the shim would keep it fresh"),
        (variable("PATH", "/a", "/b"), False, "the shim would keep it fresh"),
        (
            variable("PATH", "/a", "/b", OTHER),
            False,
            "the shim can't help here: the build script of other tracks PATH",
        ),
        (variable("PATH", "/a", "/b", OTHER), True, "only its authors can remove the rerun-if-env-changed=PATH"),
        (variable("VIRTUAL_ENV", "/a", "/b", OTHER), False, "give it the same value in every build"),
        (variable("SOMETHING", "/a", "/b"), False, "the build script of pyo3-ffi tracks SOMETHING"),
        (variable("PYO3_CONFIG_FILE", None, CONFIG), True, "the first build with the shim"),
        (variable("PYO3_PYTHON", RANDOM, LAUNCHER, OTHER), True, "the first build with the shim"),
        (
            variable("PYO3_CONFIG_FILE", "/store/config/0.txt", CONFIG),
            True,
            "another interpreter, or a build requirement",
        ),
        (
            variable("PYO3_CONFIG_FILE", CONFIG, None),
            False,
            "the build before had the shim, and this one did not: pyo3-base",
        ),
    ],
)
def test_on_a_variable(reason: Reason, shim: bool, words: str) -> None:
    assert words in advise(reason, WITH if shim else SEEN)


def file(path: str, package: Package = OTHER, kept_in: str = "/home/a/project/target/debug/.fingerprint/a/b") -> Reason:
    return Reason(Kind.FILE, f"{path} changed", path, "", "", package, kept_in=kept_in)


ELSEWHERE = "/shared/target/debug/.fingerprint/other-1/dep-lib-other"


@pytest.mark.parametrize(
    ("reason", "shim", "words"),
    [
        (
            file("/home/a/project/src/lib.rs"),
            False,
            "the sources changed, as they should (cargo compares times, not contents)",
        ),
        (
            file("/home/a/project/src/lib.rs", kept_in=ELSEWHERE),
            False,
            "if it was only unpacked anew, the shim would see that",
        ),
        (
            file("/home/a/project/src/lib.rs", kept_in=ELSEWHERE),
            True,
            "the sources changed, as they should (cargo compares",
        ),
        (
            file("/shared/target/maturin/pyo3-config-x86_64-3.11.txt", PYO3_FFI),
            False,
            "maturin wrote its configuration file",
        ),
        (file("/home/a/project/target/debug/build/a/out/b.rs"), False, "a build wrote this file anew"),
        (file("/usr/include/a.h"), False, "other watches this file, which is newer than the last build"),
    ],
)
def test_on_a_file(reason: Reason, shim: bool, words: str) -> None:
    advice = advise(reason, WITH if shim else SEEN)
    assert words in advice
    assert not (shim and "run --" in advice)


@pytest.mark.parametrize(
    ("path", "by_script", "words"),
    [
        (
            "/home/a/project/no.txt",
            True,
            "the build script of pyo3-ffi tracks a file that is not there, so it runs each time",
        ),
        ("/tmp/x1/pyvenv.cfg", True, "the shim would keep it fresh"),
        ("/home/a/project/src/gone.rs", False, "it was there at the last build"),
    ],
)
def test_on_a_missing_file(path: str, by_script: bool, words: str) -> None:
    reason = Reason(Kind.MISSING_FILE, "", path, "", "", PYO3_FFI, by_script)
    assert words in advise(reason, SEEN)


def test_on_a_wheel_that_the_front_end_put_where_a_build_script_looks() -> None:
    reason = Reason(Kind.PACKAGE_FILES, "", "dist/a-1.0-py3-none-any.whl", "", "", OTHER, by_script=True)
    assert "uv build --out-dir" in advise(reason, SEEN)
    assert "uv build --out-dir" not in advise(reason._replace(subject="src/lib.rs"), SEEN)


# How to have the shim

INTERPRETER = variable("PYO3_PYTHON", RANDOM, "/tmp/x2/bin/python")
ALONE = Shim(LEFT_ALONE, "pyo3 0.15.2 is older than 0.18.0", "use pyo3 0.18.0 or newer")
RUN = "pyo3-base-python run --"


@pytest.mark.parametrize(
    ("shim", "on", "words"),
    [
        (Shim(OFF), False, f"{RUN} uv build"),
        (
            ALONE,
            True,
            "on, and left this cargo alone: pyo3 0.15.2 is older than 0.18.0: use pyo3 0.18.0 or newer",
        ),
        (Shim(LEFT_ALONE, "some error"), True, "it was on, and left this cargo alone: some error"),
        (Shim(PASSED_BY), True, "was started by its name, past it: cargo base-python rustc"),
        (Shim(OFF), True, "it was on, but CARGO did not reach this cargo"),
    ],
)
@pytest.mark.parametrize(
    "reason",
    [
        INTERPRETER,
        variable("PYO3_CONFIG_FILE", CONFIG, None),
        Reason(Kind.MISSING_FILE, "", "/tmp/x1/pyvenv.cfg", "", "", PYO3_FFI, by_script=True),
        Reason(Kind.FILE, "", "/tmp/x1/pyvenv.cfg", "", "", PYO3_FFI, by_script=True),
        file("/shared/target/maturin/pyo3-config-x86_64-3.11.txt", PYO3_FFI),
        file("/home/a/project/src/lib.rs", kept_in=ELSEWHERE),
    ],
)
def test_the_shim_is_not_recommended_to_who_had_it_on(reason: Reason, shim: Shim, on: bool, words: str) -> None:
    advice = advise(reason, SEEN._replace(shim=shim, typed=Typed("uv build", on)))
    assert words in advice
    assert (RUN in advice) is not on


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("cargo", "test"), "cargo base-python test"),
        (("cargo", "+nightly", "test", "--", "a b"), "cargo +nightly base-python test -- 'a b'"),
        (("cargo", "test", *["--a"] * 30), "cargo base-python test --a --a --a --a --a --a --a --a --..."),
    ],
)
def test_a_cargo_that_was_started_by_its_name_has_a_subcommand_instead(command: tuple[str, ...], words: str) -> None:
    assert advise(INTERPRETER, SEEN._replace(shim=Shim(PASSED_BY), command=command)).endswith(words)


def test_export_is_named_where_it_is_too_little() -> None:
    did = "PYO3_BASE_PYTHON=/b (base); PYO3_CONFIG_FILE= (left alone: PYO3_SHIM_MODE=export)"
    assert "unset it" in advise(INTERPRETER, SEEN._replace(shim=Shim(SET, did=did)))


def test_interpreters_in_turn_can_be_kept_apart() -> None:
    reason = variable("PYO3_CONFIG_FILE", "/store/config/0.txt", CONFIG)
    assert "PYO3_SHIM_BUILD_DIR=auto" in advise(reason, WITH)


def test_environments_in_turn_share_a_build_directory() -> None:
    reason = variable("PYO3_CONFIG_FILE", "/store/config/0.txt", CONFIG)
    assert "pip and uv may install different things, and one of them for all builds" in advise(reason, WITH)


def test_a_dependency_may_have_been_compiled_by_a_call_of_the_same_command() -> None:
    advice = advise(Reason(Kind.ELSEWHERE, ""), SEEN)
    assert advice.startswith("if a call above has compiled that dependency, its cause is the cause; else other builds")


@pytest.mark.parametrize(
    "reason",
    [variable("PYO3_CONFIG_FILE", "/store/config/0.txt", CONFIG), variable("PYO3_BUILD_EXTENSION_MODULE", "1", None)],
)
def test_what_was_kept_apart_is_compiled_once(reason: Reason) -> None:
    did = "PYO3_CONFIG_FILE=/c (found); build directory /t/pyo3-base-python-cpython-3.11-0"
    apart = WITH._replace(shim=Shim(SET, did=did), command=("cargo", "test"))
    assert advise(reason, apart).endswith("once: from now on it has a build directory of its own")


# Extension modules and tests in turn


@pytest.mark.parametrize("command", [("cargo", "check"), ("cargo", "+nightly", "clippy")])
def test_what_links_nothing_may_have_maturins_variable(command: tuple[str, ...]) -> None:
    advice = advise(variable("PYO3_BUILD_EXTENSION_MODULE", "1", None), SEEN._replace(command=command))
    assert advice == (
        f"cargo {command[-1]} links nothing: PYO3_BUILD_EXTENSION_MODULE=1 for it, as maturin has it, compiles nothing"
        " twice"
    )


@pytest.mark.parametrize(("old", "new"), [("1", None), (None, "1")])
def test_tests_and_extension_modules_in_turn_are_not_given_one_value(old: str | None, new: str | None) -> None:
    reason = variable("PYO3_BUILD_EXTENSION_MODULE", old, new)
    advice = advise(reason, WITH._replace(command=("cargo", "test")))
    assert "tests and programs must not have it" in advice
    assert "PYO3_SHIM_BUILD_DIR=auto" in advice
    assert "same value" not in advice
    assert RUN not in advice
    past = advise(reason, SEEN._replace(shim=Shim(PASSED_BY), command=("cargo", "test")))
    assert "with the shim: it was on, but this cargo was started by its name, past it: cargo base-python test" in past


# Unpacked sdists

SDIST = "/tmp/y/a-1.0"
UNPACKED = Sources(f"{SDIST}/rust", SDIST, lasts=False)
CRATE = Package("a", "1.0", f"{SDIST}/rust")


def first(place: str) -> Reason:
    return Reason(Kind.FIRST, "", kept_in=f"{place}/release/.fingerprint/a-1/lib-a")


@pytest.mark.parametrize(
    ("shim", "on", "words"),
    [
        (Shim(OFF), False, f"the shim keeps it in a place of its own: {RUN} uv build"),
        (Shim(SET), True, "set CARGO_TARGET_DIR=/a/folder/that/stays"),
        (Shim(SET, did="no place for the sdist: less than 512 MiB are free; x"), True, ": less than 512 MiB are free"),
        (ALONE, True, "left this cargo alone: pyo3 0.15.2 is older"),
        (Shim(OFF), True, "CARGO did not reach this cargo"),
    ],
)
def test_what_is_compiled_in_an_unpacked_sdist_is_lost_with_it(shim: Shim, on: bool, words: str) -> None:
    seen = SEEN._replace(shim=shim, typed=Typed("uv build", on), sources=UNPACKED, cold=True)
    advice = advise(first(f"{SDIST}/rust/target"), seen, (CRATE,))
    assert advice.startswith(
        "the sources were unpacked from an sdist at a path of their own, and what is compiled goes"
    )
    assert words in advice


@pytest.mark.parametrize(
    ("place", "sources"),
    [
        ("/shared", UNPACKED),
        ("/home/a/.cache/places/cpython-3.11", UNPACKED),
        (f"{SDIST}/rust/target", UNPACKED._replace(lasts=True)),
        ("/home/a/project/target", SEEN.sources),
    ],
)
def test_a_place_that_stays_has_a_first_build_as_others(place: str, sources: Sources) -> None:
    advice = advise(first(place), SEEN._replace(sources=sources, cold=True), (CRATE,))
    assert advice.startswith("a first build")


@pytest.mark.parametrize(
    ("reason", "vendored", "words"),
    [
        (Reason(Kind.MOVED, ""), f"{SDIST}/include/cargo", "the crates are vendored in the sdist (include/cargo), and"),
        (first(f"{SDIST}/target"), f"{SDIST}/include/cargo", "the crates are vendored in the sdist (include/cargo), "),
        (first("/shared"), f"{SDIST}/include/cargo", "a first build"),
        (Reason(Kind.MOVED, ""), "/opt/crates", "cargo knows these sources by their absolute path: keep them at one"),
    ],
)
def test_vendored_crates_are_known_by_their_path(reason: Reason, vendored: str, words: str) -> None:
    advice = advise(reason, WITH._replace(sources=UNPACKED._replace(vendored=vendored), cold=True), (CRATE,))
    assert advice.startswith(words)
    assert advice.endswith("unpack it once, and build from that folder") is ("vendored" in words)


def test_vendored_crates_of_sources_that_stay_are_compiled_once() -> None:
    seen = WITH._replace(sources=UNPACKED._replace(vendored=f"{SDIST}/vendor", lasts=True))
    assert "unpack" not in advise(Reason(Kind.MOVED, ""), seen)


def test_a_path_dependency_outside_of_the_workspace_has_its_path_in_its_identity() -> None:
    outside = Package("core", "1.0", f"{SDIST}/core")
    seen = WITH._replace(sources=UNPACKED)
    advice = advise(first("/shared"), seen, (CRATE, outside))
    assert advice.startswith("core (../core) lies outside the workspace, and cargo knows it by its absolute path")
    assert "unpack it once, and build from that folder" in advice
    assert advise(first("/shared"), seen, (CRATE,)).startswith("new here")
    assert advise(first("/shared"), seen._replace(cold=True), (CRATE, outside)).startswith("a first build")
    assert advise(first(f"{SDIST}/target"), seen._replace(cold=True), (CRATE, outside)) == advice
    checkout = seen._replace(sources=UNPACKED._replace(lasts=True))
    assert advise(first("/shared"), checkout, (outside,)).startswith("new here")
    assert "for pyo3 the shim as well: it was on" in advise(first("/s"), seen._replace(shim=ALONE), (outside,))


def test_packages_of_another_tree_in_the_same_target_directory() -> None:
    seen = WITH._replace(shim=Shim(SET, did="A=b (c); cleaned common: another tree was built last"))
    advice = advise(first("/shared"), seen, (CRATE,))
    assert "a target directory for each, or one [workspace] for them all" in advice


def test_a_change_that_the_shim_has_seen_is_named() -> None:
    """It has cargo forget what was compiled, so that cargo itself has no reason to give."""
    seen = WITH._replace(shim=Shim(SET, did=f"A=b (c); cleaned other, {CRATE.name}: src/lib.rs has changed; d"))
    assert advise(first("/own"), seen, (CRATE,)) == (
        "the sources changed, as they should: src/lib.rs has changed since the last build"
    )
    seen = WITH._replace(shim=Shim(SET, did="cleaned other: src/lib.rs has changed"))
    assert "src/lib.rs" not in advise(first("/own"), seen, (CRATE,))


def test_unpacked_files_that_were_compared_have_changed_or_were_not_known() -> None:
    """Several crates in one sdist: what the shim does not know again is no change of the sources."""
    seen = WITH._replace(shim=Shim(SET, did="A=b (c); what crate may be made of has changed"))
    assert "is not what was built last" in advise(file("/home/a/project/src/lib.rs"), seen)


# Environments and patterns


def test_an_environment_that_somebody_else_watches_is_to_be_kept() -> None:
    reason = Reason(Kind.FILE, "", "/home/a/.venv/pyvenv.cfg", "", "", OTHER, by_script=True)
    assert "keep the environment" in advise(reason, WITH)
    assert "keep the environment" in advise(reason._replace(watched_by=PYO3_FFI), WITH)


def test_a_pattern_is_no_file() -> None:
    reason = Reason(Kind.MISSING_FILE, "", "/home/a/project/include/x/*", "", "", OTHER, by_script=True)
    assert "cargo expands none" in advise(reason, SEEN)


def test_a_first_build_is_told_from_what_is_new() -> None:
    assert "no target directory yet" in explained("first-build").causes[0].advice
    assert "new here" in explained("features-changed").causes[0].advice


@pytest.mark.parametrize("kind", [value for name, value in vars(Kind).items() if name.isupper()])
def test_there_is_advice_on_every_kind(kind: str) -> None:
    assert advise(Reason(kind, "something"), SEEN)
