"""Record what cargo really says: `python tests/unit/explain/record_logs.py NAME [CARGO]` writes `logs/NAME/*.gz`.

For each story two small crates are built, something is changed, and cargo is called again: the stderr of that call is
kept, with cargo's log (`.log.gz`) and, from the same state, without it (`.plain.gz`).
``top`` depends on ``base``, whose build script watches the variable ``WATCHED``. Nothing is fetched. Folders of this
machine are replaced by neutral ones.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python.explain.sieve import LOG_DIRECTIVES

FILES = {
    "top/Cargo.toml": '[package]\nname = "top"\nversion = "0.1.0"\nedition = "2021"\n\n[features]\nlouder = []\n\n'
    '[dependencies]\nbase = { path = "../base" }\n',
    "top/src/main.rs": 'fn main() {\n    println!("{} {:?}", base::number(), option_env!("SAID"));\n}\n',
    "base/Cargo.toml": '[package]\nname = "base"\nversion = "0.2.0"\nedition = "2021"\n',
    "base/src/lib.rs": "pub fn number() -> u32 {\n    42\n}\n",
    "base/build.rs": 'fn main() {\n    println!("cargo:rerun-if-env-changed=WATCHED");\n'
    '    println!("cargo:rerun-if-changed=data.txt");\n}\n',
    "base/data.txt": "some data\n",
    "extra/Cargo.toml": '[package]\nname = "extra"\nversion = "0.3.0"\nedition = "2021"\n',
    "extra/src/lib.rs": "",
}
BUILD = ("build", "--offline")
# Older than any build, as a checkout of yesterday.
LONG_AGO = 1_700_000_000


class Place:
    """The crates, a cargo, and the variables of the next call."""

    def __init__(self, folder: Path, cargo: str) -> None:
        self.folder = folder
        self.cargo = cargo
        self.variables: dict[str, str] = {"WATCHED": "before"}
        self.words: tuple[str, ...] = BUILD
        self.crate = "top"
        self.built = False

    def write(self, name: str, text: str) -> None:
        """Write a file; after a build, with a newer time than the build, whatever the file system's resolution."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        when = time.time() + 2 if self.built else LONG_AGO
        os.utime(path, (when, when))

    def call(self, directives: str = LOG_DIRECTIVES) -> bytes:
        """Cargo's stderr."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO_", "RUST_"))}
        environ.update({"CARGO_LOG": directives, "CARGO_TERM_COLOR": "never", **self.variables})
        command = [*self.cargo.split(), *self.words]
        done = subprocess.run(command, cwd=self.folder / self.crate, env=environ, stderr=subprocess.PIPE, check=False)
        self.built = True
        return done.stderr


class Story(NamedTuple):
    """What to do before the first call, and between the first and the second."""

    change: Callable[[Place], object]
    before: Callable[[Place], object] = lambda _: None


def _edit_build_script(*lines: str) -> Callable[[Place], object]:
    text = "".join(f'    println!("{line}");\n' for line in lines)
    return lambda place: place.write("base/build.rs", f"fn main() {{\n{text}}}\n")


def _words(*words: str) -> Callable[[Place], object]:
    return lambda place: setattr(place, "words", words)


def _variable(name: str, value: str) -> Callable[[Place], object]:
    return lambda place: place.variables.update({name: value})


def _move(place: Place) -> None:
    shutil.copytree(place.folder, place.folder / "moved", symlinks=True)
    shutil.copytree(place.folder / "moved" / "top" / "target", place.folder / "kept")
    place.crate = "moved/top"


def _first_with_backtrace(place: Place) -> None:
    shutil.rmtree(place.folder / "top" / "target")
    place.variables["RUST_BACKTRACE"] = "1"


def _panic(place: Place, **variables: str) -> None:
    place.variables.update(variables)
    lines = (
        'println!("cargo:warning=careful");',
        'eprintln!("   Compiling nothing\\n\\nno");',
        'panic!("on purpose");',
    )
    text = "".join(f"    {line}\n" for line in lines)
    place.write("base/build.rs", f"fn main() {{\n{text}}}\n")


def _quiet_with_another_value(place: Place) -> None:
    place.variables["WATCHED"] = "after"
    place.words = (*BUILD, "--quiet")


def _add_dependency(place: Place) -> None:
    place.write("top/Cargo.toml", FILES["top/Cargo.toml"] + 'extra = { path = "../extra" }\n')


def _build_elsewhere(place: Place) -> None:
    """Another package of the same target directory compiles `base`, with another value."""
    place.write("other/Cargo.toml", FILES["top/Cargo.toml"].replace("top", "other"))
    place.write("other/src/main.rs", FILES["top/src/main.rs"])
    place.crate = "other"
    place.variables["WATCHED"] = "elsewhere"
    place.call()
    place.crate = "top"


STORIES = {
    "first-build": Story(lambda place: shutil.rmtree(place.folder / "top" / "target")),
    "first-build-with-backtrace": Story(_first_with_backtrace),
    "nothing-changed": Story(lambda _: None),
    "variable-changed": Story(_variable("WATCHED", 'after "it"')),
    "variable-set": Story(_variable("WATCHED", "after"), lambda place: place.variables.pop("WATCHED")),
    "variable-unset": Story(lambda place: place.variables.pop("WATCHED")),
    "path-watched": Story(
        lambda place: place.variables.update(PATH=f"/home/user/.cache/tmp1/bin:{os.environ['PATH']}"),
        _edit_build_script("cargo:rerun-if-env-changed=PATH"),
    ),
    "variable-of-a-macro": Story(_variable("SAID", "hello")),
    "source-edited": Story(lambda place: place.write("top/src/main.rs", FILES["top/src/main.rs"] + "// edited\n")),
    "source-of-dependency-edited": Story(lambda place: place.write("base/src/lib.rs", FILES["base/src/lib.rs"])),
    "watched-file-changed": Story(lambda place: place.write("base/data.txt", "other data\n")),
    "watched-file-missing": Story(lambda _: None, _edit_build_script("cargo:rerun-if-changed=not-there.txt")),
    "nothing-watched": Story(lambda place: place.write("base/data.txt", "other data\n"), _edit_build_script()),
    "watched-lines-changed": Story(_edit_build_script("cargo:rerun-if-env-changed=OTHER")),
    "rustflags-changed": Story(_variable("RUSTFLAGS", "-C debug-assertions=off")),
    "features-changed": Story(_words(*BUILD, "--features", "louder")),
    "declared-features-changed": Story(
        lambda place: place.write("top/Cargo.toml", FILES["top/Cargo.toml"].replace("louder", "quieter"))
    ),
    "profile-changed": Story(_words(*BUILD, "--release")),
    "profile-setting-changed": Story(_variable("CARGO_PROFILE_DEV_OPT_LEVEL", "1")),
    "lint-settings-changed": Story(
        lambda place: place.write("top/Cargo.toml", FILES["top/Cargo.toml"] + '\n[lints.rust]\nunused = "warn"\n')
    ),
    "dependency-added": Story(_add_dependency),
    "moved": Story(_move),
    "compiled-elsewhere": Story(_build_elsewhere, lambda place: place.variables.update(CARGO_TARGET_DIR="../target")),
    "tests": Story(_words("test", "--offline", "--no-run")),
    "check": Story(_words("check", "--offline")),
    "fails": Story(lambda place: place.write("base/src/lib.rs", "pub fn number() -> u32 { no }\n")),
    "build-script-fails": Story(_panic),
    "build-script-fails-with-backtrace": Story(lambda place: _panic(place, RUST_BACKTRACE="1")),
    "quiet": Story(_quiet_with_another_value),
}


def record(name: str, cargo: str, logs: Path) -> None:
    """Play the story ``name``, and keep what the last call says."""
    with tempfile.TemporaryDirectory(prefix="explain-logs-") as scratch:
        place = Place(Path(scratch).resolve(), cargo)
        for file, text in FILES.items():
            place.write(file, text)
        story = STORIES[name]
        story.before(place)
        place.call()
        story.change(place)
        before = place.folder.with_name(f"{place.folder.name}-before")
        shutil.copytree(place.folder, before, symlinks=True)
        said = {"log": place.call()}
        # The same once more from the same state, as the user would have seen it.
        shutil.rmtree(place.folder)
        before.rename(place.folder)
        said["plain"] = place.call(directives="")
        logs.mkdir(parents=True, exist_ok=True)
        for kind, stderr in said.items():
            neutral = stderr.replace(os.fsencode(place.folder), b"/home/user/project")
            neutral = neutral.replace(os.fsencode(Path.home()), b"/home/user")
            (logs / f"{name}.{kind}.gz").write_bytes(gzip.compress(neutral, mtime=0))


if __name__ == "__main__":
    folder, program = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "cargo"
    for story_name in STORIES:
        record(story_name, program, Path(__file__).parent / "logs" / folder)
