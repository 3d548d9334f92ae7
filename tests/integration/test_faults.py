"""Something goes wrong around a real build: the build ends with a clear message, and the next one works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import pytest

from .conftest import Site, uv

pytestmark = pytest.mark.promise("fault")

Make = Callable[[str], Site]


def test_a_store_that_goes_before_cargo_reads_it(site_of: Make, tmp_path: Path) -> None:
    """As when somebody clears it meanwhile: pyo3 names the file that it misses, and the next build writes it again."""
    site = site_of("version_specific")
    store = tmp_path / "store"
    remover = site.scratch / "remover"
    remover.write_text(f"#!/bin/sh\nrm -r '{store}/config' '{store}/python'\nexec '{site.recorder.program}' \"$@\"\n")
    remover.chmod(0o755)
    site.environ["PYO3_SHIM_STORE"] = os.fspath(store)
    failed = site.run(uv(site, site.scratch / "none"), expect=2, CARGO=os.fspath(remover))
    assert f"failed to open PyO3 config file at {store}/config/" in failed.output
    built = site.build(uv)
    assert site.answer(built) == 42
    assert site.build(uv).recompiled == ()
