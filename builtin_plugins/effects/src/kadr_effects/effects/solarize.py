"""Solarize: what is brighter than a threshold turns to its negative, as film that saw light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.rgb import ThroughRgb, blended

if TYPE_CHECKING:
    from kadr_effects.rgb import Rgb

__all__ = ["Solarize"]


class Solarize(ThroughRgb):
    """``1 - x`` above the threshold, for red, green and blue by themselves."""

    def graded(self, rgb: Rgb, call: FrameCall) -> Rgb:
        """Turned, and mixed with what was."""
        import numpy as np

        limit, one = np.float32(call.values["threshold"]), np.float32(1.0)
        red, green, blue = (np.where(channel > limit, one - channel, channel) for channel in rgb)
        return blended(rgb, (red, green, blue), float(call.values["amount"]))
