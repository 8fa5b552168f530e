"""Privacy blur: people, faces, plates or anything else made unknowable wherever it is."""

from __future__ import annotations

from math import ceil, floor

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_recognition.effects.following import Following, Region, black
from kadr_recognition.effects.hiding import hidden

__all__ = ["PrivacyBlur"]


class PrivacyBlur(Following):
    """Everything that the document says is hidden, or the render ends: no frame goes by unhidden.

    What is hidden is replaced by a few means, so nothing finer is left to sharpen.
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame."""
        source = call.inputs[0][0]
        out, margin = source.copy(), float(call.values["margin"])
        for _, region in self.spots(call):
            _hide(source, out, _wider(region, margin), call)
        return out


def _wider(region: Region, margin: float) -> Region:
    left, top, right, bottom = region
    x, y = margin * (right - left), margin * (bottom - top)
    return left - x, top - y, right + x, bottom + y


def _hide(source: VideoFrame, out: VideoFrame, region: Region, call: FrameCall) -> None:
    """Hide a region, rounded outwards to the grid of chroma; what was hidden before may be again."""
    layout = pixel_format(source.format)
    step_x, step_y = (1 << shift for shift in layout.log2_chroma)
    left, top = (max(0, floor(v / s) * s) for v, s in zip(region[:2], (step_x, step_y), strict=True))
    right, bottom = (ceil(v / s) * s for v, s in zip(region[2:], (step_x, step_y), strict=True))
    right, bottom = min(right, source.width), min(bottom, source.height)
    if right <= left or bottom <= top:
        return
    cells = _cells(right - left, bottom - top, int(call.values["cells"]))
    for number, plane in enumerate(out.planes[:3]):
        across, down = layout.log2_chroma if number in (1, 2) else (0, 0)
        rows = slice(top >> down, -(-bottom >> down))
        columns = slice(left >> across, -(-right >> across))
        plane[rows, columns] = hidden(
            plane[rows, columns], str(call.values["method"]), cells, black(call, chroma=number > 0)
        )


def _cells(width: int, height: int, most: int) -> tuple[int, int]:
    """Fields across and down: ``most`` along the longer side, about square."""
    longer = max(width, height)
    return max(1, round(most * width / longer)), max(1, round(most * height / longer))
