"""What every family is asked for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Head"]


@dataclass(frozen=True, slots=True)
class Head:
    """What the outputs of a model hold.

    Attributes:
        canvas: width and height of its input.
        classes: number of classes, 0 where unknown.
        points: key points of each row.
        masks: mask coefficients of each row.
    """

    canvas: tuple[int, int]
    classes: int = 0
    points: int = 0
    masks: int = 0
