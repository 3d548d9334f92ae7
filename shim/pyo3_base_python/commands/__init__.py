"""What users type: ``pyo3-base-python``, ``maturin-shim``, ``cargo base-python``."""

from __future__ import annotations
