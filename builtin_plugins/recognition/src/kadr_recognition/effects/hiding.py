"""Parts of a plane made unknowable, in integers: the same bytes everywhere."""

from __future__ import annotations

import numpy as np

from kadr_recognition.boxes import Array

__all__ = ["hidden"]

_BITS = 8


def hidden(part: Array, method: str, cells: tuple[int, int], black: int) -> Array:
    """What stands in place of a part of a plane, of its shape and type.

    Of the part only the means of ``cells`` (across, down) fields stay: ``pixelate`` shows them
    as fields, ``blur`` goes from one's centre to the next one's. ``box`` shows ``black`` alone.
    """
    if method == "box":
        return np.full_like(part, black)
    across, down = (min(n, side) for n, side in zip(cells, (part.shape[1], part.shape[0]), strict=True))
    rows, columns = _edges(part.shape[0], down), _edges(part.shape[1], across)
    sums = np.add.reduceat(np.add.reduceat(part.astype(np.int64), rows[:-1], axis=0), columns[:-1], axis=1)
    tall, wide = np.diff(rows), np.diff(columns)
    areas = tall[:, None] * wide
    means = (sums + areas // 2) // areas
    if method == "pixelate":
        found: Array = means.repeat(tall, axis=0).repeat(wide, axis=1)
    else:
        small = means.astype(np.int32) if part.itemsize == 1 else means  # what fits is faster
        found = _between(_between(small << _BITS, rows, 0), columns, 1, whole=True)
    return found.astype(part.dtype)


def _edges(length: int, fields: int) -> Array:
    return np.arange(fields + 1) * length // fields


def _between(means: Array, edges: Array, axis: int, *, whole: bool = False) -> Array:
    """Straight lines between the centres of the fields, constant beyond the outer ones."""
    twice = edges[:-1] + edges[1:]  # centres, doubled, so that they are whole
    at = 2 * np.arange(edges[-1]) + 1
    low = np.clip(np.searchsorted(twice, at, side="right") - 1, 0, len(twice) - 1)
    high = np.minimum(low + 1, len(twice) - 1)
    span = np.maximum(twice[high] - twice[low], 1)
    part = np.clip(at - twice[low], 0, span)
    weight = ((part << _BITS) // span).astype(means.dtype).reshape((-1, 1) if axis == 0 else (1, -1))
    a, b = np.take(means, low, axis), np.take(means, high, axis)
    b -= a
    b *= weight
    b >>= _BITS
    b += a
    found: Array = b
    return (found + (1 << (_BITS - 1))) >> _BITS if whole else found
