"""Resampling one plane at sub-pixel positions, by Pillow.

Bicubic with the filter widened where the picture shrinks (antialiased). 8 bit planes are
computed in fixed point, deeper ones (modes ``I;16`` and ``F``) in floating point. Pillow lets the
interpreter go while it works.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Plane", "padded", "stretch", "turn"]

Plane = NDArray[Any]
_REACH = 3  # source pixels that the cubic kernel reads beside a point, at scale one


def stretch(
    plane: Plane, start: tuple[float, float], step: tuple[float, float], size: tuple[int, int]
) -> Plane:
    """Axis-aligned resampling; beyond its edges the plane goes on with its edge samples.

    Args:
        start: x and y in the plane of the output's top left corner (not centre).
        step: plane pixels for one output pixel in x and y, positive.
        size: width and height of the output.
    """
    end = (start[0] + step[0] * size[0], start[1] + step[1] * size[1])
    height, width = plane.shape
    if (*start, *end, *size) == (0, 0, width, height, width, height):
        return plane
    before = max(0, math.ceil(-start[0])), max(0, math.ceil(-start[1]))
    after = max(0, math.ceil(end[0] - width)), max(0, math.ceil(end[1] - height))
    source = padded(plane, before, after)
    low = [max(0.0, start[axis] + before[axis]) for axis in (0, 1)]
    # The end may lie a rounding error outside, which Pillow would refuse.
    high = [min(float(source.shape[1 - axis]), end[axis] + before[axis]) for axis in (0, 1)]
    image = _image(source).resize(size, Image.Resampling.BICUBIC, (low[0], low[1], high[0], high[1]))
    return np.asarray(image)


def turn(
    plane: Plane, matrix: tuple[float, float, float, float, float, float], size: tuple[int, int]
) -> Plane:
    """Affine resampling without antialiasing; beyond the edges the nearest edge samples.

    Args:
        matrix: a, b, c, d, e, f with source ``x = a X + b Y + c``, ``y = d X + e Y + f`` for
            points (pixel centres are at half numbers).
    """
    a, b, c, d, e, f = matrix
    source = padded(plane, (_REACH, _REACH), (_REACH, _REACH))
    shifted = (a, b, c + _REACH, d, e, f + _REACH)
    deep = source.dtype.itemsize > 1  # Pillow turns I;16 byte by byte
    image = Image.fromarray(source.astype(np.float32)) if deep else _image(source)
    turned = np.asarray(image.transform(size, Image.Transform.AFFINE, shifted, Image.Resampling.BICUBIC))
    if deep:
        turned = np.clip(np.rint(turned), 0, 65535).astype(np.uint16)
    return turned


def padded(plane: Plane, before: tuple[int, int], after: tuple[int, int]) -> Plane:
    """The plane with its edge samples repeated, x and y; itself where nothing is asked."""
    if not any(before + after):
        return plane
    height, width = plane.shape
    out = np.empty((height + before[1] + after[1], width + before[0] + after[0]), plane.dtype)
    rows = slice(before[1], before[1] + height)
    out[rows, before[0] : before[0] + width] = plane
    out[rows, : before[0]] = plane[:, :1]
    out[rows, before[0] + width :] = plane[:, -1:]
    out[: before[1]] = out[before[1]]
    out[before[1] + height :] = out[before[1] + height - 1]
    return out


def _image(plane: Plane) -> Image.Image:
    height, width = plane.shape
    mode, raw = ("L", "L") if plane.dtype.itemsize == 1 else ("I;16", "I;16")
    return Image.frombuffer(mode, (width, height), np.ascontiguousarray(plane), "raw", raw, 0, 1)
