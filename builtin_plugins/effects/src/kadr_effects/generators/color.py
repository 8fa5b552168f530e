"""A picture of one colour."""

from __future__ import annotations

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.colors import codes
from kadr_effects.painting import blank

__all__ = ["ColorSolid"]


class ColorSolid:
    """Every pixel has the colour ``color``."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """The picture."""
        out = blank(call)
        for plane, code in zip(out.planes, codes(call.values["color"], call.format, call.color), strict=True):
            plane[...] = code
        return out
