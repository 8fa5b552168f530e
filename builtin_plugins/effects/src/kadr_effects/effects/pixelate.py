"""Pixelate: squares of one colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FilterContext, FilterSpec, FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.pointwise import moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pixelate"]

_MOST = 1024  # what ``pixelize`` takes


class Pixelate:
    """Every square from the top left corner gets its mean, rounded down.

    The side is ``size`` rounded to the grid of chroma (even numbers where it is subsampled).
    """

    def filters(self, values: Mapping[str, Any], at: FilterContext) -> Sequence[FilterSpec] | None:
        """``pixelize``, which takes commands on the very frame."""
        sides = tuple(str(_side(float(now["size"]), at.format)) for now in moments(values, at.frames))
        if max(map(int, sides)) > _MOST:
            return None
        commands = tuple((name, sides) for name in ("w", "h")) if len(set(sides)) > 1 else ()
        return [FilterSpec("pixelize", (("w", sides[0]), ("h", sides[0])), commands)]

    def frame(self, call: FrameCall) -> VideoFrame:
        """The same in numpy."""
        source, out = call.inputs[0][0], call.inputs[0][0].like()
        side = _side(float(call.values["size"]), source.format)
        for number, plane in enumerate(source.planes):
            across, down = pixel_format(source.format).log2_chroma if number in (1, 2) else (0, 0)
            out.planes[number][...] = _blocks(plane, side >> across, side >> down)
        return out


def _side(size: float, format: str) -> int:
    step = 1 << max(pixel_format(format).log2_chroma)
    return max(step, step * int(size / step + 0.5))


def _blocks(plane: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    import numpy as np

    rows, columns = np.arange(0, plane.shape[0], height), np.arange(0, plane.shape[1], width)
    sums = np.add.reduceat(np.add.reduceat(plane.astype(np.int64), rows, axis=0), columns, axis=1)
    tall, wide = np.diff(rows, append=plane.shape[0]), np.diff(columns, append=plane.shape[1])
    means: NDArray[Any] = (sums // (tall[:, None] * wide)).astype(plane.dtype)
    return means.repeat(tall, axis=0).repeat(wide, axis=1)
