"""Wipe: an edge runs over the picture and uncovers the next clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.directions import edges, toward_left
from kadr_effects.mixing import mix_plane, weight_bits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Wipe"]


class Wipe:
    """The edge moves to where ``direction`` says; ``softness`` is its width as part of the way."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """Slices for a hard edge, a ramp of weights for a soft one."""
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        out, direction = outgoing.like(), str(call.values["direction"])
        softness, depth = float(call.values["softness"]), pixel_format(outgoing.format).depth
        covered = edges(outgoing, direction, call.progress)
        for number, target in enumerate(out.planes):
            planes = (target, outgoing.planes[number], incoming.planes[number])
            new, a, b = (toward_left(plane, direction) for plane in planes)
            if softness > 0:
                new[...] = mix_plane(a, b, _ramp(new.shape[1], call.progress, softness, depth), depth)
            else:
                edge = new.shape[1] - covered[number]
                new[:, :edge], new[:, edge:] = a[:, :edge], b[:, edge:]
        return out


def _ramp(length: int, progress: float, softness: float, depth: int) -> NDArray[np.uint32]:
    """Weight of the incoming picture in every column; all 0 at progress 0, all 1 at 1."""
    import numpy as np

    place = (np.arange(length) + 0.5) / length
    covered = np.clip((place - 1.0 + progress * (1.0 + softness)) / softness, 0.0, 1.0)
    return np.rint(covered * (1 << weight_bits(depth))).astype(np.uint32)
