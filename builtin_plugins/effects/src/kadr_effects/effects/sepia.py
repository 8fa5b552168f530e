"""Sepia: the brown of old photographs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_sdk.color import Color

from kadr_effects.colors import luma_weights
from kadr_effects.tint import Coefficients, Tint

__all__ = ["Sepia"]

_WHITE = (1.351, 1.203, 0.937)  # row sums of sepia() in CSS Filter Effects Level 1


class Sepia(Tint):
    """Grey in the hue of CSS ``sepia()``, as strong as the light; luma is held."""

    def coefficients(self, values: Mapping[str, Any], color: Color) -> Coefficients:
        """The coefficients for constant values."""
        amount = float(values["amount"])
        weights = luma_weights(color)
        luma = sum(w * c for w, c in zip(weights, _WHITE, strict=True))
        u = (_WHITE[2] / luma - 1) / (2 * (1 - weights[2]))
        v = (_WHITE[0] / luma - 1) / (2 * (1 - weights[0]))
        return (1 - amount, amount * u), (1 - amount, amount * v)
