"""Which build scripts can't see what is installed for the interpreter that pyo3-build-config names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pyo3_base_python.wrapper.build_script import (
    is_inert,
    may_write,
    named,
    not_there,
    text,
    variables,
    without_inert_reader,
)
from pyo3_base_python.wrapper.project import Lock, Project

FLAGS = "fn main() {\n    pyo3_build_config::use_pyo3_cfgs();\n}\n"
MANIFEST = """\
[package]
name = "crate"
version = "0.1.0"

[build-dependencies]
pyo3-build-config = { version = "0.30", features = ["resolve-config"] }
"""


def readers(folder: Path, manifest: str = MANIFEST, source: str | bytes | None = FLAGS) -> list[str]:
    """Which of the package in `folder` and another one may still run the interpreter."""
    (folder / "Cargo.toml").write_text(manifest, encoding="utf-8")
    if source is not None:
        (folder / "build.rs").write_bytes(source.encode() if isinstance(source, str) else source)
    lock = Lock([(0, 30, 1)], ["crate", "numpy"])
    here = without_inert_reader(Project(os.fspath(folder), os.fspath(folder), lock, "/target"))
    assert here is not None
    assert here.lock is not None
    return here.lock.readers_of_executable


@pytest.mark.parametrize(
    "source",
    [
        FLAGS,
        "use pyo3_build_config::use_pyo3_cfgs;\n\npub fn main() { use_pyo3_cfgs() }",
        'fn main() { // "get"\n  println!("cargo:rerun-if-changed=\\\\ \\"get()\\"{}", "std::env"); }',
        '#[cfg(feature = "x")] fn main() { pyo3_build_config::add_extension_module_link_args(); }',
        'fn main() { for cfg in pyo3_build_config::get().build_script_outputs() { println!("{cfg}"); } }',
        'fn main() {\n  for line in pyo3_build_config::get()\n    .build_script_outputs() { println!("{}", line) }\n}',
        "",
    ],
)
def test_script_that_prints_flags_and_constants_is_inert(source: str) -> None:
    assert is_inert(source)


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "code",
    [
        "pyo3_build_config::get();",
        "use pyo3_build_config::*; get();",
        'for line in [get()] { println!("{line:?}"); }',
        'for line in get().build_script_outputs() {} println!("{:?}", get());',
        "for line in get().build_script_outputs() { std::fs::read(line); }",
        'for cfg in get().executable { println!("{cfg}"); }',
        'for env in get().build_script_outputs() { println!("{}", env!("PYO3_PYTHON")); }',
        'std::process::Command::new("python3");',
        'include!("other.rs");',
        "mod other;",
        'println!("{}", env!("PYO3_PYTHON"));',
        "other_crate::main();",
        "let quote = '\"'; get(); let other = '\"';",
        'println!(r"\\"); get(); println!("");',
        'println!("over\ntwo lines"); get(); //"',
        'println!("\n"); get(); println!("\n");',
        '/* " */ get(); /* " */',
        'println!("\\\\"); get();',
    ],
)
def test_script_that_may_do_more_is_not(code: str) -> None:
    assert not is_inert(FLAGS.replace("}", code + "}"))


def test_package_with_an_inert_script_is_no_reader(tmp_path: Path) -> None:
    assert readers(tmp_path) == ["numpy"]
    assert readers(tmp_path, MANIFEST.replace("[package]", '[package]\nbuild = "build.rs"')) == ["numpy"]


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("manifest", "source"),
    [
        (MANIFEST, FLAGS.replace("use_pyo3_cfgs", "get")),
        (MANIFEST, None),
        (MANIFEST, b"// \xff\n"),
        (MANIFEST.replace("[package]", '[package]\nbuild = "other.rs"'), FLAGS),
        (MANIFEST.replace("[build-dep", "[dep"), FLAGS),
        (MANIFEST + '\n[dependencies.pyo3-build-config]\nversion = "0.30"\n', FLAGS),
        (MANIFEST + 'pyo3_build_config = { package = "other", version = "1" }\n', FLAGS),
        (MANIFEST.replace('"crate"', '"other"'), FLAGS),
    ],
)
def test_package_where_that_is_not_certain_stays_a_reader(
    tmp_path: Path, manifest: str, source: str | bytes | None
) -> None:
    assert readers(tmp_path, manifest, source) == ["crate", "numpy"]


@pytest.mark.promise("fault")
def test_project_without_a_lock_or_a_manifest_is_left_as_it_is(tmp_path: Path) -> None:
    project = Project(os.fspath(tmp_path), os.fspath(tmp_path), None, "/target")
    assert without_inert_reader(project) is project
    assert without_inert_reader(None) is None


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (FLAGS, False),
        ('fn main() { std::fs::write("python/app/made.py", "x") }', True),
        ('fn main() { File::create("made.h") }', True),
        ('fn main() { Command::new("python3").arg("make.py") }', True),
        ('fn main() { Command::new("git").arg("describe") }', False),
        ('fn main() { fs::copy("a", Path::new(&env::var("OUT_DIR").unwrap()).join("made.rs")) }', False),
        ('fn main() { fs::write(env::var("OUT_DIR")); fs::write("python/app/made.py", "x") }', True),
        ('fn main() { fs::write(env::var("OUT_DIR")); read("python/app/there.py") }', False),
        ('fn main() { fs::write(env::var("OUT_DIR")); cbindgen::generate().write_to_file("app.h") }', True),
        ('fn main() { fs::write(env::var("OUT_DIR")); fs::write("new/app.h", "x") }', True),
        ('fn main() { fs::write(env::var("OUT_DIR")); fs::write(out.join("app.h"), "x") }', False),
        ('fn main() { fs::write(env::var("OUT_DIR")); root.join("python").join("app").join("made.py") }', True),
        ('fn main() { fs::write(env::var("OUT_DIR")); root.push("python/app"); root.push("made.py") }', True),
        ('fn main() { fs::write(env::var("OUT_DIR")); root.join("python").join("app").join("there.py") }', False),
        ("fn main() { cbindgen::generate().write_to_file(header) }", True),
        ("fn main() { built::write_built_file() }", False),
        ('fn main() { writeln!(text, "{}", 1); write!(text, "x") }', False),
        ('fn main() { Command::new("cp").args(["a", "b"]) }', True),
        ('fn main() { Command::new("./make.sh") }', True),
        ('fn main() { Command::new(python).arg("make.py") }', True),
        ('fn main() { Command::new(python).args(["-c", "import sysconfig"]) }', False),
        ('fn main() { Command::new("sh").args(["-c", "cp a b"]) }', True),
        ('fn main() { println!("cargo:rerun-if-changed=python/app/made.py"); fs::write(env::var("OUT_DIR")) }', False),
    ],
)
def test_where_a_build_script_may_write(source: str, expected: bool) -> None:
    found = ["build.rs", "python", "python/app", "python/app/there.py"]
    assert may_write(source, "", found) is expected


def test_a_build_script_of_a_folder_may_write_beside_it() -> None:
    source = 'fn main() { fs::write(env::var("OUT_DIR")); let made = "app/made.py"; fs::write(made, "x") }'
    assert may_write(source, "rust", ["rust/app"])
    assert not may_write(source, "rust", ["app"])


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "script",
    [
        "mod helper;\nfn main() {}",
        "pub mod helper;",
        'mod other { include!("helper.rs"); }',
        '#[path = "helper.rs"] mod other;',
        "mod folder;",
        'Command::new("./helper.sh")',
        'Command::new("python3").arg("helper.py")',
        'Command::new("make").args(["-f", "Makefile"])',
    ],
)
def test_the_source_of_a_build_script_is_that_of_its_modules_too(tree: Callable[..., Path], script: str) -> None:
    folder = tree(
        {
            "build.rs": script,
            "helper.rs": "fn helps() {}",
            "helper.sh": "fn helps()",
            "helper.py": "fn helps()",
            "Makefile": "fn helps()",
            "folder/mod.rs": "fn helps() {}",
            "c.rs": "fn no()",
        }
    )
    found = text(os.fspath(folder / "build.rs"))
    assert script.splitlines()[0] in found
    assert "fn helps()" in found
    assert "fn no()" not in found


def test_a_source_that_is_only_named_is_no_part_of_a_build_script(tree: Callable[..., Path]) -> None:
    folder = tree({"build.rs": 'mod b;\nread("src/lib.rs");', "src/lib.rs": "fn no() {}"})
    assert "fn no" not in text(os.fspath(folder / "build.rs"))


@pytest.mark.promise("fault")
def test_modules_that_include_each_other_are_read_once(tree: Callable[..., Path]) -> None:
    folder = tree({"build.rs": 'include!("build.rs"); mod nowhere;'})
    assert text(os.fspath(folder / "build.rs")).strip() == 'include!("build.rs"); mod nowhere;'


@pytest.mark.promise("stale")
def test_a_file_that_a_script_makes_and_that_is_not_there() -> None:
    source = 'fn main() { fs::write("python/app/made.py", "x") }'
    assert not_there(source, "", ["python/app", "python/app/there.py"]) == "python/app/made.py"
    assert not_there(source, "", ["python/app", "python/app/made.py"]) == ""
    assert not_there('fn main() { read("python/app/made.py") }', "", ["python/app"]) == ""


@pytest.mark.promise("stale")
def test_variables_that_a_build_script_may_read() -> None:
    environ = {"NUMBER": "1", "OTHER": "2", "PYO3_PYTHON": "/python"}
    assert variables('env::var("NUMBER")', environ) == ["NUMBER"]
    assert variables('Command::new("python3")', environ) == ["PYO3_PYTHON"], "that of the environment, by PATH"
    assert variables('env::var("python4")', environ) == []
    assert variables("#!/bin/sh\necho $NUMBER-${OTHER:-}", environ) == ["NUMBER", "OTHER"]
    assert variables("echo $NUMBERS; PYO3_PYTHON=x", environ) == []
    assert variables("import os\nos.environ['NUMBER']\nall:\n\techo $(OTHER)", environ) == ["NUMBER", "OTHER"]


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (MANIFEST, []),
        ("[package]\nname = 'a'\nbuild = 'make/script.rs' # ours\n", ["make/script.rs"]),
        ('package.build="script.rs"\n', ["script.rs"]),
        ('package = { name = "a", build = "script.rs" }\n', ["script.rs"]),
        ('# build = "old.rs"\nbuild = "new.rs"\n', ["new.rs"]),
        ("build = false\n", []),
    ],
)
def test_the_build_script_that_a_manifest_names(manifest: str, expected: list[str]) -> None:
    assert named(manifest) == expected
