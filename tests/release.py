"""Build the archives of a release, and check them: `.venv/bin/python -m tests.release FOLDER`, which must be empty.

For both distributions, wheel and sdist: what is in them, how large they are, whether an index would accept them, and
whether each wheel installs and starts on each Python of this machine. Exit code 1 and a line for each thing wrong.
"""

from __future__ import annotations

import argparse
import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import NamedTuple

from pyo3_base_python import __version__

__all__ = ["build", "by_twine", "in_archives", "installs", "notes", "of_tag", "on_python"]

ROOT = Path(__file__).resolve().parents[1]
NEWEST_PYTHON = 14
KIB = 1024


class Distribution(NamedTuple):
    """One of the two: where it is built, what belongs in its wheel and sdist, and how large they may be, in KiB."""

    folder: Path
    package: str
    oldest_python: int
    wheel_parts: frozenset[str]
    sdist_parts: frozenset[str]
    most: int
    command: tuple[str, ...]


CODE = frozenset({"__init__.py", "py.typed", "activation", "backend", "wrapper"})
# All there is, and what the checkout has elsewhere.
TOOL = frozenset(path.name for path in (ROOT / "shim" / "pyo3_base_python").iterdir() if path.name != "__pycache__")
BUNDLED = frozenset({"patches", "rust_fixture"})
FOR_PEOPLE = frozenset({"README.md", "LICENSE-APACHE", "LICENSE-MIT", "PKG-INFO", "pyproject.toml", ".gitignore"})
DISTRIBUTIONS = (
    Distribution(
        ROOT,
        "pyo3_base_python",
        9,
        TOOL | BUNDLED,
        FOR_PEOPLE | {"CHANGELOG.md", "shim", "tests", "patches", "rust_fixture", ".ci", ".github"},
        1024,
        ("-m", "pyo3_base_python", "--version"),
    ),
    Distribution(
        ROOT / "shim",
        "pyo3_base_python_core",
        8,
        CODE,
        FOR_PEOPLE | {"pyo3_base_python"},
        256,
        ("-c", "from pyo3_base_python_core.activation import switch; from pyo3_base_python_core.wrapper import main"),
    ),
)
LEFT_OVER = re.compile(r"(^|/)(target|__pycache__|\.git|\.venv|node_modules)/|\.(pyc|so|orig|rej)$")


def build(folder: Path) -> None:
    """Make all archives in ``folder``."""
    for distribution in DISTRIBUTIONS:
        command = [sys.executable, "-m", "build", "--outdir", os.fspath(folder), os.fspath(distribution.folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def in_archives(folder: Path) -> Iterator[str]:
    """A line for each thing that is wrong with the archives in ``folder``."""
    for distribution in DISTRIBUTIONS:
        name = f"{distribution.package}-{__version__}"
        wheel, sdist = folder / f"{name}-py3-none-any.whl", folder / f"{name}.tar.gz"
        if not (wheel.is_file() and sdist.is_file()):
            yield f"{folder} has no wheel or no sdist of {name}"
            continue
        with zipfile.ZipFile(wheel) as archive:
            yield from _in_wheel(distribution, archive, wheel.name)
        with tarfile.open(sdist) as tar:
            names = [member.name.partition("/")[2] for member in tar if member.isfile()]
        parts = {each.partition("/")[0] for each in names}
        yield from _differences(sdist.name, parts, distribution.sdist_parts)
        yield from (f"{sdist.name} has {each}" for each in names if LEFT_OVER.search(each))
        for path in (wheel, sdist):
            if path.stat().st_size > distribution.most * KIB:
                yield f"{path.name} is larger than {distribution.most} KiB: {path.stat().st_size / KIB:.0f}"


def _in_wheel(distribution: Distribution, archive: zipfile.ZipFile, wheel: str) -> Iterator[str]:
    names = archive.namelist()
    inside = {each.split("/")[1] for each in names if each.startswith(f"{distribution.package}/")}
    yield from _differences(wheel, inside, distribution.wheel_parts)
    about = f"{distribution.package}-{__version__}.dist-info"
    tops = {each.partition("/")[0] for each in names}
    yield from _differences(wheel, tops, frozenset({distribution.package, about}))
    yield from (f"{wheel} has {each}" for each in names if LEFT_OVER.search(each))
    for licence in ("LICENSE-APACHE", "LICENSE-MIT"):
        if f"{about}/licenses/{licence}" not in names:
            yield f"{wheel} has no {licence}"
    yield from _in_metadata(distribution, email.message_from_bytes(archive.read(f"{about}/METADATA")), wheel)


def _in_metadata(distribution: Distribution, metadata: Message, wheel: str) -> Iterator[str]:
    wanted = {
        "Name": distribution.package.replace("_", "-"),
        "Version": __version__,
        "License-Expression": "MIT OR Apache-2.0",
        "Requires-Python": f">=3.{distribution.oldest_python}",
        "Description-Content-Type": "text/markdown",
    }
    for name, value in wanted.items():
        if metadata[name] != value:
            yield f"{wheel} says {name}: {metadata[name]}, not {value}"
    # An index's page is not in the repository.
    for link in re.findall(r"\]\(((?!https:|#)[^)]*)\)", str(metadata.get_payload())):
        yield f"{wheel} has a description that links to {link}"


def _differences(name: str, found: set[str], wanted: frozenset[str]) -> Iterator[str]:
    yield from (f"{name} has {each}, which does not belong there" for each in sorted(found - wanted))
    yield from (f"{name} has no {each}" for each in sorted(wanted - found))


def by_twine(folder: Path) -> Iterator[str]:
    """A line for each thing that an index would refuse."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(os.fspath, sorted(folder.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    if done.returncode:
        yield f"twine check: {(done.stdout + done.stderr).strip()[-2000:]}"


def installs(folder: Path) -> Iterator[str]:
    """A line for each wheel that does not install, or does not start, on a Python of this machine."""
    for distribution in DISTRIBUTIONS:
        (wheel,) = folder.glob(f"{distribution.package}-*.whl")
        for minor in range(distribution.oldest_python, NEWEST_PYTHON + 1):
            python = _python(minor)
            if python:
                yield from on_python(python, wheel, distribution.command)


def on_python(python: str, wheel: Path, command: tuple[str, ...]) -> Iterator[str]:
    """What goes wrong when ``wheel`` is installed into a new environment of ``python``, and ``command`` runs there."""
    with tempfile.TemporaryDirectory() as scratch:
        own = os.path.join(scratch, "bin", "python")
        for line in (
            [python, "-m", "venv", scratch],
            [own, "-m", "pip", "install", "-q", os.fspath(wheel.resolve())],
            [own, *command],
        ):
            done = subprocess.run(line, cwd=scratch, capture_output=True, text=True, check=False)
            if done.returncode:
                yield f"{wheel.name} on {python}: {' '.join(line)}: {done.stderr.strip()[-500:]}"
                return


def _python(minor: int) -> str | None:
    """A Python 3 of that version: on PATH, of pyenv, or the one that runs this."""
    if sys.version_info[:2] == (3, minor):
        return sys.executable
    found = shutil.which(f"python3.{minor}")
    if found and "shims" not in found:
        return found
    of_pyenv = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3"))
    return os.fspath(of_pyenv[-1]) if of_pyenv else None


def of_tag(tag: str, changelog: str) -> Iterator[str]:
    """Whatever does not fit together among the tag, the version and the changelog."""
    if tag != f"v{__version__}":
        yield f"the tag is {tag}, and the version is {__version__}"
    if not notes(changelog):
        yield f"CHANGELOG.md has no dated part `## {__version__} (YYYY-MM-DD)`"


def notes(changelog: str) -> str:
    """The changelog's part on this version, without its heading; ``""`` if there is none, or it has no date yet."""
    heading = rf"^## {re.escape(__version__)} \(\d{{4}}-\d\d-\d\d\)\n"
    found = re.search(rf"{heading}(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE)
    return found[1].strip() + "\n" if found else ""


def main() -> None:
    """Build into the folder that is named, and check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tag", help="of the release: it must fit the version and the changelog")
    parser.add_argument("--notes", type=Path, help="a file for the changelog's part on this version")
    chosen = parser.parse_args()
    folder: Path = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    wrong = [*of_tag(chosen.tag, changelog)] if chosen.tag else []
    build(folder)
    wrong += [*in_archives(folder), *by_twine(folder), *installs(folder)]
    for line in wrong:
        print(line)
    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size / KIB:.0f} KiB")
    if chosen.notes:
        chosen.notes.write_text(notes(changelog), encoding="utf-8")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
