"""Shape crop: the outgoing clip shrinks away in a circle or a rectangle, the next one grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.colors import codes
from kadr_effects.masks import Field, copied

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ShapeCrop"]


class ShapeCrop:
    """A colour around the shape, and alone at half the way (``xfade``: ``circlecrop``, ``rectcrop``)."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """One picture in the shape, the colour outside."""
        if (whole := copied(call)) is not None:
            return whole
        source = call.inputs[1 if call.progress > 0.5 else 0][0]
        out, (across, down) = source.like(), pixel_format(source.format).log2_chroma
        inside = _inside(call)
        small = inside[:: 1 << down, :: 1 << across]
        color = codes(call.values["color"], source.format, source.color)
        for number, (target, plane, code) in enumerate(zip(out.planes, source.planes, color, strict=True)):
            target[...] = np.where(small if number in (1, 2) else inside, plane, code)
        return out


def _inside(call: FrameCall) -> NDArray[np.bool_]:
    columns, rows = np.arange(call.width, dtype=np.float64), np.arange(call.height, dtype=np.float64)
    field = Field(columns[None, :], rows[:, None], call.width, call.height, call.progress)
    size = 2.0 * abs(call.progress - 0.5)
    if call.values["shape"] == "circle":
        inside: NDArray[np.bool_] = field.radius() <= size * size * size * field.reach
        return inside
    half_width, half_height = call.width // 2, call.height // 2
    wide = np.abs(field.x - half_width) < int(size * call.width / 2)
    return wide & (np.abs(field.y - half_height) < int(size * call.height / 2))
