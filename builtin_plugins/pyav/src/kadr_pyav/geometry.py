"""Where a layer lies on the canvas at one frame, and how much of every pixel it covers.

Coordinates are canvas pixels with the top left corner of the canvas at 0, 0; the centre of
the first pixel is at 0.5. Rotation is clockwise (y points down).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from kadr_sdk.curves import value_at
from kadr_sdk.plan import Place
from numpy.typing import NDArray

from kadr_pyav.layout import ChromaPosition, Layout

__all__ = ["ONE", "Grid", "Placement", "Region"]

ONE = 1 << 16  # weights are fixed point: base * (ONE - w) + layer * w fits 32 bits at 16 bit samples
_DIGITS = 12  # of sine and cosine, so that the last bit of a platform's libm does not show

Weights = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Region:
    """Whole canvas pixels, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        """True where it holds no pixel."""
        return self.left >= self.right or self.top >= self.bottom

    def shrunk(self, log2: tuple[int, int]) -> Region:
        """The same in samples of a subsampled plane, rounded outwards."""
        h, v = log2
        return Region(self.left >> h, self.top >> v, -(-self.right >> h), -(-self.bottom >> v))

    def even(self, log2: tuple[int, int], width: int, height: int) -> Region:
        """Grown to whole chroma samples within the canvas."""
        h, v = (1 << log2[0]) - 1, (1 << log2[1]) - 1
        right, bottom = min(width, (self.right + h) & ~h), min(height, (self.bottom + v) & ~v)
        return Region(self.left & ~h, self.top & ~v, right, bottom)


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the samples of a plane lie: every ``2**log2`` pixels, the first at ``offset + 0.5``."""

    log2: tuple[int, int] = (0, 0)
    offset: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, layout: Layout, position: ChromaPosition, plane: int) -> Grid:
        """The grid of a plane of a planar format."""
        if layout.rgb or plane not in (1, 2):
            return cls()
        return cls(layout.log2_chroma, (position.h / 256, position.v / 256))

    def point(self, sample: float, axis: int) -> float:
        """Pixel coordinate of a point of the plane (sample centres are at half numbers)."""
        return (sample - 0.5) * (1 << self.log2[axis]) + self.offset[axis] + 0.5

    def sample(self, point: float, axis: int) -> float:
        """Inverse of :meth:`point`."""
        return (point - self.offset[axis] - 0.5) / (1 << self.log2[axis]) + 0.5


@dataclass(frozen=True, slots=True)
class Placement:
    """Centre and size in canvas pixels, degrees clockwise."""

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0

    @classmethod
    def at(cls, node: Place, frame: int) -> Placement:
        """The placement of a frame; a negative size counts as none."""
        names = (node.x, node.y, node.layer_width, node.layer_height, node.rotation)
        x, y, width, height, rotation = (float(cast(float, value_at(n, frame))) for n in names)
        return cls(x, y, max(0.0, width), max(0.0, height), rotation % 360)

    @property
    def upright(self) -> bool:
        """True where nothing is turned."""
        return self.rotation == 0

    @property
    def turn(self) -> tuple[float, float]:
        """Cosine and sine of the rotation."""
        angle = math.radians(self.rotation)
        return round(math.cos(angle), _DIGITS), round(math.sin(angle), _DIGITS)

    @property
    def left(self) -> float:
        """Left edge of an upright layer."""
        return self.x - self.width / 2

    @property
    def top(self) -> float:
        """Top edge of an upright layer."""
        return self.y - self.height / 2

    def region(self, width: int, height: int) -> Region:
        """The canvas pixels that the layer touches."""
        cos, sin = map(abs, self.turn)
        half_x = (self.width * cos + self.height * sin) / 2
        half_y = (self.width * sin + self.height * cos) / 2
        if not self.upright:  # the soft edge reaches half a pixel further
            half_x, half_y = half_x + 0.5, half_y + 0.5
        if self.width <= 0 or self.height <= 0:
            return Region(0, 0, 0, 0)
        return Region(
            max(0, _floor(self.x - half_x)),
            max(0, _floor(self.y - half_y)),
            min(width, _ceil(self.x + half_x)),
            min(height, _ceil(self.y + half_y)),
        )

    def covers(self, width: int, height: int) -> bool:
        """True where every pixel of the canvas lies wholly within an upright layer."""
        edges = (self.left, self.top, width - self.left - self.width, height - self.top - self.height)
        return self.upright and max(edges) <= _TINY

    def coverage(self, region: Region) -> Weights:
        """How much of every pixel of a region the layer covers, 0 to ONE.

        Upright: exact area. Turned: by the distance of the pixel's centre from the edges.
        """
        if self.upright:
            across = _overlap(self.left, self.width, region.left, region.right)
            down = _overlap(self.top, self.height, region.top, region.bottom)[:, None]
            return cast(Weights, (across * (down >> 1) + np.uint32(ONE >> 2)) >> 15)
        columns = (np.arange(region.left, region.right) + (0.5 - self.x)).astype(np.float32)
        rows = (np.arange(region.top, region.bottom) + (0.5 - self.y)).astype(np.float32)[:, None]
        cos, sin = (np.float32(n) for n in self.turn)
        soft = _soft(self.width, columns * cos + rows * sin)
        soft *= _soft(self.height, rows * cos - columns * sin)
        soft *= ONE
        soft += 0.5
        return soft.astype(np.uint32)


_TINY = 1e-6


def _floor(value: float) -> int:
    return math.floor(value + _TINY)


def _ceil(value: float) -> int:
    return math.ceil(value - _TINY)


def _overlap(start: float, length: float, first: int, end: int) -> Weights:
    cells = np.arange(first, end, dtype=np.float64)
    inside = np.minimum(cells + 1, start + length) - np.maximum(cells, start)
    return cast(Weights, (np.clip(inside, 0.0, 1.0) * ONE + 0.5).astype(np.uint32))


def _soft(length: float, distance: NDArray[Any]) -> NDArray[Any]:
    np.abs(distance, out=distance)
    np.subtract(np.float32(length / 2 + 0.5), distance, out=distance)
    return np.clip(distance, 0.0, min(1.0, length), out=distance)
