"""The doctor: what it looks at, what it concludes, and how it says so."""

from __future__ import annotations
