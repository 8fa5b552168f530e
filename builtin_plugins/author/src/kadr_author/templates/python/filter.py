"""@TITLE@."""

from __future__ import annotations

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

__all__ = ["Effect"]


class Effect:
    """The picture is darkened, in whole numbers: the same bytes everywhere."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame; the input is never written to."""
        out = call.inputs[0][0].copy()
        keep = int((1.0 - call.values["amount"]) * 128.0 + 0.5)
        out.planes[0][...] = out.planes[0].astype(np.int64) * keep >> 7
        return out
