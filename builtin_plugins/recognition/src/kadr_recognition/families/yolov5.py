"""YOLOv5 (and v7): decoded boxes with objectness, three anchors a cell.

Layout (1, 3 * cells, 5 + classes [+ masks]): centre and size in pixels of the canvas,
objectness, classes, mask coefficients. The pose models of that age put three numbers a key
point behind the classes; the face models put two a landmark before them.
"""

from __future__ import annotations

import numpy as np

from kadr_recognition.boxes import Array, to_corners
from kadr_recognition.families.candidates import Candidates
from kadr_recognition.families.family import Head

__all__ = ["LANDMARKS", "decode"]

LANDMARKS = 5
"""Of a face: eyes, nose, corners of the mouth."""


def decode(outputs: list[Array], head: Head, threshold: float) -> Candidates:
    """The candidates of one picture; ``outputs`` without the batch."""
    rows = outputs[0]
    boxes, objectness = to_corners(rows[:, :4]), rows[:, 4:5]
    end = rows.shape[1] - head.masks
    points = None
    if head.points == LANDMARKS and end - 5 - 2 * LANDMARKS == max(head.classes, 1):
        marks = rows[:, 5 : 5 + 2 * LANDMARKS].reshape(len(rows), LANDMARKS, 2)
        points = np.concatenate([marks, np.ones((*marks.shape[:2], 1), marks.dtype)], axis=2)
        scores = rows[:, 5 + 2 * LANDMARKS : end]
    else:
        first = end - 3 * head.points
        if head.points:
            points = rows[:, first:end].reshape(len(rows), head.points, 3)
        scores = rows[:, 5:first]
    coefficients = rows[:, end:] if head.masks else None
    return Candidates.best(boxes, objectness * scores, threshold, coefficients, points)
