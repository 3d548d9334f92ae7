"""A library's artifact, and whose it is: by files with the names and times that cargo gives them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper.displaced import forget

SECOND = 10**9
PACKAGES = ("app", "inner")


class Profile:
    """The folder of a profile, in which cargo builds at one second after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000_000_000
        (folder / "deps").mkdir(parents=True)
        (folder / ".fingerprint").mkdir()

    def write(self, path: Path) -> None:
        """A file of the next second."""
        self.now += 1
        path.write_text("")
        os.utime(path, ns=(self.now * SECOND, self.now * SECOND))

    def build(self, name: str, artifact: str, crate: str = "app") -> None:
        """Cargo compiles what has the fingerprint ``name``, and writes ``artifact``."""
        fingerprint = self.folder / ".fingerprint" / name
        fingerprint.mkdir(exist_ok=True)
        self.write(fingerprint / "invoked.timestamp")
        self.write(self.folder / "deps" / artifact)
        for file in (f"lib-{crate}.json", f"lib-{crate}"):
            self.write(fingerprint / file)

    def look(self, python: str, packages: tuple[str, ...] = PACKAGES) -> list[str]:
        """As before a build for ``python``."""
        forgotten = forget(os.fspath(self.folder), os.fspath(self.folder / "records"), packages, python)
        self.now += 1
        if (self.folder / "records" / "artifacts").exists():
            os.utime(self.folder / "records" / "artifacts", ns=(self.now * SECOND, self.now * SECOND))
        return forgotten

    @property
    def fingerprints(self) -> list[str]:
        """Names of those that are left."""
        return sorted(path.name for path in (self.folder / ".fingerprint").iterdir())


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(tmp_path / "debug")


def test_what_was_seen_with_its_artifact_and_has_none_now_is_forgotten(profile: Profile) -> None:
    profile.build("app-1", "libapp.so")
    assert profile.look("/1") == []
    profile.build("app-2", "libapp.so")
    assert profile.look("/2") == ["app"]
    assert profile.fingerprints == ["app-2"]
    profile.build("app-1", "libapp.so")
    assert profile.look("/3") == ["app"]
    assert profile.fingerprints == ["app-1"]
    assert profile.look("/4") == []


def test_every_package_and_every_platforms_name_of_a_library(profile: Profile) -> None:
    """Among what else cargo has fingerprints of: programs, and build scripts."""
    for number in range(4):
        (profile.folder / ".fingerprint" / f"app-{number}a").mkdir()
        (profile.folder / ".fingerprint" / f"app-{number}a" / "bin-app").write_text("")
    for number in (1, 2):
        profile.build(f"app-{number}", "libapp.so")
        profile.build(f"my-app-{number}", "my_app.dll", "my_app")
        found = profile.look(f"/{number}", ("app", "my-app"))
    assert found == ["app", "my-app"]
    assert [name for name in profile.fingerprints if not name.endswith("a")] == ["app-2", "my-app-2"]


def test_times_without_fractions(profile: Profile) -> None:
    """As an archive keeps them."""
    for name in ("app-1", "app-2"):
        profile.build(name, "libapp.so")
        for path in (*(profile.folder / ".fingerprint" / name).iterdir(), profile.folder / "deps" / "libapp.so"):
            os.utime(path, ns=(profile.now * SECOND, profile.now * SECOND))
        found = profile.look(f"/{name}")
    assert found == ["app"]
    assert profile.fingerprints == ["app-2"]


def test_for_the_same_interpreter_it_is_forgotten_before_the_next_one(profile: Profile) -> None:
    """Without the shim nothing would be compiled now."""
    profile.build("app-1", "libapp.so")
    profile.look("/1")
    profile.build("app-2", "libapp.so")
    assert profile.look("/1") == []
    assert profile.look("/1") == []
    assert profile.look("/2") == ["app"]
    assert profile.fingerprints == ["app-2"]


def test_two_builds_since_anybody_looked(profile: Profile) -> None:
    profile.build("app-0", "libapp.so")
    profile.look("/1")
    profile.build("app-1", "libapp.so")
    profile.build("app-2", "libapp.so")
    assert profile.look("/1") == []
    assert profile.look("/2") == ["app"]
    assert profile.fingerprints == ["app-2"]


def test_a_check_later_does_not_own_the_artifact_that_was_there(profile: Profile) -> None:
    profile.build("app-1", "libapp.so")
    profile.look("/1")
    profile.build("app-2", "libapp.rmeta")
    profile.look("/2")
    profile.build("app-1", "libapp.so")
    profile.build("app-3", "libapp.rmeta")
    assert profile.look("/3") == []
    assert profile.fingerprints == ["app-1", "app-2", "app-3"]


@pytest.mark.parametrize("artifact", ["libapp-1.rlib", "libapp.rmeta"])
def test_what_does_not_take_the_others_place_stays(profile: Profile, artifact: str) -> None:
    """An artifact with the hash in its name, and `cargo check`."""
    profile.build("app-2", "libapp.so")
    profile.look("/1")
    profile.build("app-1", artifact)
    profile.build("app-2", "libapp.so")
    assert profile.look("/2") == []
    assert profile.fingerprints == ["app-1", "app-2"]


def test_two_kinds_of_check_in_turn_stay(profile: Profile) -> None:
    """`cargo check` and `clippy` write one file, which nobody links."""
    profile.build("app-1", "libapp.rmeta")
    profile.look("/1")
    profile.build("app-2", "libapp.rmeta")
    profile.look("/2")
    assert profile.look("/3") == []
    assert profile.fingerprints == ["app-1", "app-2"]


def test_where_the_artifact_is_nobodys_nothing_is_known(profile: Profile) -> None:
    """A tool has changed it since (`left_behind.changed_artifact` looks for that)."""
    profile.build("app-1", "libapp.so")
    profile.look("/1")
    profile.write(profile.folder / "deps" / "libapp.so")
    assert profile.look("/2") == []
    assert profile.fingerprints == ["app-1"]


def test_other_packages_and_what_is_not_whole_are_left_alone(profile: Profile) -> None:
    (profile.folder / ".fingerprint" / "app-3").mkdir()
    assert profile.look("/1") == []
    (profile.folder / ".fingerprint" / "app-3" / "lib-app").write_text("")
    assert profile.look("/1") == []
    profile.build("app-1", "libapp.so")
    profile.look("/1")
    profile.build("app-2", "libapp.so")
    assert profile.look("/2", ("inner",)) == []
    assert profile.look("/3") == ["app"]


@pytest.mark.skipif(os.name == "nt", reason="a symbolic link takes a privilege there")
def test_nothing_behind_a_link_is_removed(profile: Profile) -> None:
    profile.build("app-1", "libapp.so")
    profile.look("/1")
    profile.build("app-2", "libapp.so")
    folder = profile.folder / ".fingerprint"
    folder.rename(profile.folder.parent / "elsewhere")
    folder.symlink_to(profile.folder.parent / "elsewhere")
    assert profile.look("/2") == []
    assert profile.fingerprints == ["app-1", "app-2"]


def test_a_record_that_is_none(profile: Profile) -> None:
    profile.build("app-1", "libapp.so")
    profile.look("/1")
    (profile.folder / "records" / "artifacts").write_bytes(b"\xff\n\0\n")
    assert profile.look("/2") == []
    assert profile.fingerprints == ["app-1"]


def test_where_nothing_is_compiled_yet_nothing_is_written(tmp_path: Path) -> None:
    assert forget(os.fspath(tmp_path), os.fspath(tmp_path / "records"), PACKAGES, "/1") == []
    assert list(tmp_path.iterdir()) == []
