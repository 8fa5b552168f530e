"""Tint: greener or more magenta light, the other half of a white balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_sdk.color import Color

from kadr_effects.colors import luma_weights
from kadr_effects.tint import Coefficients, Tint

__all__ = ["GreenMagenta"]

_REACH = 0.3  # how far red and blue are turned up and down at the ends of the range


class GreenMagenta(Tint):
    """Red and blue times ``1 + 0.3 value``, luma held, so that green gives way.

    The formula is that of the temperature with one sign for both.
    """

    def coefficients(self, values: Mapping[str, Any], color: Color) -> Coefficients:
        """The coefficients for constant values."""
        shift = _REACH * float(values["value"])
        red, _, blue = luma_weights(color)
        return (1 + shift, shift / (2 * (1 - blue))), (1 + shift, shift / (2 * (1 - red)))
