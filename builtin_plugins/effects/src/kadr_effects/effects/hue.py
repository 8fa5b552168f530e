"""Hue: all colours turned around the colour wheel."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from kadr_sdk.effects import FilterContext, FilterSpec, FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.pointwise import moments

__all__ = ["Hue"]

_BITS = 16
_NATIVE_DEPTHS = (8, 10)  # deeper formats ``hue`` would convert to 10 bit


class Hue:
    """Chroma rotated by ``angle`` degrees, red towards yellow and green; luma stays."""

    def filters(self, values: Mapping[str, Any], at: FilterContext) -> Sequence[FilterSpec] | None:
        """``hue``, which takes commands on the very frame."""
        if pixel_format(at.format).depth not in _NATIVE_DEPTHS:
            return None
        texts = tuple(repr(float(now["angle"])) for now in moments(values, at.frames))
        commands = (("h", texts),) if len(set(texts)) > 1 else ()
        return [FilterSpec("hue", (("h", texts[0]),), commands)]

    def frame(self, call: FrameCall) -> VideoFrame:
        """The integers of libavfilter's ``hue``."""
        import numpy as np

        source, out = call.inputs[0][0], call.inputs[0][0].like()
        for number, plane in enumerate(source.planes):
            out.planes[number][...] = plane
        depth = pixel_format(source.format).depth
        middle = 1 << (depth - 1)
        cosine, sine = _factors(float(call.values["angle"]))
        word = np.dtype(np.int32 if depth <= 12 else np.int64).type
        u, v = (plane.astype(word) - word(middle) for plane in source.planes[1:3])
        zero = word((middle << _BITS) + (1 << (_BITS - 1)))
        out.planes[1][...] = np.clip((u * word(cosine) - v * word(sine) + zero) >> _BITS, 0, 2 * middle - 1)
        out.planes[2][...] = np.clip((u * word(sine) + v * word(cosine) + zero) >> _BITS, 0, 2 * middle - 1)
        return out


def _factors(angle: float) -> tuple[int, int]:
    """Cosine and sine in 16 fractional bits; the angle in single precision, as ``hue`` keeps it."""
    radians = struct.unpack("f", struct.pack("f", math.radians(angle)))[0]
    return round(math.cos(radians) * (1 << _BITS)), round(math.sin(radians) * (1 << _BITS))
