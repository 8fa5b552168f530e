"""How much of every pixel lies within outlines: by the distance to them, so that edges can be soft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kadr_effects.paths import Ring

    Grid = NDArray[np.float64]

__all__ = ["covered"]


def covered(
    rings: Sequence[Ring], width: int, height: int, feather: float = 0.0, expand: float = 0.0
) -> Grid:
    """Share of every pixel, 0..1, of shape (height, width); even-odd where outlines cross.

    Args:
        rings: points in pixels, 0, 0 the top left corner of the picture.
        feather: width of the soft edge, half of it on either side; at least a pixel is mixed.
        expand: pixels that the outline moves outwards by, rounding corners; negative: inwards.
    """
    import numpy as np

    soft = max(1.0, feather)
    reach = soft / 2 + abs(expand) + 1.0
    distance = _distances(rings, width, height, reach)
    inside = _inside(rings, width, height)
    edge = np.where(inside, distance, -distance) + expand
    share = np.clip(edge / soft + 0.5, 0.0, 1.0)
    rounding = min(1.0, soft - 1.0)  # from a straight ramp of one pixel to an S curve
    if rounding > 0:
        share += rounding * (share * share * (3.0 - 2.0 * share) - share)
    return share


def _inside(rings: Sequence[Ring], width: int, height: int) -> Any:
    """True where the pixel's centre lies inside: an odd number of edges to its left."""
    import numpy as np

    crossed = np.zeros((height, width + 1), np.int32)
    for (x0, y0), (x1, y1) in _edges(rings):
        if y0 == y1:
            continue
        low, high = sorted((y0, y1))
        rows = np.arange(max(0, int(np.ceil(low - 0.5))), min(height, int(np.ceil(high - 0.5))))
        at = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
        columns = np.clip(np.ceil(at - 0.5), 0, width).astype(np.intp)
        crossed[rows, columns] += 1  # an edge meets a row once
    return np.cumsum(crossed[:, :width], axis=1) % 2 == 1


def _distances(rings: Sequence[Ring], width: int, height: int, reach: float) -> Grid:
    """Distance of every pixel's centre from the nearest edge, cut at ``reach``."""
    import numpy as np

    squares = np.full((height, width), reach * reach)
    for (x0, y0), (x1, y1) in _edges(rings):
        left, right = _window(x0, x1, reach, width)
        top, bottom = _window(y0, y1, reach, height)
        if left >= right or top >= bottom:
            continue
        x, y = np.arange(left, right) + (0.5 - x0), (np.arange(top, bottom) + (0.5 - y0))[:, None]
        across, down = x1 - x0, y1 - y0
        length = across * across + down * down
        part = np.clip((x * across + y * down) / length, 0.0, 1.0) if length > 0 else 0.0
        found = (x - part * across) ** 2 + (y - part * down) ** 2
        target = squares[top:bottom, left:right]
        np.minimum(target, found, out=target)
    np.sqrt(squares, out=squares)
    return squares


def _window(a: float, b: float, reach: float, size: int) -> tuple[int, int]:
    low, high = min(a, b) - reach, max(a, b) + reach
    return max(0, int(min(low, size))), min(size, int(max(high, -1)) + 1)


def _edges(rings: Sequence[Ring]) -> Any:
    return ((a, b) for ring in rings for a, b in zip(ring, (*ring[1:], ring[0]), strict=True) if a != b)
