"""Gamma: middle tones lighter or darker, black and white stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_effects.levels import Levels
from kadr_effects.pointwise import Maps, Pointwise, Power

__all__ = ["Gamma"]


class Gamma(Pointwise):
    """``Y ** (1 / value)`` on luma between black and white."""

    def maps(self, values: Mapping[str, Any], at: Levels) -> Maps:
        """The maps for constant values."""
        return Power(at.black, at.luma_span, 1.0 / float(values["value"])), None, None
