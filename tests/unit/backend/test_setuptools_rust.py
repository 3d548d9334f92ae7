"""The backend around setuptools, as projects with setuptools-rust use it."""

from __future__ import annotations

from setuptools import build_meta  # type: ignore[import-untyped]

from pyo3_base_python.backend import hooks
from pyo3_base_python.backend import setuptools_rust as module

around = vars(module)


def test_hooks_are_those_of_setuptools() -> None:
    for name in (*hooks.REQUIRES, *hooks.WORK):
        assert (name in around) == hasattr(build_meta, name)
    assert around["get_requires_for_build_wheel"] == build_meta.get_requires_for_build_wheel
    assert around["build_wheel"].__wrapped__ == build_meta.build_wheel
