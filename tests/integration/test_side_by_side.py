"""Alternating interpreters, and a developer's day: nothing is compiled from the second round on."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Callable

import pytest

from .conftest import Outcome, Site, uv
from .test_never_different import content

Make = Callable[[str], Site]


@pytest.fixture
def pythons(interpreters: dict[str, str]) -> list[str]:
    """Two interpreters of different versions."""
    if "3.12" not in interpreters or "3.10" not in interpreters:
        pytest.skip("there is no Python 3.10 or no 3.12 on this machine")
    return [interpreters["3.10"], interpreters["3.12"]]


def build_for(site: Site, python: str, build_dir: str = "auto") -> Outcome:
    site.python = python
    return site.build(uv, PYO3_SHIM_BUILD_DIR=build_dir)


def own(site: Site) -> list[Path]:
    """The build directories that interpreters have of their own."""
    return sorted((site.project / "target").glob("pyo3-base-python-*"))


def developing(site: Site, name: str = "env") -> Site:
    """The same site, in a shell where a virtual environment is active."""
    site.run(["uv", "venv", "-q", "--python", sys.executable, name], shim=False)
    site.environ["VIRTUAL_ENV"] = os.fspath(site.project / name)
    return site


def diagnostics(outcome: Outcome) -> list[str]:
    """The compiler's messages, as in `--message-format=json`; targets are compiled side by side."""
    messages = [json.loads(line) for line in outcome.output.splitlines() if line.startswith("{")]
    own_messages = [one["message"] for one in messages if one["reason"] == "compiler-message"]
    return sorted(json.dumps(message, sort_keys=True) for message in own_messages)


@pytest.mark.parametrize("build_dir", ["auto", "interpreter"])
@pytest.mark.parametrize("crate", ["version_specific", "setuptools_rust"])
def test_only_the_first_build_for_an_interpreter_compiles(
    site_of: Make, pythons: list[str], crate: str, build_dir: str
) -> None:
    site = site_of(crate)
    first = [build_for(site, python, build_dir) for python in pythons]
    assert all("pyo3" in outcome.recompiled for outcome in first)
    for python in pythons:
        again = build_for(site, python, build_dir)
        assert again.recompiled == ()
        assert site.answer(again) == 42
        assert "warning: " not in again.output


def test_another_interpreter_compiles_what_depends_on_it_alone(site_of: Make, pythons: list[str]) -> None:
    """As without a directory of its own, which begins as a copy of what is compiled."""
    site = site_of("version_specific")
    build_for(site, sys.executable)
    assert own(site) == []
    assert set(build_for(site, pythons[0]).recompiled) == {"pyo3-ffi", "pyo3", "version_specific"}
    assert len(own(site)) == 1
    assert build_for(site, sys.executable).recompiled == ()


def test_one_interpreter_has_one_directory_whatever_is_called(site_of: Make) -> None:
    site = developing(site_of("version_specific"))
    for _ in range(2):
        rounds = [
            site.run(["maturin", "develop", "--uv"]),
            site.run(["cargo", "check"]),
            site.run(["cargo", "clippy", "--all-targets"]),
            site.run(["cargo", "check", "--tests"]),
            site.build(uv),
        ]
    assert [outcome.recompiled for outcome in rounds] == [()] * len(rounds)
    assert own(site) == []


def test_an_interpreter_that_is_gone_leaves_its_place(site_of: Make, pythons: list[str]) -> None:
    """An upgrade: what was compiled for the older one is of no use to anybody."""
    site = site_of("version_specific")
    for config in Path(site.environ["PYO3_SHIM_STORE"]).glob("config/*"):
        if f"executable={os.path.realpath(sys.executable)}\n" in config.read_text():
            config.unlink()
    for python in (pythons[0], pythons[0]):
        again = build_for(site, python)
    assert again.recompiled == ()
    assert own(site) == []


@pytest.mark.promise("stale")
def test_what_a_copy_begins_with_is_not_taken_for_what_was_edited_since(site_of: Make, pythons: list[str]) -> None:
    site = site_of("workspace")
    build_for(site, sys.executable)
    site.edit("numbers/src/lib.rs", "42", "43")
    for python in pythons:
        assert site.answer(build_for(site, python)) == 43


def test_a_copy_holds_all_that_cargo_looks_at(site_of: Make) -> None:
    """Not one crate is compiled for another way to link but those that pyo3's build script decides for."""
    site = developing(site_of("version_specific"))
    site.run(["maturin", "develop", "--uv"])
    tested = site.run(["cargo", "test"])
    assert set(tested.recompiled) == {"pyo3-ffi", "pyo3", "version_specific"}
    shutil.rmtree(own(site)[0])
    assert site.run(["maturin", "develop", "--uv"]).recompiled == ()


@pytest.mark.parametrize("subcommand", ["check", "clippy"])
def test_what_links_nothing_says_the_same_with_the_value_of_the_build_backend(site_of: Make, subcommand: str) -> None:
    site = developing(site_of("version_specific"))
    source = site.project / "src" / "lib.rs"
    source.write_text(source.read_text() + "\nfn unused(text: &String) -> bool {\n    text.len() == 0\n}\n")
    command = ["cargo", subcommand, "--all-targets", "--message-format=json"]
    shared = site.run(command)
    source.touch()
    plain = site.run(command, shim=False)
    assert diagnostics(shared) == diagnostics(plain) != []


def test_control_in_one_build_directory_each_switch_compiles(site_of: Make, pythons: list[str]) -> None:
    site = site_of("version_specific")
    for _ in range(2):
        for python in pythons:
            switched = build_for(site, python, "shared")
    assert set(switched.recompiled) == {"pyo3-ffi", "pyo3", "version_specific"}


@pytest.mark.promise("module")
def test_the_wheel_is_the_one_that_is_built_without_the_shim(site_of: Make, pythons: list[str]) -> None:
    site = site_of("version_specific")
    apart = build_for(site, pythons[0])
    site.python = pythons[0]
    plain = site.build(uv, shim=False)
    assert "pyo3" in plain.recompiled
    assert content(plain) == content(apart)


@pytest.mark.promise("stale")
def test_an_edit_reaches_every_interpreter(site_of: Make, pythons: list[str]) -> None:
    site = site_of("workspace")
    for number in ("42", "43"):
        if number != "42":
            site.edit("numbers/src/lib.rs", "42", number)
        for python in pythons:
            assert site.answer(build_for(site, python)) == int(number)


@pytest.mark.parametrize("crate", ["version_specific", "abi3"])
@pytest.mark.parametrize("build_dir", ["auto", "interpreter"])
def test_cargo_test_and_maturin_in_turn(site_of: Make, crate: str, build_dir: str) -> None:
    """Maturin has pyo3 linked as for an extension module, plain cargo as for a program."""
    site = developing(site_of(crate))
    site.environ["PYO3_SHIM_BUILD_DIR"] = build_dir
    for _ in range(2):
        developed = site.run(["maturin", "develop", "--uv"])
        tested = site.run(["cargo", "test"])
        checked = site.run(["cargo", "check", "--tests"])
    assert developed.recompiled == tested.recompiled == checked.recompiled == ()
    assert "pyo3" in developed.fresh


def test_a_profile_and_a_config_of_the_users_own(site_of: Make) -> None:
    site = site_of("version_specific")
    command = ["cargo", "check", "--profile", "dist", "--config", 'profile.dist.inherits="release"']
    for _ in range(2):
        outcome = site.run(command, PYO3_SHIM_BUILD_DIR="interpreter", PYO3_PYTHON=sys.executable)
        assert "warning: " not in outcome.output
    assert outcome.recompiled == ()
    # The wrapper's own option did not take the place of the user's, nor the other way round.
    assert len(list((site.project / "target").glob("pyo3-base-python-cpython-*"))) == 1
