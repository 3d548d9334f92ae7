"""What is installed: the same lines for equal environments, other lines for any change a build script can see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper.installed import environment_content
from tests.installations import install
from tests.unit.support import posix

GENERATED = "#!%s/bin/python\nfrom a import main\nmain()\n"


class Environment:
    """A folder that looks like an environment with the distribution `a` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "lib" / "python3.11" / "site-packages"
        (folder / "bin").mkdir(parents=True)

    def install(self, record: str, **files: str) -> Environment:
        """Write RECORD and other files of the `.dist-info`."""
        install("", "a", "1", record, os.fspath(self.site))
        for name, content in files.items():
            (self.site / "a-1.dist-info" / f"{name}.txt").write_text(content, encoding="utf-8")
        return self

    def put(self, path: str, content: str | bytes) -> Environment:
        """Write a file below the environment's top."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    @property
    def line(self) -> str:
        """The one line of its content."""
        (line,) = environment_content([os.fspath(self.site)])
        return line


@pytest.fixture
def environments(tmp_path: Path) -> tuple[Environment, Environment]:
    """Two environments, in two places."""
    return Environment(tmp_path / "one"), Environment(tmp_path / "the other")


def test_content_ignores_what_installers_write_anew_each_time(environments: tuple[Environment, Environment]) -> None:
    stable = "a/__init__.py,sha256=x,1\na/data.csv,sha256=y,2\n"
    noise = (
        "a/__pycache__/__init__.cpython-311.pyc,,\n"
        "../../../bin/__pycache__/a.cpython-311.pyc,,\n"
        "../../../bin/a,sha256=%s,3\n"
        "../../../Scripts/a.exe,sha256=%s,3\n"
        "/%s/share/c,sha256=z,3\n"
        "a-1.dist-info/INSTALLER,sha256=%s,4\n"
        "a-1.dist-info/direct_url.json,sha256=%s,5\n"
        "a-1.dist-info/uv_cache.json,sha256=%s,5\n"
        "a-1.dist-info/sboms/a.cyclonedx.json,sha256=%s,5\n"
        "a-1.dist-info/RECORD,,\n"
        "a-1.dist-info/REQUESTED,sha256=%s,0\n"
    )
    one, other = environments
    one.install(stable + noise.replace("%s", "p"), entry_points="[console_scripts]\na = a:main\n")
    other.install(noise.replace("%s", "q") + stable, entry_points="[console_scripts]\na=a:main\n")
    expected = "a-1.dist-info Scripts/a.exe a/__init__.py,sha256=x,1 a/data.csv,sha256=y,2 bin/a c,sha256=z,3"
    assert one.line == other.line == expected


@pytest.mark.parametrize(
    "script",
    [
        GENERATED,
        "#!/bin/sh\n'''exec' %s/bin/python \"$0\" \"$@\"\n' '''\nimport a\n",
        "#!/bin/sh\n'''exec' \"%s/bin/python\" \"$0\" \"$@\"\n' '''\nimport a\n",
    ],
)
def test_environments_path_in_a_script_makes_no_difference(
    environments: tuple[Environment, Environment], script: str
) -> None:
    """S12: RECORD has the hash of what the installer made of the script, as with setuptools' `scripts`."""
    for number, one in enumerate(environments):
        one.install(f"../../../bin/tool,sha256={number},9\n").put("bin/tool", script % one.folder)
    assert environments[0].line == environments[1].line


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("bin/tool", GENERATED, GENERATED + "# changed\n"),
        ("bin/tool", "#!/usr/bin/perl\n", "#!/usr/bin/python\n"),
        ("bin/tool", b"\x7fELF 1", b"\x7fELF 2"),
        ("share/a/data.txt", "1", "2"),
        ("include/site/python3.11/a/a.h", "1", "2"),
        pytest.param('share/a "b", c.txt', "1", "2", marks=posix("no file can have such a name")),
    ],
)
def test_scripts_headers_and_data_count_by_their_content(
    environments: tuple[Environment, Environment], path: str, before: str | bytes, after: str | bytes
) -> None:
    """S12: a requirement given by its file URL, at the same version."""
    one, other = environments
    for each, content in ((one, before), (other, after)):
        name = "../../../" + path
        quoted = '"' + name.replace('"', '""') + '"' if "," in name else name
        each.install(f"{quoted},sha256={hash(content)},3\n").put(path, content)
    assert one.line != other.line


@pytest.mark.promise("stale")
@pytest.mark.parametrize("name", ["METADATA", "entry_points.txt"])
def test_metadata_counts(environments: tuple[Environment, Environment], name: str) -> None:
    """A build script may ask `importlib.metadata`."""
    for number, one in enumerate(environments):
        one.install(f"a-1.dist-info/{name},sha256={number},9\n")
    assert environments[0].line != environments[1].line


@posix("there are no pipes in folders there")
@pytest.mark.promise("fault")
def test_script_that_is_gone_or_no_file_is_survived(environments: tuple[Environment, Environment]) -> None:
    one, other = environments
    record = "../../../bin/gone,sha256=x,1\n../../../bin/pipe,sha256=y,1\n../../../bin/nul\0,sha256=z,1\n../../../bin\n"
    one.install(record)
    os.mkfifo(one.folder / "bin" / "pipe")
    other.install(record)
    assert one.line == other.line


def test_what_lies_outside_of_the_environment_is_told_apart(tmp_path: Path) -> None:
    """S10: what PYTHONPATH brings is not there for a program whose environment was cleared."""
    install("", "a", "1", folder=os.fspath(tmp_path / "env" / "lib"))
    folder = os.fspath(tmp_path / "env" / "lib")
    inside = environment_content([folder], prefixes=[os.fspath(tmp_path / "env")])
    outside = environment_content([folder], prefixes=[os.fspath(tmp_path / "other")])
    assert (inside, outside) == (environment_content([folder]), [f"elsewhere: {line}" for line in inside])


@pytest.mark.promise("stale")
@pytest.mark.parametrize("record", ["a.py,sha256=other,1\n", "b.py,sha256=x,1\n", "a.py,sha256=x,1\nb.py,sha256=x,1\n"])
def test_content_changes_with_the_installed_files(tmp_path: Path, record: str) -> None:
    install("", "a", "1", "a.py,sha256=x,1\n", os.fspath(tmp_path / "one"))
    install("", "a", "1", record, os.fspath(tmp_path / "two"))
    assert environment_content([os.fspath(tmp_path / "one")]) != environment_content([os.fspath(tmp_path / "two")])


def test_content_does_not_depend_on_the_order_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "c"):
        install("", name, "1", folder=os.fspath(tmp_path))
    expected = environment_content([os.fspath(tmp_path)])
    listed = os.listdir(tmp_path)
    monkeypatch.setattr(os, "listdir", lambda _: listed[::-1])
    assert environment_content([os.fspath(tmp_path)]) == expected
    assert [line.partition(" ")[0] for line in expected] == ["a-1.dist-info", "b-1.dist-info", "c-1.dist-info"]


def test_content_knows_older_kinds_of_installations_by_their_name(tmp_path: Path) -> None:
    for name in ("a-1-py3.11.egg-info", "b.egg-link", "c-2-py3.11.egg", "module.py", "package"):
        (tmp_path / name).touch()
    assert environment_content([os.fspath(tmp_path)]) == ["a-1-py3.11.egg-info", "b.egg-link", "c-2-py3.11.egg"]


@pytest.mark.promise("fault")
def test_folders_that_are_not_there_and_records_that_are_missing_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "a-1.dist-info").mkdir()
    (tmp_path / "file").touch()
    folders = [os.fspath(tmp_path / name) for name in ("gone", "file", "")]
    assert environment_content(folders) == ["a-1.dist-info "]


@pytest.mark.promise("fault")
def test_record_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    (tmp_path / "a-1.dist-info").mkdir()
    (tmp_path / "a-1.dist-info" / "RECORD").write_bytes(b"\xff.py,sha256=x,1\n")
    assert environment_content([os.fspath(tmp_path)]) == ["a-1.dist-info \udcff.py,sha256=x,1"]
