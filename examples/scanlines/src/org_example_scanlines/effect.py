"""The effect."""

from __future__ import annotations

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

__all__ = ["ScanLines"]


class ScanLines:
    """Luma of every other line moved towards black, in integers: the same bytes everywhere."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame; the input is never written to."""
        out = call.inputs[0][0].copy()
        luma = out.planes[0]
        black = 0 if call.color.range == "pc" else 16 << (pixel_format(call.format).depth - 8)
        keep = round(256 * (1 - call.values["amount"]))
        lines = np.arange(call.height) // max(1, round(call.values["size"])) % 2 == 1
        above = np.maximum(luma[lines].astype(np.int64) - black, 0)
        luma[lines] = np.minimum(luma[lines], black + above * keep // 256)
        return out
