"""Mirrored half: one half of the picture, and its mirror image over the other."""

from __future__ import annotations

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.directions import toward_left

__all__ = ["MirrorHalf"]


class MirrorHalf:
    """Plane by plane; the line or column in the middle of an odd size stays."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """By views in which the half that stays is the left one."""
        out, side = call.inputs[0][0].copy(), str(call.values["side"])
        for plane in out.planes:
            turned = toward_left(plane, side)
            half = turned.shape[1] // 2
            if half:
                turned[:, -half:] = turned[:, :half][:, ::-1]
        return out
