"""Duotone: dark places in one colour, light ones in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.colors import luma_weights
from kadr_effects.rgb import ThroughRgb, blended

if TYPE_CHECKING:
    from kadr_effects.rgb import Rgb

__all__ = ["Duotone"]


class Duotone(ThroughRgb):
    """``dark + luma * (light - dark)``; alpha of the colours has no part in it."""

    def graded(self, rgb: Rgb, call: FrameCall) -> Rgb:
        """Coloured, and mixed with what was."""
        import numpy as np

        red, green, blue = (np.float32(weight) for weight in luma_weights(call.color))
        luma = red * rgb[0] + green * rgb[1] + blue * rgb[2]
        dark, light = call.values["dark"], call.values["light"]
        new = tuple(
            np.float32(a) + luma * np.float32(b - a) for a, b in zip(dark[:3], light[:3], strict=True)
        )
        return blended(rgb, (new[0], new[1], new[2]), float(call.values["amount"]))
