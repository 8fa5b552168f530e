"""Colour balance: lift, gamma and gain of red, green and blue."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.rgb import ThroughRgb, from_table

if TYPE_CHECKING:
    from kadr_effects.rgb import Channel, Rgb

__all__ = ["ColorBalance"]

_ENTRIES = 2049


class ColorBalance(ThroughRgb):
    """``(gain * (x + lift * (1 - x))) ** (1 / gamma)``; below black there is no power."""

    def graded(self, rgb: Rgb, call: FrameCall) -> Rgb:
        """Channel by channel."""
        red, green, blue = (
            _balanced(channel, *(float(call.values[f"{part}_{name}"]) for part in ("lift", "gamma", "gain")))
            for channel, name in zip(rgb, ("red", "green", "blue"), strict=True)
        )
        return red, green, blue


def _balanced(channel: Channel, lift: float, gamma: float, gain: float) -> Channel:
    import numpy as np

    lifted: Channel = np.float32(gain * lift) + channel * np.float32(gain * (1.0 - lift))
    if gamma == 1.0:
        return lifted
    inside = np.clip(lifted, np.float32(0.0), np.float32(1.0))
    beyond = lifted - inside
    # The table runs over the root, along which the powers have no steep start.
    return from_table(_powers(2.0 / gamma), np.sqrt(inside)) + beyond


@lru_cache(maxsize=64)
def _powers(exponent: float) -> Channel:
    import numpy as np

    return np.array([math.pow(k / (_ENTRIES - 1), exponent) for k in range(_ENTRIES)], np.float32)
