"""Measure any fix for the recompilation: released sources, patches, builds, and a report.

It reads in this order: ``patches`` (what there is), ``upstream`` (released and patched sources), ``upstream_tests``
(the projects' own tests), ``candidates`` (released, patched, or somebody else's), ``matrix`` (which builds, and what
should hold), ``projects`` (the crates that are built), ``building`` (one build), ``evidence`` (what it leaves, and
against which half of a fix that speaks), ``hazards`` (each tried), ``measurement`` (one cell), ``session`` (all of
them), ``results`` (kept between runs), ``specimens`` and ``judging`` (candidates that are wrong on purpose),
``progress``, ``tables``, ``report``, ``comparison``, ``interpreters``, ``compiler_cache`` and ``machines``.
``commands`` is the command line.
"""

from __future__ import annotations
