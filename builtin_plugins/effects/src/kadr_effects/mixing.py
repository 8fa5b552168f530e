"""Exact weighted mixing of two pictures.

Weights are whole numbers of ``24 - depth`` bits. So every product and sum of libavfilter's
``mix`` (which computes in single precision) is exact, whatever the compiler makes of it, and
the integer maths here gives the same bits. Both round half to even.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[Any]

__all__ = ["mix_plane", "weight", "weight_bits"]

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
