"""@TITLE@."""

from __future__ import annotations

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

__all__ = ["Effect"]


class Effect:
    """One clip is mixed into the next, in whole numbers: the same bytes everywhere."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame; the inputs are never written to."""
        hold = call.values["hold"]
        way = (call.progress - hold) / (1.0 - 2.0 * hold)
        part = int(min(max(way, 0.0), 1.0) * 256.0 + 0.5)
        before, after = call.inputs[0][0], call.inputs[1][0]
        out = before.copy()
        for plane, a, b in zip(out.planes, before.planes, after.planes, strict=True):
            plane[...] = a.astype(np.int64) * (256 - part) + b.astype(np.int64) * part + 128 >> 8
        return out
