"""What is measured: a project as released, with the patches of this repository, or as somebody else's candidate."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import tomlkit
from packaging.version import InvalidVersion, Version
from tomlkit.exceptions import TOMLKitError

from pyo3_base_python.testbed import running, tools, upstream
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper import store
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = [
    "FIX",
    "RELEASED",
    "UNKNOWN",
    "Candidate",
    "choose",
    "crates",
    "distinct",
    "generated",
    "requirement",
    "tree_digest",
]

# What is known of a candidate: a release without the fix; sources that are to be judged as a fix; any other release.
RELEASED, FIX, UNKNOWN = "released", "fix", "unknown"

NOT_COPIED = (".venv", "__pycache__", "node_modules")
CHANGED_CRATE = "pyo3-build-config"
PYO3_CRATES = ("pyo3", "pyo3-ffi", CHANGED_CRATE, "pyo3-macros", "pyo3-macros-backend")
NOT_SOURCES = (".git", *NOT_COPIED)
# How the patched backend behaves is measured, not how fast its own code is: build it sooner.
FAST_RELEASE = {
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_DEBUG": "false",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
}


class Candidate(NamedTuple):
    """A version of a project under test.

    ``label`` is what tables show; ``kind`` is what is known of it; ``checkout`` are sources to use in place of the
    release; ``identity`` changes when what is measured does.
    """

    project: str
    label: str
    kind: str
    version: str
    identity: str
    checkout: Path | None = None


def choose(project: str, named: str, patch_set: PatchSet, work: WorkFolder, environ: Mapping[str, str]) -> Candidate:
    """The candidate called ``named``: ``released``, ``patched``, a version, or the path of a checkout.

    ``patch_set`` says what the first two are. Raises ``ShimError`` if there is no such thing.
    """
    version = patch_set.version
    if named == RELEASED:
        return Candidate(project, f"released {version}", RELEASED, version, version)
    if named == "patched":
        tree = upstream.patched(patch_set, work, environ)
        return Candidate(project, f"patched {version}", FIX, version, f"{version}-{patch_set.digest}", tree)
    checkout = Path(named).expanduser()
    if checkout.exists() or os.sep in named:
        version = checkout_version(project, checkout)
        digest = tree_digest(checkout)
        label = f"{checkout.resolve().name} {version}"
        return Candidate(project, label, FIX, version, f"{version}-{digest}", checkout.resolve())
    try:
        version = str(Version(named))
    except InvalidVersion:
        raise ShimError(
            f"{named!r} is no candidate for {project}",
            "released, patched, a version, or the path of a checkout",
            Exit.NAMED,
        ) from None
    kind = RELEASED if version == patch_set.version else UNKNOWN
    return Candidate(project, f"released {version}", kind, version, version)


def distinct(chosen: Sequence[Candidate]) -> list[Candidate]:
    """``chosen`` without repetitions, with distinct labels: to folders of one name those above them are added."""
    once = list({(one.label, one.identity, one.checkout): one for one in chosen}.values())
    alike = Counter(one.label for one in once)
    if len(alike) == len(once):
        return once
    return distinct([_named_longer(one) if alike[one.label] > 1 else one for one in once])


def _named_longer(candidate: Candidate) -> Candidate:
    """The label with one more folder of the checkout's path; without a path, with a digest of the candidate."""
    name, _, version = candidate.label.rpartition(" ")
    parts = candidate.checkout.parts if candidate.checkout else ()
    taken = name.count("/") + 1
    longer = "/".join(parts[-taken - 1 :]) if len(parts) > taken + 1 else f"{name} {candidate.identity[-8:]}"
    return candidate._replace(label=f"{longer} {version}")


def checkout_version(project: str, checkout: Path) -> str:
    """The version of a checkout of ``project``. Raises ``ShimError`` if it is not such a checkout."""
    manifest = checkout / ("pyproject.toml" if project == "setuptools-rust" else "Cargo.toml")
    if project == "pyo3" and not manifest.exists():
        manifest = checkout / CHANGED_CRATE / "Cargo.toml"  # a tree of `testbed apply` has no more than the crate
    try:
        data = tomlkit.parse(manifest.read_text(encoding="utf-8")).unwrap()
    except (OSError, ValueError, TOMLKitError):
        data = {}
    table = data.get("project" if project == "setuptools-rust" else "package", {})
    # The crate alone is enough: it holds the change.
    names = ("pyo3", CHANGED_CRATE) if project == "pyo3" else (project, project.replace("-", "_"))
    if table.get("name") not in names:
        raise ShimError(f"{checkout} is no checkout of {project}", f"there is no {manifest.name} of it", Exit.NAMED)
    version = table.get("version", "0")
    if isinstance(version, dict):  # version.workspace = true
        version = data.get("workspace", {}).get("package", {}).get("version", "0")
    return str(version)


def tree_digest(folder: Path) -> str:
    """A name for the content of the sources in ``folder``."""
    summary = hashlib.sha256()
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - set(NOT_SOURCES) - set(generated(path, folders)))
        for name in sorted(names):
            file = Path(path) / name
            if file.is_file() and not file.is_symlink():
                summary.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode(errors="surrogateescape"))
                summary.update(file.read_bytes())
    return store.digest(summary.digest())


def crates(candidate: Candidate) -> dict[str, Path]:
    """The crates of a pyo3 checkout, name to folder, to be used in place of the registry's; empty for a release."""
    if candidate.checkout is None:
        return {}
    top = candidate.checkout
    if not (top / CHANGED_CRATE).is_dir():
        return {CHANGED_CRATE: top}
    found = {name: top if name == "pyo3" else top / name for name in PYO3_CRATES}
    return {name: folder for name, folder in found.items() if (folder / "Cargo.toml").is_file()}


def requirement(candidate: Candidate, work: WorkFolder, environ: Mapping[str, str]) -> str:
    """The line for `build-system.requires` that installs a build backend. Checkouts are built once, as a wheel.

    Raises ``ShimError`` if there is no such version, or if the checkout does not build.
    """
    if candidate.checkout is None:
        line = f"{candidate.project}=={candidate.version}"
        _check_release(line, work, environ)
        return line
    wheel = _wheel(candidate, candidate.checkout, work, environ)
    return f"{candidate.project} @ {wheel.as_uri()}"


def _check_release(line: str, work: WorkFolder, environ: Mapping[str, str]) -> None:
    """Have pip download the release once: a version that does not exist is reported now, not in each build."""
    variables = tools.environment(tools.default_python(environ), (), work, environ)

    def make(folder: Path) -> None:
        folder.mkdir()
        command = ["python", "-m", "pip", "download", "--no-deps", "--dest", ".", line]
        status, output = running.run(command, variables, folder, work.log("fetch"))
        if status:
            raise upstream.not_fetched(line, output)

    work.settled(f"releases/{line}", make)


def _wheel(candidate: Candidate, checkout: Path, work: WorkFolder, environ: Mapping[str, str]) -> Path:
    variables = tools.environment(tools.default_python(environ), ("wheel",), work, environ)
    # One target directory for all checkouts of the project: their dependencies are compiled once.
    variables.update(FAST_RELEASE, CARGO_TARGET_DIR=os.fspath(work.top / "targets" / candidate.project))
    log = work.log(f"wheel-{candidate.project}-{candidate.version}")

    def make(folder: Path) -> None:
        source = folder / candidate.project
        # Fresh times: cargo would else take a file for that of another checkout which it has compiled in between.
        shutil.copytree(checkout, source, symlinks=True, ignore=generated, copy_function=shutil.copy)
        command: Sequence[str] = ("python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", os.fspath(folder))
        what = f"{candidate.label} does not build"
        running.must_run(what, [*command, os.fspath(source)], variables, folder, log)
        shutil.rmtree(source)
        if candidate.project == "maturin":
            # A program, which serves every interpreter; what builds it here tags it for one.
            (wheel,) = folder.glob("*.whl")
            tags = ("--remove", "--python-tag", "py3", "--abi-tag", "none", os.fspath(wheel))
            running.must_run(what, ["python", "-m", "wheel", "tags", *tags], variables, folder, log)

    folder = work.settled(f"wheels/{candidate.project}-{candidate.identity}", make)
    (wheel,) = folder.glob("*.whl")
    return wheel


def generated(folder: str, names: list[str]) -> list[str]:
    """Those of ``names`` in ``folder`` that no copy of a project needs, for ``shutil.copytree``.

    ``target`` and ``build`` may be modules: only folders that cargo has marked, and setuptools' at the top, are meant.
    """
    here = Path(folder)
    left = [name for name in names if name in NOT_COPIED]
    left += [name for name in names if name == "target" and (here / name / "CACHEDIR.TAG").is_file()]
    return left + [name for name in names if name == "build" and (here / "pyproject.toml").is_file()]
