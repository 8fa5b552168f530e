"""Mixing planes by fixed-point weights: ``round(base * (1 - w) + layer * w)`` in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kadr_pyav.geometry import ONE

__all__ = ["averaged", "mix_into", "scaled"]

Plane = NDArray[Any]
Weights = NDArray[np.uint32]
_BAND = 64  # rows worked on at once, so that the wide intermediates stay in the cache


def mix_into(target: Plane, layer: Plane, weights: Weights) -> None:
    """Lay a plane over another one in place. Weights are 0 to 65536, of the same shape."""
    full = weights.min(axis=1) == ONE
    for top in range(0, target.shape[0], _BAND):
        rows = slice(top, top + _BAND)
        if full[rows].all():
            target[rows] = layer[rows]
            continue
        w = weights[rows]
        mixed = target[rows] * (ONE - w)
        mixed += layer[rows] * w
        mixed += ONE // 2
        mixed >>= 16
        target[rows] = mixed


def scaled(weights: Weights, by: Plane | int, top: int) -> Weights:
    """Weights times a plane (or one number) of 0 to ``top``, rounded."""
    product = weights.astype(np.uint64) * np.asarray(by, np.uint64)
    return ((product + np.uint64(top // 2)) // np.uint64(top)).astype(np.uint32)


def averaged(weights: Weights, log2: tuple[int, int]) -> Weights:
    """Mean weight of each chroma sample's pixels; the region begins at a whole sample."""
    for axis in (1, 0):
        if log2[1 - axis]:
            size = weights.shape[axis]
            if size % 2:
                weights = np.concatenate([weights, weights.take([-1], axis)], axis)
            pairs = weights.reshape((-1, 2, weights.shape[1]) if axis == 0 else (weights.shape[0], -1, 2))
            weights = (pairs.sum(axis=1 if axis == 0 else 2, dtype=np.uint32) + 1) >> 1
    return weights
