"""`pyo3-base-python doctor`: what would happen here, and what stands in the way.

``facts`` looks (with ``pyproject``, ``manifests``, ``settings``, ``tools``, ``vendored`` and ``crates``), ``findings``
judges what was found (with ``sdists`` and ``remedies``; ``finding`` is its form), ``report`` puts it into words on a
terminal or into JSON, and ``command`` is the command around them.
"""

from __future__ import annotations
