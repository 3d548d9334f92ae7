"""What holds on Windows, tested there or under wine: ``python -m tests.windows.run``.

The tests run in Python for Windows. ``set_up`` makes one under wine, from packages of PyPI and Debian alone: CPython's
own ``python311.dll``, from the wheel of panda3d, and three programs that are in no package, compiled from ``programs``.
"""

from __future__ import annotations
