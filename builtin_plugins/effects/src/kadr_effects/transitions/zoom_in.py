"""Zoom in: the outgoing clip flies towards the viewer, the next one fades in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.masks import copied, smoothstep
from kadr_effects.mixing import mix_plane, weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ZoomIn"]


class ZoomIn:
    """It grows over the first half, and fades over the second (``xfade``: ``zoomin``)."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """Nearest pixels about the centre, then a mix."""
        if (whole := copied(call)) is not None:
            return whole
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        out, depth, left = outgoing.like(), pixel_format(outgoing.format).depth, 1.0 - call.progress
        part = float(smoothstep(0.5, 1.0, left))
        share = weight(1.0 - float(smoothstep(0.0, 0.5, left)), depth)
        for target, a, b in zip(out.planes, outgoing.planes, incoming.planes, strict=True):
            grown = a[np.ix_(_near(a.shape[0], part), _near(a.shape[1], part))]
            target[...] = mix_plane(grown, b, share, depth)
        return out


def _near(length: int, part: float) -> NDArray[Any]:
    """Which samples show, when a part of the length about the middle fills all of it."""
    place = (np.arange(length) / length - 0.5) * part + 0.5
    return np.ceil(place * (length - 1)).astype(np.intp)
