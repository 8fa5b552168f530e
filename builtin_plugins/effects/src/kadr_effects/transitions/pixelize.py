"""Pixelize: both clips break up into squares while they dissolve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.masks import copied
from kadr_effects.mixing import mix_plane, weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pixelize"]

_STEPS, _SQUARES = 50, 20


class Pixelize:
    """Squares of one pixel's colour, largest in the middle of the way (``xfade``: ``pixelize``)."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """Picked pixels, then a mix."""
        if (whole := copied(call)) is not None:
            return whole
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        layout, out = pixel_format(outgoing.format), outgoing.like()
        share, side = weight(call.progress, layout.depth), _side(call)
        for number, (target, a, b) in enumerate(
            zip(out.planes, outgoing.planes, incoming.planes, strict=True)
        ):
            across, down = layout.log2_chroma if number in (1, 2) else (0, 0)
            picked = np.ix_(_picked(call.height, side, down), _picked(call.width, side, across))
            target[...] = mix_plane(a[picked], b[picked], share, layout.depth)
        return out


def _side(call: FrameCall) -> float:
    """Side of a square in pixels, grown in steps."""
    part = np.ceil(min(call.progress, 1.0 - call.progress) * _STEPS) / _STEPS
    return max(float(2.0 * part * min(call.width, call.height) / _SQUARES), 1.0)


def _picked(length: int, side: float, log2: int) -> NDArray[Any]:
    """The sample in the middle of the square that each sample lies in."""
    place = np.arange(0, length, 1 << log2)
    middle = np.minimum((np.floor(place / side) + 0.5) * side, length - 1)
    return middle.astype(np.intp) >> log2
