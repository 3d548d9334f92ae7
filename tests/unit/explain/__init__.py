"""What `explain` makes of cargo's log, read from real ones."""

from __future__ import annotations
