"""The variables that name an interpreter to pyo3."""

from __future__ import annotations

__all__ = ["ENVIRONMENTS", "names_interpreter"]

# Variables by which pyo3, or a build script beside it, is told of an interpreter; and all that begin with `CROSS`.
INTERPRETER = ("PYO3_PYTHON", "PYO3_BASE_PYTHON", "PYO3_CONFIG_FILE", "PYO3_NO_PYTHON", "PYTHON_SYS_EXECUTABLE")
CROSS = "PYO3_CROSS"
# Where pyo3 looks for one if `PYO3_PYTHON` names none (`get_env_interpreter` of pyo3-build-config).
ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX")


def names_interpreter(variable: str) -> bool:
    """Whether ``variable`` names an interpreter to pyo3, or to another build script."""
    return variable in INTERPRETER or variable.startswith(CROSS)
