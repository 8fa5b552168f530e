"""Colour balance: lift, gamma and gain of red, green and blue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.rgb import ThroughRgb, powered

if TYPE_CHECKING:
    from kadr_effects.rgb import Channel, Rgb

__all__ = ["ColorBalance"]


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
    inside = np.clip(lifted, np.float32(0.0), np.float32(1.0))
    return lifted if gamma == 1.0 else powered(inside, 1.0 / gamma) + (lifted - inside)
