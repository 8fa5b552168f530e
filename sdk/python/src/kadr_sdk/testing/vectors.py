"""Test vectors: inputs by formula, so that a hash is all that has to be written down.

A vector names format, size, range, frame, progress and parameters, and the sha256 of what the
effect makes of it. The same formulas serve the shared vectors of the frame ABI and those that
stand beside a plugin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kadr_sdk.color import Color
from kadr_sdk.frames import VideoFrame, pixel_format

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["digest", "picture", "samples", "waves"]


def samples(width: int, height: int, depth: int, plane: int, input: int, frame: int) -> NDArray[np.int64]:
    """One plane of an input: ``(3xx + 7x + 13y + 31 plane + 101 input + 17 (frame + 8)) mod 2^depth``.

    ``frame`` is the frame's own number: that of the call plus the window's offset.
    """
    x, y = np.arange(width, dtype=np.int64)[None, :], np.arange(height, dtype=np.int64)[:, None]
    found = 3 * x * x + 7 * x + 13 * y + 31 * plane + 101 * input + 17 * (frame + 8)
    return np.asarray(found % (1 << depth), np.int64)


def picture(format: str, width: int, height: int, input: int, frame: int, range: str = "tv") -> VideoFrame:
    """An input as a frame; of interleaved components, each is filled as a plane."""
    made = VideoFrame.empty(format, width, height, Color("bt709", "bt709", "bt709", range))
    layout = pixel_format(format)
    for index, plane in enumerate(made.planes):
        tall, wide = plane.shape[:2]
        if layout.packed:
            for part in np.arange(layout.packed):
                plane[..., part] = samples(wide, tall, layout.depth, int(part), input, frame)
        else:
            plane[...] = samples(wide, tall, layout.depth, index, input, frame)
    return made


def waves(channels: int, first: int, count: int, input: int = 0) -> NDArray[np.float32]:
    """Sound: sample n of channel c is ``((3nn + 7n + 1009c + 101 input) mod 65536 - 32768) / 32768``."""
    n = np.arange(first, first + count, dtype=np.int64)[None, :]
    c = np.arange(channels, dtype=np.int64)[:, None]
    found = (3 * n * n + 7 * n + 1009 * c + 101 * input) % 65536 - 32768
    return np.asarray(found / 32768, np.float32)


def digest(planes: Sequence[NDArray[Any]]) -> str:
    """sha256 of all planes in order, row by row without padding, words little-endian."""
    found = hashlib.sha256()
    for plane in planes:
        found.update(np.ascontiguousarray(plane, plane.dtype.newbyteorder("<")).tobytes())
    return found.hexdigest()
