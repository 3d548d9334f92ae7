"""The pure parts of the test bed, and what needs no more than git."""

from __future__ import annotations
