"""A small project as a model: its files, and the answer of a module that is built from them."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

__all__ = ["REQUIREMENT", "Package", "Script", "Shape", "Sources", "answer", "files", "first_sources"]

# Where each package lies in the tree. `outer` is outside the workspace, whose root is `app`.
FOLDERS = {"app": "py", "inner": "py/inner", "outer": "outer"}
# What the front end installs into the isolated environment, as a module.
REQUIREMENT = "requirement"
ASKS = f"import {REQUIREMENT}; print({REQUIREMENT}.VALUE)"
# A file that a build script makes among the sources.
MADE = "src/made.rs"


@dataclass(frozen=True)
class Script:
    """A package's build script.

    ``reads``: `file`, `folder`, `neighbour` (a file above), `requirement` (through PYO3_PYTHON), `place` (its path).
    ``tells`` cargo of `nothing`, `itself`, `all` that it reads, the same as an `absolute` path, or of
    what is `missing`. ``gives`` a `variable`, a file in `out_dir`, or one in `src`. ``helped`` by pyo3-build-config.
    """

    reads: str
    tells: str
    gives: str
    helped: bool

    def text(self) -> str:
        """The text of build.rs."""
        command = f'Command::new(env::var("PYO3_PYTHON").unwrap()).args(["-c", "{ASKS}"])'
        read = {
            "file": 'fs::read_to_string("native.txt").unwrap()',
            "folder": 'fs::read_dir("assets").map(|found| {'
            " let mut names: Vec<String> ="
            " found.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();"
            ' names.sort(); names.join(";") }).unwrap_or_default()',
            "neighbour": 'fs::read_to_string("../shared.txt").unwrap()',
            "requirement": f"{{ let done = {command}.output().unwrap();"
            " assert!(done.status.success());"
            " String::from_utf8(done.stdout).unwrap().trim().to_string() }",
            "place": 'env::var("CARGO_MANIFEST_DIR").unwrap()',
        }[self.reads]
        give = {
            "variable": 'println!("cargo:rustc-env=MADE={made}");',
            "out_dir": 'fs::write(format!("{}/made.txt", env::var("OUT_DIR").unwrap()), made).unwrap();',
            "src": f'fs::write("{MADE}", format!("pub const VALUE: &str = {{made:?}};")).unwrap();',
        }[self.gives]
        tell = "".join(f"    println!({line});\n" for line in self._lines())
        return (
            "#![allow(unused_imports)]\n"
            "use std::{env, fs, process::Command};\n\n"
            f"fn main() {{\n{tell}    let made: String = {read};\n    {give}\n}}\n"
        )

    def _lines(self) -> Iterator[str]:
        if self.tells == "nothing":
            return
        yield '"cargo:rerun-if-changed=build.rs"'
        if self.tells == "missing":
            yield '"cargo:rerun-if-changed=nowhere.txt"'
        if self.tells in {"all", "absolute"}:
            path = {"file": "native.txt", "folder": "assets", "neighbour": "../shared.txt"}.get(self.reads)
            if path and self.tells == "all":
                yield f'"cargo:rerun-if-changed={path}"'
            elif path:
                yield f'"cargo:rerun-if-changed={{}}/{path}", env::var("CARGO_MANIFEST_DIR").unwrap()'
            elif self.reads == "requirement":
                yield '"cargo:rerun-if-env-changed=PYO3_PYTHON"'


@dataclass(frozen=True)
class Package:
    """One package: ``parts`` are what its answer is made of, ``python`` the crate through which it depends on pyo3."""

    name: str
    parts: tuple[str, ...]
    script: Script | None
    python: str

    @property
    def folder(self) -> str:
        """Its path in the tree."""
        return FOLDERS[self.name]


@dataclass(frozen=True)
class Shape:
    """What does not change in a history.

    ``tree``: an `own` one of the user's; an `sdist`, unpacked for each build and removed after it; one that is `kept`
    and worked in. ``target``: the `default` place, one that is `shared`. ``times`` of unpacked files: `fixed` as in
    maturin's sdists, `now` as uv unpacks, their `own` as setuptools packs. ``path`` of what is unpacked: `new` each
    time, or the `same`.
    """

    packages: tuple[Package, ...]
    tree: str
    target: str
    times: str
    path: str


@dataclass(frozen=True)
class Sources:
    """What the files of a tree say: ``values`` by path, for files that have one; ``version`` is the project's."""

    values: Mapping[str, str]
    version: int = 0

    def with_values(self, **changes: str | None) -> Sources:
        """The same sources with other values; ``None`` removes the file."""
        merged = {**self.values, **changes}
        return replace(self, values={path: value for path, value in merged.items() if value is not None})


def first_sources(shape: Shape) -> Sources:
    """What the files say at first."""
    values = {"py/README.md": "v0", "shared.txt": "v0", "py/shared.txt": "v0"}
    for package in shape.packages:
        names = ["src/lib.rs", "native.txt", "assets/one.txt", "assets/two.txt"]
        names += ["src/part.rs"] * ("module" in package.parts) + ["data/text.txt"] * ("text" in package.parts)
        values.update({posixpath.join(package.folder, name): "v0" for name in names})
    return Sources(values)


def files(shape: Shape, sources: Sources, lock: str = "") -> dict[str, str]:
    """The text of each file of the tree, by path; ``lock`` is cargo's own for the first version."""
    found = {}
    for path, value in sources.values.items():
        found[path] = f'pub const VALUE: &str = "{value}";\n' if path.endswith("part.rs") else value
    for package in shape.packages:
        below = package.folder + "/"
        found[below + "src/lib.rs"] = _library(package, shape, sources.values[below + "src/lib.rs"])
        found[below + "Cargo.toml"] = _manifest(package, shape, sources.version)
        if package.script:
            found[below + "build.rs"] = package.script.text()
    found["py/Cargo.lock"] = lock.replace('"0.0.0"', f'"0.{sources.version}.0"')
    if shape.tree != "own":
        found["PKG-INFO"] = f"Metadata-Version: 2.1\nName: app\nVersion: 0.{sources.version}.0\n"
        found["pyproject.toml"] = ""
    return found


def answer(shape: Shape, sources: Sources, *, requirement: str, tree: str, loud: bool) -> str:
    """The answer of a module that is built from ``sources`` in the folder ``tree``, with no build before."""
    return "|".join(
        f"{package.name}:" + ",".join(_parts(package, sources, requirement, posixpath.join(tree, package.folder), loud))
        for package in shape.packages
    )


def _parts(package: Package, sources: Sources, requirement: str, place: str, loud: bool) -> Iterator[str]:
    values = sources.values
    below = package.folder + "/"
    assets = {path.rpartition("/")[2]: value for path, value in values.items() if path.startswith(below + "assets/")}
    yield values[below + "src/lib.rs"]
    for part in package.parts:
        yield {
            "module": values.get(below + "src/part.rs", ""),
            "text": values.get(below + "data/text.txt", ""),
            "macro": ";".join(f"{name}={value}" for name, value in sorted(assets.items())),
            "version": f"0.{sources.version}.0",
            "here": place,
            "feature": "loud" if loud else "quiet",
        }[part]
    if package.script:
        yield {
            "file": values[below + "native.txt"],
            "folder": ";".join(sorted(assets)),
            "neighbour": values[posixpath.normpath(below + "../shared.txt")],
            "requirement": requirement,
            "place": place,
        }[package.script.reads]


def _manifest(package: Package, shape: Shape, version: int) -> str:
    lines = ["[package]", f'name = "{package.name}"', f'version = "0.{version}.0"', 'edition = "2021"']
    lines += ["[features]", "loud = []", "[dependencies]"]
    if package.python:
        lines.append(f'{package.python} = "0.26"')
    if "macro" in package.parts:
        lines.append('lister = "0.26"')
    if package.name == "app":
        for other in shape.packages[1:]:
            path = posixpath.relpath(other.folder, package.folder)
            lines.append(f'{other.name} = {{ path = "{path}" }}')
    if package.script and package.script.helped:
        lines += ["[build-dependencies]", 'pyo3-build-config = "0.26"']
    if package.name == "app":
        lines += ["[lib]", 'crate-type = ["cdylib"]', "[workspace]"]
    return "\n".join(lines) + "\n"


def _library(package: Package, shape: Shape, value: str) -> str:
    expressions = [json.dumps(value)]
    expressions += [
        {
            "module": "part::VALUE",
            "text": 'include_str!("../data/text.txt")',
            "macro": 'lister::list!("assets")',
            "version": 'env!("CARGO_PKG_VERSION")',
            "here": 'env!("CARGO_MANIFEST_DIR")',
            "feature": 'if cfg!(feature = "loud") { "loud" } else { "quiet" }',
        }[part]
        for part in package.parts
    ]
    made = package.script.gives if package.script else ""
    expressions += {
        "": [],
        "variable": ['env!("MADE")'],
        "out_dir": ['include_str!(concat!(env!("OUT_DIR"), "/made.txt"))'],
        "src": ["made::VALUE"],
    }[made]
    modules = ["mod part;"] * ("module" in package.parts) + ["mod made;"] * (made == "src")
    others = [f"{other.name}::answer()" for other in shape.packages[1:]] if package.name == "app" else []
    name = "all" if package.name == "app" else "answer"
    lines = [
        *modules,
        f"pub fn {name}() -> String {{",
        f"    let own: Vec<&str> = vec![{', '.join(expressions)}];",
        '    let own = own.join(",");',
        f'    vec![format!("{package.name}:{{own}}"), {", ".join(others)}].join("|")',
        "}",
    ]
    if package.name == "app":
        lines += [
            "#[no_mangle]",
            'pub extern "C" fn answer() -> *const u8 {',
            '    format!("{}\\0", all()).leak().as_ptr()',
            "}",
        ]
    return "\n".join(lines) + "\n"
