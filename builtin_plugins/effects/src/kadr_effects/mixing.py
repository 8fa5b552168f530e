"""Exact weighted mixing of two pictures.

Weights are whole numbers of ``24 - depth`` bits. So every product and sum of libavfilter's
``mix`` (which computes in single precision) is exact, whatever the compiler makes of it, and
the integer maths here gives the same bits. Both round half to even.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kadr_sdk.frames import VideoFrame, pixel_format

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[Any]

__all__ = ["mix_plane", "mix_straight", "mix_three", "weight", "weight_bits"]

_FLOAT_BITS = 24


def weight_bits(depth: int) -> int:
    """Bits of a weight for codes of that depth."""
    return _FLOAT_BITS - depth


def weight(progress: float, depth: int) -> int:
    """The weight of the incoming picture; progress beyond 0..1 (overshooting easings) is cut."""
    return round(min(max(progress, 0.0), 1.0) * (1 << weight_bits(depth)))


def mix_plane(a: Plane, b: Plane, incoming: int | Plane, depth: int) -> Plane:
    """``a`` and ``b`` mixed, rounded half to even.

    Args:
        a, b: planes of the same shape.
        incoming: weight of ``b``, one number or one a sample (unsigned 32 bit).
        depth: bits of a code.
    """
    import numpy as np

    bits = weight_bits(depth)
    one = np.uint32(1 << bits)
    new = np.asarray(incoming, np.uint32)
    total = np.multiply(a, one - new, dtype=np.uint32)
    total += np.multiply(b, new, dtype=np.uint32)
    mixed: Plane = half_even(total, bits).astype(a.dtype)
    return mixed


def half_even(total: Plane, bits: int) -> Plane:
    """``total / 2**bits`` rounded half to even, unsigned 32 bit."""
    import numpy as np

    odd = (total >> np.uint32(bits)) & np.uint32(1)
    shifted: Plane = (total + odd + np.uint32((1 << (bits - 1)) - 1)) >> np.uint32(bits)
    return shifted


def mix_three(a: Plane, b: Plane, code: int, shares: tuple[float, float], depth: int) -> Plane:
    """``a`` and ``b`` by their shares, the rest of one code; rounded half to even."""
    import numpy as np

    bits = weight_bits(depth)
    first, second = (weight(share, depth) for share in shares)
    rest = (1 << bits) - first - second
    total = np.multiply(a, np.uint32(first), dtype=np.uint32)
    total += np.multiply(b, np.uint32(second), dtype=np.uint32)
    total += np.uint32(rest * code)
    mixed: Plane = half_even(total, bits).astype(a.dtype)
    return mixed


def mix_straight(a: VideoFrame, b: VideoFrame, weights: Sequence[int | Plane], out: VideoFrame) -> None:
    """Pictures with alpha: colours weigh by their alpha, so that a hidden colour does not show.

    Args:
        weights: of ``b``, for every plane.
    """
    layout = pixel_format(a.format)
    out.planes[3][...] = mix_plane(a.planes[3], b.planes[3], weights[3], layout.depth)
    for number in range(3):
        across, down = layout.log2_chroma if number else (0, 0)
        covers = [f.planes[3][:: 1 << down, :: 1 << across] for f in (a, b)]
        planes = (a.planes[number], b.planes[number])
        out.planes[number][...] = _weighed(*planes, covers, weights[number], layout.depth)


def _weighed(a: Plane, b: Plane, covers: Sequence[Plane], incoming: int | Plane, depth: int) -> Plane:
    import numpy as np

    new = np.asarray(incoming, np.uint64)
    left = covers[0].astype(np.uint64) * (np.uint64(1 << weight_bits(depth)) - new)
    right = covers[1].astype(np.uint64) * new
    total = left + right
    mixed = (a * left + b * right + (total >> np.uint64(1))) // np.maximum(total, np.uint64(1))
    return np.where(total > 0, mixed, mix_plane(a, b, incoming, depth)).astype(a.dtype)
