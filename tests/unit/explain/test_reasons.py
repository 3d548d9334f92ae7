"""Cargo's reasons in words."""

from __future__ import annotations

import pytest

from pyo3_base_python.explain import rust_debug
from pyo3_base_python.explain.cargo_log import Package, Unit
from pyo3_base_python.explain.reasons import PLAIN, Kind, describe
from pyo3_base_python.explain.rust_debug import Struct

CRATE = Package("crate", "1.0.0", "/home/user/crate")


def unit(reason: str, *, script: bool = False) -> Unit:
    value = rust_debug.parse(reason)
    assert isinstance(value, Struct)
    return Unit(CRATE, "RunCustomBuild" if script else "Build", False, value, 0.0, 1.0, False, ())


@pytest.mark.parametrize(
    ("reason", "kind", "what"),
    [
        ("PathToSourceChanged", Kind.MOVED, "the path to the sources changed"),
        ("RustcChanged", Kind.TOOLCHAIN, "the toolchain changed"),
        ("NumberOfDependenciesChanged { old: 1, new: 2 }", Kind.DEPENDENCIES, "the dependencies changed"),
        ('FileSizeChanged { path: "/a", old_size: 1, new_size: 2 }', Kind.FILE, "/a changed"),
        (
            'ChangedChecksum { source: "/home/user/crate/a.rs", new_checksum: Checksum(1) }',
            Kind.FILE,
            "a.rs of crate changed",
        ),
        ('UnableToReadFile { path: "/a" }', Kind.MISSING_FILE, "/a is not there"),
        ('FeaturesChanged { old: "[\\"a\\", \\"b\\"]", new: "[]" }', Kind.FLAGS, "the features changed"),
        ('RustflagsChanged { old: [], new: ["-C", "opt-level=1"] }', Kind.FLAGS, "the flags for rustc changed"),
        ('PrecalculatedComponentsChanged { old: "1", new: "2" }', Kind.PACKAGE_FILES, "a file of crate changed"),
        ("SomethingNew { a: 1 }", Kind.OTHER, "cargo says SomethingNew"),
    ],
)
def test_a_reason_has_a_kind_and_words(reason: str, kind: str, what: str) -> None:
    found = describe(unit(reason))
    assert (found.kind, found.what) == (kind, what)


@pytest.mark.parametrize(
    ("reason", "values"),
    [
        ('FileSizeChanged { path: "/a", old_size: 1, new_size: 2 }', ("1 bytes", "2 bytes")),
        ('FeaturesChanged { old: "[\\"a\\", \\"b\\"]", new: "[]" }', ("a b", "none")),
        ('RustflagsChanged { old: [], new: ["-C", "opt-level=1"] }', ("none", "-C opt-level=1")),
        ('ChangedEnv { var: "A", previous: Some("1"), current: None }', ("1", None)),
    ],
)
def test_old_and_new(reason: str, values: tuple[str, str]) -> None:
    found = describe(unit(reason))
    assert (found.old, found.new) == values


@pytest.mark.parametrize("name", PLAIN)
def test_every_reason_of_cargo_has_words(name: str) -> None:
    assert "cargo says" not in describe(unit(name)).what


def test_the_same_variable_is_one_cause_for_whoever_watches_it() -> None:
    reason = 'EnvVarChanged { name: "A", old_value: None, new_value: Some("b") }'
    one = describe(unit(reason, script=True))
    other = describe(unit(reason, script=True)._replace(package=CRATE._replace(name="other")))
    assert one.identity == other.identity
    assert (one.watcher, other.watcher) == ("the build script of crate", "the build script of other")
    changed = describe(unit(reason.replace('"b"', '"c"'), script=True))
    assert changed.identity != one.identity
