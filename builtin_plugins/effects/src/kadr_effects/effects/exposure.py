"""Exposure in stops: light doubled or halved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_effects.levels import Levels
from kadr_effects.pointwise import Line, Maps, Pointwise

__all__ = ["Exposure"]

_DISPLAY_GAMMA = 2.4


class Exposure(Pointwise):
    """Light times ``2 ** stops`` as a display of gamma 2.4 shows it.

    A factor on linear light is a factor ``2 ** (stops / 2.4)`` on the signal (ITU-R BT.1886),
    on R, G and B alike: so luma above black and chroma are scaled by it.
    """

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        gain = 2.0 ** (float(values["stops"]) / _DISPLAY_GAMMA)
        chroma = Line(gain, at.middle, at.middle)
        return Line(gain, at.black, at.black), chroma, chroma
