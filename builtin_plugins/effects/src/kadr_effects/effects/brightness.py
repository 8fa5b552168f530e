"""Brightness: light added to or taken from every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_effects.levels import Levels
from kadr_effects.pointwise import Line, Maps, Pointwise

__all__ = ["Brightness"]


class Brightness(Pointwise):
    """``Y + value * (white - black)``: in RGB the same number on every channel."""

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        shift = float(values["value"]) * at.luma_span
        return Line(1.0, at.black, at.black + shift), None, None
