"""`python -m pyo3_base_python`."""

from __future__ import annotations

from pyo3_base_python.commands.cli import main

main()
