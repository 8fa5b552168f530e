"""Pictures made smaller or larger with a triangle filter, for frames that do not come scaled."""

from __future__ import annotations

import math

import numpy as np

from kadr_recognition.boxes import Array

__all__ = ["resized"]


def resized(picture: Array, size: tuple[int, int]) -> Array:
    """A picture (height, width, channels) of uint8 in another size (width, height).

    Each pixel is the mean of what lies below it, weighted by a triangle as wide as two pixels
    of the smaller grid: what image libraries call bilinear with antialiasing.
    """
    width, height = size
    if picture.shape[:2] == (height, width):
        return picture
    across = _along(picture, width, 1)
    whole = _along(across, height, 0)
    return np.clip(np.rint(whole), 0, 255).astype(np.uint8)


def _along(picture: Array, count: int, axis: int) -> Array:
    """One direction, as a weighted sum over the few pixels that each new one sees."""
    there = picture.shape[axis]
    scale = there / count
    reach = max(scale, 1.0)
    centres = (np.arange(count) + 0.5) * scale
    first = np.floor(centres - reach + 0.5).astype(np.int64)
    taps = math.ceil(2 * reach) + 1
    total = np.zeros(count, np.float32)
    shape = [count if a == axis else n for a, n in enumerate(picture.shape)]
    found = np.zeros(shape, np.float32)
    spread = [-1 if a == axis else 1 for a in range(picture.ndim)]
    for tap in range(taps):
        at = first + tap
        weight = np.clip(1 - np.abs(at + 0.5 - centres) / reach, 0, None).astype(np.float32)
        weight[(at < 0) | (at >= there)] = 0
        total += weight
        pixels = np.take(picture, np.clip(at, 0, there - 1), axis=axis)
        found += pixels * weight.reshape(spread)
    found /= total.reshape(spread)
    return found
