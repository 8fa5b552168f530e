"""@TITLE@."""

from __future__ import annotations

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

__all__ = ["Effect"]


class Effect:
    """Stripes that move. Everything follows from the frame's number, so any frame can be made alone."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame."""
        out = VideoFrame.empty(call.format, call.width, call.height, call.color)
        size, speed = call.values["size"], call.values["speed"]
        places = np.arange(call.width) + call.frame * speed
        out.planes[0][...] = np.where(places // max(1, round(size)) % 2, 235, 16)
        for plane in out.planes[1:]:
            plane[...] = 128
        return out
