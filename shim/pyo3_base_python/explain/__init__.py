"""`pyo3-base-python explain`: answers "why did cargo compile that?".

In reading order:

- ``recording``: what stands where cargo is started while the command runs, and what is left of each call of cargo;
  ``standin`` is the program that stands there, ``sieve`` what it takes out of cargo's stderr (pure).
- ``cargo_log``: that log, read into units of work with their reasons, times and needs (pure); ``rust_debug`` reads the
  values in it.
- ``causes``: units, grouped into root causes and what followed from them (pure); ``advice``: what to do about a cause
  (pure).
- ``report``, ``page``, ``document``: the answer for a terminal, as HTML, and as JSON.
- ``command``: the command line.
"""

from __future__ import annotations
