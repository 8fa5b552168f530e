"""Chance that repeats: a number for a place, a frame and a seed, by mixing whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["chances"]


def chances(seed: int, frame: int, shape: tuple[int, ...], channel: int = 0) -> NDArray[np.uint32]:
    """Evenly spread 32 bit numbers, each from its position alone.

    The finaliser "lowbias32" of Ch. Wellons, "Prospecting for Hash Functions" (2018, public
    domain), applied to a counter and to the key, so that neighbours have nothing in common.
    """
    import numpy as np

    key = 0
    for part in (seed, frame, channel):
        key = int(_mixed(np.array([(key ^ part) & 0xFFFFFFFF], np.uint32))[0])
    count = int(np.prod(shape))
    numbers = np.arange(count, dtype=np.uint32) ^ np.uint32(key)
    return _mixed(_mixed(numbers) + np.uint32(key)).reshape(shape)


def _mixed(numbers: NDArray[Any]) -> NDArray[np.uint32]:
    import numpy as np

    x: NDArray[np.uint32] = numbers ^ (numbers >> np.uint32(16))
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x
