"""Vignette: darker towards the corners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.levels import levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.int32]

__all__ = ["Vignette"]

_BITS = 14


class Vignette:
    """Light and colour times ``1 - amount * smoothstep(radius, 1, d)``.

    ``d`` is the distance from the centre, 1 at the corners. (libavfilter's ``vignette`` takes
    no commands, adds random dither, and darkens 16 as if it were light.)
    """

    def __init__(self) -> None:
        # The last mask: making one costs more than using it. Threads may replace each other's.
        self._kept: tuple[object, Mask] | None = None

    def frame(self, call: FrameCall) -> VideoFrame:
        """In integers of 14 fractional bits."""
        source, out = call.inputs[0][0], call.inputs[0][0].like()
        scale = levels(source.format, source.color)
        mask = self._mask(
            source.width, source.height, float(call.values["amount"]), float(call.values["radius"])
        )
        across, down = pixel_format(source.format).log2_chroma
        small = mask[:: 1 << down, :: 1 << across]
        for number, plane in enumerate(source.planes):
            if number == 3:
                out.planes[number][...] = plane
            else:
                zero, weights = (scale.black, mask) if number == 0 else (scale.middle, small)
                out.planes[number][...] = _weighed(plane, weights, zero)
        return out

    def _mask(self, width: int, height: int, amount: float, radius: float) -> Mask:
        key = (width, height, amount, radius)
        kept = self._kept
        if kept is None or kept[0] != key:
            kept = self._kept = (key, _mask(width, height, amount, radius))
        return kept[1]


def _mask(width: int, height: int, amount: float, radius: float) -> Mask:
    import numpy as np

    x = np.arange(width) * 2.0 + 1.0 - width
    y = np.arange(height) * 2.0 + 1.0 - height
    distance = np.sqrt((x * x + (y * y)[:, None]) / (width * width + height * height))
    t = np.clip((distance - radius) / (1.0 - radius), 0.0, 1.0)
    return np.floor((1.0 - amount * (t * t * (3.0 - 2.0 * t))) * (1 << _BITS) + 0.5).astype(np.int32)


def _weighed(plane: NDArray[Any], weights: Mask, zero: int) -> Mask:
    import numpy as np

    total = (plane.astype(np.int32) - np.int32(zero)) * weights
    total += np.int32((zero << _BITS) + (1 << (_BITS - 1)))
    return total >> _BITS
