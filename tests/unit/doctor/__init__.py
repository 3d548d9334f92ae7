"""The doctor: what it looks at, what it makes of it, and how it says so."""

from __future__ import annotations
