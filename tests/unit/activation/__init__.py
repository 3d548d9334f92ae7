"""Switching the shim on, without builds."""

from __future__ import annotations
