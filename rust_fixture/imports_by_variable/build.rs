//! Imports a build requirement through `PYO3_PYTHON`, as cryptography-cffi does.

use std::{env, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    let python = env::var_os("PYO3_PYTHON").expect("PYO3_PYTHON is set by the build backend");
    let output = Command::new(&python)
        .args(["-c", "import cffi; print(cffi.__version__)"])
        .output()
        .expect("PYO3_PYTHON runs");
    assert!(
        output.status.success(),
        "{python:?} can't import cffi: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let version = String::from_utf8(output.stdout).expect("a version is ASCII");
    println!("cargo:rustc-env=CFFI_VERSION={}", version.trim());
}
