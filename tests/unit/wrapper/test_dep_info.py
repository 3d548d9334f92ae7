"""Which sources something was compiled from, by the files that cargo and rustc write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import dep_info
from tests.unit.support import posix

OWN = ("/tree", "/tree")


class Profile:
    """A profile's folder, in which cargo has compiled something."""

    def __init__(self, folder: Path) -> None:
        self.path = os.fspath(folder)

    def write(self, name: str, text: str) -> Path:
        """Write a file, by its path in the folder."""
        path = Path(self.path, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def built(self, tree: str, name: str = "libcrate") -> None:
        """Write which sources an artifact is made of."""
        self.write(f"{name}.d", f"{self.path}/{name}.so: {tree}/src/a.rs {tree}/src/lib.rs\n")


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(tmp_path)


# Cargo's


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/t/lib.so: /a/lib.rs /a/b.rs\n", ["/a/lib.rs", "/a/b.rs"]),
        ("/t/lib.so: /a\u00a0b/lib.rs /a\u2028b\x0b/c\x1c.rs\n", ["/a\u00a0b/lib.rs", "/a\u2028b\x0b/c\x1c.rs"]),
        ("/t/lib.so: /a/lib.rs  /b\r\n", ["/a/lib.rs", "/b"]),
        ("/t/with\\ blank.so: /a\\ b/lib.rs /c\n", ["/a b/lib.rs", "/c"]),
        ("/t/lib.so: /a/lib.rs\n\n/a/lib.rs:\n", ["/a/lib.rs"]),
        ("/t/lib.so: /a/lib.rs\n/t/lib.d: /a/lib.rs /a/b.rs\n", ["/a/lib.rs"]),
        ("/t/lib.so:\n", []),
        ("", []),
    ],
)
def test_sources_of_an_artifact(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "x.d").write_text(text, encoding="utf-8")
    assert dep_info.sources(os.fspath(tmp_path / "x.d")) == expected


def test_artifact_that_is_not_there_has_no_sources(tmp_path: Path) -> None:
    assert dep_info.sources(os.fspath(tmp_path / "x.d")) == []


@pytest.mark.parametrize("name", ["libmy_crate", "my_crate", "my-crate", "libmy-crate"])
def test_artifact_is_looked_for_by_each_name_it_may_have(profile: Profile, name: str) -> None:
    profile.built("/elsewhere", name)
    found = dep_info.trees(profile.path, ["my-crate"], OWN, ["/other"])
    assert found == {None}


def test_artifacts_tree_is_this_one_or_one_of_the_records(profile: Profile) -> None:
    for name, place in (("liba", "/tree"), ("b", "/other/one")):
        profile.built(place, name)
    found = dep_info.trees(profile.path, ["a", "b"], OWN, ["/other/one"])
    assert found == {"/tree", "/other/one"}


def test_a_member_that_lies_outside_belongs_to_the_tree(profile: Profile) -> None:
    profile.built("/member")
    found = dep_info.trees(profile.path, ["crate"], ("/tree", "/member"), [])
    assert found == {"/tree"}


def test_relative_sources_say_nothing(profile: Profile) -> None:
    profile.built("relative")
    assert dep_info.trees(profile.path, ["crate"], OWN, []) == set()


@posix("names are Unicode there")
def test_artifact_may_be_made_of_sources_whose_names_are_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "x.d").write_bytes(b"/t/lib.so: /a\xff/lib.rs\n")
    assert dep_info.sources(os.fspath(tmp_path / "x.d")) == ["/a\udcff/lib.rs"]


# Rustc's


@pytest.mark.promise("stale")
def test_rustc_has_said_what_each_package_is_made_of_with_each_set_of_features(profile: Profile) -> None:
    loud = profile.write("deps/my_crate-4567.d", "x: src/lib.rs src/loud.rs\n")
    profile.write("deps/other-89ab.d", "x: src/lib.rs\n")
    quiet = profile.write("deps/my_crate-0123.d", "x: src/lib.rs\n")
    assert sorted(dep_info.of_crates(profile.path, ["my-crate"], []) or ()) == sorted(map(os.fspath, (loud, quiet)))
    profile.write(".fingerprint/renamed-0123/lib-another_name", "hash")
    assert dep_info.of_crates(profile.path, ["my-crate", "renamed"], []) is None
    assert dep_info.of_crates(profile.path, ["my-crate", "renamed"], ["renamed"]) is not None


def test_a_program_with_a_dash_in_its_name_is_not_taken_for_a_package(profile: Profile) -> None:
    profile.write("deps/my-program-0123.d", "x: src/main.rs\n")
    assert dep_info.of_crates(profile.path, ["my"], []) == []
    library = profile.write("deps/libmy.d", "x: src/lib.rs\n")
    assert dep_info.of_crates(profile.path, ["libmy"], []) == [os.fspath(library)]


@posix("paths of POSIX")
def test_packages_outside_of_the_tree_are_named_in_full(profile: Profile) -> None:
    def named() -> set[str]:
        return dep_info.named_in_full(profile.path, ["com-mon", "member", "unknown", "below"], "/tree")

    assert named() == set()
    profile.write("deps/com_mon-0123.d", "/target/libcom_mon-0123.rlib: /common/src/lib.rs\n\n/common/src/lib.rs:\n")
    profile.write("deps/member-0123.d", "/target/deps/libmember-0123.rlib: src/lib.rs\n")
    profile.write("deps/below-0123.d", "/target/deps/libbelow-0123.rlib: /tree/below/src/lib.rs\n")
    assert named() == {"com-mon"}
    profile.write("deps/com_mon-4567.d", "/target/deps/libcom_mon-4567.rlib: com-mon/src/lib.rs\n")
    assert named() == set()
