"""Switching the shim on: the variables, the launcher that ``CARGO`` names, and what is in the store."""

from __future__ import annotations
