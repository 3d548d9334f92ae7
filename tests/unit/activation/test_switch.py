"""The variables that switch the shim on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyo3_base_python.activation import inventory, switch
from pyo3_base_python.commands import cargo_base_python, cli, maturin_shim
from pyo3_base_python.wrapper import process
from pyo3_base_python.wrapper.errors import CannotSteady

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

    from tests.unit.support import Wrapper


def test_cargo_becomes_the_wrapper(wrapper: Wrapper) -> None:
    added = switch.variables(wrapper.environ)
    assert added == {"CARGO": wrapper.own_program, "TOX_OVERRIDE": switch.TOX_OVERRIDE}
    assert os.access(added["CARGO"], os.X_OK)


def test_launcher_is_put_into_the_store(wrapper: Wrapper, tmp_path: Path) -> None:
    added = switch.variables({**wrapper.environ, "PYO3_SHIM_STORE": os.fspath(tmp_path / "new")})
    assert Path(added["CARGO"]).is_relative_to(tmp_path / "new" / "wrapper")
    assert Path(added["CARGO"]).is_file()


@pytest.mark.parametrize("name", ["path", "name"])
def test_cargo_that_stood_before_is_handed_down_as_an_absolute_path(
    wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(wrapper.folder)
    before = {"path": os.path.join("bin", "cargo"), "name": "cargo"}[name]
    assert switch.variables({**wrapper.environ, "CARGO": before})["PYO3_SHIM_CARGO"] == wrapper.cargo


@pytest.mark.promise("fault")
@pytest.mark.parametrize("before", ["/not/there", ""])
def test_cargo_that_is_nowhere_is_not_handed_down(wrapper: Wrapper, before: str) -> None:
    assert "PYO3_SHIM_CARGO" not in switch.variables({**wrapper.environ, "CARGO": before})


def test_what_the_user_named_is_kept(wrapper: Wrapper) -> None:
    environ = {**wrapper.environ, "CARGO": wrapper.cargo, "PYO3_SHIM_CARGO": "/theirs"}
    assert "PYO3_SHIM_CARGO" not in switch.variables(environ)


@pytest.mark.promise("fault")
def test_wrapper_is_not_handed_down_as_the_cargo_before(wrapper: Wrapper, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(wrapper.program)
    for before in (wrapper.program, os.fspath(link)):
        assert "PYO3_SHIM_CARGO" not in switch.variables({**wrapper.environ, "CARGO": before})


def test_second_activation_adds_nothing_new(wrapper: Wrapper) -> None:
    environ = {**wrapper.environ, "CARGO": wrapper.cargo}
    environ.update(switch.variables(environ))
    assert switch.variables(environ) == {"CARGO": wrapper.own_program}


def test_cross_is_left_alone_and_nothing_is_written(tmp_path: Path) -> None:
    store = tmp_path / "new"
    assert switch.variables({"CARGO": "cross", "PYO3_SHIM_STORE": os.fspath(store)}) == {}
    assert not store.exists()


def test_tox_is_told_after_what_the_user_tells_it(wrapper: Wrapper) -> None:
    added = switch.variables({**wrapper.environ, "TOX_OVERRIDE": "testenv.a=b"})
    assert added["TOX_OVERRIDE"] == f"testenv.a=b;{switch.TOX_OVERRIDE}"


def test_tox_hands_on_cargo_in_packaging_and_in_test_environments_of_each_format() -> None:
    parts = [part.partition(".pass_env+=") for part in switch.TOX_OVERRIDE.split(";")]
    assert {section for section, _, _ in parts} == {
        *("testenv", "pkgenv"),
        *("env_run_base", "env_pkg_base"),
        *("tool.tox.env_run_base", "tool.tox.env_pkg_base"),
    }
    assert {value for _, _, value in parts} == {"CARGO,PYO3_SHIM_*"}


@pytest.mark.parametrize(
    "before",
    [
        {},
        {"CARGO": sys.executable},
        {"TOX_OVERRIDE": "testenv.a=b"},
        {"CARGO": sys.executable, "TOX_OVERRIDE": "testenv.a=b;testenv.c=d"},
    ],
)
@pytest.mark.parametrize("lasting", [False, True])
def test_removals_lead_back_to_where_one_was(wrapper: Wrapper, before: dict[str, str], lasting: bool) -> None:
    start = {**wrapper.environ, **before}
    on = {**start, **switch.variables(start, lasting=lasting)}
    off = {name: value for name, value in {**on, **switch.removals(on)}.items() if value is not None}
    assert off == start
    assert switch.removals(start) == {}


def test_what_comes_after_the_overrides_for_tox_stays(wrapper: Wrapper) -> None:
    environ = {**wrapper.environ, "TOX_OVERRIDE": f"testenv.a=b;{switch.TOX_OVERRIDE};testenv.c=d"}
    assert switch.removals(environ) == {"TOX_OVERRIDE": "testenv.a=b;testenv.c=d"}


def test_launcher_that_is_gone_is_still_known_by_its_place(wrapper: Wrapper, tmp_path: Path) -> None:
    os.remove(wrapper.program)
    assert switch.names_launcher({**wrapper.environ, "CARGO": wrapper.program})
    assert not switch.names_launcher({**wrapper.environ, "CARGO": os.fspath(tmp_path / "store-of-another" / "cargo")})
    assert not switch.names_launcher(wrapper.environ)


@pytest.mark.promise("fault")
def test_store_that_can_not_be_used_is_said(wrapper: Wrapper) -> None:
    with pytest.raises(CannotSteady):
        switch.variables({**wrapper.environ, "PYO3_SHIM_STORE": "/dev/null/store"})


# What every command and backend falls back to.


def test_what_is_possible_is_added_without_a_word(wrapper: Wrapper, capfd: pytest.CaptureFixture[str]) -> None:
    assert switch.variables_if_possible(wrapper.environ, "cargo") == switch.variables(wrapper.environ)
    assert capfd.readouterr() == ("", "")


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    ("error", "why"),
    [
        (CannotSteady("the store is full"), "the store is full"),
        (FileNotFoundError(2, "gone"), "internal error (FileNotFoundError: [Errno 2] gone)"),
    ],
)
@pytest.mark.parametrize("quiet", [False, True])
def test_what_is_in_the_way_costs_one_line(
    wrapper: Wrapper,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    why: str,
    quiet: bool,
) -> None:
    def broken(_: object) -> bool:
        raise error

    monkeypatch.setattr(inventory, "crowded", broken)
    assert switch.variables_if_possible(wrapper.environ, "maturin", quiet=quiet) == {}
    line = f"pyo3-base-python: {why}; maturin runs without a stable interpreter\n"
    assert capfd.readouterr() == ("", "" if quiet else line)


class BecameError(BaseException):
    """A program took this process's place."""


@pytest.mark.promise("fault")
@pytest.mark.parametrize(
    "start",
    [
        maturin_shim.main,
        lambda: cargo_base_python.run(["build"]),
        lambda: cli.main(["run", "--", "cargo", "build"], standalone_mode=False),
    ],
    ids=["maturin-shim", "cargo base-python", "run"],
)
def test_every_command_goes_on_where_a_mistake_of_ours_is_in_the_way(
    wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], start: Callable[[], object]
) -> None:
    def become(_: str, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
        assert "CARGO" not in environ
        raise BecameError(*arguments)

    def broken(_: object, **__: bool) -> NoReturn:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(process, "become", become)
    monkeypatch.setattr(switch, "variables", broken)
    monkeypatch.setattr(maturin_shim, "find_maturin", lambda _: "/bin/maturin")
    monkeypatch.setattr(sys, "argv", ["maturin-shim", "build"])
    monkeypatch.setattr(os, "environ", wrapper.environ)
    with pytest.raises(BecameError, match="build"):
        start()
    (line,) = capfd.readouterr().err.splitlines()
    assert "internal error (KeyError: 'nobody thought of this')" in line
