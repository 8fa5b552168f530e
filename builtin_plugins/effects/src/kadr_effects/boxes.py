"""A Gaussian blur by three box blurs of fractional width, in integers: portable and of constant cost.

Source: P. Gwosdek, S. Grewenig, A. Bruhn, J. Weickert, "Theoretical foundations of Gaussian
convolution by extended box filtering" (2011), equations for length and weight.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[Any]

__all__ = ["blur_plane", "box"]

_PASSES = 3
_WEIGHT_BITS = 20
_GUARD_BITS = 8  # fraction kept between passes


def box(sigma: float) -> tuple[int, float]:
    """Half length and fractional edge weight of the box whose threefold use has that sigma."""
    variance = sigma * sigma / _PASSES
    half = int(0.5 * math.sqrt(12.0 * variance + 1.0) - 0.5)
    edge = (2 * half + 1) * (half * (half + 1) - 3.0 * variance) / (6.0 * (variance - (half + 1) ** 2))
    return half, edge


def blur_plane(plane: Plane, sigma_x: float, sigma_y: float) -> Plane:
    """The plane blurred; edges are continued by their own pixels.

    Args:
        plane: array of shape (h, w), integers.
        sigma_x, sigma_y: standard deviations in samples, 0 leaves an axis alone.

    Returns:
        An array of the same shape and type.
    """
    import numpy as np

    work: NDArray[np.int64] = plane.astype(np.int64) << _GUARD_BITS
    for axis, sigma in ((1, sigma_x), (0, sigma_y)):
        if sigma > 0:
            work = _three(work, *box(sigma), axis)
    return ((work + (1 << (_GUARD_BITS - 1))) >> _GUARD_BITS).astype(plane.dtype)


def _three(work: NDArray[np.int64], half: int, edge: float, axis: int) -> NDArray[np.int64]:
    """Three passes; padded once for all of them, so that the edge goes on as it is."""
    import numpy as np

    outer = round((1 << _WEIGHT_BITS) * edge / (2 * half + 1 + 2 * edge))
    inner = ((1 << _WEIGHT_BITS) - 2 * outer) // (2 * half + 1)
    pad = [(0, 0), (0, 0)]
    pad[axis] = (_PASSES * (half + 1), _PASSES * (half + 1))
    work = np.pad(work, pad, mode="edge")
    for _ in range(_PASSES):
        work = _one(work, half, inner, outer, axis)
    return work


def _one(wide: NDArray[np.int64], half: int, inner: int, outer: int, axis: int) -> NDArray[np.int64]:
    """One pass, shorter by the box; weights sum up to one exactly: the centre gets what rounding took."""
    import numpy as np

    length = wide.shape[axis] - 2 * (half + 1)
    sums = np.cumsum(wide, axis=axis)
    total = _cut(sums, 2 * half + 1, length, axis) - _cut(sums, 0, length, axis)
    ends = _cut(wide, 0, length, axis) + _cut(wide, 2 * half + 2, length, axis)
    rest = (1 << _WEIGHT_BITS) - inner * (2 * half + 1) - 2 * outer
    total *= inner
    total += ends * outer
    total += _cut(wide, half + 1, length, axis) * rest + (1 << (_WEIGHT_BITS - 1))
    total >>= _WEIGHT_BITS
    return total


def _cut(array: NDArray[np.int64], start: int, length: int, axis: int) -> NDArray[np.int64]:
    return array[:, start : start + length] if axis else array[start : start + length]
