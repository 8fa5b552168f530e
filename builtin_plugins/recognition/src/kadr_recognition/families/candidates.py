"""What a family finds before anything is dropped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kadr_recognition.boxes import Array

__all__ = ["Candidates", "cells", "grid"]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of boxes in pixels of the canvas.

    Attributes:
        boxes: corners, shape (n, 4).
        scores, classes: shape (n,).
        coefficients: of masks, shape (n, k), None without.
        points: key points x, y, visibility, shape (n, k, 3), None without.
        finished: the model has dropped doubles by itself.
    """

    boxes: Array
    scores: Array
    classes: Array
    coefficients: Array | None = None
    points: Array | None = None
    finished: bool = False

    @classmethod
    def best(
        cls,
        boxes: Array,
        scores: Array,
        threshold: float,
        coefficients: Array | None = None,
        points: Array | None = None,
    ) -> Candidates:
        """Every class of every row that reaches the threshold; ``scores`` has the shape (n, classes)."""
        rows, classes = np.nonzero(scores >= threshold)
        return cls(
            boxes[rows],
            scores[rows, classes],
            classes,
            None if coefficients is None else coefficients[rows],
            None if points is None else points[rows],
        )

    def take(self, rows: Array) -> Candidates:
        """Some of the rows."""
        return Candidates(
            self.boxes[rows],
            self.scores[rows],
            self.classes[rows],
            None if self.coefficients is None else self.coefficients[rows],
            None if self.points is None else self.points[rows],
            self.finished,
        )


def cells(canvas: tuple[int, int], strides: tuple[int, ...]) -> int:
    """Cells of all grids together; a cell that lies over the edge counts."""
    return sum(-(-canvas[0] // s) * -(-canvas[1] // s) for s in strides)


def grid(canvas: tuple[int, int], strides: tuple[int, ...]) -> tuple[Array, Array]:
    """Column and row of every cell, shape (n, 2), and its stride, shape (n, 1); grids one after another."""
    places, sizes = [], []
    for stride in strides:
        columns, rows = -(-canvas[0] // stride), -(-canvas[1] // stride)
        y, x = np.mgrid[:rows, :columns]
        places.append(np.stack([x.ravel(), y.ravel()], axis=1))
        sizes.append(np.full((columns * rows, 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(sizes).astype(np.float32)
