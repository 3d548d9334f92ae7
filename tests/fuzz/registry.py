"""Stand-ins for the crates that a pyo3 project takes from a registry: cheap, without one, and with pyo3's habits.

`pyo3-ffi` and `pyo3-build-config` look at the interpreter as pyo3's do: the file that PYO3_CONFIG_FILE names is read
first, and PYO3_PYTHON is tracked without it. `lister` is a macro that embeds a folder, as `include_dir` does: cargo is
told of nothing that it reads.
"""

from __future__ import annotations

import os
from pathlib import Path

LOOKS_AT_THE_INTERPRETER = """\
fn main() {
    println!("cargo:rerun-if-env-changed=PYO3_CONFIG_FILE");
    match std::env::var("PYO3_CONFIG_FILE") {
        Ok(file) => {
            println!("cargo:rerun-if-changed={file}");
            std::fs::read_to_string(file).expect("the config file is there");
        }
        Err(_) => println!("cargo:rerun-if-env-changed=PYO3_PYTHON"),
    }
}
"""
LISTS_A_FOLDER = """\
use proc_macro::{Literal, TokenStream, TokenTree};

/// The names and contents of the files in a folder of the package, as one string.
#[proc_macro]
pub fn list(input: TokenStream) -> TokenStream {
    let name = input.to_string();
    let folder = std::path::Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join(name.trim_matches('"'));
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), std::fs::read_to_string(&path).unwrap()))
        .map(|(name, text)| format!("{name}={text}"))
        .collect();
    found.sort();
    TokenTree::Literal(Literal::string(&found.join(";"))).into()
}
"""
CRATES = {
    "pyo3-ffi": ('links = "python"\n', {"build.rs": LOOKS_AT_THE_INTERPRETER, "src/lib.rs": ""}),
    "pyo3": ('[dependencies]\npyo3-ffi = "0.26"\n', {"src/lib.rs": "pub use pyo3_ffi;"}),
    "pyo3-build-config": ("", {"build.rs": LOOKS_AT_THE_INTERPRETER, "src/lib.rs": ""}),
    "lister": ("[lib]\nproc-macro = true\n", {"src/lib.rs": LISTS_A_FOLDER}),
}


def install(cargo_home: Path) -> None:
    """Set up ``cargo_home`` so that the registry has only these crates."""
    folder = cargo_home / "crates"
    for name, (more, files) in CRATES.items():
        manifest = f'[package]\nname = "{name}"\nversion = "0.26.0"\nedition = "2021"\n{more}'
        for path, text in {"Cargo.toml": manifest, ".cargo-checksum.json": '{"files":{}}', **files}.items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    config = f'[source.crates-io]\nreplace-with = "here"\n[source.here]\ndirectory = "{os.fspath(folder)}"\n'
    (cargo_home / "config.toml").write_text(config)
