"""Which sources cargo has to look at again: records, times, and when local packages are cleaned."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import snapshot
from pyo3_base_python.wrapper.errors import CannotSteady
from pyo3_base_python.wrapper.project import Lock, Project, unpacked_sdist
from pyo3_base_python.wrapper.record import Record, read_record
from pyo3_base_python.wrapper.staleness import make_target_dir, settle
from pyo3_base_python.wrapper.surroundings import Told
from tests.unit.support import posix

NOT_SEEN = posix("what changed with its old time is not seen there")
LINKS_HAVE_TIMES = os.utime in os.supports_follow_symlinks  # not on Windows
# On Windows no folder for temporary files is known without it.
PASSING = {name: os.environ[name] for name in ("TEMP",) if name in os.environ and os.name == "nt"}
MATURINS_TIME = 1153704088 * 10**9  # what maturin gives to every file of an sdist
FILES = {"PKG-INFO": "", "pyproject.toml": "", "Cargo.toml": "", "src/lib.rs": "mod a;", "src/a.rs": "1"}
PACKAGES = ("crate", "numbers")


class Site:
    """A target directory, and trees that are built into it one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile_dir = folder / "target" / "release"
        # With a target, where cargo compiles what runs on this machine.
        self.host: list[Path] = []
        self.cleaned: list[list[str]] = []

    def unpack(self, name: str, files: dict[str, str]) -> Path:
        """A tree in which every file and folder has one fixed time, as in maturin's sdists."""
        tree = self.folder / name
        for path, content in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(content, encoding="utf-8")
        for place in [tree, *tree.rglob("*")]:
            os.utime(place, ns=(MATURINS_TIME, MATURINS_TIME), follow_symlinks=not LINKS_HAVE_TIMES)
        return tree

    def built(self, tree: Path, name: str = "libcrate") -> None:
        """Pretend that cargo has written which sources the artifact is made of."""
        self.profile_dir.mkdir(parents=True, exist_ok=True)
        (self.profile_dir / "deps").mkdir(exist_ok=True)
        path = self.profile_dir / f"{name}.d"
        path.write_bytes(os.fsencode(f"{self.profile_dir}/{name}.so: {tree}/src/a.rs {tree}/src/lib.rs\n"))

    def fingerprint(self, name: str) -> Path:
        """Pretend that cargo has written a fingerprint."""
        path = self.profile_dir / ".fingerprint" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    def linked(self, package: str) -> Path:
        """Pretend that the build script of a package has linked a library; returns the path of that."""
        (self.profile_dir / "deps").mkdir(parents=True)
        library = self.folder / "libraries" / "libx.so"
        write(library, "1")
        said = f"cargo:rustc-link-search={library.parent}\ncargo:rustc-link-lib=x\n"
        write(self.profile_dir / "build" / f"{package}-0123" / "output", said)
        return library

    def settle_own(
        self,
        tree: Path,
        python: str,
        *,
        pyo3_looks: bool = True,
        users: dict[str, list[str]] | None = None,
        root: str = "",
        config: tuple[str, ...] = (),
        how: str = "",
        **variables: str,
    ) -> str:
        """Settle a tree of the user's with its own target directory, for an interpreter; `crate` depends on pyo3.

        ``root`` is the folder of the workspace in the tree; ``config`` and ``how`` are what cargo is told and asked.
        """
        place = os.path.normpath(tree / root)
        self.profile_dir = Path(place, "target", "release")
        lock = Lock([(0, 26, 0)], [], PACKAGES, users or {"pyo3-ffi": ["pyo3"], "pyo3": ["crate"]})
        project = Project(place, place, lock, os.path.join(place, "target"))
        profile_dir = os.fspath(self.profile_dir)
        self.cleaned.clear()
        said = settle(
            project,
            [*map(os.fspath, self.host), profile_dir],
            ["crate"],
            self.cleaned.append,
            told=Told(variables, config, how=how),
            python=python,
            pyo3_looks=pyo3_looks,
        )
        self.built(tree)
        return said

    def settle(
        self, tree: Path, target_dir: str | None = None, packages: tuple[str, ...] = PACKAGES, **variables: str
    ) -> str:
        """Settle the tree, as before each build."""
        target = os.fspath(self.folder / "target") if target_dir is None else target_dir
        place = os.fspath(tree)
        project = Project(place, place, Lock([], [], packages), target, sdist=unpacked_sdist(place, PASSING))
        return settle(project, [os.fspath(self.profile_dir)], ["crate"], self.cleaned.append, told=Told(variables))

    def settle_in_place(self, tree: Path, root: str = "", *, python: str = "", **variables: str) -> str:
        """Settle an sdist that is compiled in the place for sdists; its target directory is its own.

        With a ``python``, `crate` depends on pyo3.
        """
        place, target = os.fspath(tree), os.fspath(tree / "target")
        workspace = os.path.normpath(tree / root)
        users = {"pyo3-ffi": ["pyo3"], "pyo3": ["crate"]} if python else {}
        project = Project(workspace, workspace, Lock([], [], PACKAGES, users), target, sdist=place)
        ours = os.path.join(target, "release")
        profile_dir = os.fspath(self.profile_dir)
        profile_dirs = [*map(os.fspath, self.host), profile_dir]
        return settle(
            project, profile_dirs, ["crate"], self.cleaned.append, ours=ours, told=Told(variables), python=python
        )

    def build(self, tree: Path) -> str:
        """Settle the tree, and pretend that cargo has compiled it."""
        said = self.settle(tree)
        self.built(tree)
        return said

    def record(self, package: str) -> Record | None:
        """The record of a package."""
        return read_record(os.fspath(self.profile_dir / ".pyo3-base-python" / f"{package}.sources"))


def write(path: Path, text: str) -> None:
    """Write a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def times(tree: Path) -> dict[str, int]:
    """When each file was modified, except the mark of a target directory."""
    files = [path for path in tree.rglob("*") if path.is_file() and path.name != "CACHEDIR.TAG"]
    return {path.relative_to(tree).as_posix(): path.stat().st_mtime_ns for path in files}


def is_fresh(nanoseconds: int) -> bool:
    return abs(nanoseconds - time.time_ns()) < 60 * 10**9


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# What an unpacked sdist is


# Where there is nothing to settle


@pytest.mark.parametrize("target_dir", ["{tree}/target", "{tree}/crates/a/target", "{tree}"])
def test_target_directory_inside_is_as_young_as_the_sources(site: Site, target_dir: str) -> None:
    tree = site.unpack("tree", FILES)
    assert site.settle(tree, target_dir.format(tree=tree)) == ""
    assert {when for name, when in times(tree).items() if not name.endswith("TAG")} == {MATURINS_TIME}
    assert site.cleaned == []


@pytest.mark.promise("stale")
@pytest.mark.parametrize("second", ["two", "one/two"])
def test_a_target_directory_within_a_tree_that_another_was_built_into(site: Site, second: str) -> None:
    trees = [site.unpack(name, {"Cargo.toml": name}) for name in ("one", second)]
    target = trees[0] / "target"
    site.profile_dir = target / "release"
    for tree in [*trees, *trees]:
        site.settle(tree, os.fspath(target))
        site.built(tree)
    assert site.cleaned == [list(PACKAGES)] * 3


def test_an_ordinary_build_leaves_no_record_for_other_trees(site: Site) -> None:
    tree = site.unpack("tree", {"Cargo.toml": ""})
    site.profile_dir = tree / "target" / "release"
    for _ in range(2):
        assert site.settle(tree, os.fspath(tree / "target")) == ""
        site.built(tree)
    assert site.cleaned == []
    (record,) = (site.profile_dir / ".pyo3-base-python").iterdir()
    assert record.name.startswith("tree-")


def test_a_target_directory_that_is_made_here_is_marked_as_cargo_does(site: Site) -> None:
    """Cargo leaves one that is there as it is."""
    tree = site.unpack("tree", {"Cargo.toml": ""})
    site.settle(tree, os.fspath(tree / "target"))
    assert (tree / "target" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    (tree / "other").mkdir()
    site.settle(tree, os.fspath(tree / "other"))
    assert not (tree / "other" / "CACHEDIR.TAG").exists()


@pytest.mark.promise("stale")
def test_sdist_is_fresh_where_the_target_directory_is_not_known(site: Site) -> None:
    tree = site.unpack("tree", FILES)
    assert site.settle(tree, "") == "fresh times for the unpacked sources"
    assert all(map(is_fresh, times(tree).values()))


# An sdist, unpacked anew for each build


@pytest.mark.promise("stale")
def test_first_time_everything_counts_as_changed(site: Site) -> None:
    tree = site.unpack("one", FILES)
    site.build(tree)
    assert all(map(is_fresh, times(tree).values()))
    assert {name: (tree / name).read_text(encoding="utf-8") for name in FILES} == FILES
    assert site.cleaned == []


def test_same_content_gets_the_times_of_the_last_build(site: Site) -> None:
    first, second = site.unpack("one", FILES), site.unpack("two", FILES)
    site.build(first)
    assert site.build(second).endswith("are as they were")
    assert times(second) == times(first)


@pytest.mark.promise("stale")
def test_changed_content_is_fresh_and_nothing_else_is(site: Site) -> None:
    first, second = site.unpack("one", FILES), site.unpack("two", {**FILES, "src/a.rs": "2"})
    site.build(first)
    assert site.build(second) == "what crate, numbers may be made of has changed"
    assert {name for name, when in times(second).items() if when != times(first)[name]} == {"src/a.rs"}
    assert times(second)["src/a.rs"] > times(first)["src/a.rs"]


@pytest.mark.promise("stale")
def test_each_package_is_cleaned_when_another_ones_folder_has_changed(site: Site) -> None:
    """A build script may read what is not in its own folder, and declare nothing."""
    files = {**FILES, "a/Cargo.toml": '[package]\nname = "crate"', "b/Cargo.toml": '[package]\nname = "numbers"'}
    site.build(site.unpack("one", {**files, "b/data.txt": "1"}))
    site.build(site.unpack("two", {**files, "b/data.txt": "2"}))
    assert site.cleaned[-1] == ["crate", "numbers"]


@pytest.mark.promise("stale")
@pytest.mark.parametrize("variables", [{"NUMBER": "2"}, {}])
def test_a_variable_that_a_build_script_names_is_part_of_it(site: Site, variables: dict[str, str]) -> None:
    """It need not tell cargo that it reads it."""
    site.profile_dir = site.folder / "place" / "release"
    files = {**FILES, "build.rs": 'fn main() { std::env::var("NUMBER"); }'}
    site.settle_in_place(site.unpack("one", files), NUMBER="1", OTHER="1")
    site.built(site.folder / "one")
    site.settle_in_place(site.unpack("two", files), NUMBER="1", OTHER="2")
    assert site.cleaned == []
    site.settle_in_place(site.unpack("three", files), **variables)
    assert site.cleaned == [["crate", "numbers"]]


@pytest.mark.promise("stale")
def test_a_variable_that_a_build_script_names_counts_in_a_shared_target_directory_too(site: Site) -> None:
    """`PYO3_PYTHON`, whose name is another one when a build requirement is another one."""
    files = {**FILES, "build.rs": 'fn main() { std::env::var("PYO3_PYTHON"); }'}
    for name, value in (("one", "1"), ("two", "1"), ("three", "2")):
        tree = site.unpack(name, files)
        said = site.settle(tree, PYO3_PYTHON=value)
        site.built(tree)
    assert said == "what crate, numbers may be made of has changed"
    assert site.cleaned == [["crate", "numbers"]]


@pytest.mark.promise("stale")
def test_the_file_that_a_variable_names_counts_with_it(site: Site) -> None:
    file = site.folder / "schema.json"
    files = {**FILES, "build.rs": 'fn main() { std::env::var("SCHEMA"); }'}
    for name, content in (("one", "1"), ("two", "1"), ("three", "2")):
        write(file, content)
        tree = site.unpack(name, files)
        site.settle(tree, SCHEMA=os.fspath(file))
        site.built(tree)
    assert site.cleaned == [["crate", "numbers"]]


def test_what_pyo3s_own_build_scripts_name_they_declare(site: Site) -> None:
    """A checkout of pyo3 beside the project, or in it: its scripts name VIRTUAL_ENV, which is another one each time."""
    for package, cleaned in (("pyo3-build-config", []), ("other", [["crate", "numbers"]])):
        site.profile_dir = site.folder / package / "release"
        manifest = f'[package]\nname = "{package}"\n'
        files = {**FILES, "inner/Cargo.toml": manifest, "inner/build.rs": 'fn main() { env::var("VIRTUAL_ENV"); }'}
        for number in ("1", "2"):
            tree = site.unpack(f"{package}-{number}", files)
            site.settle_in_place(tree, VIRTUAL_ENV=number)
            site.built(tree)
        assert site.cleaned == cleaned


@pytest.mark.promise("stale")
def test_a_build_script_that_names_a_variable_counts_with_its_content(site: Site) -> None:
    site.profile_dir = site.folder / "place" / "release"
    for name, rest in (("one", "1"), ("two", "2")):
        tree = site.unpack(name, {**FILES, "build.rs": f'fn main() {{ env("NUMBER"); {rest} }}'})
        site.settle_in_place(tree, NUMBER="1")
        site.built(tree)
    assert site.cleaned == [["crate", "numbers"]]


@pytest.mark.promise("fault")
def test_neither_a_build_script_nor_what_it_reads_need_be_utf_8(site: Site) -> None:
    site.profile_dir = site.folder / "place" / "release"
    for name, value in (("one", "\udcff"), ("two", "\udcff"), ("three", "\udcfe")):
        tree = site.unpack(name, FILES)
        (tree / "build.rs").write_bytes(b'// \xff\nfn main() { env("NUMBER"); }')
        site.settle_in_place(tree, NUMBER=value)
        site.built(tree)
    assert site.cleaned == [["crate", "numbers"]]


def test_a_tree_that_cargo_has_built_last_is_cargos_to_look_after(site: Site) -> None:
    """setuptools-rust calls cargo for each extension module, and writes into the tree in between."""
    tree = site.unpack("one", FILES)
    site.profile_dir = site.folder / "place" / "release"
    site.settle_in_place(tree)
    site.built(tree)
    site.unpack("one", {"target/release/libcrate.so": "", "build/lib/crate.so": ""})
    assert site.settle_in_place(tree) == f"{tree} was built last"
    assert site.cleaned == []


@pytest.mark.promise("stale")
@pytest.mark.parametrize("between", ["another tree", "unpacked again"])
def test_a_tree_that_was_not_built_last_or_is_another_one_by_now_is_cleaned(site: Site, between: str) -> None:
    tree = site.unpack("one", FILES)
    site.profile_dir = site.folder / "place" / "release"
    site.settle_in_place(tree)
    site.built(tree)
    if between == "another tree":
        site.unpack("one", {"target/release/libcrate.so": ""})
        site.settle_in_place(site.unpack("two", {**FILES, "src/a.rs": "2"}))
    site.unpack("one", {"src/a.rs": "3"})
    site.settle_in_place(tree)
    assert site.cleaned[-1] == ["crate", "numbers"]


@pytest.mark.promise("stale")
def test_a_tree_that_was_built_by_others_before_is_fresh(site: Site) -> None:
    tree = site.unpack("one", {**FILES, "target/release/libcrate.so": ""})
    site.profile_dir = site.folder / "place" / "release"
    site.settle_in_place(tree)
    assert is_fresh(times(tree)["src/a.rs"])


def test_where_an_earlier_sdist_was_unpacked_somebody_works_and_times_stay(site: Site) -> None:
    site.profile_dir = site.folder / "place" / "release"
    for name in ("one", "two"):
        tree = site.unpack(name, FILES)
        site.settle_in_place(tree)
        site.built(tree)
    tree = site.unpack("one", {**FILES, "src/a.rs": "2"})
    site.settle_in_place(tree)
    assert set(times(tree).values()) == {MATURINS_TIME}
    assert site.cleaned == [["crate", "numbers"]]


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(
    ("first", "second"),
    [("debug", "release"), ("release", "x86_64-tuple/release"), ("x86_64-tuple/release", "release")],
)
def test_times_stay_where_the_tree_was_built_in_another_profile(
    site: Site, first: str, second: str, same: bool
) -> None:
    """Cargo would compile there all that depends on no interpreter, too."""
    place = site.folder / "place"
    site.profile_dir = place / first
    tree = site.unpack("one", FILES)
    site.settle_in_place(tree)
    before = times(tree)
    site.profile_dir = place / second
    site.host = [place / "release"] if "/" in second else []
    other = tree if same else site.unpack("two", FILES)
    site.settle_in_place(other)
    assert (times(other) == before) is same
    assert is_fresh(times(other)["src/a.rs"])


def test_a_target_directory_of_maturins_is_no_source_of_what_is_compiled_elsewhere(site: Site) -> None:
    site.profile_dir = site.folder / "place" / "release"
    site.settle_in_place(site.unpack("one", FILES))
    site.built(site.folder / "one")
    said = site.settle_in_place(site.unpack("two", {**FILES, "target/maturin/crate.so": ""}))
    assert (said, site.cleaned) == ("7 unpacked files and folders are as they were", [])


# An sdist that is as it was, and what cargo has left of it (see `test_left_behind`)

WORKSPACE = {**FILES, "core/lib.rs": "", "bindings/Cargo.toml": '[package]\nname = "crate"\n[lib]\nname = "other"\n'}


@pytest.mark.parametrize("source", ["src/lib.rs", "../core/lib.rs", "{one}/core/lib.rs", "{one}/bindings/src/lib.rs"])
def test_what_cargo_has_compiled_of_the_sources_stays(site: Site, source: str) -> None:
    files = {**WORKSPACE, "bindings/src/lib.rs": ""}
    line = source.format(one=site.folder / "one")
    write(site.profile_dir / "deps" / "other-0123.d", f"x: {line}\n\n{line}:\n")
    site.settle_in_place(site.unpack("one", files), "bindings")
    site.cleaned.clear()
    assert site.settle_in_place(site.unpack("two", files), "bindings").endswith("are as they were")
    assert site.cleaned == []


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("deps/other-0123.d", "# env-dep:CARGO_MANIFEST_DIR=/gone", "CARGO_MANIFEST_DIR is compiled in"),
        ("deps/numbers-0123.d", "# env-dep:CARGO_MANIFEST_DIR=/gone", "CARGO_MANIFEST_DIR is compiled in"),
        ("deps/other-0123.d", "x: made.rs\n\nmade.rs:\n", "made.rs is made while it is built"),
        ("build/crate-0123/output", "{one}", "the build script of crate left the path of its sources"),
    ],
)
def test_what_cargo_has_compiled_and_would_not_look_at_is_cleaned(site: Site, file: str, text: str, why: str) -> None:
    first, second = site.unpack("one", WORKSPACE), site.unpack("two", WORKSPACE)
    (site.profile_dir / "deps").mkdir(parents=True)
    write(site.profile_dir / file, text.format(one=first))
    site.settle_in_place(first)
    site.cleaned.clear()
    assert site.settle_in_place(second) == why
    assert site.cleaned == [list(PACKAGES)]
    assert times(second) == times(first)


@pytest.mark.promise("stale")
def test_what_is_compiled_for_the_host_counts_as_well(site: Site) -> None:
    site.host = [site.folder / "host" / "release"]
    (site.profile_dir / "deps").mkdir(parents=True)
    write(site.host[0] / "deps" / "other-0123.d", "x: made.rs\n\nmade.rs:\n")
    for name, why in (
        ("one", "crate, numbers may be made of has changed"),
        ("two", "made.rs is made while it is built"),
    ):
        assert site.settle_in_place(site.unpack(name, WORKSPACE)).endswith(why)


@pytest.mark.promise("stale")
def test_a_build_that_did_not_come_to_its_end_is_begun_anew(site: Site) -> None:
    (site.profile_dir / "deps").mkdir(parents=True)
    site.fingerprint("crate-0123/run-build-script-build-script-build").write_text("hash")
    site.settle_in_place(site.unpack("one", WORKSPACE))
    site.fingerprint("crate-4567/lib-crate").write_text("")
    said = site.settle_in_place(site.unpack("two", WORKSPACE))
    assert said == "the last build of crate did not come to its end"


@pytest.mark.promise("stale")
@pytest.mark.parametrize("python", ["", "/1"])
def test_what_the_compiler_is_told_counts_for_an_sdist(site: Site, python: str) -> None:
    (site.profile_dir / "deps").mkdir(parents=True)
    for name, flags, why in (
        ("one", "-O1", "may be made of has changed"),
        ("two", "-O1", "are as they were"),
        ("three", "-O2", "may be made of has changed"),
    ):
        said = site.settle_in_place(site.unpack(name, WORKSPACE), python=python, CFLAGS=flags)
        assert said.endswith(why)


@pytest.mark.promise("stale")
def test_a_static_library_by_a_path_from_the_workspace_of_an_sdist(site: Site) -> None:
    (site.profile_dir / "deps").mkdir(parents=True)
    library = site.folder / "opt" / "libfoo.a"
    write(library, "1")
    said = "cargo:rustc-link-search=native=../../opt\ncargo:rustc-link-lib=static=foo\n"
    write(site.profile_dir / "build" / "crate-0123" / "output", said)
    site.settle_in_place(site.unpack("one", WORKSPACE), "bindings")
    assert site.settle_in_place(site.unpack("two", WORKSPACE), "bindings").endswith("are as they were")
    later = time.time() + 60
    os.utime(library, (later, later))
    assert site.settle_in_place(site.unpack("three", WORKSPACE), "bindings") == f"{library} was replaced"


@pytest.mark.promise("stale")
def test_a_shared_library_that_was_replaced_since_is_a_reason_to_clean(site: Site) -> None:
    library = site.linked("sys")
    site.settle_in_place(site.unpack("one", FILES))
    site.cleaned.clear()
    assert site.settle_in_place(site.unpack("two", FILES)).endswith("are as they were")
    records = list((site.profile_dir / ".pyo3-base-python").iterdir())
    while library.stat().st_ctime <= max(path.stat().st_mtime for path in records):
        write(library, "2")
    assert site.settle_in_place(site.unpack("three", FILES)) == f"{library} was replaced"
    assert site.cleaned == [[*PACKAGES, "sys"]]


@posix("libraries as Linux names them")
@pytest.mark.promise("stale")
def test_another_package_that_has_linked_it_is_cleaned_too(site: Site) -> None:
    """Its build script may have read the library's headers: for an sdist everything is compiled anew today."""
    library = site.linked("x-sys")
    site.settle_in_place(site.unpack("one", FILES))
    site.cleaned.clear()
    for record in (site.profile_dir / ".pyo3-base-python").iterdir():
        os.utime(record, (1, 1))
    assert site.settle_in_place(site.unpack("two", FILES)) == f"{library} was replaced"
    assert site.cleaned == [[*PACKAGES, "x-sys"]]


@pytest.mark.promise("fault")
@pytest.mark.parametrize("manifest", ["", '[package]\nbuild = "make/script.rs" # ours\n'])
def test_what_a_build_script_writes_into_an_sdist_is_in_the_next_one(site: Site, manifest: str) -> None:
    (site.profile_dir / "deps").mkdir(parents=True)
    script = "make/script.rs" if manifest else "build.rs"
    files = {**FILES, "Cargo.toml": manifest, script: 'fn main() { std::fs::write("src/made.py", "").unwrap() }'}
    site.settle_in_place(site.unpack("one", files))
    site.cleaned.clear()
    assert site.settle_in_place(site.unpack("two", files)) == f"{script} may write into the sources"
    assert site.cleaned == [list(PACKAGES)]


@pytest.mark.promise("stale")
def test_content_that_returns_has_changed_twice(site: Site) -> None:
    trees = [
        site.unpack(name, {**FILES, "src/a.rs": content}) for name, content in (("1", "a"), ("2", "b"), ("3", "a"))
    ]
    for tree in trees:
        site.build(tree)
    first, second, third = (times(tree)["src/a.rs"] for tree in trees)
    assert first < second < third


@pytest.mark.promise("stale")
@pytest.mark.parametrize("change", ["comes", "goes", "is renamed"])
def test_folder_of_a_file_that_comes_or_goes_is_fresh(site: Site, change: str) -> None:
    """A build script may watch the folder."""
    files = {**FILES, "data/x": "1"}
    first = site.unpack("one", {**files, "data/y": "2"} if change != "comes" else files)
    second = site.unpack(
        "two", {**files, **{"comes": {"data/y": "2"}, "goes": {}, "is renamed": {"data/z": "2"}}[change]}
    )
    site.build(first)
    site.build(second)
    assert (second / "data").stat().st_mtime_ns > (first / "data").stat().st_mtime_ns
    assert (second / "data" / "x").stat().st_mtime_ns == (first / "data" / "x").stat().st_mtime_ns
    assert (second / "src").stat().st_mtime_ns == (first / "src").stat().st_mtime_ns


@pytest.mark.promise("stale")
def test_record_is_void_without_an_artifact(site: Site) -> None:
    first, second = site.unpack("one", FILES), site.unpack("two", FILES)
    site.settle(first)
    site.settle(second)
    assert all(times(second)[name] > when for name, when in times(first).items())


@pytest.mark.promise("stale")
def test_record_is_void_where_the_artifact_is_of_a_tree_it_does_not_know(site: Site) -> None:
    first, second, third = (site.unpack(name, FILES) for name in ("one", "two", "three"))
    site.build(first)
    site.built(second)  # without the shim
    site.build(third)
    assert all(times(third)[name] > when for name, when in times(first).items())


@pytest.mark.promise("stale")
@pytest.mark.parametrize("content", [None, "", "x"])
def test_record_that_is_lost_or_damaged_counts_for_nothing(site: Site, content: str | None) -> None:
    first, second = site.unpack("one", FILES), site.unpack("two", FILES)
    site.build(first)
    path = site.profile_dir / ".pyo3-base-python" / "crate.sources"
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    site.build(second)
    assert all(times(second)[name] > when for name, when in times(first).items())


@pytest.mark.promise("stale")
def test_package_that_has_no_record_yet_makes_everything_fresh(site: Site) -> None:
    first, second = site.unpack("one", FILES), site.unpack("two", FILES)
    site.settle(first, packages=("crate",))
    site.built(first)
    site.settle(second, packages=PACKAGES)
    assert all(times(second)[name] > when for name, when in times(first).items())


def test_artifact_of_an_earlier_tree_is_known(site: Site) -> None:
    """A package of the tree that is not built each time keeps an older artifact."""
    first, second, third = (site.unpack(name, FILES) for name in ("one", "two", "three"))
    site.build(first)
    site.settle(second)
    assert site.settle(third).endswith("are as they were")
    assert times(third) == times(second) == times(first)


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_link_that_leads_elsewhere_has_changed(site: Site) -> None:
    trees = []
    for name, to in (("one", "a.rs"), ("two", "lib.rs")):
        tree = site.unpack(name, FILES)
        (tree / "src" / "link.rs").symlink_to(to)
        trees.append(tree)
        site.build(tree)
    first, second = ((tree / "src" / "link.rs").stat().st_mtime_ns for tree in trees)
    assert second > first


# A tree of one's own


def test_own_sources_are_never_touched_and_not_cleaned_the_first_time(site: Site) -> None:
    tree = site.unpack("tree", {"Cargo.toml": "", "src/lib.rs": ""})
    for _ in range(2):
        assert site.build(tree) == ""
    assert set(times(tree).values()) == {MATURINS_TIME}
    assert site.cleaned == []


@pytest.mark.promise("stale")
def test_local_packages_are_cleaned_when_another_tree_was_built_last(site: Site) -> None:
    first, second = (site.unpack(name, {"Cargo.toml": name}) for name in ("one", "two"))
    said = [site.build(tree) for tree in (first, second, second, first)]
    cleaned = "cleaned crate, numbers: another tree was built last"
    assert said == ["", cleaned, "", cleaned]
    assert site.cleaned == [list(PACKAGES)] * 2


@pytest.mark.parametrize(
    "difference", ["", "content", "a source that the build makes", "a third tree, without the shim"]
)
def test_a_tree_that_was_moved_or_copied_is_no_other_one(site: Site, difference: str) -> None:
    """Cargo names both by the same relative path, and compiles nothing."""
    first, second = (site.unpack(name, {"src/lib.rs": "", "src/a.rs": ""}) for name in ("one", "two"))
    assert site.build(first) == ""
    if difference == "content":
        (second / "src" / "lib.rs").write_text("other")
    elif difference == "a source that the build makes":
        dep_info = site.profile_dir / "deps" / "crate-0123.d"
        dep_info.write_text("x: src/made.rs\n\nsrc/made.rs:\n")
    elif difference:
        site.built(site.folder / "three")
    said = site.build(second)
    assert said == ("cleaned crate, numbers: another tree was built last" if difference else "")


@pytest.mark.promise("stale")
@pytest.mark.parametrize("tracked", [True, False])
def test_files_of_two_trees_that_were_changed_in_one_tick_of_the_clock_are_read(
    site: Site, monkeypatch: pytest.MonkeyPatch, tracked: bool
) -> None:
    monkeypatch.setattr(snapshot, "_changed", lambda _: 1)
    first, second = (site.unpack(name, {"src/lib.rs": name, "src/a.rs": ""}) for name in ("one", "two"))
    site.build(first)
    if not tracked:
        (site.profile_dir / "build" / "crate-0123").mkdir(parents=True)
    assert site.build(second) == "cleaned crate, numbers: another tree was built last"


@pytest.mark.promise("stale")
def test_local_packages_are_cleaned_even_if_cargo_has_not_said_what_it_built(site: Site) -> None:
    for name in ("one", "two"):
        site.settle(site.unpack(name, {"Cargo.toml": ""}))
    assert site.cleaned == [list(PACKAGES)]


@pytest.mark.promise("stale")
def test_local_packages_are_cleaned_when_cargo_says_that_the_artifact_is_of_another_tree(site: Site) -> None:
    first, second = (site.unpack(name, {"Cargo.toml": ""}) for name in ("one", "two"))
    site.build(first)
    site.built(second)  # without the shim
    site.build(first)
    assert site.cleaned == [list(PACKAGES)]


def test_a_package_that_lies_outside_is_not_taken_for_another_trees(site: Site) -> None:
    """Cargo knows it by its whole path: it has the same sources whichever tree is built."""
    for name in ("one", "two", "one"):
        tree = site.unpack(name, {**TREE, "README.md": name})
        write(site.profile_dir / "deps" / "numbers-0123.d", f"x: {site.folder}/numbers/src/lib.rs\n")
        said = site.settle(tree)
    assert said == "cleaned crate: another tree was built last"


@pytest.mark.promise("stale")
def test_own_tree_is_cleaned_after_an_sdist(site: Site) -> None:
    site.build(site.unpack("sdist", FILES))
    site.build(site.unpack("own", {"Cargo.toml": ""}))
    assert site.cleaned == [list(PACKAGES)]


@pytest.mark.promise("stale")
def test_cleaning_that_failed_is_tried_again(site: Site) -> None:
    first, second = (os.fspath(site.unpack(name, {"Cargo.toml": name})) for name in ("one", "two"))
    site.build(Path(first))

    def refuse(_: list[str]) -> None:
        raise CannotSteady("cargo clean ended with exit code 1")

    project = Project(second, second, Lock([], [], PACKAGES), os.fspath(site.folder / "target"))
    for _ in range(2):
        with pytest.raises(CannotSteady, match="cargo clean"):
            settle(project, [os.fspath(site.profile_dir)], ["crate"], refuse)


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_target_directory_that_is_a_link_to_the_outside_lies_outside(site: Site) -> None:
    tree = site.unpack("tree", FILES)
    (tree / "target").symlink_to(site.folder)
    site.settle(tree, os.fspath(tree / "target"))
    assert all(map(is_fresh, times(tree).values()))


@posix("Windows says so in other words")
@pytest.mark.promise("fault")
@pytest.mark.parametrize("own", [True, False])
def test_target_directory_that_can_not_be_written_is_said(site: Site, own: bool) -> None:
    (site.folder / "target").touch()
    with pytest.raises(CannotSteady, match=r"can't compare .* with what was built last: Not a directory$"):
        site.settle(site.unpack("tree", {"Cargo.toml": ""} if own else FILES))


# What cargo does not see, in a tree of one's own with its own target directory

TREE = {"Cargo.toml": "", "build.rs": "", "native/foo.c": "1", "README.md": "", "src/lib.rs": "mod a;", "src/a.rs": "1"}


def test_own_tree_in_which_nothing_has_changed_is_not_cleaned(site: Site) -> None:
    tree = site.unpack("tree", TREE)
    assert [site.settle_own(tree, python) for python in ("/1", "/2", "/3")] == ["", "", ""]
    assert site.cleaned == []


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "change", ["edited", "added", "removed", pytest.param("edited, with its old time", marks=NOT_SEEN)]
)
def test_what_isolated_builds_compile_is_cleaned_when_anything_has_changed(site: Site, change: str) -> None:
    """S1 and S2: what a build script or macro reads without a word to cargo; and no package that needs no Python."""
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    if change == "added":
        (tree / "native" / "bar.c").touch()
    elif change == "removed":
        (tree / "native" / "foo.c").unlink()
    else:
        (tree / "native" / "foo.c").write_text("2")
        if change != "edited":
            os.utime(tree / "native" / "foo.c", ns=(MATURINS_TIME, MATURINS_TIME))
    file = "native/bar.c" if change == "added" else "native/foo.c"
    fingerprint = site.fingerprint("crate-0123/lib-crate")
    script = site.fingerprint("crate-4567/run-build-script-build-script-build")
    assert site.settle_own(tree, "/2") == f"cleaned crate: {file} has changed"
    assert site.cleaned == []  # but for its build script
    assert not fingerprint.exists()
    assert script.exists()
    assert site.settle_own(tree, "/3") == ""


@pytest.mark.promise("stale")
def test_where_the_interpreter_is_the_same_it_is_cleaned_for_the_next_one(site: Site) -> None:
    """Without the shim nothing would be compiled now; what was compiled meanwhile is of unknown content."""
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    (tree / "native" / "foo.c").write_text("2")
    assert site.settle_own(tree, "/1") == ""
    (tree / "native" / "foo.c").write_text("1")
    assert site.settle_own(tree, "/1") == ""
    assert site.cleaned == []
    assert site.settle_own(tree, "/2") == "cleaned crate: something in it had changed"


@pytest.mark.promise("fault")
def test_a_source_that_a_build_script_has_made_and_that_is_gone(site: Site) -> None:
    """The record does not know it: it was not there yet when the tree was looked at."""
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    path = site.profile_dir / "libcrate.d"
    path.write_bytes(os.fsencode(f"{site.profile_dir}/libcrate.so: {tree}/src/lib.rs {tree}/src/made.rs\n"))
    assert site.settle_own(tree, "/2") == "cleaned crate: src/made.rs is gone"


@pytest.mark.promise("fault")
def test_a_file_that_a_build_script_may_have_made_and_that_is_not_there(site: Site) -> None:
    script = 'fn main() { fs::write("python/made.py", "") }'
    tree = site.unpack("tree", {**TREE, "build.rs": script, "python/there.py": ""})
    site.settle_own(tree, "/1")
    said = site.settle_own(tree, "/2")
    assert said == "cleaned crate: python/made.py, which build.rs may make, is not there"
    write(tree / "python" / "made.py", "")
    site.settle_own(tree, "/3")
    assert site.settle_own(tree, "/4") == ""


def compiled(profile_dir: Path, *versions: int) -> None:
    """Pretend that cargo has compiled versions of `crate`, one after the other, each into the place of the last one."""
    for version in versions:
        fingerprint = profile_dir / ".fingerprint" / f"crate-{version}"
        for path in (
            fingerprint / "invoked.timestamp",
            profile_dir / "deps" / "libcrate.so",
            fingerprint / "lib-crate",
        ):
            write(path, "0123")
            os.utime(path, ns=(time.time_ns() + version, time.time_ns() + version))


@pytest.mark.promise("stale")
def test_an_artifact_that_another_version_has_taken_the_place_of(site: Site) -> None:
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    compiled(site.profile_dir, 1)
    assert site.settle_own(tree, "/1") == ""
    compiled(site.profile_dir, 2)
    assert site.settle_own(tree, "/1") == ""
    assert site.settle_own(tree, "/2") == "cleaned crate: another version was built last"
    assert sorted(path.name for path in (site.profile_dir / ".fingerprint").iterdir()) == ["crate-2"]
    assert (site.profile_dir / ".pyo3-base-python" / "artifacts").exists()
    assert site.settle_own(tree, "/3") == ""


def two_versions(site: Site) -> None:
    """Pretend that cargo has compiled two versions of an sdist's `crate`, each in an environment of its own."""
    site.profile_dir = site.folder / "place" / "release"
    for number in (1, 2):
        tree = site.unpack(f"tree-{number}", FILES)
        site.settle_in_place(tree, python=f"/{number}")
        site.built(tree)
        compiled(site.profile_dir, number)


@pytest.mark.promise("stale")
def test_an_sdists_artifact_that_another_version_has_taken_the_place_of(site: Site) -> None:
    two_versions(site)
    said = site.settle_in_place(site.unpack("last", FILES), python="/3")
    assert said.endswith("files and folders are as they were; cleaned crate: another version was built last")
    assert sorted(path.name for path in (site.profile_dir / ".fingerprint").iterdir()) == ["crate-2"]


@pytest.mark.promise("stale")
def test_what_is_cleaned_is_not_looked_at_for_its_artifact(site: Site) -> None:
    two_versions(site)
    tree = site.unpack("last", {**FILES, "src/a.rs": "2"})
    assert site.settle_in_place(tree, python="/3") == "what crate, numbers may be made of has changed"
    assert site.cleaned == [list(PACKAGES)]


@NOT_SEEN
@pytest.mark.promise("stale")
def test_another_tree_at_the_same_path(site: Site) -> None:
    """S7: with older times, as a container's mounts or an exchange of folders bring."""
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    tree.rename(site.folder / "before")
    tree = site.unpack("tree", {**TREE, "native/foo.c": "2"})
    (site.folder / "before" / "target").rename(tree / "target")
    assert site.settle_own(tree, "/2") == "cleaned crate: native/foo.c has changed"


@pytest.mark.promise("stale")
def test_a_tree_that_was_moved_with_its_target_directory(site: Site) -> None:
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    dep_info = site.profile_dir / "deps" / "crate-0123.d"
    dep_info.write_text("x: build.rs\n\nbuild.rs:\n")
    tree = tree.rename(site.folder / "moved")
    assert site.settle_own(tree, "/2") == ""
    dep_info = site.profile_dir / "deps" / "crate-0123.d"
    dep_info.write_text("x: build.rs\n\nbuild.rs:\n\n# env-dep:CARGO_MANIFEST_DIR=/before\n")
    tree = tree.rename(site.folder / "again")
    assert site.settle_own(tree, "/3") == "cleaned crate: CARGO_MANIFEST_DIR is compiled in"
    (tree / "native" / "foo.c").write_text("2")
    assert site.settle_own(tree.rename(site.folder / "last"), "/4") == "cleaned crate: native/foo.c has changed"


@pytest.mark.promise("stale")
def test_a_build_script_that_ran_in_the_place_of_a_tree_before_runs_again(site: Site) -> None:
    """It may have written that place into a source, where an isolated build has it run again."""
    users = {"pyo3-ffi": ["crate"]}
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1", users=users)
    for name in ("crate", "numbers"):  # the one of `numbers` would not be run without the shim either
        output = site.profile_dir / "build" / f"{name}-0123" / "output"
        output.parent.mkdir(parents=True)
        output.write_text("cargo:rerun-if-changed=build.rs\n")
    run = site.fingerprint("crate-0123/run-build-script-build-script-build").relative_to(tree)
    assert site.settle_own(tree, "/2", users=users) == ""
    moved = tree.rename(site.folder / "moved")
    assert (moved / run).exists()
    assert site.settle_own(moved, "/3", users=users) == f"cleaned crate: the build script of crate has run in {tree}"
    assert not (moved / run).exists()
    (moved / "target" / "release" / "build" / "crate-0123" / "output").unlink()
    assert site.settle_own(moved.rename(tree), "/4", users=users) == ""


@posix("libraries as Linux names them")
@pytest.mark.promise("stale")
def test_a_macro_that_ran_in_the_place_of_a_tree_before_may_have_put_that_into_the_code(site: Site) -> None:
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    write(site.profile_dir / "deps" / "libwhere-0123456789abcdef.so", "")
    moved = tree.rename(site.folder / "moved")
    assert site.settle_own(moved, "/2") == f"cleaned crate: the macro where has run in {tree}"
    assert site.settle_own(moved, "/3") == ""


def test_what_pyo3_does_not_look_at_is_not_cleaned(site: Site) -> None:
    """Maturin's own configuration file stands for the interpreter: isolated builds compile nothing then."""
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1", pyo3_looks=False)
    (tree / "native" / "foo.c").write_text("2")
    assert site.settle_own(tree, "/2", pyo3_looks=False) == ""
    assert site.cleaned == []


@pytest.mark.promise("stale")
def test_a_package_whose_build_script_tracks_the_interpreter_is_compiled_in_isolated_builds(site: Site) -> None:
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1", pyo3_looks=False)
    output = site.profile_dir / "build" / "numbers-0123" / "output"
    output.parent.mkdir(parents=True)
    output.write_text("cargo:rerun-if-env-changed=PYO3_PYTHON\n")
    (tree / "native" / "foo.c").write_text("2")
    assert site.settle_own(tree, "/2", pyo3_looks=False) == "cleaned numbers: native/foo.c has changed"


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "users",
    [
        {"pyo3-ffi": ["crate"]},
        {"pyo3": ["crate"], "pyo3-build-config": ["crate"]},
    ],
)
def test_build_scripts_that_isolated_builds_run_again_are_cleaned_as_well(
    site: Site, users: dict[str, list[str]]
) -> None:
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1", users=users)
    files = ["lib-crate", "build-script-build-script-build.json", "run-build-script-build-script-build"]
    library, script, run = (site.fingerprint(f"crate-{number}/{file}") for number, file in enumerate(files))
    script.write_text('{"deps":[[1,"cc",false,2]],"local":[]}')
    (tree / "native" / "foo.c").write_text("2")
    users = {**users, "cc": ["crate"]}
    assert site.settle_own(tree, "/2", users=users) == "cleaned crate: native/foo.c has changed"
    assert [path.exists() for path in (library, script, run)] == [False, True, False]
    assert site.cleaned == []


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("crates", "compiled"),
    [
        (["serde"], False),  # an optional dependency that is off
        (["serde", "build_script_build"], False),
        (["serde", "pyo3"], True),
        (["serde", "another_name"], True),  # which may be how the manifest calls pyo3
        (None, True),  # the build was killed
    ],
)
def test_what_does_without_pyo3_is_not_compiled_for_it(site: Site, crates: list[str] | None, compiled: bool) -> None:
    tree = site.unpack("tree", TREE)
    users = {"pyo3-ffi": ["pyo3"], "pyo3": ["crate"], "serde": ["crate"]}
    site.settle_own(tree, "/1", users=users)
    fingerprint = site.fingerprint("crate-0123/lib-crate.json" if crates is not None else "crate-0123/lib-crate")
    deps = ",".join(f'[1,"{crate}",false,2]' for crate in crates or ())
    fingerprint.write_text(f'{{"deps":[{deps}],"local":[]}}')
    (tree / "native" / "foo.c").write_text("2")
    said = site.settle_own(tree, "/2", users=users)
    assert said == ("cleaned crate: native/foo.c has changed" if compiled else "")
    assert fingerprint.exists() is not compiled


@pytest.mark.promise("stale")
@pytest.mark.parametrize("script", ["build.rs", "script.rs"])
def test_a_variable_that_a_build_script_of_ones_own_names(site: Site, script: str) -> None:
    manifest = {"Cargo.toml": f'[package]\nbuild = "{script}"\n'}
    tree = site.unpack("tree", {**TREE, **manifest, script: 'env::var("FLAVOUR")'})
    site.settle_own(tree, "/1", FLAVOUR="sweet")
    assert site.settle_own(tree, "/2", FLAVOUR="sweet", OTHER="1") == ""
    assert site.settle_own(tree, "/3", FLAVOUR="sour") == f"cleaned crate: {script} has changed"


@pytest.mark.promise("stale")
def test_a_library_or_an_artifact_of_ones_own_that_was_replaced(site: Site) -> None:
    """S3 and S8."""
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1")
    artifact = site.profile_dir / "deps" / "libcrate.so"
    artifact.touch()
    os.utime(artifact, ns=(MATURINS_TIME, MATURINS_TIME))
    site.fingerprint("crate-0123/lib-crate")
    assert site.settle_own(tree, "/2") == ""
    later = time.time() + 60
    os.utime(artifact, (later, later))
    assert site.settle_own(tree, "/3") == "cleaned crate: libcrate.so was changed after cargo made it"
    artifact.unlink()
    library = site.folder / "lib" / "libx.so"
    library.parent.mkdir()
    library.touch()
    output = site.profile_dir / "build" / "sys-0123" / "output"
    output.parent.mkdir(parents=True)
    output.write_text(f"cargo:rustc-link-search={library.parent}\ncargo:rustc-link-lib=x\n")
    (record,) = (site.profile_dir / ".pyo3-base-python").glob("tree-*")
    os.utime(record, (later, later))
    assert site.settle_own(tree, "/4") == ""
    os.utime(record, (1, 1))
    assert site.settle_own(tree, "/5") == f"cleaned crate: {library} was replaced"


@pytest.mark.promise("stale")
@pytest.mark.parametrize("folder", ["native", "../opt"])
def test_a_static_library_by_a_path_from_the_workspace(site: Site, folder: str) -> None:
    """One in the tree is a source, which counts by its content; one elsewhere was installed."""
    tree = site.unpack("tree", TREE)
    library = Path(os.path.normpath(tree / folder)) / "libfoo.a"
    write(library, "1")
    site.settle_own(tree, "/1")
    said = f"cargo:rustc-link-search=native={folder}\ncargo:rustc-link-lib=static=foo\n"
    write(site.profile_dir / "build" / "crate-0123" / "output", said)
    assert site.settle_own(tree, "/2") == ""
    later = time.time() + 60
    os.utime(library, (later, later))
    installed = folder != "native"
    assert site.settle_own(tree, "/3") == (f"cleaned crate: {library} was replaced" if installed else "")


@pytest.mark.promise("stale")
def test_a_static_library_where_cargo_tracks_all_else(site: Site, tracked: Path) -> None:
    """Nothing else looks at it there."""
    library = tracked / "native" / "libfoo.a"
    write(library, "1")
    write(tracked / "Cargo.toml", '[package]\nname = "crate"\n')
    write(tracked / "build.rs", "fn main() {}")
    said = "cargo:rustc-link-search=native=native\ncargo:rustc-link-lib=static=foo\n"
    write(site.profile_dir / "build" / "crate-0123" / "output", said)
    site.settle_own(tracked, "/3")
    assert site.settle_own(tracked, "/4") == ""
    later = time.time() + 60
    os.utime(library, (later, later))
    assert site.settle_own(tracked, "/5") == f"cleaned crate: {library} was replaced"


@pytest.mark.promise("stale")
def test_of_what_is_asked_in_another_way_only_what_was_compiled_with_this_interpreter_stays(site: Site) -> None:
    tree = site.unpack("tree", TREE)
    site.settle_own(tree, "/1", how="build")
    old, new = (site.fingerprint(f"crate-{number}/lib-crate") for number in ("0123", "4567"))
    os.utime(old, (1000, 1000))
    write(tree / "README.md", "2")
    assert site.settle_own(tree, "/1", how="build") == ""
    assert site.settle_own(tree, "/1", how="test") == "cleaned crate: something in it had changed"
    assert (old.exists(), new.exists()) == (False, True)
    assert site.settle_own(tree, "/2", how="test") == "cleaned crate: something in it had changed"
    assert not new.exists()


@pytest.mark.promise("stale")
@pytest.mark.parametrize("host", [False, True])
def test_a_tree_that_was_moved_has_its_sources_by_their_paths_from_the_workspace(site: Site, host: bool) -> None:
    tree = site.unpack("tree", {f"rust/{name}": text for name, text in TREE.items()} | {"pyproject.toml": ""})
    (tree / ".git").mkdir()
    write(tree / "rust" / "Cargo.toml", '[package]\nname = "crate"\n')
    outcomes = []
    for source in ("src/lib.rs", "src/made.rs"):
        folder = site.folder / source.replace("/", "-")
        moved = site.folder / "moved"
        site.host = [folder / "rust" / "target" / "host"] if host else []
        os.rename(tree, folder)
        for python in ("/1", "/2"):
            site.settle_own(folder, python, root="rust")
        site.fingerprint("crate-0123/lib-crate")
        deps = site.host[0] / "deps" if host else site.profile_dir / "deps"
        write(deps / "crate-0123.d", f"x: {source}\n\n{source}:\n")
        os.rename(folder, moved)
        site.host = [moved / "rust" / "target" / "host"] if host else []
        outcomes.append(site.settle_own(moved, "/3", root="rust"))
        tree = moved
    assert outcomes == ["", "cleaned crate: src/made.rs is made while it is built"]


@pytest.mark.promise("stale")
def test_an_sdist_that_was_built_last_and_is_worked_in(site: Site) -> None:
    """In the place for sdists, too, what cargo does not see is compiled when an isolated build would."""
    tree = site.unpack("tree", {**FILES, "native/foo.c": "1"})
    place, target = os.fspath(tree), os.fspath(tree / "target")
    lock = Lock([(0, 26, 0)], [], PACKAGES, {"pyo3-ffi": ["pyo3"], "pyo3": ["crate"]})
    project = Project(place, place, lock, target, sdist=place)
    ours = os.path.join(target, "release")
    os.makedirs(ours)
    site.profile_dir.joinpath("deps").mkdir(parents=True)

    def say(python: str) -> str:
        return settle(
            project, [os.fspath(site.profile_dir)], ["crate"], site.cleaned.append, ours=ours, python=python
        ).replace(place, "tree")

    say("/1")
    site.cleaned.clear()
    assert say("/2") == "tree was built last"
    (tree / "native" / "foo.c").write_text("2")
    assert say("/2") == "tree was built last"
    assert site.cleaned == []
    assert say("/3") == "cleaned crate: something in it had changed"
    (tree / "native" / "foo.c").write_text("3")
    assert say("/4") == "cleaned crate: native/foo.c has changed"
    # No fingerprint of it is where one is looked for: cargo has to do it.
    assert site.cleaned == [["crate"], ["crate"]]


@NOT_SEEN
@pytest.mark.promise("stale")
def test_a_source_outside_that_rustc_has_read_and_that_was_replaced_by_an_older_one(site: Site) -> None:
    """A build script may read anything: all of the tree is looked at, and outside what rustc has named."""
    tree = site.unpack("tree", TREE)
    outside = site.folder / "common" / "data.txt"
    site.settle_own(tree, "/1")
    write(outside, "1")
    write(site.profile_dir / "made.rs", "1")
    described = site.profile_dir / "libcrate.d"
    described.write_text(f"{described.read_text().rstrip()} {outside} {site.profile_dir}/made.rs relative.rs\n")
    # Since the last build: cargo has looked at it.
    assert [site.settle_own(tree, python) for python in ("/2", "/3")] == ["", ""]
    write(site.profile_dir / "made.rs", "2")
    assert site.settle_own(tree, "/4") == ""
    write(outside, "2")
    os.utime(outside, ns=(MATURINS_TIME, MATURINS_TIME))
    assert site.settle_own(tree, "/5") == "cleaned crate: ../common/data.txt has changed"
    assert site.settle_own(tree, "/6") == ""


@NOT_SEEN
@pytest.mark.promise("stale")
def test_a_source_outside_that_was_replaced_before_it_was_looked_at(site: Site) -> None:
    tree = site.unpack("tree", TREE)
    outside = site.folder / "common" / "data.txt"
    site.settle_own(tree, "/1")
    described = site.profile_dir / "libcrate.d"
    described.write_text(f"{described.read_text().rstrip()} {outside} {outside.parent}\n")
    write(outside, "1")
    os.utime(described, (1000, 1000))
    assert site.settle_own(tree, "/2") == "cleaned crate: ../common/data.txt has changed"


@pytest.mark.promise("stale")
@pytest.mark.parametrize("by", ["a file", "the command line"])
def test_a_package_that_only_cargos_configuration_names(site: Site, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    tree = site.unpack("tree", TREE)
    write(site.folder / "x" / "Cargo.toml", "")
    write(site.folder / "x" / "a.txt", "1")
    home = site.folder / ".cargo"
    if by == "a file":
        write(home / "config.toml", f"[patch.crates-io]\nx = {{ path = '{(site.folder / 'x').as_posix()}' }}\n")
    monkeypatch.chdir(tree)
    config = () if by == "a file" else ('patch.crates-io.x.path="../x"',)
    for python in ("/1", "/2"):
        site.settle_own(tree, python, config=config, CARGO_HOME=os.fspath(home))
    write(site.folder / "x" / "a.txt", "2")
    said = site.settle_own(tree, "/3", config=config, CARGO_HOME=os.fspath(home))
    assert said == "cleaned crate: ../x/a.txt has changed"


# The same, where nothing can read what cargo does not track (see `test_undeclared`)

TRACKED = {"Cargo.toml": "", "Cargo.lock": "", "src/a.rs": "1", "src/lib.rs": "", "README.md": ""}


@pytest.fixture
def tracked(site: Site) -> Path:
    """A tree that only rustc has read from, after builds for the interpreters `/1` and `/2`."""
    tree = site.unpack("tree", TRACKED)
    assert site.settle_own(tree, "/1") == ""
    (tree / "target" / "release" / "build").mkdir()
    (tree / "target" / ".rustc_info.json").touch()
    assert site.settle_own(tree, "/2") == ""
    # Nothing that is written in a test is newer.
    fingerprint = site.profile_dir / ".fingerprint" / "crate-0123" / "lib-crate"
    write(fingerprint, "hash")
    os.utime(fingerprint, (time.time() + 3600, time.time() + 3600))
    return tree


def test_where_cargo_tracks_all_that_is_read_nothing_else_counts(site: Site, tracked: Path) -> None:
    write(tracked / "README.md", "2")
    write(tracked / "native" / "foo.c", "1")
    assert site.settle_own(tracked, "/3") == ""
    assert site.cleaned == []


@NOT_SEEN
@pytest.mark.promise("stale")
def test_tracked_source_that_has_changed_with_its_old_time_is_compiled(site: Site, tracked: Path) -> None:
    write(tracked / "src" / "a.rs", "2")
    os.utime(tracked / "src" / "a.rs", ns=(MATURINS_TIME, MATURINS_TIME))
    assert site.settle_own(tracked, "/3") == "cleaned crate: src/a.rs has changed"
    assert site.settle_own(tracked, "/4") == ""


def test_a_newer_source_is_left_to_cargo(site: Site, tracked: Path) -> None:
    """It has a reason to tell, then: `explain` shows it."""
    os.utime(site.profile_dir / ".fingerprint" / "crate-0123" / "lib-crate", (1000, 1000))
    for when, said in ((1001, ""), (1000, "cleaned crate: src/a.rs has changed")):
        write(tracked / "src" / "a.rs", f"{when}")
        os.utime(tracked / "src" / "a.rs", (when, when))
        assert site.settle_own(tracked, f"/{when}") == said


@posix("when a file was changed is not told there: it counts at once")
@pytest.mark.promise("stale")
def test_source_that_cargo_tracks_since_its_last_build_counts_from_then_on(site: Site, tracked: Path) -> None:
    write(tracked / "src" / "new.rs", "1")
    for python, said in (("/3", ""), ("/4", ""), ("/5", "cleaned crate: src/new.rs has changed")):
        if python == "/5":
            write(tracked / "src" / "new.rs", "2")
        write(site.profile_dir / "deps" / "crate-0123.d", "x: src/new.rs\n")
        assert site.settle_own(tracked, python) == said


@posix("when a file was changed is not told there: it counts at once")
def test_what_a_build_script_watches_since_its_last_run_is_no_change(site: Site, tracked: Path) -> None:
    watched = tracked / "include"
    watched.mkdir()
    output = site.profile_dir / "build" / "crate-0123" / "output"
    write(tracked / "Cargo.toml", '[package]\nname = "crate"\n')
    write(tracked / "build.rs", "fn main() {}")
    write(output, "cargo:rerun-if-changed=include\n")
    described = site.profile_dir / "libcrate.d"
    described.write_text(f"{described.read_text().rstrip()} {watched}\n")
    assert site.settle_own(tracked, "/3") == ""
    os.utime(output, (1000, 1000))
    (tracked / "more").mkdir()
    described.write_text(f"{described.read_text().rstrip()} {watched} {tracked}/more\n")
    assert site.settle_own(tracked, "/4") == "cleaned crate: more has changed"


@NOT_SEEN
@pytest.mark.promise("stale")
def test_source_that_was_replaced_since_rustc_has_read_it_for_the_first_time_counts(site: Site, tracked: Path) -> None:
    """Another package of the tree has been compiled in between."""
    write(tracked / "src" / "new.rs", "1")
    described = site.profile_dir / "deps" / "crate-0123.d"
    write(described, "x: src/new.rs\n")
    write(tracked / "src" / "new.rs", "2")
    os.utime(tracked / "src" / "new.rs", ns=(MATURINS_TIME, MATURINS_TIME))
    os.utime(described, (1000, 1000))
    assert site.settle_own(tracked, "/3") == "cleaned crate: src/new.rs has changed"


@pytest.mark.promise("stale")
@pytest.mark.parametrize("what", ["configuration", "variable"])
def test_cargos_configuration_and_the_linkers_variables_count_where_nothing_else_does(
    site: Site, tracked: Path, what: str
) -> None:
    """A build script reads `[env]` without a word to cargo, and the linker its own variables."""
    home = site.folder / "home"
    write(home / "config.toml", "[env]\nA = '1'\n")
    assert site.settle_own(tracked, "/3", CARGO_HOME=os.fspath(home)).endswith(
        "what cargo, the compiler or the linker is told has changed"
    )
    assert site.settle_own(tracked, "/4", CARGO_HOME=os.fspath(home)) == ""
    path = "/lib" if what == "variable" else ""
    if what == "configuration":
        write(home / "config.toml", "[env]\nA = '2'\n")
    said = site.settle_own(tracked, "/5", CARGO_HOME=os.fspath(home), LIBRARY_PATH=path)
    assert said == "cleaned crate: what cargo, the compiler or the linker is told has changed"


@pytest.mark.promise("stale")
def test_tracked_source_that_has_changed_for_the_same_interpreter_counts_for_the_next(
    site: Site, tracked: Path
) -> None:
    write(tracked / "src" / "a.rs", "2")
    assert site.settle_own(tracked, "/2") == ""
    assert site.settle_own(tracked, "/3") == "cleaned crate: something in it had changed"


@pytest.mark.promise("stale")
def test_what_may_be_read_from_now_on_counts(site: Site, tracked: Path) -> None:
    (tracked / "target" / "release" / "deps" / "liblists-0123456789abcdef.so").touch()
    site.settle_own(tracked, "/3")
    write(tracked / "README.md", "2")
    assert site.settle_own(tracked, "/4") == "cleaned crate: README.md has changed"


@NOT_SEEN
@pytest.mark.promise("stale")
def test_a_tree_that_was_moved_is_compared_by_what_cargo_tracked_before(site: Site, tracked: Path) -> None:
    moved = tracked.rename(site.folder / "moved")
    write(moved / "README.md", "2")
    described = moved / "target" / "release" / "libcrate.d"
    as_before = described.read_text()
    assert site.settle_own(moved, "/3") == ""
    described.write_text(as_before)
    again = moved.rename(site.folder / "again")
    write(again / "src" / "a.rs", "2")
    os.utime(again / "src" / "a.rs", ns=(MATURINS_TIME, MATURINS_TIME))
    described = again / "target" / "release" / "libcrate.d"
    described.write_text(as_before.replace(os.fspath(tracked), os.fspath(moved)))
    assert site.settle_own(again, "/4") == "cleaned crate: src/a.rs has changed"


def test_a_record_that_says_the_same_is_only_touched(site: Site, tracked: Path) -> None:
    (record,) = (site.profile_dir / ".pyo3-base-python").glob("tree-*")
    os.utime(record, (1, 1))
    before = record.stat().st_ino
    site.settle_own(tracked, "/2")
    assert record.stat().st_ino == before
    assert is_fresh(record.stat().st_mtime_ns)
    site.settle_own(tracked, "/3")
    assert record.stat().st_ino != before


@pytest.mark.promise("stale")
@pytest.mark.parametrize("reason", ["the build script of another package", "sources are not named by their full paths"])
def test_any_file_counts_where_cargo_may_not_track_all_that_is_read(site: Site, reason: str) -> None:
    tree = site.unpack("tree", TRACKED)
    said = []
    for python in ("/1", "/2", "/3"):
        if python == "/3":
            write(tree / "README.md", "2")
        said.append(site.settle_own(tree, python))
        (tree / "target" / ".rustc_info.json").touch()
        (site.profile_dir / "build").mkdir(exist_ok=True)
        if reason == "the build script of another package":
            (site.profile_dir / "build" / "numbers-0123").mkdir(exist_ok=True)
        else:
            write(site.profile_dir / "libcrate.d", "libcrate.so: src/a.rs src/lib.rs\n")
    assert said == ["", "", "cleaned crate: README.md has changed"]


def test_a_target_directory_that_another_build_makes_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "target").mkdir()
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    make_target_dir(os.fspath(tmp_path / "target"))


# Times


@posix("a symbolic link takes a privilege there")
def test_links_are_not_followed(site: Site) -> None:
    tree = site.unpack("tree", {"sdist/file": "", "outside/file": "", **{f"sdist/{name}": "" for name in FILES}})
    (tree / "sdist" / "link").symlink_to("../outside/file")
    (tree / "sdist" / "links").symlink_to("../outside")
    (tree / "sdist" / "nowhere").symlink_to("nowhere-at-all")
    site.settle(tree / "sdist")
    assert (tree / "outside" / "file").stat().st_mtime_ns == MATURINS_TIME
    assert is_fresh((tree / "sdist" / "file").stat().st_mtime_ns)


# What is rare


def test_no_draft_is_left(site: Site) -> None:
    site.settle(site.unpack("tree", FILES))
    folder = site.profile_dir / ".pyo3-base-python"
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.sources" for name in PACKAGES]


def test_sdist_without_a_lock_file_is_fresh(site: Site) -> None:
    tree = site.unpack("tree", FILES)
    place = os.fspath(tree)
    project = Project(place, place, None, os.fspath(site.folder / "target"), sdist=place)
    settle(project, [os.fspath(site.profile_dir)], ["crate"], site.cleaned.append)
    assert all(map(is_fresh, times(tree).values()))


@posix("names are Unicode there")
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_names_that_are_not_utf_8_are_sources_like_any_other(site: Site) -> None:
    trees = [site.unpack(name, {**FILES, "\udcff/lib.rs": "mod a;"}) for name in ("one", "\udcff")]
    for tree in trees:
        site.build(tree)
    assert times(trees[1]) == times(trees[0])
