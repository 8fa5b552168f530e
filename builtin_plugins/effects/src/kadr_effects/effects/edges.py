"""Edges: outlines, drawn from the changes of light."""

from __future__ import annotations

from typing import Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.levels import levels
from kadr_effects.mixing import mix_plane, weight

__all__ = ["Edges"]


class Edges:
    """The Sobel operator on luma (I. Sobel, G. Feldman 1968): a quarter of ``|gx| + |gy|``, from black on.

    Colour goes to grey.
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """In whole numbers; mixed with what was, as a dissolve does."""
        import numpy as np

        source, out = call.inputs[0][0], call.inputs[0][0].copy()
        scale, depth = levels(source.format, source.color), pixel_format(source.format).depth
        share = weight(float(call.values["amount"]), depth)
        drawn = np.minimum(_slope(source.planes[0]) // 4 + scale.black, scale.white)
        out.planes[0][...] = mix_plane(source.planes[0], drawn.astype(source.planes[0].dtype), share, depth)
        for number in (1, 2):
            gray = np.asarray(scale.middle, source.planes[number].dtype)
            out.planes[number][...] = mix_plane(source.planes[number], gray, share, depth)
        return out


def _slope(plane: Any) -> Any:
    """``|gx| + |gy|``; the picture goes on with its edge."""
    import numpy as np

    wide = np.pad(plane.astype(np.int32), 1, mode="edge")
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    columns = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    return np.abs(rows[:, 2:] - rows[:, :-2]) + np.abs(columns[2:] - columns[:-2])
