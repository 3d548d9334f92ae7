"""The pure parts of the test bed, and those that need no more than git."""

from __future__ import annotations
