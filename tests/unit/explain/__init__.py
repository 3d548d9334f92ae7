"""What `explain` makes of cargo's log, tested on real logs."""

from __future__ import annotations
