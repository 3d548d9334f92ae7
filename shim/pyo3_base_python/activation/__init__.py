"""Switching the shim on: the variables, the launcher that ``CARGO`` names, and the contents of the store."""

from __future__ import annotations
