"""NanoDet-Plus: grids without anchors, the four sides as distributions over distances.

Layout (1, cells, classes + 4 * bins) over strides 8, 16, 32 (and 64): classes sigmoid
already, then the bins of left, top, right and bottom; a side is the mean of the softmax
over 0 .. bins - 1 in strides, after Li et al., "Generalized Focal Loss", arXiv:2006.04388.
"""

from __future__ import annotations

import numpy as np

from kadr_recognition.boxes import Array
from kadr_recognition.families.candidates import Candidates, grid
from kadr_recognition.families.family import Head
from kadr_recognition.families.yolox import strides_of

__all__ = ["BINS", "decode"]

BINS = 8


def decode(outputs: list[Array], head: Head, threshold: float) -> Candidates:
    """The candidates of one picture; ``outputs`` without the batch."""
    rows = outputs[0]
    places, strides = grid(head.canvas, strides_of(len(rows), head.canvas))
    bins = rows[:, -4 * BINS :].reshape(len(rows), 4, BINS).astype(np.float64)
    weight = np.exp(bins - bins.max(axis=2, keepdims=True))
    sides = (weight @ np.arange(BINS)) / weight.sum(axis=2) * strides
    centre = places * strides
    boxes = np.concatenate([centre - sides[:, :2], centre + sides[:, 2:]], axis=1)
    return Candidates.best(boxes, rows[:, : -4 * BINS], threshold)
