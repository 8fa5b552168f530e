"""Letterbox: bars that give the picture another shape."""

from __future__ import annotations

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.colors import codes
from kadr_effects.painting import fill

__all__ = ["Letterbox"]


class Letterbox:
    """Bars above and below, or left and right, whichever the aspect ratio asks for.

    Both are equally wide; their edges stand on the grid of chroma.
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """Filled boxes over a copy."""
        out, color = call.inputs[0][0].copy(), list(codes(call.values["color"], call.format, call.color))
        width, height, aspect = call.width, call.height, float(call.values["aspect"])
        tall = max((height - width / aspect) / 2.0, 0.0)
        wide = max((width - height * aspect) / 2.0, 0.0)
        boxes: list[tuple[float, ...]]
        if tall >= wide:
            boxes = [(0.0, 0.0, width, tall), (0.0, height - tall, width, height)]
        else:
            boxes = [(0.0, 0.0, wide, height), (width - wide, 0.0, width, height)]
        for box in boxes:
            fill(out, box, color)
        return out
