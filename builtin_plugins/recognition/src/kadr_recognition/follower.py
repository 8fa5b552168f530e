"""A frame of another shape in a picture: along which side it moves, and where it stands at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from kadr_recognition.camera import Camera, Way
from kadr_recognition.document import Results

__all__ = ["Follower", "follower", "window"]

View = tuple[float, float, float, float]
"""Left, top, width and height of what a crop leaves, in parts of the upright picture."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A frame on its way.

    Attributes:
        axis: along which it moves: 0: across, 1: down.
        frames: so many frames long is the picture along it, above 1.
        way: of its middle, in parts of the whole picture.
        start, part: of what the crop leaves along the axis, in parts of the picture.
    """

    axis: int
    frames: float
    way: Way
    start: float
    part: float

    def middle(self, time: Fraction) -> float:
        """Of the frame, in parts of what the crop leaves; the frame is never beyond it."""
        middle = (self.way.at(time) - self.start) / self.part
        return min(max(middle, 0.5 / self.frames), 1 - 0.5 / self.frames)


def window(width: float, height: float, shape: tuple[int, int]) -> tuple[int, float]:
    """The axis along which a frame of a shape moves in a picture, and how many frames long that is."""
    across, down = width * shape[1], height * shape[0]
    return (0 if across >= down else 1), max(across, down) / min(across, down)


def follower(
    found: Results, view: View, shape: tuple[int, int], names: Collection[str] = ()
) -> Follower | None:
    """The frame that follows what is seen; None where the shape is the picture's own.

    Args:
        names: classes to follow; none: all.
    """
    axis, frames = window(found.size[0] * view[2], found.size[1] * view[3], shape)
    if frames <= 1 + 1e-6:
        return None
    part = view[2 + axis]
    return Follower(axis, frames, Camera(axis, part / frames).way(found, names), view[axis], part)
