"""Grayscale: colours fade to grey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_effects.levels import Levels
from kadr_effects.pointwise import Line, Maps, Pointwise

__all__ = ["Grayscale"]


class Grayscale(Pointwise):
    """Chroma times ``1 - amount``; luma stays."""

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        chroma = Line(1.0 - float(values["amount"]), at.middle, at.middle)
        return None, chroma, chroma
