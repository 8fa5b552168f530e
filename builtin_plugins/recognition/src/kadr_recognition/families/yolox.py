"""YOLOX: grids of raw offsets and log sizes, objectness times class, both sigmoid already.

Layout (1, cells, 5 + classes) over strides 8, 16, 32 (and 64), after Ge et al.,
"YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430, section 2.1.
"""

from __future__ import annotations

import numpy as np

from kadr_recognition.boxes import Array, to_corners
from kadr_recognition.families.candidates import Candidates, cells, grid
from kadr_recognition.families.family import Head

__all__ = ["decode", "strides_of"]


def strides_of(count: int, canvas: tuple[int, int]) -> tuple[int, ...]:
    """The strides whose grids have so many cells together; empty: none do."""
    for strides in ((8, 16, 32), (8, 16, 32, 64)):
        if cells(canvas, strides) == count:
            return strides
    return ()


def decode(outputs: list[Array], head: Head, threshold: float) -> Candidates:
    """The candidates of one picture; ``outputs`` without the batch."""
    rows = outputs[0]
    places, strides = grid(head.canvas, strides_of(len(rows), head.canvas))
    with np.errstate(over="ignore"):
        boxes = np.concatenate([(rows[:, :2] + places) * strides, np.exp(rows[:, 2:4]) * strides], axis=1)
    return Candidates.best(to_corners(boxes), rows[:, 4:5] * rows[:, 5:], threshold)
