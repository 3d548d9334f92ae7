"""What users type, without builds."""

from __future__ import annotations
