"""One thing that was seen in one picture."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Detection"]


@dataclass(frozen=True, slots=True)
class Detection:
    """A thing in a picture.

    Attributes:
        name: of its class.
        score: 0..1.
        box: x, y of the upper left corner, width, height, in pixels of the upright picture.
        mask: run lengths down the columns of the picture, beginning outside; None without.
        points: key points as x, y, visibility (0..1); empty without.
        track: the same for the same thing in all pictures; None where nobody followed it.
    """

    name: str
    score: float
    box: tuple[float, float, float, float]
    mask: tuple[int, ...] | None = None
    points: tuple[tuple[float, float, float], ...] = ()
    track: int | None = None
