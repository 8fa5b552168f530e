"""Colours as code values of a picture's planes."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.color import Color
from kadr_sdk.frames import pixel_format

from kadr_effects.levels import levels

__all__ = ["codes", "luma_weights"]

_WEIGHTS = {  # Kr and Kb: ITU-R BT.601, BT.709, BT.2020, FCC 73.682, SMPTE 240M
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020nc": (0.2627, 0.0593),
    "bt2020c": (0.2627, 0.0593),
    "fcc": (0.30, 0.11),
    "smpte240m": (0.212, 0.087),
}


def luma_weights(color: Color) -> tuple[float, float, float]:
    """How much red, green and blue weigh in luma; BT.709 where nothing is known."""
    red, blue = _WEIGHTS.get(color.matrix, _WEIGHTS["bt709"])
    return red, 1.0 - red - blue, blue


def codes(rgba: Sequence[float], format: str, color: Color) -> tuple[int, ...]:
    """The code of every plane of a YUV format for a colour.

    Args:
        rgba: components 0..1, alpha straight.
        format: a YUV format, with or without alpha.
        color: matrix and range of the picture.
    """
    scale, (kr, kg, kb) = levels(format, color), luma_weights(color)
    red, green, blue, alpha = rgba
    y = kr * red + kg * green + kb * blue
    u, v = (blue - y) / (2 * (1 - kb)), (red - y) / (2 * (1 - kr))
    chroma = [min(scale.peak, _half_up(scale.middle + c * scale.chroma_span)) for c in (u, v)]
    planes = (scale.black + _half_up(y * scale.luma_span), *chroma, _half_up(alpha * scale.peak))
    return planes[: pixel_format(format).planes]


def _half_up(value: float) -> int:
    return int(value + 0.5)
