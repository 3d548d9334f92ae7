"""What sources name outside of their tree counts as they do, and nothing else that lies there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import outside, snapshot
from pyo3_base_python.wrapper.snapshot import contents, look
from pyo3_base_python.wrapper.staleness import apply_times
from tests.unit.support import posix

from .trees import OLD, digests, grow, seen


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "file",
    ["outer/src/lib.rs", "shared/data.txt", "one.txt", "beyond/src/lib.rs", "absolute/src/lib.rs"],
    ids=lambda name: name.split("/")[0],
)
def test_what_lies_outside_and_is_named(tmp_path: Path, file: str) -> None:
    """Path dependencies, theirs, and what build scripts have in quotes."""
    grow(
        tmp_path,
        {
            "py/Cargo.toml": "[dependencies]\nouter = { path = '../outer' }\nnowhere.path = \"../nowhere\"\n"
            f"absolute.path = '{tmp_path}/absolute'",
            "absolute/Cargo.toml": "",
            "absolute/src/lib.rs": "",
            "py/build.rs": 'read("../shared"); read("../one.txt"); read("../nothing"); read("..")',
            "outer/Cargo.toml": '[dependencies]\nbeyond = { version = "1", path= "../beyond" }\n',
            "outer/src/lib.rs": "",
            "beyond/Cargo.toml": '[package]\nname = ".."\n',
            "beyond/src/lib.rs": "",
            "shared/data.txt": "",
            "one.txt": "",
        },
    )
    before = digests(tmp_path / "py")
    assert f"../{file}" in before
    (tmp_path / file).write_text("changed")
    assert digests(tmp_path / "py") != before


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("Cargo.toml", "[dependencies]\ncommon.path = './../common'"),
        ("Cargo.toml", "# isn't\n[workspace]\nmembers = [\n  'src/../../common',\n]"),
        ("Cargo.toml", '[workspace]\nmembers = ["../*"]'),
        ("inner/Cargo.toml", '[package]\nreadme = "../../common/Cargo.toml"'),
        (".cargo/config.toml", '[patch.crates-io]\ncommon = { path = "../common" }'),
        (".cargo/config", 'paths = ["../common"]'),
        ("inner/.cargo/config.toml", '[patch.crates-io]\ncommon = { path = "../../common" }'),
        ("build.rs", 'concat!(env!("CARGO_MANIFEST_DIR"), "/../common")'),
        ("build.rs", 'format!("{}/../common", root)'),
        ("build.rs", 'format!("{root}/../common")'),
        ("build.rs", 'Path::new("..").join("common")'),
        ("build.rs", '\'"\'; Path::new("..").join("common")'),
        ("build.rs", 'let above = Path::new("..");\nlet common = above.join("common");'),
        ("inner/build.rs", 'Path::new("..").join("..").join("common")'),
        ("inner/build.rs", 'Path::new("../..").join("common")'),
        ("build.rs", 'let above = root.parent().unwrap(); read(above.join("common"))'),
        ("inner/build.rs", 'root.parent().unwrap().parent().unwrap().join("common")'),
        ("build.rs", 'for folder in ["..", "../common"]'),
        ("build.rs", 'for file in glob("../common/*.txt")'),
        ("build.rs", 'read(format!("../common/{name}.txt"))'),
        ("build.rs", 'let root = dir.parent(); let names = ["a", "b"]; read(root.join("common"))'),
        ("build.rs", 'root.pop(); root.push("common")'),
        ("build.rs", 'let root = dir.ancestors().nth(1); read(root.join("common"))'),
        ("inner/build.rs", 'let root = dir.ancestors().nth(2); read(&["a"]); read(root.join("common"))'),
        ("src/x.c", '#include "../../common/Cargo.toml"'),
        ("src/x.hpp", '#include <x>\n#include "../../common/Cargo.toml"\n'),
        ("script.rs", 'read("../common")'),
        ("inner/make/script.rs", 'read("../../common")'),
    ],
)
def test_however_what_lies_outside_is_named(tmp_path: Path, file: str, text: str) -> None:
    grow(
        tmp_path,
        {
            "py/Cargo.toml": "[package]\nbuild = 'script.rs'",
            "py/inner/Cargo.toml": '[package]\nbuild = "make/script.rs"',
            "common/Cargo.toml": "",
            f"py/{file}": text,
        },
    )
    before = digests(tmp_path / "py")
    grow(tmp_path, {"common/Cargo.toml": "changed"})
    assert digests(tmp_path / "py") != before


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("src/lib.rs", 'list!("../assets")'),
        ("src/deep/mod.rs", 'include_dir!("$CARGO_MANIFEST_DIR/../assets")'),
        ("src/prebuild.rs", 'migrate!("../assets/a.txt")'),
        ("inner/src/lib.rs", 'list!("../../assets")'),
    ],
)
def test_what_macros_embed_from_outside(tmp_path: Path, file: str, text: str) -> None:
    grow(tmp_path, {"py/Cargo.toml": "", "py/inner/Cargo.toml": "", "assets/a.txt": "", f"py/{file}": text})
    first = seen(tmp_path / "py")
    again = seen(tmp_path / "py", first)
    assert again == first
    grow(tmp_path, {"assets/a.txt": "changed"})
    assert seen(tmp_path / "py", again) != first


@pytest.mark.promise("stale")
def test_a_source_that_was_looked_at_by_itself_is_read_for_what_it_names(tmp_path: Path) -> None:
    tree = grow(tmp_path / "py", {"Cargo.toml": "", "src/lib.rs": 'list!("../assets")'})
    grow(tmp_path, {"assets/a.txt": ""})
    known = snapshot.look_at(os.fspath(tree), [os.fspath(tree / "src" / "lib.rs")], {})
    assert "../assets/a.txt" in seen(tree, known)


def test_a_source_that_was_not_changed_is_not_read_for_what_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = grow(tmp_path / "py", {"Cargo.toml": "", "src/lib.rs": 'list!("../assets")'})
    grow(tmp_path, {"assets/a.txt": ""})
    first = seen(tree)
    monkeypatch.setattr(outside, "_named_in_macros", lambda path: pytest.fail(f"{path} was read"))
    assert seen(tree, first) == first


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "word", ['patch.crates-io.x.path="{0}"', "patch.crates-io.x = {{ path = '{0}' }}", 'paths=["/other", "{0}"]']
)
def test_a_package_that_the_command_line_names(tmp_path: Path, word: str) -> None:
    place = grow(tmp_path / "x", {"Cargo.toml": "", "src/lib.rs": ""})
    words = [word.format(place.as_posix()), 'build.rustc="/bin/sh"', "a.b=1"]
    assert list(outside.named_by_words(words, "/somewhere")) == [os.fspath(place)]
    relative = [word.format("../x")]
    assert list(outside.named_by_words(relative, os.fspath(tmp_path / "py"))) == [os.fspath(place)]
    tree = grow(tmp_path / "py", {"Cargo.toml": ""})
    assert "../x/src/lib.rs" in look(os.fspath(tree), os.fspath(tree / "target"), {}, [os.fspath(place)])


@pytest.mark.promise("stale")
def test_what_a_package_outside_inherits_from_its_own_workspace(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "py/Cargo.toml": '[dependencies]\nx = { path = "../ws/crates/x" }\n',
            "ws/Cargo.toml": '[workspace.dependencies]\ny = { path = "crates/y" }\n',
            "ws/crates/x/Cargo.toml": "[dependencies]\ny.workspace = true\n",
            "ws/crates/y/Cargo.toml": "",
            "ws/crates/y/data.txt": "",
            "ws/crates/z/Cargo.toml": "",
        },
    )
    found = digests(tmp_path / "py")
    assert {"../ws/Cargo.toml", "../ws/crates/y/data.txt"} <= found.keys()
    assert "../ws/crates/z/Cargo.toml" not in found
    (tmp_path / "ws/crates/x/Cargo.toml").write_text("")
    assert "../ws/crates/y/data.txt" not in digests(tmp_path / "py")


@pytest.mark.promise("stale")
def test_what_macros_embed_from_outside_may_come_into_being_later(tmp_path: Path) -> None:
    """The first build fails."""
    tree = grow(tmp_path / "py", {"Cargo.toml": "", "src/lib.rs": 'list!("../assets"); list!("../one.txt")'})
    first = seen(tree)
    grow(tmp_path, {"assets/a.txt": "", "one.txt": ""})
    second = seen(tree, first)
    assert {"../assets/", "../assets/a.txt", "../one.txt"} <= second.keys()
    (tmp_path / "one.txt").unlink()
    (tmp_path / "assets" / "a.txt").unlink()
    (tmp_path / "assets").rmdir()
    third = seen(tree, second)
    assert third.keys().isdisjoint({"../assets/a.txt"})
    grow(tmp_path, {"one.txt": ""})
    assert seen(tree, third)["../one.txt"] == (second["../one.txt"][0], seen(tree)["../one.txt"][1])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("src/lib.rs", 'include_str!("../large.txt"); include_bytes!(\n    "../large.txt"\n)'),
        ("src/lib.rs", 'include_bytes!(\r\n    "../large.txt"\r\n)'),
        ("src/lib.rs", '#[path = "../large.txt"] mod large;'),
        ("src/lib.rs", 'path.starts_with("../")'),
        ("tests/all.rs", 'open("../large.txt")'),
    ],
)
def test_what_sources_name_and_no_macro_reads(tmp_path: Path, file: str, text: str) -> None:
    grow(tmp_path, {"Cargo.toml": "", "large.txt": "", "py/Cargo.toml": "", f"py/{file}": text})
    assert "../large.txt" not in digests(tmp_path / "py")


def test_what_is_named_outside_and_holds_no_sources(tmp_path: Path) -> None:
    """Target directories, whatever is no package in a manifest, and the workspace of a package."""
    grow(
        tmp_path,
        {
            "Cargo.toml": "",
            "large": "",
            "docs/large": "",
            "marked/CACHEDIR.TAG": "",
            "made/large": "",
            "py/Cargo.toml": "[package]\nworkspace = '..'\nexclude = ['../docs']",
            "py/build.rs": 'read("../marked"); read("../made")',
            "py/.cargo/config.toml": "[build]\ntarget-dir = '../made'",
        },
    )
    found = look(os.fspath(tmp_path / "py"), os.path.realpath(tmp_path / "made"), {})
    assert found.keys() == {".", ".cargo/", ".cargo/config.toml", "Cargo.toml", "build.rs"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.promise("fault")
@pytest.mark.timeout(10)
def test_a_pipe_that_is_named_outside_is_left_alone(tmp_path: Path) -> None:
    grow(tmp_path, {"py/Cargo.toml": "", "py/build.rs": 'read("../pipe")'})
    os.mkfifo(tmp_path / "pipe")
    assert digests(tmp_path / "py").keys() == {".", "Cargo.toml", "build.rs"}


@pytest.mark.promise("stale")
@pytest.mark.parametrize("script", ["build.rs", "make/script.rs"])
@pytest.mark.parametrize("find", [digests, lambda tree: contents(os.fspath(tree))], ids=["own tree", "sdist"])
def test_a_file_of_the_system_that_a_build_script_names(
    tmp_path: Path, script: str, find: Callable[[Path], dict[str, str]]
) -> None:
    file = grow(tmp_path / "opt", {"config.h": "1", "unnamed.h": ""}) / "config.h"
    text = f'read("{file.as_posix()}"); read("{tmp_path.as_posix()}/opt")'
    tree = grow(tmp_path / "tree", {"Cargo.toml": 'build = "make/script.rs"', script: text})
    first = find(tree)
    grow(tmp_path, {"opt/unnamed.h": "2"})
    assert find(tree) == first
    file.write_text("2")
    second = find(tree)
    assert second != first
    file.unlink()
    assert find(tree) not in (first, second)


@posix("there are no such files there")
@pytest.mark.promise("fault")
@pytest.mark.parametrize("name", ["/dev/null", "/proc/self/stat", "/etc"])
def test_what_a_build_script_names_and_is_no_file_of_the_system(tmp_path: Path, name: str) -> None:
    tree = grow(tmp_path, {"build.rs": f'read("{name}")', "Cargo.toml": ""})
    assert digests(tree).keys() == contents(os.fspath(tree)).keys() == {".", "build.rs", "Cargo.toml"}


@pytest.mark.promise("fault")
def test_times_of_files_of_the_system_stay_as_they_are(tmp_path: Path) -> None:
    file = grow(tmp_path / "opt", {"config.h": "1"}) / "config.h"
    tree = grow(tmp_path / "tree", {"build.rs": f'read("{file.as_posix()}")'})
    os.utime(file, ns=(OLD, OLD))
    found = contents(os.fspath(tree))
    assert os.fspath(file) in found
    apply_times(os.fspath(tree), dict.fromkeys(found, OLD + 10**9))
    assert (file.stat().st_mtime_ns, (tree / "build.rs").stat().st_mtime_ns) == (OLD, OLD + 10**9)
