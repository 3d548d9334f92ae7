"""Libraries that were linked, and have been replaced since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import libraries
from pyo3_base_python.wrapper.libraries import replaced
from tests.unit.support import posix

NOTHING = ("", "")


class Place:
    """A profile's folder, and beside it what is linked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = os.fspath(folder / "release")

    def write(self, name: str, text: str) -> Path:
        """Write a file, by its path beside the profile's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def linking(place: Place, output: str) -> Path:
    place.write("release/build/sys-0123/output", output.format(place.folder))
    return place.write("lib/libx.so", "library")


@posix("libraries as Linux names them")
@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "output",
    [
        "cargo:rustc-link-search=native={0}/lib\ncargo:rustc-link-lib=dylib=x\n",
        "cargo::rustc-link-lib=x\ncargo::rustc-link-search={0}/lib\n",
        "cargo:rustc-link-search={0}/lib\ncargo:rustc-link-lib=dylib=x:renamed\n",
    ],
)
def test_a_shared_library_that_was_replaced(place: Place, output: str) -> None:
    library = linking(place, output)
    assert replaced(place.path, [], library.stat().st_ctime - 1) == (os.fspath(library), "sys")
    assert replaced(place.path, [], library.stat().st_ctime + 1) == ("", "")


@pytest.mark.parametrize(
    "output",
    ["cargo:rustc-link-search={0}/lib\ncargo:rustc-link-lib=static=x\n", "cargo:rustc-link-lib=nowhere_x\n", "other\n"],
)
def test_what_is_no_shared_library_that_is_found(place: Place, output: str) -> None:
    linking(place, output)
    assert replaced(place.path, [], 0.0) == ("", "")


@posix("libraries as Linux names them")
@pytest.mark.promise("stale")
def test_any_of_several_shared_libraries_may_have_been_replaced(place: Place) -> None:
    first = (
        linking(place, "cargo:rustc-link-search={0}/lib\ncargo:rustc-link-lib=x\ncargo:rustc-link-lib=y\n")
        .stat()
        .st_ctime
    )
    second = place.write("lib/liby.so", "library")
    while second.stat().st_ctime == first:
        second.touch()
    assert replaced(place.path, [], first) == (os.fspath(second), "sys")


@posix("names are Unicode there")
@pytest.mark.promise("fault")
def test_what_a_build_script_says_need_not_be_utf_8(place: Place) -> None:
    library = linking(place, "")
    said = f"cargo:rustc-link-search={place.folder}/lib\ncargo:rustc-link-lib=x\n".encode()
    (place.folder / "release" / "build" / "sys-0123" / "output").write_bytes(b"cargo:warning=\xff\n" + said)
    assert replaced(place.path, [], 0.0) == (os.fspath(library), "sys")


@posix("libraries as Linux names them")
@pytest.mark.promise("fault")
def test_a_system_need_not_have_a_folder_for_libraries(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "SYSTEM_LIBRARIES", os.fspath(place.folder / "nowhere"))
    library = linking(place, f"cargo:rustc-link-search={place.folder}/lib\ncargo:rustc-link-lib=x\n")
    assert replaced(place.path, [], 0.0) == (os.fspath(library), "sys")


SYSTEMS = sorted(Path("/usr/lib").glob("*-linux-gnu/lib*.so"))


@pytest.mark.promise("stale")
@pytest.mark.skipif(not SYSTEMS, reason="this system keeps no libraries as Debian does")
def test_libraries_are_looked_for_where_debian_keeps_them(place: Place) -> None:
    name = SYSTEMS[0].stem.removeprefix("lib")
    place.write("release/build/sys-0123/output", f"cargo:rustc-link-lib={name}\n")
    assert os.path.samefile(replaced(place.path, [], 0.0)[0], SYSTEMS[0])


@posix("libraries as Linux names them")
@pytest.mark.promise("stale")
@pytest.mark.parametrize("kind", ["static=", "static:+whole-archive=", ""])
def test_a_static_library_counts_but_where_a_build_makes_it(place: Place, kind: str) -> None:
    library = place.write("lib/liby.a", "library")
    said = f"cargo:rustc-link-search=native={place.folder}/lib\ncargo:rustc-link-lib={kind}y\n"
    place.write("release/build/y-sys-0123/output", said)
    assert replaced(place.path, [], 0.0) == (os.fspath(library), "y-sys")
    assert replaced(place.path, [], 0.0, made=[os.fspath(place.folder)]) == NOTHING


@pytest.mark.promise("stale")
def test_what_a_build_script_has_compiled_itself_is_no_reason(place: Place) -> None:
    place.write("release/build/y-0123/out/liby.a", "library")
    said = f"cargo:rustc-link-search=native={place.path}/build/y-0123/out\ncargo:rustc-link-lib=static=y\n"
    place.write("release/build/y-0123/output", said)
    assert replaced(place.path, [], 0.0) == NOTHING


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_a_link_on_the_way_that_was_turned_to_an_older_library(place: Place) -> None:
    for version in ("1", "2"):
        place.write(f"{version}/lib/libx.so", version)
    current = place.folder / "current"
    current.symlink_to("2")
    said = f"cargo:rustc-link-search={current}/lib\ncargo:rustc-link-lib=x\n"
    place.write("release/build/sys-0123/output", said)
    since = current.lstat().st_ctime
    assert replaced(place.path, [], since) == NOTHING
    while current.lstat().st_ctime == since:
        current.unlink()
        current.symlink_to("1")
    assert replaced(place.path, [], since) == (f"{current}/lib/libx.so", "sys")


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "flags", ['"-L","native={0}/lib"', '"-Copt-level=3","-L{0}/lib"', '"-Lnative={0}/lib","-C","x"']
)
def test_a_library_in_a_folder_of_rustcs_flags(place: Place, flags: str) -> None:
    library = place.write("lib/libx.so", "library")
    place.write("lib/readme", "")
    fingerprint = place.write(
        "release/.fingerprint/crate-0123/lib-crate.json", f'{{"rustflags":[{flags.format(place.folder)}],"config":1}}'
    )
    found, package = replaced(place.path, ["crate"], 0.0)
    assert (os.path.normpath(found), package) == (os.fspath(library), "")
    assert replaced(place.path, ["crate"], library.stat().st_ctime + 1) == NOTHING
    assert replaced(place.path, ["other"], 0.0) == NOTHING
    fingerprint.write_text('{"rustflags":["-L","/nowhere/at/all","-L"],"config":1}')
    assert replaced(place.path, ["crate"], 0.0) == NOTHING


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "argument",
    ["{0}/x.o", "-Wl,--version-script={0}/x.o", "-Wl,-T,{0}/x.o", "-T{0}/x.o", "@{0}/x.o", "-Wl,--version-script=x.o"],
)
@pytest.mark.parametrize("key", ["rustc-link-arg", "rustc-cdylib-link-arg", "rustc-link-arg-cdylib"])
def test_a_file_that_a_build_script_tells_the_linker_of(place: Place, key: str, argument: str) -> None:
    file = place.write("native/x.o", "object")
    place.write("release/build/crate-0123/output", f"cargo:{key}={argument.format(file.parent)}\n")

    def found(since: float, made: str = "nowhere") -> str:
        places = [os.fspath(place.folder / made)]
        return replaced(place.path, ["crate"], since, root=os.fspath(file.parent), made=places)[0]

    assert os.path.normpath(found(0.0)) == os.fspath(file)
    assert found(file.stat().st_ctime + 1) == ""
    assert found(0.0, "native") == ""


@pytest.mark.promise("stale")
def test_a_library_that_a_build_script_has_named_the_folder_of_alone(place: Place) -> None:
    """Its name stands in the source, in a `#[link]`."""
    library = place.write("lib/libn.so", "library")
    output = place.write("release/build/crate-0123/output", f"cargo:rustc-link-search=native={library.parent}\n")
    assert replaced(place.path, ["crate"], 0.0) == (os.path.join(library.parent, "libn.so"), "")
    assert replaced(place.path, ["crate"], library.stat().st_ctime + 1) == NOTHING
    assert replaced(place.path, [], 0.0) == NOTHING
    tree = os.fspath(place.folder / "tree")
    output.write_text("cargo:rustc-link-search=native=../lib\n")
    assert replaced(place.path, ["crate"], 0.0, root=tree, made=[tree]) == (os.fspath(library), "")
    output.write_text(f"cargo:rustc-link-search={library.parent}\ncargo:rustc-link-lib=other\n")
    assert replaced(place.path, ["crate"], 0.0) == NOTHING
