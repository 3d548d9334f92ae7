"""The projects for which the small distribution works."""

from __future__ import annotations

import pytest

from pyo3_base_python.commands import requirements


@pytest.mark.parametrize(
    ("requires_python", "older"),
    [
        (">=3.8", None),
        (">=3.9,<4", None),
        ("~=3.8", None),
        ("==3.11.*", None),
        (">3.7", "3.7"),  # 3.7.1 and the like
        (">=3.7", "3.7"),
        (">=3.7.5", "3.7"),
        (">=3.6,!=3.7.*", "3.6"),
        (">=3", "3.7"),
        ("<3.8", "3.7"),
        (">=2.7,!=3.0.*,!=3.1.*,!=3.2.*,!=3.3.*,!=3.4.*,!=3.5.*,!=3.6.*,!=3.7.*", "2.7"),
        ("", "3.7"),
        ("three", None),
    ],
)
def test_newest_python_that_is_too_old_is_named(requires_python: str, older: str | None) -> None:
    assert requirements.older_python(requires_python) == older


@pytest.mark.parametrize(
    "requirement",
    [
        "maturin",
        "maturin>=0.14,<2",
        "maturin>=1.0",
        "maturin==1.*",
        "maturin~=1.0",
        "maturin==1.16.0",
        "maturin>1.3.2,<1.5",
        "maturin==1.17.0b1",
        "maturin!=1.4.0",
        "maturin[patchelf]>=1.5",
        "maturin @ https://example.org/maturin.zip",
        "setuptools-rust>=1.10",
        "setuptools",
        "cffi<1",
        "no requirement!",
    ],
)
def test_backend_that_starts_the_cargo_of_the_environment_is_fine(requirement: str) -> None:
    assert requirements.too_old_backend([requirement]) is None


@pytest.mark.parametrize(
    "requirement",
    ["maturin<1", "maturin>=0.12,<0.13", "maturin==1.3.2", "maturin~=1.3.0", "maturin<1.4", "setuptools_rust==1.0.0"],
)
def test_backend_that_starts_another_cargo_is_named(requirement: str) -> None:
    assert requirements.too_old_backend(["cffi", requirement]) == requirement


def test_any_word_may_follow_three_equals_signs() -> None:
    assert requirements.too_old_backend(["maturin===yesterday"]) == "maturin===yesterday"
