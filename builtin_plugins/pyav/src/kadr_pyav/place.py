"""Placing at sub-pixel positions: moving, growing, turning, blending layers.

The layer is resampled straight to its place in every plane (chroma by its own siting), so
nothing snaps and a slow zoom does not jitter; its edges are weighted by the area that they
cover. Mixing is in integers.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.curves import value_at
from kadr_sdk.frames import VideoFrame
from kadr_sdk.plan import Place
from numpy.typing import NDArray

from kadr_pyav.blends import BLENDS, Blender
from kadr_pyav.geometry import ONE, Grid, Placement, Region
from kadr_pyav.layout import ChromaPosition, layout_of
from kadr_pyav.mixing import averaged, mix_into, scaled
from kadr_pyav.planes import from_planes, views
from kadr_pyav.resample import Plane, stretch, turn
from kadr_pyav.resources import Stage
from kadr_pyav.shapes import shape_of

__all__ = ["BLENDS", "PlaceStage"]

Weights = NDArray[np.uint32]
Matrix = tuple[float, float, float, float, float, float]


class PlaceStage:
    """A layer over a base.

    Args:
        base: frames of the canvas.
        layer: frames of the canvas' format, with or without alpha, and colour.
    """

    def __init__(self, node: Place, base: Stage, layer: Stage) -> None:
        self._node, self._base, self._layer = node, base, layer
        self.shape = shape_of(node)
        self._layout = layout_of(self.shape.format)
        self._has_alpha = layout_of(layer.shape.format).alpha
        self._position = ChromaPosition.of(self._layout, self.shape.color)
        self._blender = None if node.blend == "normal" else Blender(node.blend, self.shape)
        self._last: tuple[int, AvFrame] | None = None

    def frame(self, number: int) -> AvFrame:
        """The canvas with the layer on it."""
        if self._last is None or self._last[0] != number:
            self._last = number, self._make(number)
        return self._last[1]

    def close(self) -> None:
        """Close base and layer."""
        self._last = None
        self._base.close()
        self._layer.close()

    def _make(self, number: int) -> AvFrame:
        placement = Placement.at(self._node, number)
        opacity = round(ONE * min(1.0, max(0.0, float(cast(float, value_at(self._node.opacity, number))))))
        region = placement.region(self.shape.width, self.shape.height)
        if region.empty or opacity == 0:
            return self._base.frame(number)
        region = region.even(self._layout.log2_chroma, self.shape.width, self.shape.height)
        planes, alpha = self._resampled(number, placement, region)
        whole = placement.covers(self.shape.width, self.shape.height)
        if whole and opacity == ONE and alpha is None and self._blender is None:
            return self._alone(planes)
        weights = placement.coverage(region)
        if opacity < ONE:
            weights = scaled(weights, opacity, ONE)
        if alpha is not None:
            weights = scaled(weights, alpha, (1 << layout_of(self._layer.shape.format).depth) - 1)
        return self._mixed(self._base.frame(number), planes, weights, region)

    def _resampled(
        self, number: int, placement: Placement, region: Region
    ) -> tuple[list[Plane], Plane | None]:
        """The layer's colour planes and its alpha over a region of the canvas."""
        layer = self._layer.frame(number)
        planes = views(layer, self._layer.shape.color).planes
        size = (layer.width, layer.height)
        grids = [Grid.of(self._layout, self._position, i) for i in range(len(planes))]
        method = _upright if placement.upright else _turned
        found = [method(p, g, size, placement, region) for p, g in zip(planes, grids, strict=True)]
        alpha = found.pop() if self._has_alpha else None
        surplus = layout_of(self._layer.shape.format).depth - self._layout.depth
        if surplus > 0:
            top = (1 << self._layout.depth) - 1
            found = [np.minimum((p.astype(np.uint32) + (1 << surplus - 1)) >> surplus, top) for p in found]
        return found, alpha

    def _alone(self, planes: list[Plane]) -> AvFrame:
        shape = self.shape
        if self._layout.alpha:
            planes = [*planes, np.full_like(planes[0], (1 << self._layout.depth) - 1)]
        return from_planes(VideoFrame(planes, shape.format, shape.width, shape.height, shape.color))

    def _mixed(self, base: AvFrame, planes: list[Plane], weights: Weights, region: Region) -> AvFrame:
        below = views(base, self.shape.color)
        result = from_planes(below)
        above = views(result, self.shape.color, writable=True).planes
        top = (1 << self._layout.depth) - 1
        alpha = above[-1][_rows(region)] if self._layout.alpha else None
        under = None if alpha is None else scaled(np.full_like(weights, ONE), alpha, top)
        if self._blender is not None:
            planes = self._blended(base, below, planes, region, under)
        for i, plane in enumerate(planes):
            log2 = self._log2(i)
            own = averaged(weights, log2)
            if under is not None:
                own = _over_alpha(own, averaged(under, log2))
            mix_into(above[i][_rows(region.shrunk(log2))], plane, own)
        if under is not None:
            mix_into(above[-1][_rows(region)], np.full_like(above[-1][_rows(region)], top), weights)
        return result

    def _log2(self, number: int) -> tuple[int, int]:
        """How much coarser a plane of colour is than the canvas."""
        return self._layout.log2_chroma if number in (1, 2) and not self._layout.rgb else (0, 0)

    def _blended(
        self, base: AvFrame, below: VideoFrame, planes: list[Plane], region: Region, under: Weights | None
    ) -> list[Plane]:
        """The layer's planes blended with what lies under them, as far as something does.

        ``(1 - alpha of the base) * layer + alpha of the base * blended`` (W3C, Compositing §5.2).
        """
        assert self._blender is not None
        stamped = from_planes(below)
        target = views(stamped, self.shape.color, writable=True).planes
        places = []
        for i, plane in enumerate(planes):
            places.append(_rows(region.shrunk(self._log2(i))))
            target[i][places[i]] = plane
        blended = views(self._blender.frame(base, stamped), self.shape.color).planes
        found = [blended[i][place] for i, place in enumerate(places)]
        if under is None:
            return found
        mixed = [plane.copy() for plane in planes]
        for i, plane in enumerate(found):
            mix_into(mixed[i], plane, averaged(under, self._log2(i)))
        return mixed


def _rows(region: Region) -> tuple[slice, slice]:
    return slice(region.top, region.bottom), slice(region.left, region.right)


def _over_alpha(weights: Weights, under: Weights) -> Weights:
    """The layer's share of the colour where the base is itself transparent."""
    w = weights.astype(np.uint64)
    together = w + (under * (ONE - w) + ONE // 2) // ONE
    share = (w * ONE + together // 2) // np.maximum(together, 1)
    return cast(Weights, np.minimum(share, ONE).astype(np.uint32))


def _upright(plane: Plane, grid: Grid, size: tuple[int, int], placement: Placement, region: Region) -> Plane:
    """A plane of the layer over a region of the canvas, axis by axis."""
    area = region.shrunk(grid.log2)
    origin = (placement.left, placement.top)
    step = (size[0] / placement.width, size[1] / placement.height)
    first = (area.left, area.top)
    start = [0.0, 0.0]
    for axis in (0, 1):
        centre = grid.sample((grid.point(first[axis] + 0.5, axis) - origin[axis]) * step[axis], axis)
        start[axis] = round(centre - step[axis] / 2, 9)
    return stretch(plane, (start[0], start[1]), step, (area.right - area.left, area.bottom - area.top))


def _turned(plane: Plane, grid: Grid, size: tuple[int, int], placement: Placement, region: Region) -> Plane:
    """The same for a turned layer; first made smaller where it shrinks, so that nothing aliases."""
    small = (min(size[0], math.ceil(placement.width)), min(size[1], math.ceil(placement.height)))
    if small != size:
        plain = Placement(small[0] / 2, small[1] / 2, float(small[0]), float(small[1]))
        plane = _upright(plane, grid, size, plain, Region(0, 0, *small))
    area = region.shrunk(grid.log2)
    cos, sin = placement.turn
    scale = (small[0] / placement.width, small[1] / placement.height)

    def source(x: float, y: float) -> tuple[float, float]:
        across = grid.point(area.left + x, 0) - placement.x
        down = grid.point(area.top + y, 1) - placement.y
        u = (across * cos + down * sin + placement.width / 2) * scale[0]
        v = (down * cos - across * sin + placement.height / 2) * scale[1]
        return grid.sample(u, 0), grid.sample(v, 1)

    (c, f), (ax, dx), (bx, ex) = source(0, 0), source(1, 0), source(0, 1)
    matrix = tuple(round(n, 9) for n in (ax - c, bx - c, c, dx - f, ex - f, f))
    return turn(plane, cast(Matrix, matrix), (area.right - area.left, area.bottom - area.top))
