"""``build-backend = "pyo3_base_python_core.backend.maturin"``: maturin's own hooks, with the shim on."""

from __future__ import annotations

import maturin  # type: ignore[import-untyped]

from . import hooks

# maturin warns that nobody would build with maturin, where `build-backend` is another name: here somebody does.
globals().update(hooks.around(maturin, also={"MATURIN_NO_MISSING_BUILD_BACKEND_WARNING": "1"}))
