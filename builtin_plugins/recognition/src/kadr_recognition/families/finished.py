"""Models that drop doubles by themselves (YOLOv10 and other end-to-end exports).

Layout (1, n, 6): corners in pixels of the canvas, score, class.
"""

from __future__ import annotations

import numpy as np

from kadr_recognition.boxes import Array
from kadr_recognition.families.candidates import Candidates
from kadr_recognition.families.family import Head

__all__ = ["decode"]


def decode(outputs: list[Array], head: Head, threshold: float) -> Candidates:  # noqa: ARG001 - of all families
    """The candidates of one picture; ``outputs`` without the batch."""
    rows = outputs[0][outputs[0][:, 4] >= threshold]
    classes = np.clip(rows[:, 5], 0, 1 << 20).astype(np.int64)
    return Candidates(rows[:, :4], rows[:, 4], classes, finished=True)
