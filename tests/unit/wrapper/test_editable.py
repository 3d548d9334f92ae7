"""Editable installations: which project they point to, and when that counts as changed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper import editable
from pyo3_base_python.wrapper.installed import environment_content
from tests.unit.support import posix

Tree = Callable[[dict[str, str]], Path]
FILES = {"pyproject.toml": "", "src/helper/__init__.py": "VALUE = 1\n", "src/helper/data.txt": "1"}


@pytest.fixture
def helper(tree: Tree) -> Path:
    """A project in an editable installation."""
    return tree(FILES)


def install(site: Path, helper: Path, *, is_editable: bool = True) -> str:
    """Put the traces of an installation from a folder into `site`, as pip and uv leave them."""
    information = site / "helper-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "RECORD").write_text("__editable__.helper.pth,sha256=x,1\n", encoding="utf-8")
    direct_url = {"url": helper.as_uri(), "dir_info": {"editable": True} if is_editable else {}}
    (information / "direct_url.json").write_text(json.dumps(direct_url), encoding="utf-8")
    return os.fspath(site)


def content(site: str, building: Path | str = "") -> str:
    (line,) = environment_content([site], os.fspath(building))
    return line


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda helper: (helper / "src/helper/__init__.py").write_text("VALUE = 2\n", encoding="utf-8"),
    "new": lambda helper: (helper / "src/helper/new.py").touch(),
    "renamed": lambda helper: (helper / "src/helper/__init__.py").rename(helper / "src/helper/other.py"),
    "gone": lambda helper: (helper / "src/helper/__init__.py").unlink(),
    "moved": lambda helper: (helper / "src/helper").rename(helper / "src/helpers"),
}


@pytest.mark.promise("stale")
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_in_the_project_changes_the_environment(tmp_path: Path, helper: Path, change: str) -> None:
    site = install(tmp_path / "site", helper)
    before = content(site)
    CHANGES[change](helper)
    assert content(site) != before


@pytest.mark.promise("stale")
def test_link_of_an_older_kind_is_followed(tmp_path: Path, helper: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "helper.egg-link").write_text(f"{helper}\n.", encoding="utf-8")
    before = content(os.fspath(tmp_path / "site"))
    CHANGES["edited"](helper)
    assert content(os.fspath(tmp_path / "site")) != before


def test_nothing_changed_in_another_place_at_another_time(tmp_path: Path, helper: Path) -> None:
    before = content(install(tmp_path / "site", helper))
    moved = helper.rename(tmp_path / "an other ä place")
    for path in moved.rglob("*"):
        os.utime(path, (1, 1))
    assert content(install(tmp_path / "other-site", moved)) == before


@pytest.mark.parametrize(
    "name", ["src/helper/__pycache__/a.py", ".git/a.py", "node_modules/a.py", "target/a.py", "env/lib/a.py", "a.so"]
)
def test_what_no_build_script_imports_counts_for_nothing(tmp_path: Path, helper: Path, tree: Tree, name: str) -> None:
    tree({"target/CACHEDIR.TAG": "", "env/pyvenv.cfg": ""})
    site = install(tmp_path / "site", helper)
    before = content(site)
    tree({name: "new"})
    assert content(site) == before


@pytest.mark.parametrize("place", [".", "rust/crate"])
def test_project_that_is_being_built_counts_for_nothing(tmp_path: Path, helper: Path, place: str) -> None:
    """`maturin develop`: an edit of its own modules must not compile pyo3 again."""
    (helper / place).mkdir(parents=True, exist_ok=True)
    site = install(tmp_path / "site", helper)
    assert environment_content([site], os.fspath(helper / place)) == []
    assert environment_content([site], os.fspath(tmp_path / "other")) != []


def test_what_is_installed_from_a_folder_and_not_editable_is_known_by_its_record(tmp_path: Path, helper: Path) -> None:
    site = install(tmp_path / "site", helper, is_editable=False)
    assert content(site) == "helper-1.0.dist-info __editable__.helper.pth,sha256=x,1"


@pytest.mark.promise("stale")
def test_project_of_too_many_modules_counts_as_changed(
    tmp_path: Path, helper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (helper / "second.py").touch()
    site = install(tmp_path / "site", helper)
    monkeypatch.setattr(editable, "MODULES_READ", 2)
    assert content(site) == content(site)
    monkeypatch.setattr(editable, "MODULES_READ", 1)
    assert content(site) != content(site)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["with blank", "ä", "%41", "quote'\"", "back\\slash", "{}", "url"])
def test_project_may_have_any_path(tmp_path: Path, name: str, indent: int | None) -> None:
    url = {"url": (tmp_path / name).as_uri(), "dir_info": {"editable": True}}
    for written in (json.dumps(url, indent=indent), json.dumps(url).replace("/", "\\/")):
        (tmp_path / "direct_url.json").write_text(written, encoding="utf-8")
        assert editable.project(os.fspath(tmp_path / "direct_url.json")) == os.fspath(tmp_path / name)


@pytest.mark.promise("fault")
def test_project_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    site = install(tmp_path / "site", tmp_path / "gone")
    assert content(site) == content(site)


@posix("there are no pipes in folders there")
@pytest.mark.promise("fault")
def test_what_can_not_be_read_is_passed_over(tmp_path: Path, helper: Path) -> None:
    """A pipe would be waited for."""
    os.mkfifo(helper / "pipe.py")
    (helper / "nowhere.py").symlink_to("gone")
    (helper / "folder.py").mkdir()
    site = install(tmp_path / "site", helper)
    assert content(site) == content(site)


@posix("there are no pipes in folders there")
@pytest.mark.promise("fault")
@pytest.mark.parametrize("place", ["helper-1.0.dist-info/direct_url.json", "helper-1.0.dist-info/RECORD", "a.egg-link"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_among_what_is_installed_are_not_read(
    tmp_path: Path, helper: Path, place: str, kind: str
) -> None:
    """A pipe would be waited for, and `/dev/zero` has no end."""
    path = Path(install(tmp_path / "site", helper), place)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("still reading"))
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        assert environment_content([os.fspath(tmp_path / "site")])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / "file"


@pytest.mark.promise("fault")
@given(
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.text() | st.just("file:///%00") | st.just("file://h/%ff"),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["url", "dir_info", "editable"]), inner),
    ).map(lambda value: json.dumps(value).encode())
    | st.binary().map(lambda url: b'{"editable":true,"url":"file://' + url + b'"}')
)
def test_any_file_of_an_installation_is_survived(scratch: Path, written: bytes) -> None:
    scratch.write_bytes(written)
    for reader in (editable.project, editable.linked_project):
        editable.modules(os.path.join("/not/there", reader(os.fspath(scratch)).lstrip("/")))
