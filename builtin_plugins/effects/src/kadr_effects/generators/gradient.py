"""A gradient between two colours, dithered so that it shows no bands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.colors import codes
from kadr_effects.painting import blank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grid = NDArray[np.int64]

__all__ = ["Gradient"]

_BITS = 14
_BAYER_SIDE = 8


class Gradient:
    """Linear along ``angle``, from edge to edge, or radial from the centre to the corners."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """In integers, rounded by an ordered 8x8 dither."""
        import numpy as np

        out, chroma = blank(call), pixel_format(call.format).log2_chroma
        start = codes(call.values["start_color"], call.format, call.color)
        end = codes(call.values["end_color"], call.format, call.color)
        way = _way(call)
        for number, plane in enumerate(out.planes):
            across, down = chroma if number in (1, 2) else (0, 0)
            part = way[:: 1 << down, :: 1 << across]
            tall, wide = (-(-side // _BAYER_SIDE) for side in part.shape)
            dither = np.tile(_bayer(), (tall, wide))[: part.shape[0], : part.shape[1]]
            plane[...] = ((start[number] << _BITS) + (end[number] - start[number]) * part + dither) >> _BITS
        return out


def _way(call: FrameCall) -> Grid:
    """How far every pixel is from the first colour to the second, 0..2**14."""
    import numpy as np

    x = 2 * np.arange(call.width, dtype=np.int64) + 1 - call.width
    y = (2 * np.arange(call.height, dtype=np.int64) + 1 - call.height)[:, None]
    one = 1 << _BITS
    if call.values["shape"] == "radial":
        far = call.width**2 + call.height**2
        radial: Grid = np.floor(np.sqrt((x * x + y * y) / far) * one + 0.5).astype(np.int64)
        return radial
    angle = math.radians(float(call.values["angle"]))
    across, down = round(math.cos(angle) * one), round(math.sin(angle) * one)
    reach = max(1, abs(across) * call.width + abs(down) * call.height)
    linear: Grid = np.clip(((x * across + y * down + reach) * one) // (2 * reach), 0, one)
    return linear


def _bayer() -> Grid:
    """Thresholds of an ordered dither, evenly over 0..2**14 (B. Bayer, 1973)."""
    import numpy as np

    matrix = np.zeros((1, 1), np.int64)
    while matrix.shape[0] < _BAYER_SIDE:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (2 * matrix + 1) << (_BITS - 7)
