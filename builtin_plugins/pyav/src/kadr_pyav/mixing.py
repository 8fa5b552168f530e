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
    """Weights times a plane (or one number below 65536) of 0 to ``top``, rounded."""
    product = weights * np.asarray(by, np.uint32)  # at most 65536 * 65535, with the half below 2**32
    product += np.uint32(top // 2)
    if top == ONE:
        product >>= 16
    else:
        product //= np.uint32(top)
    return product


def averaged(weights: Weights, log2: tuple[int, int]) -> Weights:
    """Mean weight of each chroma sample's pixels; the region begins at a whole sample."""
    if log2[0]:
        weights = _pairs(weights.T).T
    return _pairs(weights) if log2[1] else weights


def _pairs(weights: Weights) -> Weights:
    """Means of neighbouring rows; an odd last row stands for itself."""
    odd = weights.shape[0] % 2
    total = weights[: weights.shape[0] - odd : 2] + weights[1::2]
    total += 1
    total >>= 1
    return np.concatenate([total, weights[-1:]]) if odd else total
