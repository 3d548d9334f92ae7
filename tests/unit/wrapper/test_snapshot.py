"""What counts as a source, and whether a change of it is seen."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import snapshot
from pyo3_base_python.wrapper.snapshot import contents
from tests.unit.support import posix

from .trees import OLD, digests, grow, seen

FILES = {"PKG-INFO": "", "pyproject.toml": "", "Cargo.toml": "", "src/lib.rs": "mod a;", "src/a.rs": "1"}


# An unpacked sdist


@pytest.mark.promise("stale")
def test_contents_change_with_bytes_and_with_names_only(tmp_path: Path) -> None:
    one = contents(os.fspath(grow(tmp_path / "one", FILES)))
    assert contents(os.fspath(grow(tmp_path / "two", FILES))) == one
    assert set(one) == {".", "src", *FILES}
    changed = contents(os.fspath(grow(tmp_path / "three", {**FILES, "src/a.rs": "2"})))
    assert {path for path in one if one[path] != changed[path]} == {"src/a.rs"}
    added = contents(os.fspath(grow(tmp_path / "four", {**FILES, "src/b.rs": ""})))
    assert {path for path in one if one[path] != added[path]} == {"src"}


@pytest.mark.promise("stale")
def test_file_and_folder_of_one_name_are_told_apart(tmp_path: Path) -> None:
    file, folder = grow(tmp_path / "file", {"x": ""}), grow(tmp_path / "folder", {"x/y": ""})
    assert contents(os.fspath(file))["."] != contents(os.fspath(folder))["."]


@pytest.mark.parametrize("mark", ["CACHEDIR.TAG", "pyvenv.cfg"])
def test_target_directories_and_environments_hold_no_sources(tmp_path: Path, mark: str) -> None:
    tree = grow(
        tmp_path / "tree", {f"target/{mark}": "", "target/deep/x": "", "src/target/mod.rs": "", "tests/a.rs": ""}
    )
    assert set(contents(os.fspath(tree))) == {".", "src", "src/target", "src/target/mod.rs", "tests", "tests/a.rs"}
    assert contents(os.fspath(tree / "target")).keys() == {".", "deep", mark, "deep/x"}


@pytest.mark.parametrize(
    ("name", "counts"), [("a-1.0.tar.gz", False), ("a-1.0-py3-none-any.whl", False), ("x.rs", True)]
)
def test_what_earlier_builds_left_in_dist_is_no_source(tmp_path: Path, name: str, counts: bool) -> None:
    tree = grow(tmp_path / "tree", FILES)
    before = contents(os.fspath(tree))
    (tree / "dist").mkdir()
    for file in (".gitignore", name):
        (tree / "dist" / file).touch()
    assert (contents(os.fspath(tree)) != before) is counts
    (tree / "src" / "dist").mkdir()
    assert contents(os.fspath(tree)) != before


def test_a_wheel_at_the_top_is_no_source(tmp_path: Path) -> None:
    """`pip wheel .` puts it there."""
    tree = grow(tmp_path / "tree", FILES)
    before = contents(os.fspath(tree))
    (tree / "a-1.0-py3-none-any.whl").touch()
    assert contents(os.fspath(tree)) == before
    (tree / "src" / "a-1.0-py3-none-any.whl").touch()
    assert contents(os.fspath(tree)) != before


def test_a_target_directory_that_cargo_has_not_marked_holds_no_sources(tmp_path: Path) -> None:
    """Maturin makes it before cargo does (case S5)."""
    tree = grow(tmp_path / "tree", FILES)
    before = contents(os.fspath(tree))
    (tree / "target" / "maturin").mkdir(parents=True)
    (tree / "target" / "maturin" / "x.so").touch()
    assert contents(os.fspath(tree), os.path.realpath(tree / "target")) == before
    assert contents(os.fspath(tree)) != before


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_a_link_to_a_folder_of_an_sdist_that_leads_elsewhere(tmp_path: Path) -> None:
    """What a macro embeds through it is another folder's."""
    tree = grow(tmp_path / "tree", {**FILES, "first/a.txt": "1", "second/a.txt": "2"})
    (tree / "assets").symlink_to("first")
    before = contents(os.fspath(tree))
    (tree / "assets").unlink()
    (tree / "assets").symlink_to("second")
    after = contents(os.fspath(tree))
    assert {path for path, digest in after.items() if before[path] != digest} == {"assets"}


@pytest.mark.promise("stale")
def test_a_large_file_of_an_sdist_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Maturin gives every file one fixed time."""
    monkeypatch.setattr(snapshot, "MOST_READ", 3)
    tree = grow(tmp_path, {"large": "12345678"})
    os.utime(tree / "large", ns=(OLD, OLD))
    before = contents(os.fspath(tree))
    for changed in ("02345678", "12345670"):
        (tree / "large").write_text(changed)
        os.utime(tree / "large", ns=(OLD, OLD))
        assert contents(os.fspath(tree)) != before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.timeout(10)
def test_a_pipe_among_the_sources_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in contents(os.fspath(tmp_path))


# A tree of the user's


@pytest.mark.promise("stale")
def test_a_look_finds_every_file_and_folder(tmp_path: Path) -> None:
    tree = grow(tmp_path, FILES)
    before = digests(tree)
    assert before.keys() == {".", "src/", *FILES}
    (tree / "src" / "a.rs").write_text("2")
    after = digests(tree)
    assert {path for path in before if before[path] != after[path]} == {"src/a.rs"}
    (tree / "src" / "b.rs").touch()
    assert {path for path in after if after[path] != digests(tree)[path]} == {"src/"}


@posix("what changed with its old time is not seen there")
@pytest.mark.promise("stale")
def test_another_content_with_the_same_time_and_size_is_seen(tmp_path: Path) -> None:
    tree = grow(tmp_path, FILES)
    file = tree / "src" / "a.rs"
    os.utime(file, ns=(OLD, OLD))
    first = seen(tree)
    while time.time_ns() - file.stat().st_ctime_ns < 20 * 10**6:  # a tick of the file system's clock
        time.sleep(0.001)
    file.write_text("2")
    os.utime(file, ns=(OLD, OLD))
    assert seen(tree, first)["src/a.rs"][0] != first["src/a.rs"][0]


def test_a_file_that_was_not_changed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = grow(tmp_path, FILES)
    first = seen(tree)
    monkeypatch.setattr(snapshot, "_of_file", lambda path, _: pytest.fail(f"{path} was read"))
    assert seen(tree, first) == first


LEAVINGS = [
    "app-1.0-py3-none-any.whl",
    "__pycache__/a.pyc",
    "app.egg-info/PKG-INFO",
    "build/lib.linux-x86_64-cpython-311/app.py",
    "dist/app-1.0.tar.gz",
    "dist/.gitignore",
    "python/app/app.cpython-311-x86_64-linux-gnu.so",
    "python/app/app.abi3.so",
    ".tox/py/x",
    "target/debug/x",
    ".venv/pyvenv.cfg",
    ".ruff_cache/CACHEDIR.TAG",
]


@pytest.mark.parametrize("name", LEAVINGS)
def test_what_builds_and_tools_leave_is_no_source(tmp_path: Path, name: str) -> None:
    tree = grow(tmp_path, {**FILES, "python/app/__init__.py": ""})
    before = digests(tree)
    grow(tree, {name: "x"})
    assert digests(tree) == before


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "name",
    [
        "build/x.rs",
        "build/lib/x.rs",
        "build/lib.rs",
        "dist/ui.tar.gz",
        "data/a.cpython-311.json",
        "a.abi3.txt",
        "dist/x.rs",
        "src/dist/x.whl",
        "data/x.whl",
        "lib/libx.so",
        "src/target/x.rs",
    ],
)
def test_what_looks_like_leavings_may_be_a_source(tmp_path: Path, name: str) -> None:
    tree = grow(tmp_path, FILES)
    before = digests(tree)
    grow(tree, {name: "x"})
    assert digests(tree) != before


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("dist/index.html", False),
        ("dist/assets/x.whl", False),
        ("build/page.html", False),
        ("build/lib/page.html", False),
        ("build/lib.rs", False),
        ("build/bdist.win32/x.txt", True),
        ("dist/app-1.0.tar.gz", True),
        ("build/lib.linux-x86_64/app.py", True),
        ("build/temp.linux-x86_64/x.o", True),
        ("app-1.0-py3-none-any.whl", True),
    ],
)
def test_of_dist_and_build_only_what_python_builds_put_there_is_left(path: str, *, left: bool) -> None:
    """A macro may embed a web page that another tool has built."""
    assert snapshot.is_left(path) is left


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_what_a_link_leads_to(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", FILES)
    outside = tmp_path / "outside.txt"
    outside.write_text("1")
    (tree / "link.txt").symlink_to(outside)
    (tree / "nowhere.txt").symlink_to("nowhere")
    (tree / "loop").symlink_to("src")
    (tree / "folder").symlink_to(grow(tmp_path / "folder", {"a.txt": ""}))
    first = seen(tree)
    assert seen(tree, first) == first
    outside.write_text("22")
    assert seen(tree, first)["link.txt"][0] != first["link.txt"][0]
    grow(tmp_path / "folder", {"b.txt": ""})
    assert seen(tree, first)["folder"][0] != first["folder"][0]


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_what_lies_deep_in_a_folder_that_a_link_leads_to(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", FILES)
    folder = grow(tmp_path / "folder", {"deep/down/a.txt": "", "target/CACHEDIR.TAG": ""})
    (tree / "folder").symlink_to(folder)
    first = seen(tree)
    grow(folder, {"target/made": ""})
    assert seen(tree, first) == first
    assert seen(tree.rename(tmp_path / "moved"))["folder"] == first["folder"]
    tree = tmp_path / "moved"
    grow(folder, {"deep/down/b.txt": ""})
    assert seen(tree, first)["folder"][0] != first["folder"][0]


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_what_links_lead_to_that_lie_behind_a_link(tmp_path: Path) -> None:
    """Stow, Bazel and Nix make such trees."""
    tree = grow(tmp_path / "tree", FILES)
    folder, real = (grow(tmp_path / name, {"a.txt": "1"}) for name in ("folder", "real"))
    (tree / "folder").symlink_to(folder)
    targets: dict[str, str | Path] = {
        "file": real / "a.txt",
        "real": real,
        "itself": folder,
        "nowhere": real / "b.txt",
        "round": "round",
    }
    for name, target in targets.items():
        (folder / name).symlink_to(target)
    first = seen(tree)
    assert seen(tree, first) == first
    grow(real, {"a.txt": "22"})
    second = seen(tree, first)
    assert second["folder"][0] != first["folder"][0]
    grow(real, {"c/b.txt": ""})
    assert seen(tree, second)["folder"][0] != second["folder"][0]


@posix("a symbolic link takes a privilege there")
@pytest.mark.promise("stale")
def test_a_folder_behind_a_link_that_is_too_large_to_look_at_counts_as_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = grow(tmp_path / "tree", FILES)
    (tree / "folder").symlink_to(grow(tmp_path / "folder", {"a/a.txt": "", "b.txt": ""}))
    for most, changes in ((3, False), (2, True)):
        monkeypatch.setattr(snapshot, "MOST_BEHIND", most)
        first = seen(tree)
        assert (seen(tree, first) != first) is changes


def test_folders_that_hold_the_tree_are_not_searched_for_a_build_script(tmp_path: Path) -> None:
    grow(tmp_path, {"other/large": "", "py/Cargo.toml": "", "py/build.rs": 'root.join("..")'})
    assert digests(tmp_path / "py").keys() == {".", "Cargo.toml", "build.rs"}


@pytest.mark.promise("stale")
def test_two_checkouts_of_one_commit_are_the_same(tmp_path: Path) -> None:
    first, second = (
        grow(tmp_path / name, {**FILES, ".git/HEAD": "0123", ".git/index": name, ".git/logs/HEAD": name})
        for name in ("first", "second")
    )
    assert contents(os.fspath(first)) == snapshot.contents(os.fspath(second))
    (second / ".git" / "HEAD").write_text("4567")
    assert contents(os.fspath(first)) != snapshot.contents(os.fspath(second))


def test_what_git_has_checked_out(tmp_path: Path) -> None:
    tree = grow(tmp_path, {**FILES, ".git/HEAD": "ref: refs/heads/main\n", ".git/objects/1": ""})
    grow(tree, {".git/refs/heads/main": "1"})
    before = digests(tree)
    (tree / ".git" / "objects" / "2").touch()
    assert digests(tree) == before
    (tree / ".git" / "refs" / "heads" / "main").write_text("2")
    after = digests(tree)
    assert after != before
    (tree / ".git" / "HEAD").write_text("0123")
    assert digests(tree) not in (before, after)


REPOSITORY = {"HEAD": "ref: refs/heads/main\n", "refs/heads/main": "1", "packed-refs": ""}


@pytest.mark.promise("stale")
@pytest.mark.parametrize("file", ["HEAD", "refs/heads/main", "packed-refs", "refs/tags/v1", "refs/tags/deep/v1"])
def test_the_nearest_repository_above_counts(tmp_path: Path, file: str) -> None:
    """A crate of a larger repository embeds the commit or tag."""
    grow(tmp_path / "outer" / ".git", REPOSITORY)
    grow(tmp_path / "outer" / "inner" / ".git", REPOSITORY)
    tree = grow(tmp_path / "outer" / "inner" / "py", FILES)
    first = seen(tree)
    grow(tmp_path / "outer" / ".git", {file: "2"})
    assert seen(tree, first) == first
    grow(tmp_path / "outer" / "inner" / ".git", {file: "2"})
    assert f"../.git/{file}" in {path for path, entry in seen(tree, first).items() if first.get(path) != entry}


@pytest.mark.promise("stale")
@pytest.mark.parametrize("package", ["", "crates/common/"])
def test_the_repository_of_a_package_outside_counts(tmp_path: Path, package: str) -> None:
    """Its build script embeds the commit, which need not change anything below the package."""
    grow(tmp_path / "other" / ".git", REPOSITORY)
    grow(tmp_path / "other" / package, {"Cargo.toml": '[package]\nname = "common"\n'})
    tree = grow(tmp_path / "py", {**FILES, "Cargo.toml": f'[dependencies]\nx = {{ path = "../other/{package}" }}\n'})
    first = seen(tree)
    assert seen(tree, first) == first
    grow(tmp_path / "other" / ".git", {"refs/heads/main": "2"})
    now = seen(tree, first)
    assert {path for path, entry in now.items() if first.get(path) != entry} == {"../other/.git/refs/heads/main"}


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "file", [".git/worktrees/side/HEAD", ".git/refs/heads/side", ".git/packed-refs", ".git/refs/tags/v1"]
)
@pytest.mark.parametrize("place", ["", "py"])
def test_a_worktree_has_the_branches_of_its_repository(tmp_path: Path, file: str, place: str) -> None:
    grow(tmp_path / ".git", {**REPOSITORY, "refs/heads/side": "1"})
    grow(tmp_path / ".git/worktrees/side", {"HEAD": "ref: refs/heads/side\n", "commondir": "../..\n"})
    grow(tmp_path / "work", {".git": "gitdir: ../.git/worktrees/side\n"})
    tree = grow(tmp_path / "work" / place, FILES)
    before = digests(tree)
    grow(tmp_path, {".git/refs/heads/main": "2"})
    assert digests(tree) == before
    grow(tmp_path, {file: "2"})
    assert digests(tree) != before


@pytest.mark.promise("fault")
def test_a_repository_that_is_gone_is_none(tmp_path: Path) -> None:
    tree = grow(tmp_path, {**FILES, ".git": "gitdir: ../nowhere\n"})
    assert digests(tree).keys() == {".", "src/", *FILES}


def test_a_tag_that_was_not_changed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = grow(tmp_path, {".git/HEAD": "1", ".git/refs/tags/v1": "1"})
    first = seen(tree)
    monkeypatch.setattr(snapshot, "_of_file", lambda path, _: pytest.fail(f"{path} was read"))
    assert seen(tree, first) == first


@pytest.mark.promise("fault")
def test_a_folder_that_can_not_be_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume of a database's, for instance: the build works without the shim."""
    tree = grow(tmp_path, {**FILES, "data/secret": ""})
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("data"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        assert "data/secret" not in seen(tree)


@pytest.mark.promise("fault")
def test_a_file_that_can_not_be_read_is_known_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = grow(tmp_path, {**FILES, "secret": ""})
    of_file = snapshot._of_named_file

    def refuse(path: str, found: os.stat_result) -> str:
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return of_file(path, found)

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "_of_named_file", refuse)
        first = digests(tree)
        assert first["secret"] == snapshot.UNREADABLE
    assert digests(tree)["secret"] != first["secret"]


@posix("what changed with its old time is not seen there")
@pytest.mark.promise("stale")
def test_of_a_large_file_size_and_time_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MOST_READ", 3)
    tree = grow(tmp_path, {"large": "1234"})
    os.utime(tree / "large", ns=(OLD, OLD))
    before = digests(tree)
    os.utime(tree / "large", ns=(OLD, OLD + 1))
    assert digests(tree) != before
    before = digests(tree)
    (tree / "large").write_text("4321")
    os.utime(tree / "large", ns=(OLD, OLD + 1))
    assert digests(tree) != before
