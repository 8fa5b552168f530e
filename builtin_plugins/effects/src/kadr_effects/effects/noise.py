"""Noise: grain as of film, or the snow of a bad picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.chance import chances
from kadr_effects.levels import Levels, levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Noise"]

_BITS = 16
_SPREAD = (4 * (256**2 - 1) / 12) ** 0.5  # standard deviation of the sum of four even bytes


class Noise:
    """Each sample is moved by a near-normal number of its own, from seed, frame and place.

    (libavfilter's ``noise`` draws from one generator for the whole stream: a frame taken alone
    would look other than in a sequence.)
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """In integers of 16 fractional bits."""
        source, out = call.inputs[0][0], call.inputs[0][0].copy()
        scale = levels(source.format, source.color)
        moment = call.frame if call.values["moving"] else 0
        for number in range(3 if call.values["color"] else 1):
            grain = _grain(call.seed, moment, number, source.planes[number].shape)
            out.planes[number][...] = _moved(source.planes[number], grain, call, scale, luma=number == 0)
        return out


def _grain(seed: int, frame: int, channel: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Sums of four bytes, about 0."""
    import numpy as np

    octets = chances(seed, frame, (*shape, 1), channel).astype("<u4").view(np.uint8)
    sums: NDArray[np.int64] = octets.sum(axis=-1, dtype=np.int64)
    return sums - 510


def _moved(plane: Any, grain: NDArray[np.int64], call: FrameCall, scale: Levels, *, luma: bool) -> Any:
    import numpy as np

    span, low, high = (
        (scale.luma_span, scale.black, scale.white) if luma else (scale.chroma_span, scale.low, scale.high)
    )
    gain = round(float(call.values["amount"]) * span / _SPREAD * (1 << _BITS))
    codes = plane + ((grain * gain + (1 << (_BITS - 1))) >> _BITS)
    return np.clip(codes, np.minimum(low, plane), np.maximum(high, plane))
