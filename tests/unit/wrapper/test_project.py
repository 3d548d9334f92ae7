"""Where a project is and what it locks, by cargo's rules; our readers agree with a TOML reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper import paths, project
from pyo3_base_python.wrapper.command_line import parse
from pyo3_base_python.wrapper.project import Project, locate, parse_lock, selected, unpacked_sdist
from tests.unit.support import damaged, needs_tomllib, posix

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest's own requirement there

Tree = Callable[..., Path]
KEYS = ("target", "target-dir", "build-dir")


def no_cargo(folder: str) -> str:
    """No cargo is needed for manifests that show the root of the workspace by themselves."""
    raise AssertionError(folder)


def at(folder: Path, line: str = "build", **environ: str) -> Project:
    """The project for ``cargo <line>`` in ``folder``."""
    variables = {"CARGO_HOME": os.fspath(folder / "cargo-home"), **environ}
    found = locate(parse(line.split()), variables, os.fspath(folder), no_cargo)
    assert found is not None
    return found


def package(name: str, version: str, *dependencies: str) -> str:
    lines = ["[[package]]", f'name = "{name}"', f'version = "{version}"']
    if dependencies:
        lines += ["dependencies = [", *(f' "{dependency}",' for dependency in dependencies), "]"]
    return "\n".join(lines) + "\n"


# Where it is


def test_project_is_the_nearest_manifest_above(tree: Tree) -> None:
    folder = tree({"Cargo.toml": "[package]", "a/Cargo.toml": "[package]", "a/src/deep/lib.rs": ""})
    here = at(folder / "a" / "src" / "deep")
    assert (here.manifest_dir, here.root) == (os.fspath(folder / "a"), os.fspath(folder / "a"))


@pytest.mark.parametrize("path", ["a/Cargo.toml", "./a/../a/Cargo.toml", "{folder}/a/Cargo.toml"])
def test_project_is_where_manifest_path_says(tree: Tree, path: str) -> None:
    folder = tree({"Cargo.toml": "[package]", "a/Cargo.toml": "[package]"})
    assert at(folder, f"build --manifest-path {path.format(folder=folder)}").manifest_dir == os.fspath(folder / "a")


def test_there_is_no_project_without_a_manifest(tmp_path: Path) -> None:
    assert locate(parse(["build"]), {}, os.fspath(tmp_path), no_cargo) is None


@pytest.mark.parametrize("header", ["[workspace]", "  [workspace.dependencies]"])
def test_lock_and_target_directory_are_those_of_the_workspace(tree: Tree, header: str) -> None:
    folder = tree({"Cargo.toml": header, "Cargo.lock": package("pyo3", "0.26.0"), "crates/a/Cargo.toml": "[package]"})
    here = at(folder / "crates" / "a")
    assert here.root == os.fspath(folder)
    assert here.target_dir == os.fspath(folder / "target")
    assert here.lock is not None
    assert here.lock.pyo3_versions == [(0, 26, 0)]


def test_a_crate_with_a_workspace_of_its_own_is_its_own_root(tree: Tree) -> None:
    folder = tree({"Cargo.toml": "[workspace]", "a/Cargo.toml": "[package]\n[workspace]\n"})
    assert at(folder / "a").root == os.fspath(folder / "a")


MEMBERS = '[workspace]\nmembers = ["a"]\n'


@pytest.mark.parametrize(
    ("root", "member"),
    [
        ('[workspace]\nexclude = ["a"]', "[package]"),
        ('[workspace]\ndescription = """', "[package]"),
        ("description = '''\n[workspace]\n'''", "[package]"),
        ("workspace.members = []", "[package]"),
        ('"workspace" = { members = [] }', "[package]"),
        (MEMBERS, '[package]\nworkspace = "../b"'),
        (MEMBERS, 'package.workspace = "../b"'),
        (MEMBERS, 'package = { workspace = "../b" }'),
        ('[package]\nworkspace = "b"', "[package]"),
    ],
)
def test_cargo_is_asked_where_the_manifests_leave_doubt(tree: Tree, root: str, member: str) -> None:
    folder = tree({"Cargo.toml": root, "a/Cargo.toml": member, "b/Cargo.lock": package("pyo3", "0.22.0")})
    asked = []

    def ask(manifest_dir: str) -> str:
        asked.append(manifest_dir)
        return os.fspath(folder / "b")

    here = locate(parse(["build"]), {}, os.fspath(folder / "a"), ask)
    assert asked == [os.fspath(folder / "a")]
    assert here is not None
    assert here.lock is not None
    assert (here.root, here.target_dir) == (os.fspath(folder / "b"), os.fspath(folder / "b" / "target"))
    assert here.lock.pyo3_versions == [(0, 22, 0)]


@pytest.mark.parametrize(
    "member",
    ["[package]\nversion.workspace = true\n[lints]\nworkspace = true", "[dependencies]\npyo3 = { workspace = true }"],
)
def test_cargo_is_not_asked_about_what_a_member_inherits(tree: Tree, member: str) -> None:
    folder = tree({"Cargo.toml": MEMBERS, "a/Cargo.toml": member})
    assert at(folder / "a").root == os.fspath(folder)


def test_cargo_is_not_asked_whether_a_root_leaves_out_itself(tree: Tree) -> None:
    folder = tree({"Cargo.toml": '[package]\n[workspace]\nexclude = ["a"]'})
    assert at(folder).root == os.fspath(folder)


def test_a_project_without_a_lock_file_has_none(tree: Tree) -> None:
    assert at(tree({"Cargo.toml": "[package]"})).lock is None


# Its target directory


@posix("paths of POSIX")
@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("build", {}, "target"),
        ("build --target-dir one", {"CARGO_TARGET_DIR": "two"}, "one"),
        ("build", {"CARGO_TARGET_DIR": "two", "CARGO_BUILD_TARGET_DIR": "three"}, "two"),
        ("build", {"CARGO_BUILD_TARGET_DIR": "three"}, "three"),
        ("build", {"CARGO_TARGET_DIR": "/elsewhere"}, "/elsewhere"),
        ("build", {"CARGO_TARGET_DIR": ""}, "target"),
    ],
)
def test_target_directory_as_asked_for(tree: Tree, line: str, environ: dict[str, str], expected: str) -> None:
    folder = tree({"Cargo.toml": "[package]"})
    assert at(folder, line, **environ).target_dir == os.path.join(folder, expected)


def test_target_directory_asked_for_is_relative_to_where_cargo_starts(tree: Tree) -> None:
    folder = tree({"Cargo.toml": "[workspace]", "a/Cargo.toml": "[package]"})
    assert at(folder / "a", CARGO_TARGET_DIR="out").target_dir == os.fspath(folder / "a" / "out")


CONFIG_PLACES = [".cargo/config.toml", ".cargo/config", "cargo-home/config.toml"]


@needs_tomllib
@pytest.mark.parametrize("place", CONFIG_PLACES)
def test_target_directory_of_a_config_file_is_relative_to_what_holds_its_folder(tree: Tree, place: str) -> None:
    folder = tree({"Cargo.toml": "[package]", place: '[build]\ntarget-dir = "out"\n'})
    assert at(folder).target_dir == os.path.join(folder, "out")


@needs_tomllib
def test_target_directory_of_config_on_the_command_line_is_relative_to_where_cargo_starts(tree: Tree) -> None:
    folder = tree({"Cargo.toml": "[workspace]", "a/Cargo.toml": "[package]"})
    assert at(folder / "a", "build --config build.target-dir='out'").target_dir == os.fspath(folder / "a" / "out")


@pytest.mark.parametrize("place", CONFIG_PLACES)
@pytest.mark.parametrize("line", ["target-dir = { a = 1 }", 'build-dir = "out"', "build-dir = 3"])
def test_target_directory_is_not_known_where_a_config_file_may_have_moved_it(tree: Tree, place: str, line: str) -> None:
    folder = tree({"Cargo.toml": "[package]", place: f"[build]\n{line}\n"})
    assert at(folder).target_dir == ""


@pytest.mark.parametrize("value", ['"""out"""', "'''out'''", r'"\u006fut"'])
def test_target_directory_in_a_string_that_is_not_plain_is_not_taken_literally(tree: Tree, value: str) -> None:
    text = f"[build]\ntarget-dir = {value}\n"
    assert tomllib.loads(text) == {"build": {"target-dir": "out"}}
    folder = tree({"Cargo.toml": "[package]", ".cargo/config.toml": text})
    assert at(folder).target_dir in {"", os.path.join(folder, "out")}


def test_target_directory_is_not_known_where_a_variable_has_moved_the_build_directory(tree: Tree) -> None:
    assert at(tree({"Cargo.toml": "[package]"}), CARGO_BUILD_BUILD_DIR="out").target_dir == ""


def test_target_directory_is_not_known_where_the_build_directory_lies_elsewhere(tree: Tree) -> None:
    folder = tree({"Cargo.toml": "[package]"})
    assert at(folder, CARGO_TARGET_DIR="target", CARGO_BUILD_BUILD_DIR="/elsewhere").target_dir == ""


@needs_tomllib
def test_target_directory_in_a_list_of_lists_is_found(tree: Tree) -> None:
    """A line that begins with `[` need not be a header."""
    text = '[build]\nrustflags = [\n["a"],\n]\ntarget-dir = "out"\n'
    folder = tree({"Cargo.toml": "[package]", ".cargo/config.toml": text})
    assert at(folder).target_dir == os.path.join(folder, "out")


# Cargo's config


def test_cargos_config_is_that_of_the_folder_in_which_cargo_starts(tree: Tree) -> None:
    folder = tree({"a/Cargo.toml": "[package]", "a/.cargo/config.toml": "[env]\nPYO3_PYTHON = 'x'\n"})
    assert at(folder / "a").config.variables == ["PYO3_PYTHON"]
    assert at(folder, "build --manifest-path a/Cargo.toml").config.variables == []


@pytest.mark.promise("fault")
@given(st.text())
def test_any_value_of_config_on_the_command_line_is_survived(text: str) -> None:
    call = parse(["build", "--config", text, "--manifest-path", "/none/Cargo.toml"])
    locate(call, {"CARGO_HOME": "/none"}, "/none", no_cargo)


# Its lock file


def test_lock_names_each_version_of_pyo3_once_and_in_order() -> None:
    lock = parse_lock(
        package("pyo3-ffi", "0.26.0")
        + package("pyo3", "0.26.0")
        + package("pyo3", "0.9.2")
        + package("pyo3-log", "0.1.0")
        + package("serde", "1.0.0")
    )
    assert lock.pyo3_versions == [(0, 9, 2), (0, 26, 0)]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.26.0", (0, 26, 0)),
        ("1.2.3-beta.4", (1, 2, 3)),
        ("1.2", (1, 2, 0)),
        ("1.2.3.4", (1, 2, 3)),
        ("", (0, 0, 0)),
        ("x", (0, 0, 0)),
    ],
)
def test_versions_are_compared_as_numbers(version: str, expected: tuple[int, int, int]) -> None:
    assert parse_lock(package("pyo3", version)).pyo3_versions == [expected]


def test_readers_of_the_executable_are_those_outside_of_pyo3() -> None:
    lock = parse_lock(
        package("pyo3", "0.26.0", "libc", "pyo3-build-config", "pyo3-ffi")
        + package("pyo3-ffi", "0.26.0", "pyo3-build-config")
        + package("pyo3-macros-backend", "0.26.0", "pyo3-build-config 0.26.0")
        + package("numpy", "0.26.0", "libc", "pyo3-build-config 0.26.0 (registry)")
        + package("crate", "0.1.0", "pyo3", "pyo3-build-config")
        + package("other", "0.1.0", "pyo3")
    )
    assert lock.readers_of_executable == ["crate", "numpy"]


def test_local_packages_are_those_without_a_source() -> None:
    source = 'source = "registry+index"\n'
    lock = parse_lock(
        package("serde", "1.0.0")
        + source
        + package("z", "1.0.0")
        + package("Xa", "1.0.0")
        + package("pyo3", "0.26.0")
        + source
        + package("a", "1.0.0", "z")
    )
    assert lock.local_packages == ["Xa", "a", "z"]


def test_users_of_a_package_are_those_that_depend_on_it_through_whatever_others() -> None:
    source = 'source = "registry+index"\n'
    lock = parse_lock(
        package("crate", "0.1.0", "numpy 0.26.0", "helper")
        + package("helper", "0.1.0", "serde")
        + package("numpy", "0.26.0", "pyo3 0.26.0 (registry+index)")
        + source
        + package("pyo3", "0.26.0", "serde")
        + source
        + package("pyo3-like", "0.1.0")
        + package("serde", "1.0.0")
        + source
    )
    assert lock.direct_users(["pyo3"]) == {"numpy"}
    assert lock.direct_users(["serde", "numpy", "unknown"]) == {"crate", "helper", "pyo3"}
    assert lock.all_users(["pyo3"]) == {"pyo3", "numpy", "crate"}
    assert lock.all_users(["serde", "unknown"]) == {"serde", "unknown", "helper", "pyo3", "numpy", "crate"}
    assert lock.all_users(["pyo3-like"]) == {"pyo3-like"}
    assert lock.all_users([]) == set()
    assert lock.all_users(["pyo3"], {"crate": ["numpy", "serde"], "numpy": ["serde"]}) == {"pyo3", "numpy"}
    assert lock.all_users(["pyo3"], {"numpy": ["pyo3"]}) == {"pyo3"}


@pytest.mark.promise("fault")
@pytest.mark.timeout(60)
def test_packages_that_depend_on_each_other_are_survived() -> None:
    lock = parse_lock(package("a", "0.1.0", "b") + package("b", "0.1.0", "a"))
    assert lock.all_users(["a"]) == {"a", "b"}


@pytest.mark.promise("fault")
def test_source_without_a_package_is_survived() -> None:
    assert parse_lock('source = "registry+index"\n').local_packages == []


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ('[package]\nname = "a-b" # not = "c"\n', ["a-b"]),
        ("[package]\nname='a'\n[lib]\nname = \"b\"\n", ["a", "b"]),
        ('[package]\nversion = "1"\n[[bin]]\nname = "c"\n[package.metadata.x]\nname = "d"\n', []),
        ("[workspace]\n", []),
        ('[package]\nname = "/abs/path/x"\n[lib]\nname = "../x"\n', []),
        ('[package]\nname = "a"\n[lib]\nname = ".."\n', ["a"]),
    ],
)
def test_artifacts_have_the_name_of_the_package_or_of_its_library(
    tree: Tree, manifest: str, expected: list[str]
) -> None:
    assert project.artifact_names(os.fspath(tree({"Cargo.toml": manifest}))) == expected


def test_there_are_no_artifacts_without_a_manifest(tmp_path: Path) -> None:
    assert project.artifact_names(os.fspath(tmp_path)) == []


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [('[lib]\nname = "b"\n', "b"), ('[package]\nname = "a"\n[lib]\nname = "b"\n', "a"), ("[workspace]\n", "-")],
)
def test_package_has_the_first_name_in_its_manifest_or_none(tree: Tree, manifest: str, expected: str) -> None:
    assert project.package_name(os.fspath(tree({"Cargo.toml": manifest}))) == expected


@pytest.mark.parametrize("crate", ["pyo3", "pyo3-ffi", "pyo3-build-config"])
def test_whatever_depends_on_a_crate_of_pyo3_leads_to_it(crate: str) -> None:
    lock = parse_lock(package("app", "0.1.0", "lib") + package("lib", "0.1.0", crate) + package("xtask", "0.1.0"))
    assert lock.leads_to_pyo3(["xtask", "app"])
    assert lock.leads_to_pyo3([crate])
    assert not lock.leads_to_pyo3(["xtask"])


XTASK = '[package]\nname = "xtask"\n[[bin]]\nname = "app"\n[lib]\nname = "lib"\n'


@pytest.mark.parametrize(
    ("line", "manifest", "expected"),
    [
        ("run", XTASK, ["xtask"]),
        ("run -p app -p xtask", XTASK, ["app", "xtask"]),
        ("build -p xtask@0.1.0 -p app:0.1.0", XTASK, ["xtask", "app"]),
        ("build", XTASK, []),
        ("run", "[workspace]\n", []),
        ("run", XTASK + '[workspace]\ndefault-members = ["app"]\n', []),
        ("run", '[package]\nname = "new"\n', []),
        ("build -p xt* -p xtask", XTASK, []),
        ("build -p file:///src#xtask", XTASK, []),
        ("build -p serde", XTASK, []),
        ("build -p -r", XTASK, []),
    ],
)
def test_packages_are_known_where_they_are_named_or_run(
    tree: Tree, line: str, manifest: str, expected: list[str]
) -> None:
    lock = package("app", "0.1.0", "serde") + package("xtask", "0.1.0") + package("serde", "1.0.0") + 'source = "x"\n'
    assert selected(parse(line.split()), at(tree({"Cargo.toml": manifest, "Cargo.lock": lock}), line)) == expected


def test_no_package_is_known_without_a_lock_file(tree: Tree) -> None:
    assert selected(parse(["run"]), at(tree({"Cargo.toml": XTASK}))) == []


@posix("there are no pipes in folders there")
@pytest.mark.promise("fault")
@pytest.mark.timeout(60)
def test_a_pipe_is_no_lock_file_and_no_manifest(tree: Tree) -> None:
    folder = tree({"Cargo.toml": "[package]", "a/src/lib.rs": ""})
    os.mkfifo(folder / "Cargo.lock")
    os.mkfifo(folder / "a" / "Cargo.toml")
    assert at(folder).lock is None
    assert project.artifact_names(os.fspath(folder / "a")) == []
    assert at(folder / "a" / "src").manifest_dir == os.fspath(folder)


def test_an_unused_patch_is_no_part_of_the_graph() -> None:
    lock = parse_lock(package("pyo3", "0.26.0") + '\n[[patch.unused]]\nname = "pyo3"\nversion = "0.20.0"\n')
    assert lock.pyo3_versions == [(0, 26, 0)]


def test_lock_file_with_dos_line_ends_is_read() -> None:
    assert parse_lock(package("pyo3", "0.26.0").replace("\n", "\r\n")).pyo3_versions == [(0, 26, 0)]


NAMES = st.sampled_from(["pyo3", "pyo3-ffi", "pyo3-build-config", "pyo3-macros", "pyo3-log", "numpy", "crate"])
NUMBERS = st.integers(0, 300)
RELEASES = st.tuples(NUMBERS, NUMBERS, NUMBERS)


@st.composite
def locks(draw: st.DrawFn) -> str:
    text = f"# This file is automatically @generated by Cargo.\nversion = {draw(st.sampled_from([3, 4]))}\n"
    for name in draw(st.lists(NAMES)):
        dependencies = draw(st.lists(NAMES, unique=True))
        versions = draw(st.sampled_from(["", " 0.26.0", " 0.26.0 (registry+index)"]))
        release = ".".join(map(str, draw(RELEASES))) + draw(st.sampled_from(["", "-rc.1"]))
        text += "\n" + package(name, release, *(dependency + versions for dependency in dependencies))
    return text


@given(locks())
def test_lock_reader_agrees_with_a_toml_reader(text: str) -> None:
    packages = tomllib.loads(text).get("package", [])
    family = {"pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"}
    lock = parse_lock(text)
    assert lock.pyo3_versions == sorted(
        {
            tuple(int(number) for number in one["version"].partition("-")[0].split("."))
            for one in packages
            if one["name"] in {"pyo3", "pyo3-ffi"}
        }
    )
    assert lock.readers_of_executable == sorted(
        {
            one["name"]
            for one in packages
            if any(name.split()[0] == "pyo3-build-config" for name in one.get("dependencies", []))
            and one["name"] not in family
        }
    )


@pytest.mark.promise("fault")
@given(
    st.lists(st.sampled_from(['name = "pyo3"', "version = ", '"', "1.2", "[[package]]", "\n"]) | st.text()).map("".join)
)
def test_lock_reader_never_raises(text: str) -> None:
    for version in parse_lock(text).pyo3_versions:
        assert len(version) == 3


WHOLE_LOCK = "version = 4\n\n" + package("crate", "0.1.0", "pyo3") + package("pyo3", "0.26.0", "pyo3-build-config 1")


@pytest.mark.promise("fault")
@given(damaged(WHOLE_LOCK.encode()) | st.binary())
def test_lock_file_that_is_damaged_is_survived(content: bytes) -> None:
    lock = parse_lock(content.decode(errors="replace"))
    assert all(len(version) == 3 for version in lock.pyo3_versions)
    assert all(isinstance(name, str) for name in [*lock.local_packages, *lock.readers_of_executable])


@pytest.mark.promise("fault")
def test_version_in_superscript_is_survived() -> None:
    assert parse_lock(package("pyo3", "1.²")).pyo3_versions == [(1, 0, 0)]


@pytest.mark.promise("fault")
def test_version_of_thousands_of_digits_is_survived() -> None:
    assert parse_lock(package("pyo3", "0." + "7" * 5000)).pyo3_versions == [(0, 0, 0)]


def test_names_in_a_lock_file_that_no_package_can_have_are_no_local_packages() -> None:
    names = ("/abs/path/x", "../x", "a/b", "..", "", "good-name_1")
    text = "".join(f'[[package]]\nname = "{name}"\nversion = "0.1.0"\n\n' for name in names)
    assert parse_lock(text).local_packages == ["good-name_1"]


# Sdists


def files(folder: Path, *names: str) -> None:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@posix("without a variable no folder for temporary files is known")
@pytest.mark.parametrize("marker", ["pyproject.toml", "setup.py"])
@pytest.mark.parametrize("manifest_dir", ["", "crates/deep"])
def test_sdist_is_known_by_its_metadata_beside_the_build_file(tmp_path: Path, marker: str, manifest_dir: str) -> None:
    files(tmp_path, "PKG-INFO", marker, "crates/deep/Cargo.toml")
    assert unpacked_sdist(os.path.normpath(tmp_path / manifest_dir), {}) == os.fspath(tmp_path)


@posix("without a variable no folder for temporary files is known")
def test_a_project_knows_the_sdist_that_it_lies_in(tmp_path: Path) -> None:
    files(tmp_path, "crates/deep/Cargo.toml")
    assert at(tmp_path / "crates" / "deep").sdist == ""
    files(tmp_path, "PKG-INFO", "pyproject.toml")
    assert at(tmp_path / "crates" / "deep").sdist == os.fspath(tmp_path)


@pytest.mark.parametrize(
    "names", [["pyproject.toml"], ["PKG-INFO"], ["PKG-INFO", "below/pyproject.toml"], ["setup.py", "below/PKG-INFO"]]
)
def test_other_sources_are_no_sdist(tmp_path: Path, names: list[str]) -> None:
    files(tmp_path, *names)
    assert unpacked_sdist(os.fspath(tmp_path), {}) == ""


def test_a_checkout_is_no_sdist(tmp_path: Path) -> None:
    """Whatever lies around it: a tarball that was unpacked beside it, for instance."""
    files(tmp_path, "PKG-INFO", "pyproject.toml", "mine/Cargo.toml", "mine/.git/HEAD")
    assert unpacked_sdist(os.fspath(tmp_path / "mine"), {}) == ""


@posix("without a variable no folder for temporary files is known")
def test_an_sdist_that_is_part_of_a_checkout_is_its_owners(tmp_path: Path) -> None:
    files(tmp_path, "vendor/app/PKG-INFO", "vendor/app/pyproject.toml")
    app = os.fspath(tmp_path / "vendor" / "app")
    (tmp_path / ".git").touch()
    assert unpacked_sdist(app, {}) == app, "as uv marks its cache"
    (tmp_path / ".git").write_text("gitdir: /elsewhere")
    assert unpacked_sdist(app, {}) == ""
    (tmp_path / ".git").unlink()
    files(tmp_path, ".git/HEAD")
    assert unpacked_sdist(app, {}) == ""


@posix("without a variable no folder for temporary files is known")
@pytest.mark.parametrize(
    "folder", ["pip-req-build-k2_x", "pip-install-k2_x/name_0123", "uv/git-v0/checkouts/0123/4567"]
)
def test_a_checkout_of_a_tools_own_is_one(tmp_path: Path, folder: str) -> None:
    files(tmp_path, f"{folder}/python/Cargo.toml", f"{folder}/.git/HEAD")
    assert unpacked_sdist(os.fspath(tmp_path / folder / "python"), {}) == os.fspath(tmp_path / folder)


@pytest.mark.parametrize("folder", ["checkouts/0123/4567", "git-v0/other/0123/4567", "my-pip-install-x/name"])
def test_another_checkout_is_none(tmp_path: Path, folder: str) -> None:
    files(tmp_path, f"{folder}/Cargo.toml", f"{folder}/.git/HEAD")
    assert unpacked_sdist(os.fspath(tmp_path / folder), {}) == ""


def test_what_lies_where_nothing_passes_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(tmp_path, "PKG-INFO", "pyproject.toml", "crate/Cargo.toml")
    for ends, expected in (
        ([tmp_path.parent], tmp_path),
        ([tmp_path], ""),
        ([tmp_path / "crate"], ""),
        ([tmp_path / "elsewhere"], ""),
    ):
        monkeypatch.setattr(paths, "passing", lambda _, ends=ends: list(map(os.fspath, ends)))
        assert unpacked_sdist(os.fspath(tmp_path / "crate"), {}) == os.fspath(expected)
