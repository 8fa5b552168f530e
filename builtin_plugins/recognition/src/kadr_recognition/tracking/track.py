"""One thing that is followed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from kadr_recognition.boxes import Array
from kadr_recognition.tracking.kalman import Motion

__all__ = ["Track", "place_of"]

_MEMORY = 5
"""Sightings from which the direction is taken."""


def place_of(box: tuple[float, float, float, float]) -> Array:
    """Centre and size of a box x, y, width, height."""
    x, y, width, height = box
    return np.array([x + width / 2, y + height / 2, width, height])


@dataclass(slots=True)
class Track:
    """A thing of one class, where it was seen and where it is expected.

    Attributes:
        rows: numbers of its rows in the results.
        seen: step and place of the last sightings.
        lost: steps since the last sighting.
    """

    name: str
    motion: Motion
    rows: list[int]
    seen: list[tuple[float, Array]]
    lost: float = 0.0
    before: Motion | None = field(default=None)

    @classmethod
    def begin(cls, name: str, row: int, step: float, place: Array) -> Track:
        """A new one."""
        motion = Motion.at(place)
        return cls(name, motion, [row], [(step, place)], before=motion.copy())

    def go(self, steps: float) -> None:
        """Expect it so many steps later."""
        self.motion.go(steps)
        self.lost += steps

    def see(self, row: int, step: float, place: Array) -> None:
        """It was seen.

        After a gap the filter is run again along the straight line between the two sightings:
        what it guessed meanwhile is worth less (OC-SORT, arXiv:2203.14360, section 3.3).
        """
        last, there = self.seen[-1]
        gap = round(step - last)
        if gap > 1 and self.before is not None:
            self.motion = self.before.copy()
            for k in range(1, gap):
                self.motion.go((step - last) / gap)
                self.motion.see(there + (place - there) * k / gap)
            self.motion.go((step - last) / gap)
        self.motion.see(place)
        self.rows.append(row)
        self.seen = [*self.seen[1 - _MEMORY :], (step, place)]
        self.before = self.motion.copy()
        self.lost = 0.0

    @property
    def last(self) -> Array:
        """Corners of the last sighting."""
        place = self.seen[-1][1]
        half = place[2:] / 2
        return np.concatenate([place[:2] - half, place[:2] + half])

    @property
    def heading(self) -> Array:
        """Direction of the last sightings as a unit vector, or 0 where it stands."""
        way = self.seen[-1][1][:2] - self.seen[0][1][:2]
        length = float(np.hypot(*way))
        return way / length if length > 0.05 * self.seen[-1][1][3] else np.zeros(2)
