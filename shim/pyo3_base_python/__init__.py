"""A stable interpreter for isolated builds of Python projects with a Rust core.

``wrapper`` is the code that runs inside ``$CARGO``; ``activation`` puts it there, ``backend`` does so for front ends,
``commands`` for people. ``doctor`` and ``explain`` say why something is compiled again; ``testbed`` tests the patches
for upstream.
"""

from __future__ import annotations

__version__ = "0.1.0"
