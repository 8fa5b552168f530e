"""Distance: colours that are far from each other change over at once, the others fade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.masks import Field, Masked

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Distance"]


class Distance(Masked):
    """Where both differ by more than what is left of the way, the next clip stands (as in ``xfade``)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """A dissolve, or all."""
        far = _apart(call.inputs[0][0], call.inputs[1][0]) > (1.0 - field.done) ** 2
        return np.where(far, 1.0, field.done)


def _apart(a: VideoFrame, b: VideoFrame) -> Mask:
    """Square of the distance of the colours, each component 0..1, at every pixel."""
    layout = pixel_format(a.format)
    across, down = layout.log2_chroma
    total: Mask = np.zeros((a.height, a.width))
    for number, (x, y) in enumerate(zip(a.planes, b.planes, strict=True)):
        part = (x.astype(np.float64) - y) / ((1 << layout.depth) - 1)
        if number in (1, 2):
            part = part.repeat(1 << down, axis=0).repeat(1 << across, axis=1)[: a.height, : a.width]
        total += part * part
    return total
