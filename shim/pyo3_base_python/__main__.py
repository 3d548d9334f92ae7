"""`python -m pyo3_base_python`."""

from __future__ import annotations

from pyo3_base_python.cli import main

main()
