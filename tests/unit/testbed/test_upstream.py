"""Sources and patches: what is fetched, what applies, and what remains when something goes wrong."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Callable

import pytest

from pyo3_base_python.testbed import patches, upstream
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyo3_base_python.testbed.patches import PatchSet, Source
    from pyo3_base_python.testbed.workfolder import WorkFolder

Edit = Callable[[Path, str, str], None]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "inner" / "answer.txt").write_text("before\n41\nafter\n")
    return tmp_path / "tree"


def apply(patch_folder: Path, tree: Path, tmp_path: Path) -> str:
    destination = tmp_path / "patched"
    upstream.apply(patches.read(patch_folder), tree, destination, os.environ, tmp_path / "log")
    return (destination / "inner" / "answer.txt").read_text()


def test_patches_are_applied_to_a_copy(patch_folder: Path, tree: Path, tmp_path: Path) -> None:
    assert apply(patch_folder, tree, tmp_path) == "before\n42\nafter\n"
    assert (tree / "inner" / "answer.txt").read_text() == "before\n41\nafter\n"


def test_patches_are_applied_below_a_repository_of_somebody(patch_folder: Path, tree: Path, tmp_path: Path) -> None:
    """`git apply` in a subfolder of a repository skips what it takes for another part of it, and succeeds."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert apply(patch_folder, tree, tmp_path) == "before\n42\nafter\n"


def test_git_variables_of_a_hook_do_not_matter(
    patch_folder: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", os.fspath(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", os.fspath(tmp_path / "index"))
    assert apply(patch_folder, tree, tmp_path) == "before\n42\nafter\n"


def test_a_patch_that_does_not_apply_names_hunk_file_and_version(
    patch_folder: Path, tree: Path, tmp_path: Path, edit: Edit
) -> None:
    edit(tree / "inner" / "answer.txt", "41", "40")
    with pytest.raises(ShimError) as raised:
        apply(patch_folder, tree, tmp_path)
    assert raised.value.what == (
        "0001-Change-the-answer.patch does not apply to maturin 1.0.0: hunk 1 of inner/answer.txt"
    )
    assert raised.value.exit_code == Exit.PATCH


def test_a_patch_for_a_file_that_is_gone_names_the_file(patch_folder: Path, tree: Path, tmp_path: Path) -> None:
    (tree / "inner" / "answer.txt").unlink()
    with pytest.raises(ShimError, match=r"inner/answer\.txt: No such file or directory"):
        apply(patch_folder, tree, tmp_path)


def test_a_missing_git_is_told(patch_folder: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(ShimError) as raised:
        apply(patch_folder, tree, tmp_path)
    assert raised.value.exit_code == Exit.PROGRAM


def test_another_version_has_no_sum_to_check(patch_folder: Path) -> None:
    patch_set = patches.read(patch_folder)
    other = upstream.against(patch_set, "1.1.0")
    assert (other.version, other.sources[0].version, other.sources[0].sha256) == ("1.1.0", "1.1.0", "")
    assert upstream.against(patch_set, "1.0.0") is patch_set


def source_of(patch_folder: Path) -> tuple[PatchSet, Source]:
    patch_set = patches.read(patch_folder)
    return patch_set, patch_set.sources[0]


def test_an_archive_with_another_sum_is_refused(patch_folder: Path, tmp_path: Path) -> None:
    _, source = source_of(patch_folder)
    archive = tmp_path / "archive"
    archive.write_bytes(b"")  # what the sum is of
    upstream.check_sum(archive, source)
    archive.write_bytes(b"x")
    with pytest.raises(ShimError, match="has sha256") as raised:
        upstream.check_sum(archive, source)
    assert raised.value.exit_code == Exit.SOURCE


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ('error: failed to select a version for the requirement `pyo3 = "=9.9.9"`', Exit.NAMED),
        ("ERROR: No matching distribution found for maturin==9.9.9", Exit.NAMED),
        ("error: failed to connect", Exit.SOURCE),
        ("", Exit.SOURCE),
    ],
)
def test_a_version_that_does_not_exist_is_told_from_a_failed_download(output: str, code: int) -> None:
    assert upstream.not_fetched("maturin==9.9.9", output).exit_code == code


def test_nothing_is_unpacked_outside_of_the_folder(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        for name in ("top/inside.txt", "top/../../outside.txt", "top/sub/deep.txt"):
            member = tarfile.TarInfo(name)
            member.size = 1
            member.mtime = 1153704088
            file.addfile(member, io.BytesIO(b"x"))
        link = tarfile.TarInfo("top/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    upstream.unpack(archive, tmp_path / "tree")
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.txt"))
    assert found == ["tree/inside.txt", "tree/sub/deep.txt"]
    assert not (tmp_path / "tree" / "link").exists()
    assert (tmp_path / "tree" / "inside.txt").stat().st_mtime == 1153704088


def test_an_interrupted_fetch_leaves_nothing_to_trust(work: WorkFolder) -> None:
    def fail(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.settled("sources/one", fail)
    assert not work.holds("sources/one")
    assert list((work.top / "drafts").iterdir()) == []
    made = work.settled("sources/one", lambda folder: folder.mkdir())
    assert list(made.iterdir()) == []
    assert work.settled("sources/one", fail) == made


@pytest.mark.parametrize(
    ("applies", "taken"),
    [({"0.26.0", "0.30.1"}, "0.30.1"), ({"0.26.0"}, "0.26.0"), (set(), None)],
)
def test_the_nearest_set_is_tried_first(
    patch_folder: Path, work: WorkFolder, monkeypatch: pytest.MonkeyPatch, applies: set[str], taken: str | None
) -> None:
    one = patches.read(patch_folder)
    sets = [one._replace(version=number, folder=Path(number)) for number in ("0.26.0", "0.30.1")]

    def patched(patch_set: PatchSet, *_: object) -> Path:
        assert patch_set.version == "0.29.3"
        if patch_set.folder.name not in applies:
            raise ShimError(f"{patch_set.folder.name} does not apply", exit_code=Exit.PATCH)
        return patch_set.folder

    monkeypatch.setattr(upstream, "patched", patched)
    if taken is None:
        with pytest.raises(ShimError, match=r"0\.30\.1 does not apply"):
            upstream.patched_against(sets, "0.29.3", work, os.environ)
    else:
        chosen, tree = upstream.patched_against(sets, "0.29.3", work, os.environ)
        assert (chosen.folder.name, tree) == (taken, Path(taken))


def test_a_minor_version_counts_more_than_a_patch_release() -> None:
    assert upstream.distance("0.27.0", "0.26.9") > upstream.distance("0.26.0", "0.26.9")
