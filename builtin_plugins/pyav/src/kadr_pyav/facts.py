"""Cheap facts of every frame, noted on its way to the encoder.

A grid of samples of the first plane (luma, green or packed RGB) is enough to tell black and
frozen stretches without decoding the result again: its mean, and its CRC-32 (two equal
numbers in a row: most probably the same picture).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

__all__ = ["FrameFacts", "first_plane"]

_ROWS, _COLUMNS = 120, 192  # samples wanted down and across


class FrameFacts:
    """Facts of the frames of one segment, in order."""

    def __init__(self) -> None:
        self._luma: list[float] = []
        self._crc: list[int] = []

    def note(self, frame: VideoFrame) -> None:
        """Look at a frame; it is not changed."""
        plane = first_plane(frame)
        down, across = max(1, plane.shape[0] // _ROWS), max(1, plane.shape[1] // _COLUMNS)
        grid = np.ascontiguousarray(plane[down // 2 :: down, across // 2 :: across])
        depth = frame.format.components[0].bits
        self._luma.append(round(float(grid.mean()) / (1 << max(0, depth - 8)), 2))
        self._crc.append(zlib.crc32(grid.data))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: ``luma`` (mean in codes of 8 bit, 0..255) and ``crc``, one a frame."""
        return {"luma": self._luma, "crc": self._crc}


def first_plane(frame: VideoFrame) -> NDArray[Any]:
    """The first plane as a view of shape (height, bytes or words in a row), without padding."""
    plane = frame.planes[0]
    word = np.dtype("<u2") if frame.format.components[0].bits > 8 else np.dtype(np.uint8)
    line = abs(plane.line_size) // word.itemsize
    width = min(line, plane.width * frame.format.padded_bits_per_pixel // 8 // word.itemsize)
    if len(frame.planes) > 1:
        width = plane.width
    # A plane is a buffer, which the stubs do not say.
    view = np.frombuffer(plane, word)  # type: ignore[call-overload]
    rows: NDArray[Any] = view[: line * plane.height].reshape(plane.height, line)
    return rows[:, :width]
