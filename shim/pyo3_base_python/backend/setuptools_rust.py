"""``build-backend = "pyo3_base_python_core.backend.setuptools_rust"``: the hooks of setuptools, with the shim on.

setuptools-rust is no backend of its own: it adds commands to setuptools.
"""

from __future__ import annotations

from setuptools import build_meta  # type: ignore[import-untyped]

from . import hooks

globals().update(hooks.around(build_meta))
