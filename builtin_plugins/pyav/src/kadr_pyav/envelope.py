"""Gain envelopes: ramps of the plan to arrays, exact to the sample."""

from __future__ import annotations

from collections.abc import Sequence

import av
import numpy as np
from kadr_sdk.plan import Ramp
from numpy.typing import NDArray

__all__ = ["Gain", "balance", "envelope", "product"]

Gain = NDArray[np.float64]

_LEFT = frozenset({"FL", "BL", "SL", "FLC", "TFL", "TBL", "TSL", "WL", "SDL", "BFL", "DL"})
_RIGHT = frozenset({"FR", "BR", "SR", "FRC", "TFR", "TBR", "TSR", "WR", "SDR", "BFR", "DR"})


def envelope(ramps: Sequence[Ramp], first: int, count: int, rest: float = 1.0) -> Gain:
    """The values at samples ``first`` to ``first + count`` of a clip, shape (count,).

    Before the first ramp its ``a`` holds, after each its ``b``; ``rest`` where there is none.
    """
    values = np.full(count, ramps[0].a if ramps else rest, np.float64)
    for ramp in ramps:
        start, stop = ramp.start - first, ramp.stop - first
        begin, end = max(0, start), min(count, stop)
        if begin < end:
            t = (np.arange(begin, end, dtype=np.float64) - start) / (stop - start)
            values[begin:end] = _shaped(ramp, t)
        values[max(0, stop) :] = ramp.b
    return values


def _shaped(ramp: Ramp, t: Gain) -> Gain:
    """Values of a ramp at progress ``t``; shapes as :class:`~kadr_sdk.plan.Ramp` says."""
    span = ramp.b - ramp.a
    if ramp.shape == "linear":
        return ramp.a + span * t
    if ramp.shape != "sine":
        raise ValueError(f"{ramp.shape!r} is not the shape of a ramp")
    if span >= 0:
        return ramp.a + span * np.sin(np.pi / 2 * t)
    return ramp.b - span * np.cos(np.pi / 2 * t)


def product(gains: Sequence[Sequence[Ramp]], first: int, count: int) -> Gain | None:
    """All envelopes multiplied; None where that is 1 throughout."""
    total: Gain | None = None
    for ramps in gains:
        values = envelope(ramps, first, count)
        if not np.all(values == 1.0):
            total = values if total is None else total * values
    return total


def balance(pan: Sequence[Ramp], layout: str, first: int, count: int, law: float = 0.0) -> Gain | None:
    """Gains of shape (channels, count) for channels of the left and the right; others stay.

    With law 0 turning to one side fades the other. With another one both sides lose so many
    decibels in the middle, and the side turned to ends at factor 1: -3 by sine and cosine
    (constant power), -6 in a straight line, -4.5 by the geometric mean of both.

    None where nothing changes.
    """
    values = envelope(pan, first, count, 0.0)
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    if (law == 0 and not np.any(values)) or not _LEFT.union(_RIGHT).intersection(names):
        return None
    left, right = _side(-values, law), _side(values, law)
    middle = np.ones(count)
    return np.stack([left if n in _LEFT else right if n in _RIGHT else middle for n in names])


def _side(towards: Gain, law: float) -> Gain:
    """The factor of a side, by how far the sound is turned towards it, -1..1."""
    if law == 0:
        return np.minimum(1.0, 1.0 + towards)
    part = (1.0 + towards) / 2
    power = np.sin(np.pi / 2 * part)
    if law == -3:
        return power
    return part if law == -6 else np.sqrt(part * power)
