"""Boxes as arrays of x1, y1, x2, y2: overlap and suppression."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "iou", "suppress", "to_corners"]

Array = NDArray[Any]


def to_corners(boxes: Array) -> Array:
    """Corners of boxes given by centre and size, shape (n, 4)."""
    centre, half = boxes[:, :2], boxes[:, 2:4] / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def iou(a: Array, b: Array) -> Array:
    """Intersection over union of each of (n, 4) with each of (m, 4), shape (n, m); 0 where both are empty."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:4], b[None, :, 2:4])
    both = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(x[:, 2:4] - x[:, :2], 0, None).prod(axis=1) for x in (a, b)]
    union = areas[0][:, None] + areas[1][None] - both
    found: Array = np.divide(both, union, out=np.zeros_like(both, dtype=np.float64), where=union > 0)
    return found


def suppress(boxes: Array, scores: Array, classes: Array, limit: float, most: int) -> Array:
    """Non-maximum suppression within each class.

    Args:
        limit: a box that overlaps a better one of its class by more is dropped.
        most: boxes kept in all.

    Returns:
        Numbers of the boxes that stay, the best first; of equals the one that came first.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order) and len(kept) < most:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        overlap = iou(boxes[best : best + 1], boxes[rest])[0]
        order = rest[(overlap <= limit) | (classes[rest] != classes[best])]
    return np.array(kept, dtype=np.int64)
