"""Reveal: the outgoing clip slides away and uncovers the next one."""

from __future__ import annotations

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.directions import edges, toward_left

__all__ = ["Reveal"]


class Reveal:
    """Moves to where ``direction`` says, in whole pixels on the grid of chroma."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """Slices only."""
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        out, direction = outgoing.like(), str(call.values["direction"])
        for number, covered in enumerate(edges(outgoing, direction, call.progress)):
            planes = (out.planes[number], outgoing.planes[number], incoming.planes[number])
            new, a, b = (toward_left(plane, direction) for plane in planes)
            edge = new.shape[1] - covered
            new[:, :edge], new[:, edge:] = a[:, covered:], b[:, edge:]
        return out
