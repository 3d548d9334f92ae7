"""What to do about a cause."""

from __future__ import annotations

import pytest

from pyo3_base_python.explain.advice import Circumstances, advise
from pyo3_base_python.explain.cargo_log import Package
from pyo3_base_python.explain.reasons import Kind, Reason

from .support import explained

SEEN = Circumstances(shim=False, typed="uv build", store="/store", cwd="/home/a/project", cold=False)
PYO3_FFI = Package("pyo3-ffi", "0.30.1", "")
OTHER = Package("other", "1.0.0", "/home/a/project")
RANDOM, CONFIG, LAUNCHER = "/tmp/x1/bin/python", "/store/config/1.txt", "/store/python/1/python"


def variable(name: str, old: str | None, new: str | None, package: Package = PYO3_FFI) -> Reason:
    return Reason(Kind.VARIABLE, f"{name} changed", name, old, new, package, by_script=True)


@pytest.mark.parametrize(
    ("reason", "shim", "words"),
    [
        (
            variable("PYO3_PYTHON", RANDOM, "/tmp/x2/bin/python"),
            False,
            "the shim would keep it fresh: pyo3-base-python run -- uv build",
        ),
        (variable("PYO3_PYTHON", RANDOM, "/tmp/x2/bin/python", OTHER), False, "the shim would keep it fresh"),
        (variable("PYTHON_SYS_EXECUTABLE", None, RANDOM), False, "the shim would keep it fresh"),
        (variable("VIRTUAL_ENV", None, "/tmp/x2"), False, "the shim would keep it fresh"),
        (variable("PATH", "/a", "/b"), False, "the shim would keep it fresh"),
        (
            variable("PATH", "/a", "/b", OTHER),
            False,
            "not in anybody's power here: the build script of other tracks PATH",
        ),
        (variable("PATH", "/a", "/b", OTHER), True, "a rerun-if-env-changed=PATH can't be steadied"),
        (variable("VIRTUAL_ENV", "/a", "/b", OTHER), False, "give it the same value in every build"),
        (variable("SOMETHING", "/a", "/b"), False, "the build script of pyo3-ffi tracks SOMETHING"),
        (variable("PYO3_CONFIG_FILE", None, CONFIG), True, "the first build with the shim"),
        (variable("PYO3_PYTHON", RANDOM, LAUNCHER, OTHER), True, "the first build with the shim"),
        (
            variable("PYO3_CONFIG_FILE", "/store/config/0.txt", CONFIG),
            True,
            "another interpreter, or a build requirement",
        ),
        (
            variable("PYO3_CONFIG_FILE", CONFIG, None),
            False,
            "the build before had the shim, and this one had not: pyo3-base",
        ),
    ],
)
def test_on_a_variable(reason: Reason, shim: bool, words: str) -> None:
    assert words in advise(reason, SEEN._replace(shim=shim))


def file(path: str, package: Package = OTHER, kept_in: str = "/home/a/project/target/debug/.fingerprint/a/b") -> Reason:
    return Reason(Kind.FILE, f"{path} changed", path, "", "", package, kept_in=kept_in)


ELSEWHERE = "/shared/target/debug/.fingerprint/other-1/dep-lib-other"


@pytest.mark.parametrize(
    ("reason", "shim", "words"),
    [
        (
            file("/home/a/project/src/lib.rs"),
            False,
            "the sources changed, as they should (cargo compares times, not contents)",
        ),
        (
            file("/home/a/project/src/lib.rs", kept_in=ELSEWHERE),
            False,
            "if it was only unpacked anew, the shim would see that",
        ),
        (
            file("/home/a/project/src/lib.rs", kept_in=ELSEWHERE),
            True,
            "the sources changed, as they should (cargo compares",
        ),
        (
            file("/shared/target/maturin/pyo3-config-x86_64-3.11.txt", PYO3_FFI),
            False,
            "maturin wrote its configuration file",
        ),
        (file("/home/a/project/target/debug/build/a/out/b.rs"), False, "a build wrote this file anew"),
        (file("/usr/include/a.h"), False, "other watches this file, which is newer than the last build"),
    ],
)
def test_on_a_file(reason: Reason, shim: bool, words: str) -> None:
    advice = advise(reason, SEEN._replace(shim=shim))
    assert words in advice
    assert not (shim and "run --" in advice)


@pytest.mark.parametrize(
    ("path", "by_script", "words"),
    [
        (
            "/home/a/project/no.txt",
            True,
            "the build script of pyo3-ffi tracks a file that is not there, so it runs each time",
        ),
        ("/tmp/x1/pyvenv.cfg", True, "the shim would keep it fresh"),
        ("/home/a/project/src/gone.rs", False, "it was there at the last build"),
    ],
)
def test_on_a_missing_file(path: str, by_script: bool, words: str) -> None:
    reason = Reason(Kind.MISSING_FILE, "", path, "", "", PYO3_FFI, by_script)
    assert words in advise(reason, SEEN)


def test_on_a_wheel_that_the_front_end_put_where_a_build_script_looks() -> None:
    reason = Reason(Kind.PACKAGE_FILES, "", "dist/a-1.0-py3-none-any.whl", "", "", OTHER, by_script=True)
    assert "uv build --out-dir" in advise(reason, SEEN)
    assert "uv build --out-dir" not in advise(reason._replace(subject="src/lib.rs"), SEEN)


def test_a_first_build_is_told_from_what_is_new() -> None:
    assert "no target directory yet" in explained("first-build").causes[0].advice
    assert "new here" in explained("features-changed").causes[0].advice


@pytest.mark.parametrize("kind", [value for name, value in vars(Kind).items() if name.isupper()])
def test_there_is_advice_on_every_kind(kind: str) -> None:
    assert advise(Reason(kind, "something"), SEEN)
