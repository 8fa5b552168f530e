"""Curves: a value over time by keyframes, sampled by the planner into plain numbers."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from kadr_sdk.easings import easing

__all__ = ["Curve", "Keyframe", "Samples", "constant", "sample", "value_at"]

_Number = float | tuple[float, ...]

_DIGITS = 9  # samples are rounded so that the last bit of a platform's libm cannot reach a hash


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A value at a time.

    Attributes:
        time: seconds since the start of the clip.
        value: a number, or components (point, colour).
        easing: how the value moves *towards* this keyframe from the one before:
            a name of :data:`kadr_sdk.easings.EASINGS` or four Bezier handle coordinates.
    """

    time: Fraction
    value: _Number
    easing: str | tuple[float, float, float, float] = "linear"


@dataclass(frozen=True, slots=True)
class Curve:
    """Keyframes in order of time; constant before the first and after the last."""

    keyframes: tuple[Keyframe, ...]

    def at(self, time: Fraction) -> _Number:
        """The value at a time in seconds since the start of the clip."""
        keys = self.keyframes
        after = bisect_right(keys, time, key=lambda key: key.time)
        if after == 0:
            return keys[0].value
        if after == len(keys):
            return keys[-1].value
        left, right = keys[after - 1], keys[after]
        progress = float((time - left.time) / (right.time - left.time))
        return _mix(left.value, right.value, easing(right.easing)(progress))


def _mix(a: _Number, b: _Number, progress: float) -> _Number:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return tuple(_round(x + (y - x) * progress) for x, y in zip(a, b, strict=True))
    if isinstance(a, tuple) or isinstance(b, tuple):
        raise ValueError("keyframes of one curve have the same number of components")
    return _round(a + (b - a) * progress)


def _round(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a curve left the finite numbers")
    return round(float(value), _DIGITS) + 0.0  # + 0.0 turns -0.0 into 0.0


@dataclass(frozen=True, slots=True)
class Samples:
    """One value a frame; a type of its own so that it is never taken for a point or a colour."""

    values: tuple[object, ...]


def sample(value: object, fps: Fraction, first: int, count: int) -> object:
    """A parameter over frames ``first .. first + count - 1`` of a clip.

    Returns:
        The value itself where it is constant over these frames, else :class:`Samples`.
    """
    if not isinstance(value, Curve):
        return value
    values = tuple(value.at(Fraction(k) / fps) for k in range(first, first + count))
    return values[0] if all(v == values[0] for v in values) else Samples(values)


def constant(value: object) -> bool:
    """True where a sampled parameter is one value for all frames."""
    return not isinstance(value, Samples)


def value_at(value: object, frame: int) -> object:
    """A sampled parameter at a frame counted from the start of its node."""
    return value.values[frame] if isinstance(value, Samples) else value
