"""Between libav's frames and the numpy planes that Python effects see."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import numpy as np
from av.video.frame import VideoFrame as AvFrame
from av.video.plane import VideoPlane
from kadr_sdk.color import Color
from kadr_sdk.errors import InternalError
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.media import ZERO
from numpy.typing import NDArray

from kadr_pyav.avcolor import paint_tags

__all__ = ["blank", "codes", "from_planes", "views"]


def views(frame: AvFrame, color: Color, time: Fraction = ZERO, *, writable: bool = False) -> VideoFrame:
    """The planes of a frame without a copy; they keep its memory alive.

    Args:
        writable: only for a frame that nobody else holds.

    Raises:
        ValueError: a format that kadr does not plan with.
    """
    layout = pixel_format(frame.format.name)
    planes = [_view(plane, layout.depth, layout.packed, writable) for plane in frame.planes]
    return VideoFrame(planes, layout.name, frame.width, frame.height, color, time)


def codes(frame: AvFrame, depth: int, *, writable: bool = False) -> list[NDArray[Any]]:
    """The same of a planar frame of any format, which may be one that kadr does not plan with."""
    return [_view(plane, depth, 0, writable) for plane in frame.planes]


def _view(plane: VideoPlane, depth: int, packed: int, writable: bool) -> NDArray[Any]:
    word = np.dtype("u1" if depth <= 8 else "<u2")
    channels = max(1, packed)
    if plane.line_size <= 0:
        raise InternalError("a picture with its rows upside down in memory cannot be read")
    flat = np.frombuffer(memoryview(cast(Any, plane)), np.uint8)  # the stubs hide that planes are buffers
    rows = flat.reshape(plane.height, plane.line_size)
    pixels: NDArray[Any] = rows[:, : plane.width * channels * word.itemsize].view(word)
    if packed:
        pixels = pixels.reshape(plane.height, plane.width, channels)
    pixels.flags.writeable = writable
    return pixels


def blank(format: str, width: int, height: int, color: Color) -> AvFrame:
    """A fresh frame of undefined content, tagged."""
    frame = AvFrame(width, height, format)
    paint_tags(frame, color)
    return frame


def from_planes(picture: VideoFrame) -> AvFrame:
    """A fresh frame with a copy of the planes."""
    frame = blank(picture.format, picture.width, picture.height, picture.color)
    target = views(frame, picture.color, writable=True)
    for ours, theirs in zip(target.planes, picture.planes, strict=True):
        np.copyto(ours, theirs, casting="no")
    return frame
