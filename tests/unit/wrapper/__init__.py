"""The code that $CARGO runs, without builds."""

from __future__ import annotations
