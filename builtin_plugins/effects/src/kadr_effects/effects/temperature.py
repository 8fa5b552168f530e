"""Colour temperature: warmer or colder light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_sdk.color import Color

from kadr_effects.colors import luma_weights
from kadr_effects.tint import Coefficients, Tint

__all__ = ["Temperature"]

_REACH = 0.3  # how far red and blue are turned up and down at the ends of the range


class Temperature(Tint):
    """Red times ``1 + 0.3 value``, blue times ``1 - 0.3 value``, luma held.

    With ``B = Y + 2 (1 - Kb) U`` and ``R = Y + 2 (1 - Kr) V`` (ITU-R BT.709 §3) this is
    ``U' = U (1 - s) - s Y / (2 (1 - Kb))`` and ``V' = V (1 + s) + s Y / (2 (1 - Kr))``.
    """

    def coefficients(self, values: Mapping[str, Any], color: Color) -> Coefficients:
        """The coefficients for constant values."""
        shift = _REACH * float(values["value"])
        red, _, blue = luma_weights(color)
        return (1 - shift, -shift / (2 * (1 - blue))), (1 + shift, shift / (2 * (1 - red)))
