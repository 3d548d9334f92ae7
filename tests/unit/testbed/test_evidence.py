"""What a recorded build shows, and which half is to blame. The messages are those of cargo 1.95, shortened."""

from __future__ import annotations

import pytest

from pyo3_base_python.testbed import evidence
from pyo3_base_python.testbed.evidence import BACKEND, PYO3, churn, read, refusal
from pyo3_base_python.testbed.matrix import Cause

MODULE = "cargo::core::compiler::fingerprint"
REGISTRY = "/home/me/.cargo/registry/src/index-1949cf8c6b5b557f"


def dirty(package: str, mode: str, target: str, reason: str) -> str:
    """What cargo says of a unit that is not fresh."""
    spans = f"prepare_target{{force=false package_id={package} target=x}}"
    return (
        f"   0.028638316s  INFO {spans}: {MODULE}: fingerprint dirty for {package}/{mode}/TargetInner {{ {target} }}\n"
        f"   0.028649182s  INFO {spans}: {MODULE}:     dirty: {reason}\n"
    )


def given(**variables: str) -> str:
    lines = "".join(f"pyo3-base-python: given {name}={value}\n" for name, value in variables.items())
    return f"pyo3-base-python: call rustc --release -- -C x=1\n{lines}"


PLAIN = dirty(
    "plain v0.1.0 (/src/plain)",
    "Build",
    'name_inferred: true, ..: lib_target("plain", ["cdylib"], "/src/plain/src/lib.rs", Edition2021)',
    "UnitDependencyInfoChanged { unit: UnitIndex(23) }",
)


def script_of(package: str, reason: str) -> str:
    target = f'..: custom_build_target("build-script-build", "{REGISTRY}/x/build.rs", Edition2021)'
    return dirty(package, "RunCustomBuild", target, reason)


def variable(name: str, old: str, new: str) -> str:
    return f'EnvVarChanged {{ name: "{name}", old_value: {old}, new_value: {new} }}'


CHURN = script_of("pyo3-ffi v0.30.1", variable("PYO3_PYTHON", 'Some("/tmp/a/python")', 'Some("/tmp/b/python")'))
METADATA = "pyo3-base-python: call metadata --format-version 1\npyo3-base-python: given PYO3_PYTHON=/metadata\n"


def test_causes_and_the_variables_of_the_call_that_builds() -> None:
    found = read(METADATA + given(PYO3_PYTHON="/tmp/b/python", PYO3_BASE_PYTHON="/base=1") + PLAIN + CHURN + METADATA)
    assert found.variables == {"PYO3_PYTHON": "/tmp/b/python", "PYO3_BASE_PYTHON": "/base=1"}
    (change,) = found.changes
    assert (change.crate, change.reason.subject) == ("pyo3-ffi", "PYO3_PYTHON")
    assert (change.reason.old, change.reason.new) == ("/tmp/a/python", "/tmp/b/python")


def test_what_was_never_compiled_has_no_cause() -> None:
    first = dirty("pyo3 v0.30.1", "Build", "..", "FreshBuild")
    assert read(given() + first).changes == ()
    assert churn(read(given()), read(given() + first)) == Cause()


BASE = {"PYO3_BASE_PYTHON": "/base/python"}
TOLD = "pyo3-ffi: PYO3_PYTHON was /tmp/a/python, is /tmp/b/python"


@pytest.mark.parametrize(
    ("before", "after", "words", "half"),
    [
        (
            given(**BASE),
            given(**BASE) + PLAIN + CHURN,
            f"{TOLD}: tracked, though PYO3_BASE_PYTHON is /base/python",
            PYO3,
        ),
        (given(), given() + PLAIN + CHURN, f"{TOLD}: PYO3_BASE_PYTHON is not exported", BACKEND),
        (given(**BASE), given(PYO3_BASE_PYTHON="/other") + CHURN, f"{TOLD}: exported with another value", BACKEND),
        (
            given(PYO3_BASE_PYTHON="/a"),
            given(PYO3_BASE_PYTHON="/b")
            + script_of("pyo3-ffi v0.30.1", variable("PYO3_BASE_PYTHON", "None", 'Some("/b")')),
            "pyo3-ffi: PYO3_BASE_PYTHON was not set, is /b: exported with another value in each build",
            BACKEND,
        ),
    ],
)
def test_a_variable_that_changed_speaks_against_a_half(before: str, after: str, words: str, half: str) -> None:
    cause = churn(read(before), read(after))
    assert cause.words.startswith(words)
    assert cause.half == half


def changed(file: str) -> str:
    return f'FsStatusOutdated(StaleItem(ChangedFile {{ reference: "/t/output", stale: "{file}", stale_mtime: 1.5s }}))'


def test_a_configuration_that_changed_is_the_backends_and_its_lines_are_told() -> None:
    def build(python: str) -> str:
        lines = f"pyo3-base-python: configured version=3.11\npyo3-base-python: configured executable={python}\n"
        return given(PYO3_CONFIG_FILE="/t/config.txt") + lines

    after = build("/tmp/b/python") + script_of("pyo3-ffi v0.30.1", changed("/t/config.txt"))
    words = "pyo3-ffi: PYO3_CONFIG_FILE /t/config.txt: `executable=/tmp/a/python` became `executable=/tmp/b/python`"
    assert churn(read(build("/tmp/a/python")), read(after)) == Cause(words, BACKEND)
    same = churn(read(build("/tmp/b/python")), read(after))
    assert same == Cause("pyo3-ffi: PYO3_CONFIG_FILE /t/config.txt: written anew, and its time is new", BACKEND)


def test_a_source_that_changed_is_the_backends_doing_but_not_where_a_variable_did() -> None:
    target = 'lib_target("plain", ["cdylib"], "/src/plain/src/lib.rs", Edition2021)'
    touched = dirty("plain v0.1.0 (/src/plain)", "Build", target, changed("/src/plain/src/lib.rs"))
    cause = churn(read(given(**BASE)), read(given(**BASE) + touched))
    assert cause == Cause("plain: src/lib.rs of plain changed, though nobody edited it", BACKEND)
    assert churn(read(given(**BASE)), read(given(**BASE) + touched + CHURN)).half == PYO3


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        (changed("/t/out/interpreter.txt"), "changed"),
        ('FsStatusOutdated(StaleItem(MissingFile { path: "/tmp/a/python" }))', "is not there"),
    ],
)
def test_which_files_pyo3_watches_is_its_own_choice(reason: str, what: str) -> None:
    for place in ("pyo3-ffi v0.30.1", "pyo3-ffi v0.30.1 (/src/pyo3/pyo3-ffi)"):
        cause = churn(read(given(**BASE)), read(given(**BASE) + script_of(place, reason)))
        assert cause.half == PYO3
        assert what in cause.words
        assert cause.words.endswith(", and its build script watches that")


def test_what_nobody_is_known_to_do_has_no_half() -> None:
    cause = churn(read(given()), read(given() + dirty("plain v0.1.0 (/src/plain)", "Build", "..", "RustcChanged")))
    assert cause == Cause("plain: the toolchain changed", "")


REFUSED = (
    "pyo3-base-python: error: PYO3_BASE_PYTHON is /x/python3.12 (CPython 3.12 cpython-312), but this builds for"
    " /tmp/e/bin/python (CPython 3.11 cpython-311): another version"
)


@pytest.mark.parametrize(
    ("output", "is_refusal"),
    [
        (f"before\n{REFUSED}\nafter", True),
        ("error: failed to run PYO3_BASE_PYTHON=/x/python3.12", False),
        ("thread panicked: PYO3_BASE_PYTHON\n/x/python3.12 3.11 3.12", False),
        ("error: linker failed", False),
    ],
)
def test_a_refusal_names_the_variable_its_value_and_both_versions(output: str, is_refusal: bool) -> None:
    assert bool(refusal(output, evidence.BASE, ("/x/python3.12", "3.11", "3.12"))) == is_refusal


@pytest.mark.parametrize(
    ("error", "half"),
    [
        ("error: could not compile `pyo3-build-config` (lib) due to 1 previous error", PYO3),
        ("error: could not compile `plain` (lib)", ""),
        ("error: failed to run custom build command for `pyo3-ffi v0.30.1`", ""),
    ],
)
def test_code_that_does_not_compile_is_its_authors(error: str, half: str) -> None:
    assert evidence.author(f"the first build does not build: {error}") == half
