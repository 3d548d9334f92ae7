"""The hooks of a backend: which ones exist, and what they find in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pyo3_base_python.activation import switch
from pyo3_base_python.backend import hooks

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.unit.support import Wrapper

ALL = (*hooks.REQUIRES, *hooks.WORK)


def backend(**found: Callable[..., Any]) -> ModuleType:
    return cast("ModuleType", SimpleNamespace(**found))


@pytest.fixture
def environ(wrapper: Wrapper, monkeypatch: pytest.MonkeyPatch) -> Wrapper:
    """A process that has the environment of ``wrapper``, and that wrapper."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in wrapper.environ.items():
        monkeypatch.setenv(name, value)
    return wrapper


def test_hooks_are_those_that_the_backend_has() -> None:
    for name in ALL:
        assert list(hooks.around(backend(**{name: print}))) == [name]
    assert hooks.around(backend(build_wheels=print, anything_else=print)) == {}


@pytest.mark.parametrize("name", hooks.WORK)
def test_cargo_is_the_wrapper_while_a_hook_works(environ: Wrapper, name: str) -> None:
    hook = hooks.around(backend(**{name: lambda: dict(os.environ)}))[name]
    before = dict(os.environ)
    expected = {"CARGO": environ.own_program, "TOX_OVERRIDE": switch.TOX_OVERRIDE}
    assert hook() == {**before, **expected}
    assert dict(os.environ) == before


@pytest.mark.parametrize("name", hooks.REQUIRES)
def test_what_is_required_is_the_backends_own_word(environ: Wrapper, name: str) -> None:
    inner = backend(**{name: print})
    assert hooks.around(inner)[name] is print
    assert "CARGO" not in environ.environ


@pytest.mark.usefixtures("environ")
def test_arguments_and_result_are_passed_on_and_the_hook_keeps_its_name() -> None:
    def build_wheel(*arguments: object, **options: object) -> object:
        """Say how it was called."""
        return arguments, options

    hook = hooks.around(backend(build_wheel=build_wheel))["build_wheel"]
    assert hook("wheels", config_settings={"a": "b"}) == (("wheels",), {"config_settings": {"a": "b"}})
    assert (hook.__name__, hook.__doc__) == ("build_wheel", "Say how it was called.")


@pytest.mark.parametrize("failure", [ValueError("no"), SystemExit(1), KeyboardInterrupt()])
def test_the_environment_is_restored_when_a_hook_fails(environ: Wrapper, failure: BaseException) -> None:
    os.environ["CARGO"] = environ.cargo

    def build_wheel() -> None:
        os.environ["CARGO"] = "changed"
        del os.environ["PYO3_SHIM_CARGO"]
        raise failure

    before = dict(os.environ)
    with pytest.raises(type(failure)):
        hooks.around(backend(build_wheel=build_wheel))["build_wheel"]()
    assert dict(os.environ) == before


@pytest.mark.usefixtures("environ")
def test_what_a_hook_changes_beside_the_shim_stays() -> None:
    def build_wheel() -> None:
        os.environ["LEFT_BEHIND"] = "1"
        del os.environ["LANG"]

    before = dict(os.environ)
    hooks.around(backend(build_wheel=build_wheel))["build_wheel"]()
    del before["LANG"]
    assert dict(os.environ) == {**before, "LEFT_BEHIND": "1"}


def test_cargo_that_stood_before_is_handed_down(environ: Wrapper) -> None:
    os.environ["CARGO"] = environ.cargo
    found = hooks.around(backend(build_wheel=lambda: dict(os.environ)))["build_wheel"]()
    assert (found["CARGO"], found["PYO3_SHIM_CARGO"]) == (environ.own_program, environ.cargo)
    assert os.environ["CARGO"] == environ.cargo
    assert "PYO3_SHIM_CARGO" not in os.environ


def test_cargo_that_is_the_wrapper_already_is_not_handed_down(environ: Wrapper) -> None:
    os.environ["CARGO"] = environ.program
    found = hooks.around(backend(build_wheel=lambda: dict(os.environ)))["build_wheel"]()
    assert found["CARGO"] == environ.own_program
    assert os.environ["CARGO"] == environ.program
    assert "PYO3_SHIM_CARGO" not in found


@pytest.mark.usefixtures("environ")
def test_off_leaves_the_environment_and_the_store_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYO3_SHIM_MODE", "off")
    monkeypatch.setenv("PYO3_SHIM_STORE", os.path.join(os.environ["HOME"], "another"))
    before = dict(os.environ)
    assert hooks.around(backend(build_wheel=lambda: dict(os.environ)))["build_wheel"]() == before
    assert not os.path.exists(os.environ["PYO3_SHIM_STORE"])


@pytest.mark.promise("fault")
@pytest.mark.usefixtures("environ")
def test_store_that_can_not_be_used_costs_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYO3_SHIM_STORE", "/dev/null/store")
    before = dict(os.environ)
    assert hooks.around(backend(build_wheel=lambda: dict(os.environ)))["build_wheel"]() == before
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("pyo3-base-python: can't use the store /dev/null/store")
    assert line.endswith("; the build runs without a stable interpreter")


@pytest.mark.promise("fault")
@pytest.mark.usefixtures("environ")
def test_mistake_of_ours_costs_one_line(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def broken(environ: object, **_: object) -> dict[str, str]:
        raise KeyError(environ and "name")

    monkeypatch.setattr(switch, "variables", broken)
    before = dict(os.environ)
    assert hooks.around(backend(build_wheel=lambda: dict(os.environ)))["build_wheel"]() == before
    (line,) = capfd.readouterr().err.splitlines()
    assert line == "pyo3-base-python: internal error (KeyError: 'name'); the build runs without a stable interpreter"


def test_what_else_is_to_be_set_is_set_without_the_shim_as_well(
    environ: Wrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = hooks.around(backend(build_wheel=lambda: dict(os.environ)), also={"ALSO": "1"})["build_wheel"]
    assert hook()["ALSO"] == "1"
    monkeypatch.setenv("PYO3_SHIM_MODE", "off")
    assert hook()["ALSO"] == "1"
    assert "ALSO" not in os.environ
    assert "CARGO" not in environ.environ


def test_nothing_but_the_standard_library_is_imported() -> None:
    """A build environment of an adopted project need not have what the commands need."""
    code = (
        "import sys\nfrom pyo3_base_python.backend import hooks\n"
        "names = {name.partition('.')[0] for name in sys.modules} - {'pyo3_base_python', '__main__'}\n"
        "print(*sorted(name for name in names if name not in sys.stdlib_module_names and name[0] != '_'))"
    )
    if sys.version_info < (3, 10):
        pytest.skip("the list of the standard library's modules is younger")
    folder = os.path.dirname(os.path.dirname(os.path.dirname(hooks.__file__)))
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env={"PYTHONPATH": folder}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
