"""Settings of tox, cibuildwheel, uv and cargo, in each of the forms that these tools read."""

from __future__ import annotations

import pytest

from pyo3_base_python.doctor import settings
from pyo3_base_python.doctor.settings import Setting


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        *[("CARGO", True), ("PYO3_PYTHON", True), ("PYO3_CROSS", True), ("PYO3_CROSS_LIB_DIR", True)],
        *[("CARGO_HOME", False), ("PATH", False), ("PYO3_PYTHON_X", False), ("VIRTUAL_ENV", False)],
    ],
)
def test_variables_that_matter(variable: str, expected: bool) -> None:
    assert settings.concerns(variable) is expected


# tox

SETS = [Setting("tox.ini", "CARGO", "/my/cargo")]


@pytest.mark.parametrize(
    ("text", "passes", "sets"),
    [
        ("[tox]\nenv_list = py\n", False, []),
        ("[testenv]\npass_env = CARGO\n", True, []),
        ("[testenv:.pkg]\npassenv =\n    HOME\n    CARGO\n", True, []),
        ("[testenv]\npass_env = HOME, cargo*\n", True, []),
        ("[testenv]\npass_env = *\n", True, []),
        ("[testenv]\npass_env = CARGO_*\n", False, []),
        ("[pkgenv]\nset_env =\n    A = b\n    CARGO = /my/cargo\n", False, SETS),
        ("[testenv]\nsetenv = CARGO=/my/cargo\n", False, SETS),
        ("[testenv]\nset_env =\n    py311,!linux: CARGO=/my/cargo\n    file|.env\n", False, SETS),
        ("[testenv]\ncommands = cargo {posargs} %s\n", False, []),
        ("not an ini file", False, []),
        ("", False, []),
    ],
)
def test_tox_ini(text: str, passes: bool, sets: list[Setting]) -> None:
    found = settings.tox({"tox.ini": text}, {})
    assert found == settings.Tox("tox.ini", passes, tuple(sets))


@pytest.mark.parametrize(
    ("text", "passes", "sets"),
    [
        ('env_list = ["a"]\n', False, []),
        ('[env_run_base]\npass_env = ["CARGO"]\n', True, []),
        ('[env.a]\npass_env = ["CARG?"]\n', True, []),
        (
            '[env_pkg_base]\nset_env = { CARGO = "/my/cargo", A = "b" }\n',
            False,
            [Setting("tox.toml", "CARGO", "/my/cargo")],
        ),
        ("[env_run_base]\nset_env.PYO3_NO_PYTHON = 1\n", False, [Setting("tox.toml", "PYO3_NO_PYTHON", "1")]),
        ('[env_run_base]\npass_env = "CARGO"\nset_env = 3\n', False, []),
        ("not toml", False, []),
    ],
)
def test_tox_toml(text: str, passes: bool, sets: list[Setting]) -> None:
    found = settings.tox({"tox.toml": text}, {})
    assert found == settings.Tox("tox.toml", passes, tuple(sets))


def test_tox_in_pyproject() -> None:
    place = "pyproject.toml [tool.tox]"
    native = {"tool": {"tox": {"env_run_base": {"pass_env": ["CARGO"]}}}}
    assert settings.tox({}, native) == settings.Tox(place, True, ())
    legacy = {"tool": {"tox": {"legacy_tox_ini": "[testenv]\nset_env = CARGO=/my/cargo\n"}}}
    assert settings.tox({}, legacy) == settings.Tox(place, False, (Setting(place, "CARGO", "/my/cargo"),))


def test_the_first_of_toxs_files_counts() -> None:
    passing = "[testenv]\npass_env = CARGO\n"
    document = {"tool": {"tox": {"env_list": ["a"]}}}
    both = {"tox.ini": "[tox]\n", "setup.cfg": f"[tox:tox]\n{passing}", "tox.toml": ""}
    found = [
        settings.tox({name: both[name] for name in names}, document) for names in (both, ("setup.cfg", "tox.toml"), ())
    ]
    assert [(one.place, one.passes_cargo) for one in found if one] == [
        ("tox.ini", False),
        ("setup.cfg", True),
        ("pyproject.toml [tool.tox]", False),
    ]


def test_no_tox() -> None:
    assert settings.tox({}, {}) is None
    assert settings.tox({"setup.cfg": "[metadata]\nname = a\n"}, {"project": {}}) is None


# cibuildwheel and uv


SET = {"environment": {"CARGO": "/my/cargo"}}


def cibuildwheel(own: dict[str, object], platform: str = "linux", machine: str = "x86_64") -> list[Setting]:
    return settings.cibuildwheel({"tool": {"cibuildwheel": own}}, platform, machine)


@pytest.mark.parametrize(
    "own",
    [
        {"environment": "A='b c' CARGO=/my/cargo"},
        {"environment": {"CARGO": "/my/cargo", "A": "b"}},
        {"linux": SET},
        {"overrides": [{"select": "*", **SET}]},
    ],
)
def test_cibuildwheel(own: dict[str, object]) -> None:
    assert cibuildwheel(own) == [Setting("pyproject.toml [tool.cibuildwheel]", "CARGO", "/my/cargo")]


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"environment": "A='not closed CARGO=b"},
        {"environment": 3},
        {"overrides": [1]},
        {"overrides": 3},
        {"linux": 3},
    ],
)
def test_cibuildwheel_that_sets_nothing(own: dict[str, object]) -> None:
    assert cibuildwheel(own) == []


@pytest.mark.parametrize(
    ("platform", "own", "here"),
    [
        ("linux", {"macos": SET}, False),
        ("darwin", {"macos": SET}, True),
        ("linux", {"windows": SET}, False),
        *[
            (platform, {"overrides": [{"select": select, **SET}]}, here)
            for platform, select, here in (
                ("linux", "*-macosx_*", False),
                ("linux", "*-win*", False),
                ("win32", "*-win*", True),
                ("win32", "cp312-win_amd64", True),
                ("win32", "*-win32", True),
                ("linux", "*-musllinux*", True),
                ("linux", "cp3{9,10}-many{linux,}*x86_64", True),
                ("linux", "*aarch64", False),
                ("linux", ["*-win*", "pp310-*"], True),
                ("linux", "*-win* cp313t-*", True),
                ("linux", 3, False),
            )
        ],
    ],
)
def test_what_is_for_another_platform(platform: str, own: dict[str, object], here: bool) -> None:
    machine = {"linux": "x86_64", "darwin": "arm64", "win32": "AMD64"}[platform]
    assert [setting.here for setting in cibuildwheel(own, platform, machine)] == [here]


def test_uv() -> None:
    own = {"extra-build-variables": {"rpds-py": {"CARGO": "/my/cargo", "A": "b"}, "wrong": 3}}
    assert settings.uv("uv.toml", own) == [Setting("uv.toml extra-build-variables of rpds-py", "CARGO", "/my/cargo")]


# cargo


def test_cargos_env_table() -> None:
    text = (
        '[env]\nPYO3_PYTHON = "python3.12"\nA = "b"\nPYO3_CONFIG_FILE = { value = "c", relative = true }\n'
        'CARGO = { value = "/my/cargo", force = true }\nVIRTUAL_ENV = ".venv"\n'
    )
    place = "cargo's [env] in /home/.cargo/config.toml"
    assert settings.cargo_env("/home/.cargo/config.toml", text) == [
        Setting(place, "PYO3_PYTHON", "python3.12", forced=False),
        Setting(place, "PYO3_CONFIG_FILE", "c", forced=False),
        Setting(place, "CARGO", "/my/cargo", forced=True),
        Setting(place, "VIRTUAL_ENV", ".venv", forced=False),
    ]


@pytest.mark.parametrize("text", ["", "env = 3", "[env", "[build]\ntarget = 'a'"])
def test_cargo_without_an_env_table(text: str) -> None:
    assert settings.cargo_env("config.toml", text) == []
