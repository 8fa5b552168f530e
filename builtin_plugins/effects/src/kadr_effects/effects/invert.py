"""Invert: the negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_effects.levels import Levels
from kadr_effects.pointwise import Line, Maps, Pointwise

__all__ = ["Invert"]


class Invert(Pointwise):
    """``1 - x`` on R, G and B, mixed with the picture by ``amount``."""

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        gain = 1.0 - 2.0 * float(values["amount"])
        grey = (at.black + at.white) / 2
        chroma = Line(gain, at.middle, at.middle)
        return Line(gain, grey, grey), chroma, chroma
