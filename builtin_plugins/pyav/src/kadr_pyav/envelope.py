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


def balance(pan: Sequence[Ramp], layout: str, first: int, count: int) -> Gain | None:
    """Gains of shape (channels, count): turning to one side fades the other, centre stays.

    None where nothing changes.
    """
    values = envelope(pan, first, count, 0.0)
    if not np.any(values):
        return None
    left, right = np.minimum(1.0, 1.0 - values), np.minimum(1.0, 1.0 + values)
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    middle = np.ones(count)
    return np.stack([left if n in _LEFT else right if n in _RIGHT else middle for n in names])
