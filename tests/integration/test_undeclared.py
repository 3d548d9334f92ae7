"""Inputs of which cargo is not told, each in a story of its own: what is built is as without the shim, and no more.

Real cargo, and stand-ins for pyo3's crates (see `tests/fuzz/registry.py`): a build takes a second.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import pytest

from tests.fuzz.world import Environment, Machine, Outcome, World

pytestmark = pytest.mark.promise("stale")

MANIFEST = """\
[package]
name = "app"
version = "0.1.0"
edition = "2021"
{package}
[lib]
crate-type = ["cdylib"]

[dependencies]
pyo3 = "0.26"
{dependencies}
"""
# The module's answer, as a string that C can read.
ANSWER = """\
{before}
#[no_mangle]
pub extern "C" fn answer() -> *const u8 {{
    format!("{{}}\\0", {expression}).leak().as_ptr()
}}
"""
LINKED = "unsafe { std::ffi::CStr::from_ptr(foo()).to_str().unwrap() }"
DECLARED = 'extern "C" { fn foo() -> *const std::ffi::c_char; }'
READS_FLAVOUR = """\
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=MADE={}", std::env::var("FLAVOUR").unwrap_or_default());
}
"""
BUILD_CONFIG = '[build-dependencies]\npyo3-build-config = "0.26"'
LISTED = 'lister = "0.26"'


@dataclass(frozen=True)
class Story:
    """A project, and what changes after its second build: files by path beside the project's folder `py`.

    ``change`` is called with the folder of the world, and 1 for what there is at first, 2 for the change; ``{at}`` and
    ``{turn}`` in variables stand for the same.
    """

    expression: str
    change: Callable[[Path, int], None] | None = None
    before: str = ""
    package: str = ""
    dependencies: str = ""
    files: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


def put(path: Path, text: str) -> None:
    """Write a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def compiler(at: Path, *arguments: str) -> None:
    """Run the C compiler in a folder."""
    subprocess.run(["cc", "-fPIC", *arguments], cwd=at, check=True)


def static_library(folder: Path, turn: int) -> None:
    put(folder / "foo.c", f'const char *foo(void) {{ return "{turn}"; }}')
    compiler(folder, "-c", "foo.c", "-o", "foo.o")
    (folder / "libfoo.a").unlink(missing_ok=True)
    subprocess.run(["ar", "rcs", "libfoo.a", "foo.o"], cwd=folder, check=True)
    for name in ("foo.c", "foo.o"):
        (folder / name).unlink()


def an_object(folder: Path, turn: int) -> None:
    put(folder / "foo.c", f'const char *foo(void) {{ return "{turn}"; }}')
    compiler(folder, "-c", "foo.c", "-o", "foo.o")
    (folder / "foo.c").unlink()


def shared_library(folder: Path, turn: int) -> None:
    """A library whose name has its version: the older one is gone when the newer one is there."""
    for old in folder.glob("libfoo.so*"):
        old.unlink()
    put(folder / "foo.c", f'const char *foo(void) {{ return "{turn}"; }}')
    compiler(folder, "-shared", f"-Wl,-soname,{folder}/libfoo.so.{turn}", "-o", f"libfoo.so.{turn}", "foo.c")
    (folder / "libfoo.so").symlink_to(f"libfoo.so.{turn}")
    (folder / "foo.c").unlink()


def behind_links(at: Path, turn: int) -> None:
    """A folder of the tree is a link to one with a link in it, whose target changes."""
    put(at / "real" / "a.txt", str(turn))
    for link, target in ((at / "shared" / "a.txt", at / "real" / "a.txt"), (at / "tree/py/assets", at / "shared")):
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(target)


def replaced_by_an_older_one(at: Path, turn: int) -> None:
    file = at / "tree" / "common" / "data.txt"
    put(file.with_name("new"), str(turn))
    os.utime(file.with_name("new"), (10**9, 10**9))
    file.with_name("new").replace(file)


def commit(at: Path, turn: int) -> None:
    """What git has checked out, above the project."""
    put(at / "tree" / ".git" / "HEAD", "ref: refs/heads/main\n")
    put(at / "tree" / ".git" / "refs" / "heads" / "main", f"{turn:040}\n")


STORIES = {
    "a static library of the tree, which a build script names": Story(
        LINKED,
        lambda at, turn: static_library(at / "tree" / "py" / "native", turn),
        before=DECLARED,
        files={
            "py/native/README": "",
            "py/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
            '    println!("cargo:rustc-link-search=native=native");\n'
            '    println!("cargo:rustc-link-lib=static=foo");\n}\n',
        },
    ),
    "a library in a folder that rustc's flags name": Story(
        LINKED,
        lambda at, turn: shared_library(at / "opt", turn),
        before=f'#[link(name = "foo")]\n{DECLARED}',
        files={"../opt/README": ""},
        variables={"RUSTFLAGS": "-L native={at}/opt"},
    ),
    "a library that the source names, in a folder that a build script names": Story(
        LINKED,
        lambda at, turn: shared_library(at / "opt", turn),
        before=f'#[link(name = "foo")]\n{DECLARED}',
        files={
            "../opt/README": "",
            "py/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
            '    println!("cargo:rustc-link-search={}/../../opt", env!("CARGO_MANIFEST_DIR"));\n}\n',
        },
    ),
    "an object that a build script has the linker told of": Story(
        LINKED,
        lambda at, turn: an_object(at / "tree" / "py" / "native", turn),
        before=DECLARED,
        dependencies=BUILD_CONFIG,
        files={
            "py/native/README": "",
            "py/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
            '    println!("cargo:rustc-link-arg=native/foo.o");\n}\n',
        },
    ),
    "a variable that a module of a build script reads": Story(
        'env!("MADE")',
        dependencies=BUILD_CONFIG,
        files={
            "py/build.rs": "mod flavour;\nfn main() { flavour::tell() }\n",
            "py/flavour.rs": READS_FLAVOUR.replace("fn main", "pub fn tell"),
        },
        variables={"FLAVOUR": "{turn}"},
    ),
    "files above the tree that a build script names by a pattern": Story(
        'env!("MADE")',
        lambda at, turn: put(at / "tree" / "proto" / "a.txt", str(turn)),
        dependencies=BUILD_CONFIG,
        files={
            "py/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n    let name = "a";\n'
            '    let read = std::fs::read_to_string(format!("../proto/{name}.txt")).unwrap();\n'
            '    println!("cargo:rustc-env=MADE={read}");\n}\n',
        },
    ),
    "another folder of libraries for the linker": Story(
        LINKED,
        lambda at, turn: shared_library(at / f"opt{turn}", turn),
        before=f'#[link(name = "foo")]\n{DECLARED}',
        files={"../opt1/README": "", "../opt2/README": ""},
        variables={"LIBRARY_PATH": "{at}/opt{turn}"},
    ),
    "a variable in cargo's configuration above the tree": Story(
        'env!("MADE")',
        lambda at, turn: put(at / "tree" / ".cargo" / "config.toml", f'[env]\nFLAVOUR = "{turn}"\n'),
        dependencies=BUILD_CONFIG,
        files={"py/build.rs": READS_FLAVOUR},
    ),
    "a variable that a build script of another name reads": Story(
        'env!("MADE")',
        package='build = "script.rs"',
        dependencies=BUILD_CONFIG,
        files={"py/script.rs": READS_FLAVOUR.replace("build.rs", "script.rs")},
        variables={"FLAVOUR": "{turn}"},
    ),
    "a folder outside of the tree that a macro embeds": Story(
        'lister::list!("../assets")',
        lambda at, turn: put(at / "tree" / "assets" / "a.txt", str(turn)),
        dependencies=LISTED,
    ),
    "a web front end in dist": Story(
        'lister::list!("dist")',
        lambda at, turn: put(at / "tree" / "py" / "dist" / "index.html", str(turn)),
        dependencies=LISTED,
    ),
    "what a link leads to that lies behind a link": Story('lister::list!("assets")', behind_links, dependencies=LISTED),
    "a file outside that rustc reads, replaced by an older one": Story(
        'include_str!("../../common/data.txt")',
        replaced_by_an_older_one,
        dependencies=BUILD_CONFIG,
        files={"py/build.rs": READS_FLAVOUR},
    ),
    "data that is named like an extension module": Story(
        'lister::list!("data")',
        lambda at, turn: put(at / "tree" / "py" / "data" / "opcodes.cpython-311.json", str(turn)),
        dependencies=LISTED,
    ),
    "flags of the compiler that a makefile reads": Story(
        'env!("MADE")',
        dependencies=BUILD_CONFIG,
        files={
            "py/native/Makefile": "all:\n\t@echo $(CFLAGS)\n",
            "py/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
            '    let made = std::process::Command::new("make").args(["-s", "-C", "native"]).output().unwrap().stdout;\n'
            '    println!("cargo:rustc-env=MADE={}", String::from_utf8(made).unwrap().trim());\n}\n',
        },
        variables={"CFLAGS": "-D{turn}"},
    ),
    "a variable that a Python script of a build script reads": Story(
        'env!("MADE")',
        dependencies=BUILD_CONFIG,
        files={
            "py/make.py": "import os\nprint(os.environ['FLAVOUR'])\n",
            "py/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
            '    let made = std::process::Command::new("python3").arg("make.py").output().unwrap().stdout;\n'
            '    println!("cargo:rustc-env=MADE={}", String::from_utf8(made).unwrap().trim());\n}\n',
        },
        variables={"FLAVOUR": "{turn}"},
    ),
    "the commit of the repository around the tree": Story(
        'lister::list!("../.git/refs/heads")', commit, dependencies=LISTED
    ),
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("undeclared"))


def builds(machine: Machine, story: Story, *, shim: bool) -> list[Outcome]:
    """Build three times, each in a new environment, with the change before the third time."""
    world = World(machine, "with" if shim else "without", shim=shim)
    manifest = MANIFEST.format(package=story.package, dependencies=story.dependencies)
    code = ANSWER.format(before=story.before, expression=story.expression)
    for path, text in {"py/Cargo.toml": manifest, "py/src/lib.rs": code, **story.files}.items():
        put(Path(os.path.normpath(world.home / "tree" / path)), text)
    outcomes = []
    for number, turn in enumerate((1, 1, 2)):
        with world.here() as at:
            if story.change and number != 1:
                story.change(at, turn)
            if not number:
                lock = [machine.cargo, "generate-lockfile", "--offline", "--quiet"]
                subprocess.run(lock, cwd=at / "tree" / "py", env=machine.environ(), check=True)
            variables = {name: value.format(at=at, turn=turn) for name, value in story.variables.items()}
        environment = Environment(f"environment-{number}", "v0", other=False)
        outcomes.append(
            world.build("tree", environment=environment, arguments=(), variables=variables, shim=True, times=True)
        )
    return outcomes


@pytest.mark.parametrize("name", STORIES)
def test_what_cargo_is_not_told_of_is_built_as_without_the_shim(machine: Machine, name: str) -> None:
    story = STORIES[name]
    without, with_shim = (builds(machine, story, shim=shim) for shim in (False, True))
    assert [one.code for one in without] == [0, 0, 0], without[-1].output
    assert without[2].answer != without[1].answer, "the story tells of no change"
    assert [one.answer for one in with_shim] == [one.answer for one in without]
    assert with_shim[1].compiled == frozenset()
    assert all(one.compiled <= other.compiled for one, other in zip(with_shim, without))


MEMBER = """\
[package]
name = "member"
version = "0.1.0"
edition = "2021"

[features]
more = []

[dependencies]
pyo3 = "0.26"
lister = "0.26"
"""


@pytest.mark.parametrize("shim", [False, True], ids=["without the shim", "with the shim"])
def test_what_is_asked_for_in_another_way_in_the_same_environment_is_compiled_there(
    machine: Machine, shim: bool
) -> None:
    """With a feature a crate is another artifact: what was compiled of it in the environment before is old."""
    world = World(machine, f"asked-{shim}", shim=shim)
    package = '[workspace]\nmembers = ["member"]\n[features]\nmore = ["member/more"]'
    files = {
        "py/Cargo.toml": MANIFEST.format(package=package, dependencies='member = { path = "member" }'),
        "py/src/lib.rs": ANSWER.format(before="", expression="member::assets()"),
        "py/member/Cargo.toml": MEMBER,
        "py/member/src/lib.rs": 'pub fn assets() -> &\'static str { lister::list!("assets") }\n',
    }
    for path, text in files.items():
        put(world.home / "tree" / path, text)
    answers: list[str] = []
    for turn, environment, arguments in (
        (1, "environment-0", ()),
        (1, "environment-0", ("--features", "more")),
        (1, "environment-1", ()),
        (2, "environment-1", ("--features", "more")),
        (2, "environment-1", ()),
        (2, "environment-2", ()),
    ):
        with world.here() as at:
            put(at / "tree" / "py" / "member" / "assets" / "a.txt", str(turn))
            if not answers:
                lock = [machine.cargo, "generate-lockfile", "--offline", "--quiet"]
                subprocess.run(lock, cwd=at / "tree" / "py", env=machine.environ(), check=True)
        done = world.build(
            "tree",
            environment=Environment(environment, "v0", other=False),
            arguments=arguments,
            variables={},
            shim=True,
            times=True,
        )
        assert done.code == 0, done.output
        answers.append(done.answer)
    # The fifth was compiled before the change, in the same environment: cargo does not see it.
    assert [answer == answers[0] for answer in answers[:4]] == [True, True, True, False]
    assert answers[5] == answers[3]
