"""Which interpreter a build directory is configured for, by what the build scripts of pyo3 have printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper import occupied

WATCHES = "cargo:rerun-if-env-changed=PYO3_BUILD_EXTENSION_MODULE\n"
LINKS = "cargo:rustc-link-lib=python3.11\n"


class Directory:
    """A store with configurations, and a build directory in which pyo3 has been configured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile = folder / "target" / "debug"

    def config(self, name: str, executable: str = "", lib_dir: str = "") -> str:
        """A configuration for an interpreter called ``name``, which exists unless another path is given."""
        path = self.folder / "store" / "config" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        home = self.folder / name
        home.mkdir(exist_ok=True)
        path.write_text(f"version={name}\nlib_dir={lib_dir or home}\nexecutable={executable or home}\n")
        return os.fspath(path)

    def printed(self, crate: str, *lines: str) -> None:
        """Pretend that cargo has run the build script of ``crate``."""
        output = self.profile / "build" / crate / "output"
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text("".join(lines))

    def configured(self, config: str, *lines: str, crate: str = "pyo3-ffi-0123") -> None:
        """Pretend that it was for ``config``, and printed ``lines`` as well."""
        self.printed(crate, f"cargo:rerun-if-changed={config}\n", *lines)

    def by_another(self, config: str, *, extension_module: bool = False) -> bool:
        """Whether it is taken, for a build with ``config``."""
        return occupied.by_another([os.fspath(self.profile)], config, extension_module=extension_module)


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


def test_one_that_is_new_is_free(directory: Directory) -> None:
    assert not directory.by_another(directory.config("3.11"))


def test_the_first_interpreter_keeps_it_and_others_see_that(directory: Directory) -> None:
    first, second = directory.config("3.11"), directory.config("3.12")
    directory.configured(first)
    assert not directory.by_another(first)
    assert directory.by_another(second)


def test_before_0_29_it_is_another_build_script_that_reads_the_configuration(directory: Directory) -> None:
    first, second = directory.config("3.11"), directory.config("3.12")
    directory.printed("pyo3-ffi-0123", WATCHES, LINKS)
    directory.configured(first, crate="pyo3-build-config-0123")
    assert (directory.by_another(first), directory.by_another(second)) == (False, True)


def test_other_build_scripts_do_not_count(directory: Directory) -> None:
    directory.configured(directory.config("3.11"), crate="numpy-0123")
    assert not directory.by_another(directory.config("3.12"))


def test_what_was_compiled_without_the_shim_is_taken_over(directory: Directory) -> None:
    directory.printed("pyo3-ffi-0123", "cargo:rerun-if-env-changed=PYO3_PYTHON\n", WATCHES, LINKS)
    assert not directory.by_another(directory.config("3.12"), extension_module=True)
    directory.configured("/another/store/config/3.11.txt")
    assert not directory.by_another(directory.config("3.12"))


def test_an_interpreter_that_is_gone_leaves_it_to_the_next(directory: Directory, tmp_path: Path) -> None:
    for gone in ("executable", "lib_dir"):
        directory.configured(directory.config("3.11", **{gone: os.fspath(tmp_path / "gone")}))
        assert not directory.by_another(directory.config("3.12"))


def test_a_configuration_that_is_gone_from_the_store_is_nobodys(directory: Directory) -> None:
    first = directory.config("3.11")
    directory.configured(first)
    Path(first).unlink()
    assert not directory.by_another(directory.config("3.12"))


def test_another_name_for_the_same_interpreter_is_no_other_one(directory: Directory, tmp_path: Path) -> None:
    """Build scripts that run it are told a name that changes with the build requirements."""
    first = directory.config("3.11")
    directory.configured(first)
    second = Path(first).with_name("second.txt")
    second.write_text(Path(first).read_text().replace(f"executable={tmp_path}", f"executable={tmp_path}/.."))
    assert second.read_text() != Path(first).read_text()
    assert not directory.by_another(os.fspath(second))


@pytest.mark.parametrize("extension_module", [False, True])
def test_one_that_is_linked_otherwise_is_another(directory: Directory, extension_module: bool) -> None:
    config = directory.config("3.11")
    directory.configured(config, WATCHES, *([] if extension_module else [LINKS]))
    assert not directory.by_another(config, extension_module=extension_module)
    assert directory.by_another(config, extension_module=not extension_module)


def test_what_links_nothing_can_tell_what_is_there(directory: Directory) -> None:
    profile = [os.fspath(directory.profile)]
    assert not occupied.is_linked(profile)
    directory.printed("pyo3-ffi-0123", LINKS)
    assert not occupied.is_linked(profile)
    directory.printed("pyo3-ffi-0123", WATCHES, LINKS)
    assert occupied.is_linked(profile)
    directory.printed("pyo3-ffi-4567", WATCHES)
    assert not occupied.is_linked(profile)


def test_where_a_feature_decides_how_it_is_linked_the_variable_does_not(directory: Directory) -> None:
    config = directory.config("3.11")
    directory.configured(config)
    assert not directory.by_another(config, extension_module=True)
    assert not directory.by_another(config, extension_module=False)


def test_one_of_several_that_fits_is_enough(directory: Directory) -> None:
    """With other features cargo keeps another copy."""
    first, second = directory.config("3.11"), directory.config("3.12")
    directory.configured(first, WATCHES, LINKS)
    directory.configured(second, WATCHES, crate="pyo3-ffi-4567")
    assert not directory.by_another(first, extension_module=True)
    assert not directory.by_another(second)
    assert directory.by_another(directory.config("3.13"))
