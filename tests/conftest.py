"""What all tests share: an environment into which nothing leaks from the developer's own shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester", "tests.promises"]

# What decides how Rust and Python are built, or where; the settings of the package indexes and the caches stay.
SCRUBBED_PREFIXES = ("CARGO_BUILD", "CARGO_PROFILE", "CARGO_TERM", "MATURIN_", "PYO3_", "PYTHON", "RUSTFLAGS", "TOX_")
SCRUBBED = ("CARGO", "CARGO_TARGET_DIR", "CONDA_PREFIX", "RUSTC_WRAPPER", "VIRTUAL_ENV", "GITHUB_ENV")


def pytest_configure() -> None:
    """A background job inherits ignored signals, and so would the programs that the tests start."""
    for name in ("SIGINT", "SIGQUIT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: where files are shared out to processes, it must not begin when the others end."""
    items.sort(key=lambda item: item.path.name != "test_testbed.py")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name in SCRUBBED or name.startswith(SCRUBBED_PREFIXES):
            monkeypatch.delenv(name)
    # One store for the whole run, as a user has: but never the user's own.
    monkeypatch.setenv("PYO3_SHIM_STORE", os.fspath(tmp_path_factory.getbasetemp() / "store"))
    monkeypatch.setenv("PYO3_SHIM_SDIST_DIR", os.fspath(tmp_path_factory.getbasetemp() / "sdists"))
    # The tools of this virtual environment, whether it is activated or not; never a pyenv shim, which costs 60 ms.
    monkeypatch.setenv("PATH", os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))


@pytest.fixture(scope="session")
def interpreters() -> dict[str, str]:
    """Real interpreters on this machine: ``3.9``, ``3.14t`` or ``pypy3.9`` to the path of its executable."""
    places = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    for versions in (".pyenv/versions", ".local/share/uv/python"):
        places += sorted(Path.home().glob(f"{versions}/*/bin"))
    found: dict[str, str] = {}
    for place in places:
        if "shims" in place.parts:
            continue
        for name in ("python3", "python", "pypy3"):
            program = place / name
            if not os.access(program, os.X_OK) or _is_environment(program):
                continue
            code = (
                "import sys, sysconfig\n"
                "kind = 'pypy' * ('PyPy' in sys.version)\n"
                "threads = 't' * bool(sysconfig.get_config_var('Py_GIL_DISABLED'))\n"
                "print('%s%d.%d%s' % (kind, *sys.version_info[:2], threads))"
            )
            answer = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
            if answer.returncode == 0:
                found.setdefault(answer.stdout.strip(), os.fspath(program))
    return found


def _is_environment(program: Path) -> bool:
    return (program.parent.parent / "pyvenv.cfg").exists()


@pytest.fixture
def interpreter(request: pytest.FixtureRequest, interpreters: dict[str, str]) -> str:
    """The interpreter of the version that the test is parametrized with; skips if the machine has none."""
    version = str(request.param)
    if version not in interpreters:
        pytest.skip(f"there is no Python {version} on this machine")
    return interpreters[version]


@pytest.fixture(scope="session")
def debug_python() -> str:
    """A CPython that was built with `--with-pydebug`; skips if the machine has none."""
    found = shutil.which("python3-dbg")
    if found is None:
        pytest.skip("there is no python3-dbg on this machine")
    return found


@pytest.fixture(scope="session")
def cargo() -> str:
    """The real cargo."""
    found = shutil.which("cargo")
    assert found, "the tests need cargo on PATH"
    return found
