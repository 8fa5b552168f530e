"""FastestDet: one grid without anchors, everything relative to the picture.

Layout (1, 5 + classes, rows, columns): objectness, offsets through tanh, sizes through
sigmoid, classes; score = objectness^0.6 * class^0.4.
"""

from __future__ import annotations

import numpy as np

from kadr_recognition.boxes import Array, to_corners
from kadr_recognition.families.candidates import Candidates
from kadr_recognition.families.family import Head

__all__ = ["decode"]


def decode(outputs: list[Array], head: Head, threshold: float) -> Candidates:
    """The candidates of one picture; ``outputs`` without the batch."""
    cells = outputs[0].astype(np.float64)
    _, height, width = cells.shape
    y, x = np.mgrid[:height, :width]
    centre = [(x + np.tanh(cells[1])) / width, (y + np.tanh(cells[2])) / height]
    size = [1 / (1 + np.exp(-cells[3])), 1 / (1 + np.exp(-cells[4]))]
    boxes = np.stack([*centre, *size], axis=-1).reshape(-1, 4) * np.array([*head.canvas, *head.canvas])
    scores = np.clip(cells[0:1], 0, None) ** 0.6 * np.clip(cells[5:], 0, None) ** 0.4
    return Candidates.best(to_corners(boxes), scores.reshape(len(scores), -1).T, threshold)
