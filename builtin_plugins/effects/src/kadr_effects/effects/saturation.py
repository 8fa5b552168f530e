"""Saturation: how far colours stand from grey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_effects.levels import Levels
from kadr_effects.pointwise import Line, Maps, Pointwise

__all__ = ["Saturation"]


class Saturation(Pointwise):
    """Chroma times ``value``; luma stays."""

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        chroma = Line(float(values["value"]), at.middle, at.middle)
        return None, chroma, chroma
