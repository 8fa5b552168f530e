"""@TITLE@."""

from __future__ import annotations

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

__all__ = ["Effect"]


class Effect:
    """Two tracks beside each other. The inputs come in the order of the declaration."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame; the inputs are never written to."""
        left, right = call.inputs[0][0], call.inputs[1][0]
        out = right.copy()
        for plane, source in zip(out.planes, left.planes, strict=True):
            edge = int(call.values["edge"] * plane.shape[1] + 0.5)
            plane[:, :edge] = source[:, :edge]
        return out
