"""A stable interpreter for isolated builds of Python projects with a Rust core.

The modules that run inside ``$CARGO`` import the standard library only, and little of it: ``cargo`` is the entry, and
``launcher.WRAPPER_MODULES`` lists them. All others belong to the commands that users type, and to the build backends
that front ends import.
"""

from __future__ import annotations

__version__ = "0.1.0"
