"""What cargo would wrongly take for fresh: each case in files as cargo writes them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import left_behind
from pyo3_base_python.wrapper.left_behind import (
    changed_artifact,
    forget,
    reason,
    trackers,
    unfinished,
)
from tests.unit.support import posix

OLD = "/tmp/gone"
FOUND = ("Cargo.toml", "src/lib.rs", "src/a file.rs")


class Place:
    """A profile's folder, in which cargo has compiled the package `my-crate`."""

    def __init__(self, folder: Path, host: Path | None = None) -> None:
        self.folder = folder
        self.host = os.fspath(host) if host else ""
        self.write("deps/my_crate-0123.d", "/place/libmy_crate.so: src/lib.rs\n\nsrc/lib.rs:\n")
        self.write("deps/libmy_crate.so", "artifact")
        self.write("build/my-crate-4567/output", "cargo:rerun-if-changed=build.rs\n")
        self.write("build/my-crate-4567/root-output", OLD)
        self.write("build/my-crate-4567/out/made.rs", "fn made() {}")
        self.write(".fingerprint/my-crate-0123/lib-my_crate", "hash")

    def write(self, name: str, text: str) -> Path:
        """Write a file, by its path in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def reason(self) -> str:
        """Why the crate must be compiled again."""
        return reason(os.fspath(self.folder), ["my-crate"], ["my-crate"], [OLD], FOUND, host=self.host)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_as_cargo_left_it_is_fresh(place: Place) -> None:
    place.write("deps/other-0123.d", "src/other.rs:\n")
    place.write("build/other-4567/output", OLD)
    # Of what a C compiler has been told to write, for instance.
    place.write("build/my-crate-4567/out/c.d", "# env-dep:CARGO_MANIFEST_DIR=/elsewhere\n")
    assert place.reason() == ""


@pytest.mark.promise("stale")
def test_a_layout_that_is_not_known_is_a_reason(tmp_path: Path) -> None:
    assert reason(os.fspath(tmp_path), [], [], [], []) == "the layout of cargo's build directory is not known"


@posix("paths of POSIX")
@pytest.mark.promise("stale")
@pytest.mark.parametrize("name", ["src/made.rs", f"{OLD}/src/made.rs", "src/../src/made.rs"])
def test_a_source_that_is_not_in_the_tree(place: Place, name: str) -> None:
    place.write("deps/my_crate-89ab.d", f"/place/x: {name}\n\n{name}:\n")
    assert place.reason().endswith("made.rs is made while it is built")


@pytest.mark.parametrize(
    "name", ["src/lib.rs", f"{OLD}/src/lib.rs", "src/a\\ file.rs", "/place/out/made.rs", f"{OLD}-other/src/made.rs"]
)
def test_a_source_that_is_there_or_elsewhere(place: Place, name: str) -> None:
    place.write("deps/my_crate-89ab.d", f"/place/x: {name}\n\n{name}:\n")
    assert place.reason() == ""


@posix("names are Unicode there")
def test_a_source_may_have_a_name_that_is_not_utf_8(place: Place) -> None:
    (place.folder / "deps" / "my_crate-89ab.d").write_bytes(b"/place/x: src/\xff.rs\n\nsrc/\xff.rs:\n")
    assert place.reason() == "src/\udcff.rs is made while it is built"
    assert reason(os.fspath(place.folder), ["my-crate"], [], [OLD], [*FOUND, "src/\udcff.rs"]) == ""


@posix("paths of POSIX")
@pytest.mark.parametrize("name", ["src/lib.rs", f"{OLD}/bindings/src/lib.rs", "../core/lib.rs", f"{OLD}/core/lib.rs"])
def test_sources_are_named_as_the_root_of_the_workspace_sees_them(place: Place, name: str) -> None:
    place.write("deps/my_crate-0123.d", f"/place/x: {name}\n\n{name}:\n")
    found = ["bindings/src/lib.rs", "core/lib.rs"]
    assert reason(os.fspath(place.folder), ["my-crate"], [], [OLD], found, root="bindings") == ""
    assert reason(os.fspath(place.folder), ["my-crate"], [], [OLD], [], root="bindings").endswith("while it is built")


@pytest.mark.promise("stale")
def test_the_path_of_the_sources_compiled_in(place: Place) -> None:
    for variable in ("CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"):
        place.write("deps/my_crate-89ab.d", f"x: src/lib.rs\n\n# env-dep:{variable}={OLD}\n")
        assert place.reason() == f"{variable} is compiled in"


@pytest.mark.promise("stale")
@pytest.mark.parametrize("name", ["output", "out/made.rs", "out/deep/er"])
def test_the_path_of_the_sources_left_by_a_build_script(place: Place, name: str) -> None:
    place.write(f"build/my-crate-4567/{name}", f"cargo:rustc-env=HERE={OLD}/src")
    assert place.reason() == "the build script of my-crate left the path of its sources"


@pytest.mark.promise("stale")
def test_the_path_of_the_sources_compiled_into_a_build_script(place: Place) -> None:
    place.write("build/my-crate-89ab/build_script_build-89ab.d", f"x: build.rs\n\n# env-dep:CARGO_MANIFEST_DIR={OLD}\n")
    assert place.reason() == "the place of its manifest is compiled into the build script of my-crate"


@pytest.mark.promise("stale")
@pytest.mark.parametrize("name", ["build/my-crate-89ab/build_script_build-89ab.d", "deps/my_crate-89ab.d"])
def test_the_path_of_the_sources_compiled_in_for_the_host(tmp_path: Path, name: str) -> None:
    """Cargo compiles build scripts and macros elsewhere where it is told the target."""
    place = Place(tmp_path / "triple" / "release", tmp_path / "release")
    (tmp_path / "release" / "deps").mkdir(parents=True)
    assert place.reason() == ""
    place.write(f"../../release/{name}", f"x: src/lib.rs\n\n# env-dep:CARGO_MANIFEST_DIR={OLD}\n")
    assert "compiled in" in place.reason()


@pytest.mark.promise("stale")
def test_sources_of_what_is_compiled_for_the_host_are_looked_at(tmp_path: Path) -> None:
    place = Place(tmp_path / "triple" / "release", tmp_path / "release")
    place.write("../../release/deps/my_crate-89ab.d", f"x: {OLD}/src/lib.rs\n\n{OLD}/src/lib.rs:\n")
    assert place.reason() == ""
    place.write("../../release/deps/my_crate-89ab.d", "x: src/made.rs\n\nsrc/made.rs:\n")
    assert place.reason() == "src/made.rs is made while it is built"


@pytest.mark.promise("stale")
def test_more_than_is_read_may_name_any_path(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    build = place.folder / "build" / "my-crate-4567"
    size = sum((build / name).stat().st_size for name in ("output", "out/made.rs"))
    monkeypatch.setattr(left_behind, "MOST_READ", size)
    assert place.reason() == ""
    monkeypatch.setattr(left_behind, "MOST_READ", size - 1)
    assert place.reason() == "the build script of my-crate left the path of its sources"


@pytest.mark.promise("stale")
def test_an_artifact_that_is_younger_than_cargos_word_of_it(place: Place) -> None:
    later = time.time() + 5
    os.utime(place.folder / "deps" / "libmy_crate.so", (later, later))
    assert place.reason() == "libmy_crate.so was changed after cargo made it"


@pytest.mark.parametrize("last", ["my-crate-0123", "my-crate-89ab"])
def test_an_artifact_that_is_no_younger_than_cargos_last_word_of_it(place: Place, last: str) -> None:
    """Cargo writes that into files that are there, and two files may get one time."""
    times = dict.fromkeys(("my-crate-0123", "my-crate-89ab"), 100) | {last: 300}
    for name, when in times.items():
        file = place.write(f".fingerprint/{name}/lib-my_crate", "hash")
        os.utime(file, (when, when))
        os.utime(file.parent, (100, 100))
    for when, why in ((300, ""), (301, "libmy_crate.so was changed after cargo made it")):
        os.utime(place.folder / "deps" / "libmy_crate.so", (when, when))
        assert place.reason() == why
        assert changed_artifact(os.fspath(place.folder), ["my-crate"], []) == why
    (place.folder / "deps" / "libmy_crate.so").rename(place.folder / "deps" / "libits_library.so")
    assert changed_artifact(os.fspath(place.folder), ["my-crate"], []) == ""
    why = changed_artifact(os.fspath(place.folder), ["my-crate"], ["its-library"])
    assert why == "libits_library.so was changed after cargo made it"


@pytest.mark.promise("stale")
def test_a_source_that_is_made_may_have_a_colon_in_its_name(place: Place) -> None:
    place.write("deps/my_crate-0123.d", "/place/libmy_crate.so: src/a:b.rs\n\nsrc/a:b.rs:\n")
    assert place.reason() == "src/a:b.rs is made while it is built"


@pytest.mark.promise("stale")
def test_what_build_scripts_are_made_of_is_forgotten_where_it_is_compiled_for_the_host(tmp_path: Path) -> None:
    """A package may be a dependency, for the target, and a build dependency, for the host."""
    place = Place(tmp_path / "triple" / "release", tmp_path / "release")
    library = place.write("../../release/.fingerprint/my-crate-89ab/lib-my_crate", "hash")
    assert forget(os.fspath(place.folder), ["my-crate"]) == []
    assert library.exists()
    forget(os.fspath(place.folder), ["my-crate"], host=place.host)
    assert not library.exists()


@posix("paths of POSIX")
@pytest.mark.promise("fault")
def test_a_source_outside_of_the_workspace_that_the_build_makes(place: Place) -> None:
    """Cargo names it in full; the sdist was unpacked again at the same path, where it does not lie any more."""
    found = ["py/src/lib.rs", "outer/src/lib.rs"]
    names = ["my-crate"]
    for source, why in (("lib.rs", ""), ("made.rs", "../outer/src/made.rs is made while it is built")):
        place.write("deps/my_crate-0123.d", f"/place/libmy_crate.so: src/lib.rs\n\n/tree/outer/src/{source}:\n")
        assert reason(os.fspath(place.folder), names, names, [], found, root="py", tree="/tree") == why


def test_forgotten_is_what_is_no_build_script(place: Place) -> None:
    script = place.write(".fingerprint/my-crate-4567/run-build-script-build-script-build", "hash")
    other = place.write(".fingerprint/other-0123/lib-other", "hash")
    assert forget(os.fspath(place.folder), ["my-crate", "unknown"]) == ["unknown"]
    assert not (place.folder / ".fingerprint" / "my-crate-0123").exists()
    assert script.exists()
    assert other.exists()


@pytest.mark.promise("stale")
@pytest.mark.parametrize("host", [False, True])
def test_what_was_compiled_since_stays(place: Place, host: bool) -> None:
    folder = f"../../{place.folder.name}" if host else "."
    new = place.write(f"{folder}/.fingerprint/my-crate-89ab/test-lib-my_crate", "hash")
    script = place.write(".fingerprint/my-crate-4567/run-build-script-build-script-build", "hash")
    for path in (*(place.folder / ".fingerprint" / "my-crate-0123").iterdir(), script):
        os.utime(path, ns=(99, 99))
    os.utime(new, ns=(100, 100))
    where = os.fspath(place.folder.parents[1] / place.folder.name) if host else ""
    forget(os.fspath(place.folder), ["my-crate"], ["my-crate"], host=where, since=100)
    assert not (place.folder / ".fingerprint" / "my-crate-0123").exists()
    assert not script.exists()
    assert new.exists()
    forget(os.fspath(place.folder), ["my-crate"], ["my-crate"], host=where, since=101)
    assert not new.exists()


def test_a_registrys_package_of_the_same_name_is_another_one(place: Place) -> None:
    other = place.write(".fingerprint/my-crate-cdef/lib-my_crate.json", '{"deps":[],"local":[{"Precalculated":"0.1"}]}')
    assert forget(os.fspath(place.folder), ["my-crate"]) == []
    assert not (place.folder / ".fingerprint" / "my-crate-0123").exists()
    assert other.exists()


@pytest.mark.parametrize(
    ("deps", "stays", "compiled"),
    [
        ("[]", [], False),
        ('[[1,"cc",false,2]]', ["cc"], False),
        ('[[1,"cc",false,2],[3,"pyo3_build_config",false,4]]', ["cc"], True),
        ('[[1,"another_name",false,2]]', ["cc"], True),
        ('[[1,"another_name",false,258]]', ["cc", "named-otherwise"], False),
        ('[[1,"another_name",false,258]]', ["cc"], True),
        ("[[?]]", ["cc"], True),
    ],
)
@pytest.mark.parametrize("host", [False, True])
def test_a_build_script_is_run_again_and_compiled_if_what_it_is_made_of_is(
    place: Place, deps: str, stays: list[str], compiled: bool, host: bool
) -> None:
    """With a target, cargo compiles it beside the target's folder: `target/release`, not `target/x86.../release`."""
    profile = place.folder.name
    run = place.write(".fingerprint/my-crate-4567/run-build-script-build-script-build", "hash")
    folder = f"../../{profile}" if host else "."
    script = place.write(
        f"{folder}/.fingerprint/my-crate-89ab/build-script-build-script-build.json",
        f'{{"features":"[]","deps":{deps},"local":[{{"CheckDepInfo":{{"dep_info":"x"}}}}]}}',
    )
    place.write(f"{folder}/.fingerprint/named-otherwise-0123/lib-another_name", "0201000000000000")
    where = os.fspath(place.folder.parents[1] / profile) if host else ""
    assert forget(os.fspath(place.folder), ["my-crate"], ["my-crate"], stays, host=where) == []
    assert not run.exists()
    assert script.exists() is not compiled


@pytest.mark.promise("stale")
def test_a_build_that_was_killed_after_a_build_script(place: Place) -> None:
    assert unfinished(os.fspath(place.folder), ["my-crate"]) == ""
    place.write(".fingerprint/my-crate-4567/run-build-script-build-script-build", "hash")
    assert unfinished(os.fspath(place.folder), ["my-crate"]) == ""
    place.write(".fingerprint/my-crate-0123/lib-my_crate.json", "{}")
    place.write(".fingerprint/my-crate-0123/lib-my_crate", "")
    assert unfinished(os.fspath(place.folder), ["my-crate"]) == "the last build of my-crate did not come to its end"
    assert unfinished(os.fspath(place.folder), ["other"]) == ""


def test_build_scripts_that_track_the_interpreter(place: Place) -> None:
    assert trackers(os.fspath(place.folder)) == set()
    place.write("build/cffi-sys-0123/output", "cargo:rerun-if-env-changed=PYO3_PYTHON\n")
    assert trackers(os.fspath(place.folder)) == {"cffi-sys"}
    assert trackers(os.fspath(place.folder / "nowhere")) == set()
