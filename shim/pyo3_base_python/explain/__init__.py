"""`pyo3-base-python explain`: answers "why did cargo compile that?".

In reading order:

- ``recording``: puts a program in the place of cargo while the command runs, and reads what each call of cargo left;
  ``standin`` is that program, ``sieve`` separates cargo's log from the rest of its stderr (pure).
- ``cargo_log``: that log, read into units of work with their reasons, times and needs (pure); ``rust_debug`` reads the
  values in it.
- ``causes``: units, grouped into root causes and what followed from them (pure); ``advice``: what to do about a cause
  (pure).
- ``report``, ``page``, ``document``: the answer for a terminal, as HTML, and as JSON.
- ``command``: the command line.
"""

from __future__ import annotations
