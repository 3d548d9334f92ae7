"""What is a cross build: pyo3's own answers, of several of its versions, for every target of this Rust."""

from __future__ import annotations

import os
import subprocess
from itertools import product
from pathlib import Path

from pyo3_base_python.wrapper.triples import is_native

from .conftest import REPOSITORY

# The oldest that the shim is for; the last before it reads a config file; and later ones, which let more pass.
VERSIONS = ("0.18.3", "0.22.6", "0.26.0", "0.30.1")
HOSTS = (
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "i686-pc-windows-msvc",
    "i686-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-freebsd",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
)
# Reads a host and a target from each line, and says of each version whether it takes that for a cross build.
PROGRAM = """\
use std::io::BufRead;

macro_rules! is_cross {
    ($version:ident, $host:expr, $target:expr) => {
        match ($host.parse::<$version::Triple>(), $target.parse::<$version::Triple>()) {
            (Ok(host), Ok(target)) => $version::cross_compiling_from_to(&host, &target).unwrap().is_some().to_string(),
            _ => "unknown".to_string(),
        }
    };
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (host, target) = line.split_once(' ').unwrap();
        let answers: Vec<String> = vec![ANSWERS];
        println!("answer {host} {target} {}", answers.join(" "));
    }
}
"""
# What pyo3 takes for native, and the shim does not: what its versions do not agree on, and triples without a vendor.
LEFT_ALONE = ("-ios", "-win7-", "-android", "-ohos")


def program(folder: Path) -> str:
    crates = {f"v{number}": version for number, version in enumerate(VERSIONS)}
    dependencies = "".join(
        f'{name} = {{ package = "pyo3-build-config", version = "={version}", default-features = false }}\n'
        for name, version in crates.items()
    )
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "answers"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n{dependencies}'
    )
    answers = ", ".join(f"is_cross!({name}, host, target)" for name in crates)
    (folder / "src" / "main.rs").write_text(PROGRAM.replace("ANSWERS", answers))
    subprocess.run(["cargo", "build"], cwd=folder, check=True)
    return os.fspath(folder / "target" / "debug" / "answers")


def test_what_pyo3_would_not_ask_the_interpreter_about_is_left_alone(tmp_path: Path) -> None:
    listed = ["rustc", "--print", "target-list"]
    targets = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split()
    lines = "".join(f"{host} {target}\n" for host, target in product(HOSTS, targets))
    answered = subprocess.run([program(tmp_path / "answers")], input=lines, check=True, capture_output=True, text=True)
    answers = [line.split()[1:] for line in answered.stdout.splitlines() if line.startswith("answer ")]
    assert len(answers) == len(HOSTS) * len(targets)
    known = [(host, target, cross) for host, target, *cross in answers if "unknown" not in cross]
    assert len(known) > len(answers) / 2
    native = {(host, target) for host, target, _ in known if is_native(target, host)}
    assert {(host, target) for host, target, cross in known if "true" in cross} & native == set()
    agreed = {(host, target) for host, target, cross in known if "true" not in cross}
    assert [pair for pair in agreed - native if not any(word in " ".join(pair) for word in LEFT_ALONE)] == []
    assert ("x86_64-pc-windows-msvc", "i686-pc-windows-msvc") in native
    assert ("aarch64-apple-darwin", "x86_64-apple-darwin") in native
