"""What compilers and linkers are told of, and cargo is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyo3_base_python.wrapper.surroundings import LARGE, VARIABLES, Told, named_files


class Place:
    """A workspace, below a folder that may have a configuration of cargo's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "workspace"
        self.root.mkdir()
        self.environ = {"CARGO_HOME": os.fspath(folder / "cargo-home"), "HOME": os.fspath(folder)}

    def digest(self, *configs: str, **variables: str) -> str:
        """What is known of it, for these values of ``--config``."""
        place = os.fspath(self.root)
        return Told({**self.environ, **variables}, configs).digest(place, place)

    def digest_for_rustc(self, *words: str) -> str:
        """The same for arguments of rustc's."""
        place = os.fspath(self.root)
        return Told(self.environ, (), words).digest(place, place)

    def write(self, name: str, text: str) -> Path:
        """Write a file, by its path in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.promise("stale")
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_of_linkers_and_wrappers(place: Place, variable: str) -> None:
    assert place.digest(**{variable: "1"}) != place.digest(**{variable: "2"})
    assert place.digest(**{variable: "1"}) != place.digest()


@pytest.mark.promise("stale")
@pytest.mark.parametrize("name", ["CC", "CFLAGS_x86_64-unknown-linux-gnu", "HOST_CC", "TARGET_CXXFLAGS", "LDFLAGS"])
def test_a_variable_of_compilers(place: Place, name: str) -> None:
    assert len({place.digest(**{name: "1"}), place.digest(**{name: "2"}), place.digest()}) == 3


def test_other_variables_do_not_count(place: Place) -> None:
    for name in ("NUMBER", "CCACHE", "HOST", "TARGET_", "LD_LIBRARY_PATH", "LD_PRELOAD"):
        assert place.digest(**{name: "1"}) == place.digest(**{name: "2"})


@pytest.mark.promise("stale")
@pytest.mark.parametrize("folder", [".cargo", "workspace/.cargo", "cargo-home"])
def test_cargos_configuration(place: Place, folder: str) -> None:
    before = place.digest()
    place.write(f"{folder}/config.toml", "[env]\nNUMBER = '1'\n")
    assert before != place.digest()


@pytest.mark.promise("stale")
def test_configuration_of_the_command_line_and_a_file_of_it(place: Place) -> None:
    assert place.digest('env.NUMBER="1"') != place.digest('env.NUMBER="2"')
    file = place.write("ci.toml", "[env]\nNUMBER = '1'\n")
    before = place.digest("../ci.toml")
    file.write_text("[env]\nNUMBER = '2'\n")
    assert before != place.digest("../ci.toml")


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    "text",
    [
        '[build]\nrustflags = ["-Clink-arg=@{0}"]\n',
        '[build]\nrustflags = "-C link-arg=-Wl,--version-script={0}"\n',
        '[build]\nrustflags = ["-C", "link-arg=-T{0}"]\n',
        '[build]\nrustc-wrapper = "{0}"\n',
        "[target.x]\nlinker = '{0}'\n",
    ],
)
@pytest.mark.parametrize("named", ["tools/file", "{0}/tools/file"])
def test_a_file_that_cargos_configuration_names(place: Place, text: str, named: str) -> None:
    place.write(".cargo/config.toml", text.format(named.format(place.folder.as_posix())))
    place.write("tools/file", "1")
    before = place.digest()
    place.write("tools/file", "2")
    assert before != place.digest()


@pytest.mark.promise("stale")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RUSTFLAGS", "-C link-arg=@file"),
        ("CARGO_ENCODED_RUSTFLAGS", "-Clink-arg=x.o\x1f-Clink-arg=file"),
        ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "./file"),
        ("RUSTC_WRAPPER", "./file"),
    ],
)
def test_a_file_that_a_variable_of_cargos_names(place: Place, variable: str, value: str) -> None:
    place.write("workspace/file", "1")
    before = place.digest(**{variable: value})
    place.write("workspace/file", "2")
    assert before != place.digest(**{variable: value})


@pytest.mark.promise("stale")
def test_a_file_that_rustcs_arguments_name(place: Place) -> None:
    place.write("workspace/file", "1")
    before = place.digest_for_rustc("-C", "link-arg=@file")
    place.write("workspace/file", "2")
    assert before != place.digest_for_rustc("-C", "link-arg=@file")


def test_rustcs_arguments_alone_are_tracked_by_cargo(place: Place) -> None:
    """Maturin has some that another cargo call of the same environment has not."""
    assert place.digest_for_rustc("-C", "link-arg=-undefined") == place.digest()


@pytest.mark.promise("stale")
def test_a_large_file_is_known_by_its_size_and_time(place: Place) -> None:
    file = place.write("workspace/file", "1" * (LARGE + 1))
    os.utime(file, ns=(1, 1))
    before = place.digest("file")
    file.write_text("2" * (LARGE + 1), encoding="utf-8")
    assert before != place.digest("file")


@pytest.mark.promise("fault")
def test_what_is_no_file_is_not_read(place: Place) -> None:
    (place.root / "folder").mkdir()
    assert list(named_files("folder nowhere \0 -T -- ", [os.fspath(place.root)])) == []
