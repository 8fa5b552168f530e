"""Mask: only a shape of the picture is left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.frames import VideoFrame

from kadr_effects.coverage import covered
from kadr_effects.cutting import cut
from kadr_effects.paths import Ring, ellipse, parse_path, rectangle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grid = NDArray[np.float64]

__all__ = ["Mask"]


class Mask:
    """A rectangle, an ellipse or an SVG path, moved, turned, made softer, larger or its opposite."""

    def __init__(self) -> None:
        # The last one: making it costs more than using it. Threads may replace each other's.
        self._kept: tuple[object, Grid] | None = None

    def check(self, values: Mapping[str, Any]) -> None:
        """Read the path.

        Raises:
            InvalidParameterError: it cannot be read, is not there, or is not asked for.
        """
        if values["shape"] == "path":
            parse_path(values["path"])
        elif values["path"]:
            raise InvalidParameterError("a path is given, and the shape is another", hint="set shape to path")

    def frame(self, call: FrameCall) -> VideoFrame:
        """The picture within the shape; outside, the second picture where there is one."""
        under = call.inputs[1][0] if len(call.inputs) > 1 else None
        return cut(call, call.inputs[0][0], under, self._share(call))

    def _share(self, call: FrameCall) -> Grid:
        key = (call.width, call.height, call.scale, tuple(sorted(call.values.items())))
        kept = self._kept
        if kept is None or kept[0] != key:
            kept = self._kept = (key, _share(call.values, call.width, call.height))
        return kept[1]


def _share(values: Mapping[str, Any], width: int, height: int) -> Grid:
    size = values["size"][0] * width, values["size"][1] * height
    rings = (
        [] if min(size) <= 0 else [_placed(r, values, size, (width, height)) for r in _rings(values, size)]
    )
    share = covered(rings, width, height, values["feather"], values["expand"])
    if values["invert"]:
        share = 1.0 - share
    return share * float(values["opacity"])


def _rings(values: Mapping[str, Any], size: tuple[float, float]) -> tuple[Ring, ...]:
    if values["shape"] == "path":
        return _path(values["path"])
    if values["shape"] == "ellipse":
        return (ellipse(max(size) / 2),)
    round_by = min(values["corner"], min(size) / 2)
    return (rectangle(round_by / size[0], round_by / size[1], round_by),)


_path = lru_cache(maxsize=16)(parse_path)


def _placed(ring: Ring, values: Mapping[str, Any], size: tuple[float, float], frame: tuple[int, int]) -> Ring:
    """Points of the unit square in pixels: scaled to the size, turned about the middle, moved."""
    angle = math.radians(values["rotation"])
    cos, sin = round(math.cos(angle), 12), round(math.sin(angle), 12)
    middle = [p * side for p, side in zip(values["position"], frame, strict=True)]
    offsets = [((x - 0.5) * size[0], (y - 0.5) * size[1]) for x, y in ring]
    return tuple(
        (round(middle[0] + x * cos - y * sin, 6), round(middle[1] + x * sin + y * cos, 6)) for x, y in offsets
    )
