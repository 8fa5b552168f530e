"""Squeeze: the outgoing clip is squeezed to its middle line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.masks import copied

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Squeeze"]


class Squeeze:
    """Lines are picked, not mixed (``xfade``: ``squeezeh``, ``squeezev``)."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """The nearest line of the outgoing clip inside, the incoming clip outside."""
        if (whole := copied(call)) is not None:
            return whole
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        out, axis = outgoing.like(), 0 if call.values["line"] == "horizontal" else 1
        for target, a, b in zip(out.planes, outgoing.planes, incoming.planes, strict=True):
            place = 0.5 + (np.arange(a.shape[axis]) / a.shape[axis] - 0.5) / (1.0 - call.progress)
            lines = np.floor(np.clip(place, 0.0, 1.0) * (a.shape[axis] - 1) + 0.5).astype(np.intp)
            inside = (place >= 0.0) & (place <= 1.0)
            target[...] = np.where(_lying(inside, axis), np.take(a, lines, axis=axis), b)
        return out


def _lying(line: NDArray[Any], axis: int) -> NDArray[Any]:
    return line[:, None] if axis == 0 else line[None, :]
