"""A Kalman filter of a box: centre and size, each with its speed.

The four numbers do not know each other, so each is a filter of two states and all is done
with arrays of four (Kalman, "A New Approach to Linear Filtering and Prediction Problems",
1960; constant speed, noise in proportion to the height of the box).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kadr_recognition.boxes import Array

__all__ = ["Motion"]

_POSITION, _SPEED = 1 / 20, 1 / 80
"""Standard deviations of place and speed (a step) in heights of the box."""


@dataclass(slots=True)
class Motion:
    """Where a box is and where it goes; arrays of shape (4,): centre x, y, width, height.

    Attributes:
        speed: a step of the sampling.
        pp, ps, ss: variance of the place, covariance, variance of the speed.
    """

    place: Array
    speed: Array
    pp: Array
    ps: Array
    ss: Array

    @classmethod
    def at(cls, place: Array) -> Motion:
        """Standing at a place, of unknown speed."""
        height = np.full(4, place[3])
        zero = np.zeros(4)
        return cls(place.copy(), zero, (2 * _POSITION * height) ** 2, zero, (10 * _SPEED * height) ** 2)

    def copy(self) -> Motion:
        """A filter of its own; the arrays are never changed in place."""
        return Motion(self.place, self.speed, self.pp, self.ps, self.ss)

    def go(self, steps: float) -> None:
        """Move on by so many steps."""
        height = max(float(self.place[3]), 1.0)
        self.place = self.place + steps * self.speed
        self.place = np.concatenate([self.place[:2], np.maximum(self.place[2:], 1.0)])
        self.pp = self.pp + 2 * steps * self.ps + steps**2 * self.ss + steps * (_POSITION * height) ** 2
        self.ps = self.ps + steps * self.ss
        self.ss = self.ss + steps * (_SPEED * height) ** 2

    def see(self, place: Array) -> None:
        """Take in where it was seen."""
        total = self.pp + (_POSITION * max(float(place[3]), 1.0)) ** 2
        gain, drift = self.pp / total, self.ps / total
        off = place - self.place
        self.place, self.speed = self.place + gain * off, self.speed + drift * off
        self.ss = self.ss - drift * self.ps
        self.pp, self.ps = (1 - gain) * self.pp, (1 - gain) * self.ps

    @property
    def corners(self) -> Array:
        """The box as x1, y1, x2, y2."""
        half = self.place[2:] / 2
        return np.concatenate([self.place[:2] - half, self.place[:2] + half])
