"""Released sources of the patched projects, as they are and with the patches applied."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
from pathlib import Path

from pyo3_base_python.testbed import patches, running, tools
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyo3_base_python.testbed.patches import PatchSet, Source
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = [
    "against",
    "apply",
    "fetch",
    "fetch_crate",
    "fetch_sdist",
    "patched",
    "patched_against",
    "released",
]

# Git must neither find the repository that the work folder may lie in (it would skip every file, and succeed), nor
# follow anybody's settings.
GIT_VARIABLES = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "LANGUAGE": ""}
GIT_UNSET = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
NO_SUCH_VERSION = (
    "failed to select a version",
    "no matching package",
    "No matching distribution",
    "Could not find a version",
)


def released(patch_set: PatchSet, work: WorkFolder, environ: Mapping[str, str]) -> Path:
    """The tree of the released sources that ``patch_set`` is for. Raises ``ShimError``."""
    sources = tuple(source for source in patch_set.sources if not source.optional)
    return fetch(sources, f"sources/{patch_set.name}/released", work, environ)


def patched(patch_set: PatchSet, work: WorkFolder, environ: Mapping[str, str]) -> Path:
    """The released tree with all patches applied. Raises ``ShimError``, which names the hunk if one does not apply."""
    tree = released(patch_set, work, environ)
    name = f"sources/{patch_set.name}/patched-{patch_set.digest}"
    return work.settled(name, lambda draft: apply(patch_set, tree, draft, environ, work.log(f"apply-{patch_set.name}")))


def against(patch_set: PatchSet, version: str) -> PatchSet:
    """The same patches applied to another version, if they apply; its archives have no sha256 to check."""
    if version == patch_set.version:
        return patch_set
    sources = tuple(source._replace(version=version, sha256="") for source in patch_set.sources)
    return patch_set._replace(version=version, sources=sources)


def patched_against(
    sets: Sequence[PatchSet], version: str, work: WorkFolder, environ: Mapping[str, str]
) -> tuple[PatchSet, Path]:
    """The first of ``sets`` (of one project) that applies to ``version``, the nearest ones first, and the tree.

    Raises ``ShimError`` if none does: that of the nearest, which names the hunk.
    """
    first: ShimError | None = None
    for one in sorted(sets, key=lambda one: distance(one.version, version)):
        try:
            return one, patched(against(one, version), work, environ)
        except ShimError as error:
            if error.exit_code != Exit.PATCH:
                raise
            first = first or error
    assert first is not None, "there is a set"
    raise first


def distance(one: str, other: str) -> list[int]:
    """How far apart two versions are, for comparison: majors first, then minors."""
    pairs = zip(re.findall(r"\d+", one), re.findall(r"\d+", other))
    return [abs(int(left) - int(right)) for left, right in pairs]


def fetch(sources: tuple[Source, ...], name: str, work: WorkFolder, environ: Mapping[str, str]) -> Path:
    """The finished folder ``name`` with each source unpacked as its ``directory``."""

    def make(tree: Path) -> None:
        for source in sources:
            archive = (fetch_crate if source.kind == "crate" else fetch_sdist)(source, work, environ)
            check_sum(archive, source)
            unpack(archive, tree / source.directory)

    return work.settled(name, make)


def fetch_crate(source: Source, work: WorkFolder, environ: Mapping[str, str]) -> Path:
    """The `.crate` file of ``source``, through cargo and its settings. Raises ``ShimError``."""
    what = f"{source.name} {source.version}"
    manifest = (
        '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
        f'{source.name} = "={source.version}"\n'
    )

    def make(folder: Path) -> None:
        (folder / "src").mkdir(parents=True)
        (folder / "src" / "lib.rs").touch()
        (folder / "Cargo.toml").write_text(manifest, encoding="utf-8")
        status, output = running.run(["cargo", "fetch"], environ, folder, work.log("fetch"))
        if status:
            raise not_fetched(what, output)
        home = Path(environ.get("CARGO_HOME") or Path.home() / ".cargo")
        found = sorted(home.glob(f"registry/cache/*/{source.name}-{source.version}.crate"))
        if not found:
            raise ShimError(f"cargo does not keep the archive of {what}", "use a registry as source", Exit.SOURCE)
        shutil.copy(found[-1], folder / "archive")

    return work.settled(f"archives/{source.name}-{source.version}.crate", make) / "archive"


def fetch_sdist(source: Source, work: WorkFolder, environ: Mapping[str, str]) -> Path:
    """The sdist of ``source``, through pip and its settings. Raises ``ShimError``."""
    variables = tools.environment(tools.default_python(environ), (), work, environ)
    command = ["python", "-m", "pip", "download", "--no-deps", "--no-binary", source.name, "--dest"]

    def make(folder: Path) -> None:
        folder.mkdir()
        requirement = f"{source.name}=={source.version}"
        status, output = running.run([*command, ".", requirement], variables, folder, work.log("fetch"))
        archives = sorted(folder.glob("*.tar.gz"))
        if status or not archives:
            raise not_fetched(requirement, output)
        archives[0].rename(folder / "archive")

    return work.settled(f"archives/{source.name}-{source.version}.sdist", make) / "archive"


def not_fetched(what: str, output: str) -> ShimError:
    """The error for ``output`` of cargo or pip: there is no such version, or it can't be fetched."""
    if any(words in output for words in NO_SUCH_VERSION):
        return ShimError(f"there is no {what}", "check the version", Exit.NAMED)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines or ["no output"]
    return ShimError(f"can't fetch {what}: {telling[-1][:300]}", "check the connection and its settings", Exit.SOURCE)


def check_sum(archive: Path, source: Source) -> None:
    """Raise ``ShimError`` if ``archive`` is not the one that ``source`` names by its sha256 (if it names one)."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if source.sha256 and found != source.sha256:
        raise ShimError(
            f"the archive of {source.name} {source.version} has sha256 {found}, not {source.sha256}",
            f"delete {archive.parent}, and ask where it comes from",
            Exit.SOURCE,
        )


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive with one top folder as ``folder``. Nothing is written outside it."""
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            _, _, path = member.name.partition("/")
            if not path or not (member.isfile() or member.isdir()) or ".." in Path(path).parts:
                continue
            place = folder / path
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            content = file.extractfile(member)
            assert content is not None, member.name
            place.write_bytes(content.read())
            place.chmod(0o755 if member.mode & 0o100 else 0o644)
            os.utime(place, (member.mtime, member.mtime))


def apply(patch_set: PatchSet, tree: Path, destination: Path, environ: Mapping[str, str], log: Path) -> None:
    """Copy ``tree`` to ``destination`` and apply the patches there, in order.

    Raises ``ShimError`` for the first that does not apply; it names the hunks and the version.
    """
    shutil.copytree(tree, destination, symlinks=True)
    variables = {name: value for name, value in environ.items() if name not in GIT_UNSET}
    variables.update(GIT_VARIABLES, GIT_CEILING_DIRECTORIES=os.fspath(destination.parent))
    includes = [f"--include={glob}" for glob in patch_set.include]
    for name in patch_set.patches:
        patch = patch_set.folder / name
        files = [destination / path for path in patches.touched(patch.read_text(encoding="utf-8"), patch_set.include)]
        before = [_content(file) for file in files]
        command = ["git", "apply", "--verbose", f"-p{patch_set.strip}", *includes]
        status, output = running.run([*command, os.fspath(patch)], variables, destination, log)
        if status:
            _, output = running.run([*command, "--reject", os.fspath(patch)], variables, destination, log)
            raise ShimError(
                f"{name} does not apply to {patch_set.project} {patch_set.version}: {rejected(output)}",
                f"the whole output is in {log}",
                Exit.PATCH,
            )
        same = [file for file, content in zip(files, before) if _content(file) == content]
        if same:
            raise ShimError(f"{name} left {same[0].relative_to(destination)} as it was", exit_code=Exit.PATCH)


def rejected(output: str) -> str:
    """The hunks that `git apply --verbose --reject` could not apply, in words."""
    found: list[str] = []
    file = ""
    for line in output.splitlines():
        if match := re.match(r"^(?:Applying|Checking) patch (.+?)(?: with \d+ rejects?)?\.\.\.$", line):
            file = match.group(1)
        elif match := re.match(r"^Rejected hunk #(\d+)", line):
            found.append(f"hunk {match.group(1)} of {file}")
        elif match := re.match(r"^error: (.+): (No such file or directory|already exists in working directory)$", line):
            found.append(f"{match.group(1)}: {match.group(2)}")
    return ", ".join(dict.fromkeys(found)) or output.strip().replace("\n", " / ")[-300:]


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None
