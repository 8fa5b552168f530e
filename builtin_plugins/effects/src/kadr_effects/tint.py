"""Effects that colour a picture by its light: chroma from chroma and luma, luma untouched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kadr_sdk.color import Color
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.levels import Levels, levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Coefficients", "Tint", "luma_at_chroma"]

_BITS = 14
Coefficients = tuple[tuple[float, float], tuple[float, float]]
"""For both chroma planes: factor on the chroma itself, and how much of luma is added (0..1 scales)."""


class Tint:
    """Base of such effects; a subclass says the coefficients.

    There is no libavfilter node that does this on subsampled YUV: ``pseudocolor`` reads wrong
    rows of luma for 4:2:0, ``colorcorrect`` takes 4:4:4 only, ``colortemperature`` RGB only.
    Codes stay within the nominal range, or where they were beyond it.
    """

    def coefficients(self, values: Mapping[str, Any], color: Color) -> Coefficients:
        """The coefficients for constant values."""
        raise NotImplementedError

    def frame(self, call: FrameCall) -> VideoFrame:
        """In integers of 14 fractional bits."""
        source, out = call.inputs[0][0], call.inputs[0][0].like()
        scale = levels(source.format, source.color)
        light = luma_at_chroma(source) - scale.black
        for number, plane in enumerate(source.planes):
            out.planes[number][...] = plane
        for number, pair in zip((1, 2), self.coefficients(call.values, source.color), strict=True):
            out.planes[number][...] = _colored(source.planes[number], light, pair, scale)
        return out


def luma_at_chroma(frame: VideoFrame) -> NDArray[np.int32]:
    """Luma where chroma is sampled: at the left column, between two lines.

    Returns:
        Array of the size of a chroma plane.
    """
    import numpy as np

    across, down = pixel_format(frame.format).log2_chroma
    luma = frame.planes[0][:, :: 1 << across]
    if not down:
        return luma.astype(np.int32)
    upper, lower = luma[0::2].astype(np.int32), luma[1::2].astype(np.int32)
    lower = np.concatenate((lower, upper[-1:])) if lower.shape[0] < upper.shape[0] else lower
    return (upper + lower + 1) >> 1


def _colored(
    chroma: NDArray[Any], light: NDArray[np.int32], pair: tuple[float, float], scale: Levels
) -> NDArray[np.int32]:
    import numpy as np

    gain = round(pair[0] * (1 << _BITS))
    added = round(pair[1] * scale.chroma_span / scale.luma_span * (1 << _BITS))
    total = (chroma.astype(np.int32) - scale.middle) * np.int32(gain)
    total += light * np.int32(added)
    total += np.int32((scale.middle << _BITS) + (1 << (_BITS - 1)))
    limited: NDArray[np.int32] = np.clip(
        total >> _BITS, np.minimum(scale.low, chroma), np.maximum(scale.high, chroma)
    )
    return limited
