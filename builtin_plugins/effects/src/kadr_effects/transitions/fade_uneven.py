"""Uneven fade: what differs much changes over earlier, or later, than what differs little."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.masks import copied
from kadr_effects.mixing import mix_plane, weight, weight_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FadeUneven"]


class FadeUneven:
    """A power of what is left of the way, for every component by itself.

    Formula: ``fadefast`` and ``fadeslow`` of libavfilter's ``xfade``.
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """Weights by a table over the difference."""
        if (whole := copied(call)) is not None:
            return whole
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        out, depth = outgoing.like(), pixel_format(outgoing.format).depth
        table = _table(1.0 - call.progress, depth, first=call.values["first"] == "different")
        for target, a, b in zip(out.planes, outgoing.planes, incoming.planes, strict=True):
            apart = np.abs(a.astype(np.int32) - b)
            target[...] = mix_plane(a, b, np.take(table, apart), depth)
        return out


def _table(left: float, depth: int, *, first: bool) -> NDArray[Any]:
    """Weight of the incoming clip for every difference of codes."""
    peak = (1 << depth) - 1
    one, rows = 1 << weight_bits(depth), []
    for apart in range(peak + 1):
        part = apart / peak
        power = 1.0 + math.log(1.0 + part) if first else 1.0 + math.log(2.0 - part)
        rows.append(one - weight(math.pow(left, power), depth))
    return np.array(rows, np.uint32)
