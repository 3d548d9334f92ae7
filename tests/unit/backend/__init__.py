"""The build backends, without builds."""

from __future__ import annotations
