"""YOLOv8 and v11: decoded boxes without objectness, one row of the transposed output a cell.

Layout (1, 4 + classes [+ masks] [+ 3 * points], cells): centre and size in pixels of the
canvas, classes, mask coefficients or key points (x, y, visibility).
"""

from __future__ import annotations

from kadr_recognition.boxes import Array, to_corners
from kadr_recognition.families.candidates import Candidates
from kadr_recognition.families.family import Head

__all__ = ["decode"]


def decode(outputs: list[Array], head: Head, threshold: float) -> Candidates:
    """The candidates of one picture; ``outputs`` without the batch."""
    rows = outputs[0].T
    extra = head.masks + 3 * head.points
    end = rows.shape[1] - extra
    coefficients = rows[:, end:] if head.masks else None
    points = rows[:, end:].reshape(len(rows), head.points, 3) if head.points else None
    return Candidates.best(to_corners(rows[:, :4]), rows[:, 4:end], threshold, coefficients, points)
