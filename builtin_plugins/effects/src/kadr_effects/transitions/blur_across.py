"""Blur across: both clips smear sideways while they dissolve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.masks import copied
from kadr_effects.mixing import mix_plane, weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BlurAcross"]


class BlurAcross:
    """A mean over up to half the width, widest in the middle of the way (``xfade``: ``hblur``)."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """Sums of whole numbers."""
        if (whole := copied(call)) is not None:
            return whole
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        out, depth = outgoing.like(), pixel_format(outgoing.format).depth
        amount = 2.0 * min(call.progress, 1.0 - call.progress)
        for target, a, b in zip(out.planes, outgoing.planes, incoming.planes, strict=True):
            size = 1 + int(a.shape[1] // 2 * amount)
            target[...] = mix_plane(_smeared(a, size), _smeared(b, size), weight(call.progress, depth), depth)
        return out


def _smeared(plane: NDArray[Any], size: int) -> NDArray[Any]:
    """Means of ``size`` samples from each one on, of fewer at the right edge; rounded half up."""
    width = plane.shape[1]
    sums = np.zeros((plane.shape[0], width + 1), np.int64)
    np.cumsum(plane, axis=1, out=sums[:, 1:])
    ends = np.minimum(np.arange(width) + size, width)
    count = ends - np.arange(width)
    means: NDArray[Any] = (sums[:, ends] - sums[:, :width] + count // 2) // count
    return means.astype(plane.dtype)
