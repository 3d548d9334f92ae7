"""Target triples: cargo's names for the host, and pyo3's rule for cross builds."""

from __future__ import annotations

import pytest

from pyo3_base_python.wrapper.triples import is_native, named

LINUX = "x86_64-unknown-linux-gnu"
WINDOWS = "x86_64-pc-windows-msvc"
MAC = "aarch64-apple-darwin"


@pytest.mark.parametrize(
    ("triples", "expected"),
    [
        ([], []),
        (["host-tuple"], [LINUX]),
        ([LINUX, "host-tuple", f" {LINUX} "], [LINUX]),
        ([MAC, "host-tuple"], [MAC, LINUX]),
    ],
)
def test_each_target_is_named_once_and_the_host_by_its_triple(triples: list[str], expected: list[str]) -> None:
    assert named(triples, LINUX) == expected


def test_host_tuple_stays_where_the_host_is_not_known() -> None:
    assert named(["host-tuple"], None) == ["host-tuple"]


# The cases of pyo3's own test (pyo3-build-config, `test_not_cross_compiling_from_to`), and Rust's other targets.
@pytest.mark.parametrize(
    ("host", "target"),
    [
        (LINUX, LINUX),
        (LINUX, "x86_64-unknown-linux-musl"),
        (MAC, "x86_64-apple-darwin"),
        ("x86_64-apple-darwin", MAC),
        (WINDOWS, "i686-pc-windows-gnu"),
        (WINDOWS, "i686-pc-windows-msvc"),
        (WINDOWS, "i586-pc-windows-msvc"),
        (WINDOWS, "x86_64-pc-windows-gnu"),
        ("odd", "odd"),
    ],
)
def test_native_builds(host: str, target: str) -> None:
    assert is_native(target, host)


@pytest.mark.parametrize(
    ("host", "target"),
    [
        (LINUX, "aarch64-unknown-linux-gnu"),
        (LINUX, "i686-unknown-linux-gnu"),
        (LINUX, WINDOWS),
        (LINUX, MAC),
        (LINUX, "x86_64-unknown-freebsd"),
        (LINUX, "x86_64-alpine-linux-musl"),
        (WINDOWS, "aarch64-pc-windows-msvc"),
        ("aarch64-pc-windows-msvc", "i686-pc-windows-msvc"),
        ("i686-pc-windows-msvc", WINDOWS),
        (MAC, "aarch64-apple-ios"),
        (MAC, LINUX),
        (LINUX, "host-tuple"),
        ("a-b", "a-b-c"),
        (None, LINUX),
        (None, ""),
    ],
)
def test_cross_builds(host: str | None, target: str) -> None:
    assert not is_native(target, host)


@pytest.mark.promise("fault")
@pytest.mark.parametrize("rest", ["/../../x", "gnu/../../../x", "gnu\\x"])
def test_no_target_leads_elsewhere_as_a_path(rest: str) -> None:
    assert not is_native(f"x86_64-unknown-linux-{rest}", LINUX)
