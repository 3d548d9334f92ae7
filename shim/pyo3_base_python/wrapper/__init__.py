"""Everything that ``$CARGO`` runs, and nothing else: this folder is copied into the store as it is.

Read ``decide`` first: it is the story. What it asks for comes in this order: ``command_line`` (what cargo is asked to
do), ``project`` and ``cargo_config`` (what is built, and where to), ``interpreter`` with ``probe`` and ``editable``
(which Python, and what is in its environment), ``plan`` with ``pyo3_config`` (what to set), ``staleness`` (what must be
compiled again), ``build_dir``, ``store``, and at the edge ``process`` and ``errors``.

Two rules, which a test holds: the standard library only, and none of it that is slow to import. The whole wrapper costs
each call of cargo about 20 ms; ``tests/benchmarks/wrapper.py`` measures it.
"""

from __future__ import annotations
