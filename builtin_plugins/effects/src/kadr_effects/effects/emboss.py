"""Emboss: a relief in grey, lit from the top left."""

from __future__ import annotations

from typing import Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.levels import levels
from kadr_effects.mixing import mix_plane, weight

__all__ = ["Emboss"]


class Emboss:
    """Middle grey and ``depth`` times the light lost from top left to bottom right; colour goes to grey."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """In whole numbers of 8 fractional bits; mixed with what was, as a dissolve does."""
        import numpy as np

        source, out = call.inputs[0][0], call.inputs[0][0].copy()
        scale, depth = levels(source.format, source.color), pixel_format(source.format).depth
        share = weight(float(call.values["amount"]), depth)
        gain = round(float(call.values["depth"]) * 256)
        relief = (scale.black + scale.white + 1) // 2 + ((_fall(source.planes[0]) * gain + 128) >> 8)
        cut = np.clip(relief, scale.black, scale.white).astype(source.planes[0].dtype)
        out.planes[0][...] = mix_plane(source.planes[0], cut, share, depth)
        for number in (1, 2):
            gray = np.asarray(scale.middle, source.planes[number].dtype)
            out.planes[number][...] = mix_plane(source.planes[number], gray, share, depth)
        return out


def _fall(plane: Any) -> Any:
    """Light at the top left less that at the bottom right; the picture goes on with its edge."""
    import numpy as np

    wide = np.pad(plane.astype(np.int64), 1, mode="edge")
    return wide[:-2, :-2] - wide[2:, 2:]
