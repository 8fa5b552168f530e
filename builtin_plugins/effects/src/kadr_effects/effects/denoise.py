"""Denoise: grain that changes from frame to frame goes, what moves stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

__all__ = ["Denoise"]

_REACH = 0.15
_FINE = 16  # steps of the threshold within one code of 8 bit


class Denoise:
    """Mean over five frames in which a sample weighs less, the more it differs: ``T - |difference|``.

    From a difference of T on (15 % of the codes at full strength) it counts for nothing, so that
    movement leaves no trail. (``hqdn3d`` is not in an LGPL libavfilter; ``atadenoise`` gives its
    frames late and starts anew at every seek.)
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """In whole numbers, rounded half up."""
        window = list(call.inputs[0])
        middle = window.pop(len(window) // 2)
        out, depth = middle.copy(), pixel_format(middle.format).depth
        limit = round(float(call.values["strength"]) * _REACH * ((1 << depth) - 1) * _FINE)
        for number in range(3):
            if limit:
                out.planes[number][...] = _mean(
                    middle.planes[number], [frame.planes[number] for frame in window], limit
                )
        return out


def _mean(plane: Any, others: Sequence[Any], limit: int) -> Any:
    import numpy as np

    here = plane.astype(np.int64)
    total, weights = np.zeros_like(here), np.full_like(here, limit)
    for other in others:
        apart = other - here
        weight = np.maximum(limit - np.abs(apart) * _FINE, 0)
        total += weight * apart
        weights += weight
    return here + (2 * total + weights) // (2 * weights)
