"""Contrast about middle grey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_effects.levels import Levels
from kadr_effects.pointwise import Line, Maps, Pointwise

__all__ = ["Contrast"]


class Contrast(Pointwise):
    """``0.5 + value * (x - 0.5)`` on R, G and B, which is the same on luma and a factor on chroma.

    Source: CSS Filter Effects Level 1, ``contrast()``, carried over to YUV (it is exact there).
    """

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        gain = float(values["value"])
        grey = (at.black + at.white) / 2
        chroma = Line(gain, at.middle, at.middle)
        return Line(gain, grey, grey), chroma, chroma
