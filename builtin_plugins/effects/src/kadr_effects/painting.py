"""Rectangles of one colour on a frame: what generators are drawn with."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

__all__ = ["blank", "fill"]


def blank(call: FrameCall) -> VideoFrame:
    """An uninitialised frame as the call wants it."""
    frame = VideoFrame.empty(call.format, call.width, call.height, call.color)
    frame.time = call.time
    return frame


def fill(frame: VideoFrame, box: Sequence[float], codes: Sequence[int]) -> None:
    """Fill a box (left, top, right, bottom in pixels), its edges rounded to the grid of chroma."""
    across, down = pixel_format(frame.format).log2_chroma
    left, right = (int(x / (1 << across) + 0.5) for x in (box[0], box[2]))
    top, bottom = (int(y / (1 << down) + 0.5) for y in (box[1], box[3]))
    for number, (plane, code) in enumerate(zip(frame.planes, codes, strict=True)):
        if number in (1, 2):
            plane[top:bottom, left:right] = code
        else:
            plane[top << down : bottom << down, left << across : right << across] = code
