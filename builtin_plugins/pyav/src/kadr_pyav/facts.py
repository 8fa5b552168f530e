"""Cheap facts of every frame, noted on its way to the encoder.

A grid of samples of the first plane (luma, green or packed RGB) is enough to tell black and
frozen stretches without decoding the result again: its mean, its CRC-32 (two equal numbers in
a row: most probably the same picture), and the means of 4 x 4 fields, which tell a decoded
picture from its neighbours.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

__all__ = ["FIELDS", "FrameFacts", "fields_of", "first_plane", "hue_of", "samples_of"]

_ROWS, _COLUMNS = 120, 192  # samples wanted down and across
FIELDS = 4  # a side


class FrameFacts:
    """Facts of the frames of one segment, in order."""

    def __init__(self) -> None:
        self._luma: list[float] = []
        self._crc: list[int] = []
        self._fields = bytearray()
        self._hues = bytearray()

    def note(self, frame: VideoFrame) -> None:
        """Look at a frame; it is not changed."""
        grid = samples_of(frame)
        depth = frame.format.components[0].bits
        self._luma.append(round(float(grid.mean()) / (1 << max(0, depth - 8)), 2))
        self._crc.append(zlib.crc32(grid.data))
        self._fields += fields_of(grid, depth)
        self._hues += hue_of(frame)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: ``luma`` (mean in codes of 8 bit, 0..255) and ``crc``, one a frame.

        ``fields``: 16 bytes a frame as hex, see :func:`fields_of`; ``hues``: 2, see :func:`hue_of`.
        """
        notes = {"fields": self._fields.hex(), "hues": self._hues.hex()}
        return {"luma": self._luma, "crc": self._crc} | notes


def samples_of(frame: VideoFrame) -> NDArray[Any]:
    """About 120 x 192 samples of the first plane, spread evenly."""
    return _grid(first_plane(frame))


def _grid(plane: NDArray[Any]) -> NDArray[Any]:
    down, across = max(1, plane.shape[0] // _ROWS), max(1, plane.shape[1] // _COLUMNS)
    return np.ascontiguousarray(plane[down // 2 :: down, across // 2 :: across])


def fields_of(grid: NDArray[Any], depth: int) -> bytes:
    """Means of 4 x 4 fields in codes of 8 bit, row by row."""
    height, width = grid.shape
    # A picture of fewer samples than fields has some of them empty: each has one sample at least.
    rows = [min(k * height // FIELDS, height - 1) for k in range(FIELDS)]
    columns = [min(k * width // FIELDS, width - 1) for k in range(FIELDS)]
    sums = np.add.reduceat(np.add.reduceat(grid, rows, axis=0, dtype=np.float64), columns, axis=1)
    ones = np.add.reduceat(np.add.reduceat(np.ones(grid.shape), rows, axis=0), columns, axis=1)
    means = sums / ones / (1 << max(0, depth - 8))
    return bytes(np.clip(np.rint(means), 0, 255).astype(np.uint8).ravel())


def hue_of(frame: VideoFrame) -> bytes:
    """Means of the second and the third plane in codes of 8 bit; nothing where there are none."""
    if len(frame.planes) < 3:
        return b""
    shift = max(0, frame.format.components[0].bits - 8)
    means = [float(_grid(first_plane(frame, number)).mean()) / (1 << shift) for number in (1, 2)]
    return bytes(min(255, round(mean)) for mean in means)


def first_plane(frame: VideoFrame, number: int = 0) -> NDArray[Any]:
    """The first plane as a view of shape (height, bytes or words in a row), without padding.

    Args:
        number: of another plane, of a frame that has several.
    """
    plane = frame.planes[number]
    word = np.dtype("<u2") if frame.format.components[0].bits > 8 else np.dtype(np.uint8)
    line = abs(plane.line_size) // word.itemsize
    width = min(line, plane.width * frame.format.padded_bits_per_pixel // 8 // word.itemsize)
    if len(frame.planes) > 1:
        width = plane.width
    # A plane is a buffer, which the stubs do not say.
    view = np.frombuffer(plane, word)  # type: ignore[call-overload]
    rows: NDArray[Any] = view[: line * plane.height].reshape(plane.height, line)
    return rows[:, :width]
