"""Masks of what was found: from prototypes to the pixels of the picture, as run lengths.

The run lengths are COCO's: down the columns, beginning with what is outside.
"""

from __future__ import annotations

import math

import numpy as np

from kadr_recognition.boxes import Array
from kadr_recognition.fit import Fit

__all__ = ["area_of", "mask_of", "pixels_of"]


def mask_of(coefficients: Array, prototypes: Array, box: Array, fit: Fit) -> list[int]:
    """The pixels of one box that belong to the thing.

    Args:
        coefficients: shape (k,); prototypes: shape (k, height, width) over the canvas.
        box: corners in pixels of the picture.

    Returns:
        Run lengths over the whole picture: outside, inside, outside, …
    """
    width, height = fit.picture
    # Pixels whose centres lie in the box; a little less than a half, for boxes on whole pixels.
    x1, y1 = (max(0, math.ceil(v - 0.499)) for v in box[:2])
    x2, y2 = min(width, math.floor(box[2] + 0.499)), min(height, math.floor(box[3] + 0.499))
    if x2 <= x1 or y2 <= y1:
        return [width * height]
    logits = np.tensordot(coefficients, prototypes, axes=1)
    rows, columns = logits.shape
    # Centres of the picture's pixels on the prototypes' grid.
    x = ((np.arange(x1, x2) + 0.5) * fit.scale[0] + fit.x) * columns / fit.canvas[0] - 0.5
    y = ((np.arange(y1, y2) + 0.5) * fit.scale[1] + fit.y) * rows / fit.canvas[1] - 0.5
    inside = _bilinear(_bilinear(logits, y, 0), x, 1) > 0  # the sigmoid of 0 is a half
    return _runs(inside, x1, y1, width, height)


def _bilinear(values: Array, at: Array, axis: int) -> Array:
    at = np.clip(at, 0, values.shape[axis] - 1)
    low = np.floor(at).astype(np.int64)
    part = at - low
    high = np.minimum(low + 1, values.shape[axis] - 1)
    part = part.reshape(-1, 1) if axis == 0 else part
    found: Array = np.take(values, low, axis) * (1 - part) + np.take(values, high, axis) * part
    return found


def _runs(inside: Array, x: int, y: int, width: int, height: int) -> list[int]:
    """Run lengths of a picture whose part at ``x, y`` is given."""
    rows = inside.shape[0]
    padded = np.zeros((rows + 2, inside.shape[1]), np.int8)
    padded[1:-1] = inside
    steps = np.diff(padded, axis=0).T  # by columns
    column, start = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    starts = (x + column) * height + y + start
    ends = (x + column) * height + y + end
    runs: list[int] = []
    at = 0
    for begin, stop in zip(starts.tolist(), ends.tolist(), strict=True):
        if runs and begin == at:  # the column before reaches its foot, this one begins at its head
            runs[-1] += stop - begin
        else:
            runs += [begin - at, stop - begin]
        at = stop
    rest = width * height - at
    return [*runs, rest] if rest else runs


def pixels_of(runs: list[int], width: int, height: int) -> Array:
    """The mask as booleans, shape (height, width)."""
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def area_of(runs: list[int]) -> int:
    """Pixels inside."""
    return sum(runs[1::2])
