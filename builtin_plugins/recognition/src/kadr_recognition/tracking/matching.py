"""Which detection belongs to which track: the best assignment as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from kadr_sdk.errors import DependencyMissingError

from kadr_recognition.boxes import Array, iou
from kadr_recognition.tracking.track import Track

__all__ = ["assign", "expected", "remembered"]

_HEADING = 0.2
"""Weight of the direction beside the overlap."""


def assign(likeness: Array, least: float) -> list[tuple[int, int]]:
    """Pairs of rows and columns of the greatest total likeness; none below ``least``.

    Raises:
        DependencyMissingError: scipy is not installed.
    """
    if not likeness.size:
        return []
    try:
        from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # no types
    except ImportError as error:
        raise DependencyMissingError(
            "following things needs SciPy, which is not installed",
            hint="pip install 'kadr[recognition]'",
        ) from error
    usable = np.where(likeness >= least, likeness, -1e3)
    rows, columns = linear_sum_assignment(usable, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(r, c) for r, c in pairs if likeness[r, c] >= least]


def expected(tracks: Sequence[Track], boxes: Array, places: Array) -> Array:
    """Likeness of tracks where they are expected and boxes, with the direction they would take."""
    overlap = iou(np.array([t.motion.corners for t in tracks]).reshape(-1, 4), boxes)
    ways = places[None, :, :2] - np.array([t.seen[0][1][:2] for t in tracks]).reshape(-1, 1, 2)
    lengths = np.maximum(np.hypot(ways[..., 0], ways[..., 1]), 1e-6)
    headings = np.array([t.heading for t in tracks]).reshape(-1, 1, 2)
    agree = (ways * headings).sum(axis=2) / lengths
    found: Array = np.where(overlap > 0, overlap + _HEADING * agree, -1.0)
    return found


def remembered(tracks: Sequence[Track], boxes: Array) -> Array:
    """Overlap of boxes with where the tracks were seen last: for what has stood still behind something."""
    return iou(np.array([t.last for t in tracks]).reshape(-1, 4), boxes)
