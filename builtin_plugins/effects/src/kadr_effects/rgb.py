"""Effects that work on red, green and blue, in a YUV picture.

The picture goes through in bands of rows, in single precision; sums and products alone, so
that every processor gives the same bits. Colour of subsampled pictures is spread to its pixels
as it is, and the mean of what comes out is taken back: what an effect leaves alone stays bit
for bit. Formulas: ITU-R BT.709 §3, with the weights of the picture's own matrix.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kadr_sdk.color import Color
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.colors import luma_weights
from kadr_effects.levels import Levels, levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Channel = NDArray[np.float32]
    Rgb = tuple[Channel, Channel, Channel]

__all__ = ["ThroughRgb", "blended", "from_table", "powered"]

_POWERS = 2049  # entries of a table of powers
_ROWS = 32  # a band of a wide picture stays in the processor's cache


class ThroughRgb:
    """Base of such effects; a subclass says what becomes of the colours.

    Codes within the nominal range stay within it; codes beyond are never pushed further out.
    """

    def graded(self, rgb: Rgb, call: FrameCall) -> Rgb:
        """New colours of a band.

        Args:
            rgb: arrays of one shape; 0 is black, 1 is white, values beyond occur. May be
                written to.
            call: parameters and colour of this frame.
        """
        raise NotImplementedError

    def frame(self, call: FrameCall) -> VideoFrame:
        """Band by band."""
        source, out = call.inputs[0][0], call.inputs[0][0].like()
        scale = levels(source.format, source.color)
        for planes, targets in _bands(source, out):
            rgb = self.graded(_to_rgb(planes, source.color, scale), call)
            _to_yuv(rgb, planes, targets, source.color, scale)
        if len(source.planes) == 4:
            out.planes[3][...] = source.planes[3]
        return out


def _bands(source: VideoFrame, out: VideoFrame) -> Iterator[tuple[list[Any], list[Any]]]:
    down = pixel_format(source.format).log2_chroma[1]
    for top in range(0, source.height, _ROWS):
        rows = (slice(top, top + _ROWS), slice(top >> down, (top + _ROWS) >> down))
        cuts = (rows[0], rows[1], rows[1])
        yield tuple(
            [plane[cut] for plane, cut in zip(frame.planes[:3], cuts, strict=True)] for frame in (source, out)
        )  # type: ignore[misc]  # a pair by construction


def _to_rgb(planes: list[Any], color: Color, scale: Levels) -> Rgb:
    import numpy as np

    kr, kg, kb = luma_weights(color)
    shape = _whole(planes)
    light = _extended(planes[0], shape).astype(np.float32)
    light -= np.float32(scale.black)
    light *= np.float32(1.0 / scale.luma_span)
    blue, red = (_difference(p, shape, 2.0 * (1.0 - k), scale) for p, k in ((planes[1], kb), (planes[2], kr)))
    green = light - np.float32(kr / kg) * red - np.float32(kb / kg) * blue
    red += light
    blue += light
    return red, green, blue


def _difference(plane: Any, shape: tuple[int, int], factor: float, scale: Levels) -> Channel:
    """Red or blue less luma, at every pixel."""
    import numpy as np

    codes: Channel = plane.astype(np.float32)
    codes -= np.float32(scale.middle)
    codes *= np.float32(factor / scale.chroma_span)
    for axis in (0, 1):
        if shape[axis] > codes.shape[axis]:
            codes = np.repeat(codes, 2, axis=axis)
    return codes


def _to_yuv(rgb: Rgb, planes: list[Any], targets: list[Any], color: Color, scale: Levels) -> None:
    import numpy as np

    kr, kg, kb = luma_weights(color)
    red, green, blue = rgb
    light = np.float32(kr) * red + np.float32(kg) * green + np.float32(kb) * blue
    height, width = targets[0].shape
    _store(light[:height, :width], planes[0], targets[0], scale, luma=True)
    for number, channel, weight in ((1, blue, kb), (2, red, kr)):
        chroma = _mean(channel - light, targets[number].shape)
        chroma *= np.float32(0.5 / (1.0 - weight))
        _store(chroma, planes[number], targets[number], scale, luma=False)


def _store(values: Channel, before: Any, target: Any, scale: Levels, *, luma: bool) -> None:
    import numpy as np

    span, zero = (scale.luma_span, scale.black) if luma else (scale.chroma_span, scale.middle)
    low, high = (scale.black, scale.white) if luma else (scale.low, scale.high)
    codes = np.floor(values * np.float32(span) + np.float32(zero + 0.5))
    target[...] = np.clip(codes, np.minimum(low, before), np.maximum(high, before))


def _whole(planes: list[Any]) -> tuple[int, int]:
    """Rows and columns with the last block of colour completed."""
    (height, width), (rows, columns) = planes[0].shape, planes[1].shape
    return (2 * rows if rows < height else height, 2 * columns if columns < width else width)


def _extended(plane: Any, shape: tuple[int, int]) -> Any:
    import numpy as np

    if plane.shape == shape:
        return plane
    missing = [(0, wanted - there) for wanted, there in zip(shape, plane.shape, strict=True)]
    return np.pad(plane, missing, mode="edge")


def _mean(values: Channel, shape: tuple[int, int]) -> Channel:
    import numpy as np

    if values.shape[1] > shape[1]:
        values = (values[:, 0::2] + values[:, 1::2]) * np.float32(0.5)
    if values.shape[0] > shape[0]:
        values = (values[0::2] + values[1::2]) * np.float32(0.5)
    return values


def blended(old: Rgb, new: Rgb, share: float) -> Rgb:
    """``old + share * (new - old)``; new arrays."""
    import numpy as np

    part = np.float32(share)
    red, green, blue = (a + part * (b - a) for a, b in zip(old, new, strict=True))
    return red, green, blue


def from_table(table: Channel, place: Channel) -> Channel:
    """Linear between the entries of a table; places 0..1 stand for its first and last entry."""
    import numpy as np

    last = table.shape[0] - 1
    at = np.clip(place, np.float32(0.0), np.float32(1.0)) * np.float32(last)
    cell = np.minimum(at.astype(np.intp), last - 1)
    low: Channel = np.take(table, cell)
    step: Channel = np.take(table, cell + 1) - low
    value: Channel = low + (at - cell.astype(np.float32)) * step
    return value


def powered(values: Channel, exponent: float) -> Channel:
    """Values within 0 and 1 to a power, by a table over their roots, where no power starts steeply."""
    import numpy as np

    return from_table(_powers(2.0 * exponent), np.sqrt(values))


@lru_cache(maxsize=64)
def _powers(exponent: float) -> Channel:
    import numpy as np

    last = _POWERS - 1
    return np.array([math.pow(k / last, exponent) for k in range(_POWERS)], np.float32)
