"""The fingerprints that cargo keeps of compiled units."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pyo3_base_python import fingerprints


def unit(profile_dir: Path, package: str, own: int, *needs: int, variable: str = "", started: float = 1000.0) -> Path:
    """Write a unit as cargo does; it took two seconds."""
    folder = profile_dir / ".fingerprint" / f"{package}-{own:016x}"
    folder.mkdir(parents=True)
    local = [{"RerunIfEnvChanged": {"var": variable, "val": None}}] if variable else [{"CheckDepInfo": {}}]
    (folder / "lib-it.json").write_text(json.dumps({"deps": [[1, "a", False, need] for need in needs], "local": local}))
    (folder / "lib-it").write_text(own.to_bytes(8, "little").hex())
    (folder / "invoked.timestamp").touch()
    os.utime(folder / "invoked.timestamp", (started, started))
    os.utime(folder / "lib-it", (started + 2, started + 2))
    return folder


@pytest.fixture
def profile_dir(tmp_path: Path) -> Path:
    """libc, and pyo3-ffi with the crates above it, which depend on the interpreter."""
    unit(tmp_path, "libc", 1)
    unit(tmp_path, "pyo3-ffi", 2, variable="PYO3_CONFIG_FILE")
    unit(tmp_path, "pyo3", 3, 1, 2)
    unit(tmp_path, "crate", 4, 3)
    unit(tmp_path, "other", 5, 1, variable="CC")
    return tmp_path


def test_units_have_their_package_and_how_long_they_took(profile_dir: Path) -> None:
    found = fingerprints.units(profile_dir)
    assert sorted(one.package for one in found) == ["crate", "libc", "other", "pyo3", "pyo3-ffi"]
    assert {(one.compiled, one.seconds) for one in found} == {(1000.0, 2.0)}


def test_what_depends_on_the_interpreter_is_what_its_build_scripts_say_and_all_above(profile_dir: Path) -> None:
    found = fingerprints.depend_on_python(fingerprints.units(profile_dir))
    assert sorted(one.package for one in found) == ["crate", "pyo3", "pyo3-ffi"]


def test_there_are_none_where_nothing_was_compiled(tmp_path: Path) -> None:
    assert fingerprints.units(tmp_path) == []


@pytest.mark.promise("fault")
@pytest.mark.parametrize("text", ["", "{}", "[]", '{"deps": 1, "local": []}', '{"deps": [[1]], "local": []}'])
def test_what_is_not_as_expected_is_passed_over(tmp_path: Path, text: str) -> None:
    unit(tmp_path, "good", 1)
    (unit(tmp_path, "bad", 2) / "lib-it.json").write_text(text)
    (unit(tmp_path, "odd", 3) / "lib-it").write_text("no number")
    assert [one.package for one in fingerprints.units(tmp_path)] == ["good"]


def test_a_unit_without_a_start_took_no_time(tmp_path: Path) -> None:
    (unit(tmp_path, "script", 1) / "invoked.timestamp").unlink()
    (found,) = fingerprints.units(tmp_path)
    assert (found.compiled, found.seconds) == (1002.0, 0.0)
