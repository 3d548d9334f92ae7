"""Paths, links to projects, and the store, where files that are open are nobody's to replace."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import editable, installed, paths, probe, store
from pyo3_base_python.wrapper.errors import CannotSteady
from pyo3_base_python.wrapper.store import File
from tests.unit.support import stand_in_cargo

PUT = """
import sys
from pyo3_base_python.wrapper.store import File, put
for number in range(200):
    put(sys.argv[1], File("config/one.txt", b"one" * 1000))
    open(sys.argv[1] + "/config/one.txt", "rb").close()
"""


# Paths


@pytest.mark.parametrize(
    ("path", "folder"),
    [(r"C:\Users\Me\x", r"c:\users\ME"), (r"c:\a", r"C:\A"), ("C:/a/b", r"C:\a"), (r"C:\a\b", "C:/A/")],
)
def test_a_file_is_inside_whatever_the_case(path: str, folder: str) -> None:
    """X8."""
    assert paths.is_inside(path, folder)
    assert not paths.is_inside(path, folder.rstrip("/") + "b")


def test_relative_paths_are_as_cargo_and_records_have_them() -> None:
    assert paths.relative(r"C:\tree\src\lib.rs", r"C:\tree") == "src/lib.rs"
    assert paths.relative(r"D:\other", r"C:\tree") == "D:/other"  # on another drive


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///C:/my%20project", r"C:\my project"),
        ("file:///c%3A/x", r"c:\x"),
        ("file://machine/share/x", r"\\machine\share\x"),
    ],
)
def test_an_editable_project_is_found_by_its_url(tmp_path: Path, url: str, path: str) -> None:
    """X7: `/C:/x` is no folder, and its modules counted as nothing."""
    file = tmp_path / "direct_url.json"
    file.write_text(f'{{"dir_info": {{"editable": true}}, "url": "{url}"}}')
    assert editable.project(os.fspath(file)) == path


@pytest.mark.promise("stale")
def test_modules_of_an_editable_project_count(tmp_path: Path) -> None:
    information = tmp_path / "site" / "helper-1.dist-info"
    information.mkdir(parents=True)
    project = tmp_path / "project"
    project.mkdir()
    url = f'{{"url": "{project.as_uri()}", "dir_info": {{"editable": true}}}}'
    (information / "direct_url.json").write_text(url)
    found = []
    for content in ("VALUE = 1", "VALUE = 2"):
        (project / "helper.py").write_text(content)
        found.append(installed.environment_content([os.fspath(tmp_path / "site")]))
    assert found[0] != found[1]


def test_the_path_of_an_environment_does_not_count_in_a_script(tmp_path: Path) -> None:
    scripts = [f"#!{tmp_path}\\{name}\\Scripts\\python.exe\nbody\n".encode() for name in ("one", "two")]
    assert installed.without_interpreter(scripts[0]) == installed.without_interpreter(scripts[1])


def test_processors_are_told_apart() -> None:
    """X11: there is no SOABI before 3.13 or so."""
    said = probe.facts()["soabi"]
    assert "win" in said
    assert str(sys.version_info[1]) in said


# The store


def test_the_store_is_in_local_app_data(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"LOCALAPPDATA": r"C:\Users\me\AppData\Local", "USERPROFILE": r"C:\Users\me"}
    assert store.default_root(environ) == r"C:\Users\me\AppData\Local\pyo3-base-python"
    # X12: what Python of the Store writes there, cargo does not see.
    monkeypatch.setattr(sys, "base_prefix", r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.11_x64")
    assert store.default_root(environ) == r"C:\Users\me\pyo3-base-python"


@pytest.mark.promise("fault")
def test_a_file_in_the_way_of_the_store_is_said(tmp_path: Path) -> None:
    """Windows calls that a path that is not found, and what is not found was made, for ever."""
    (tmp_path / "file").touch()
    with pytest.raises(CannotSteady, match="can't use the store"):
        store.put(os.fspath(tmp_path / "file" / "store"), File("config/one.txt", b"one"))


@pytest.mark.promise("fault")
def test_a_file_that_is_open_is_replaced_when_it_is_closed(tmp_path: Path) -> None:
    """X4."""
    path = Path(store.put(os.fspath(tmp_path / "store"), File("config/one.txt", b"one")))
    path.write_bytes(b"damaged")
    opened = path.open("rb")
    closing = threading.Timer(0.3, opened.close)
    closing.start()
    began = time.monotonic()
    store.put(os.fspath(tmp_path / "store"), File("config/one.txt", b"one"))
    closing.join()
    assert path.read_bytes() == b"one"
    assert time.monotonic() > began
    assert os.listdir(path.parent) == ["one.txt"]


@pytest.mark.promise("fault")
def test_processes_at_once_do_not_deny_each_other(tmp_path: Path) -> None:
    """X4: `os.replace` was denied while another one read."""
    command = [sys.executable, "-c", PUT, os.fspath(tmp_path / "store")]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    for each in started:
        assert each.communicate()[1] == b""
        assert each.returncode == 0


@pytest.mark.promise("fault")
def test_a_program_that_runs_is_replaced(tmp_path: Path) -> None:
    """`env` after an upgrade, while the language server has the lasting one run."""
    root = os.fspath(tmp_path / "store")
    content = Path(stand_in_cargo()).read_bytes()
    path = store.put(root, File("bin/cargo.exe", content, executable=True))
    environ = {**os.environ, "FAKE_CARGO_DOES": f'"{sys.executable}" -c "print(1, flush=True); input()"'}
    with subprocess.Popen([path], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"1\r\n"
        store.put(root, File("bin/cargo.exe", content + b"new", executable=True))
        assert Path(path).read_bytes() == content + b"new"
        running.communicate(b"\n")
    assert running.returncode == 0
