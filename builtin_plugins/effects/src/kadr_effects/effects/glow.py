"""Glow: bright places shine over their surroundings, in their own colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.boxes import blur_plane
from kadr_effects.levels import Levels, levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grid = NDArray[np.signedinteger[Any]]

__all__ = ["Glow"]

_LOG2_CELL = 2  # the shine is soft: it is computed on cells of 4x4 pixels
_ONE = 1 << 14


class Glow:
    """What is brighter than ``threshold`` is blurred by ``radius`` and screened over the picture."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """In integers of 14 fractional bits."""
        import numpy as np

        source, out = call.inputs[0][0], call.inputs[0][0].like()
        scale, chroma = levels(source.format, source.color), pixel_format(source.format).log2_chroma
        room = np.take(_ONE - _shares(scale), source.planes[0], mode="clip")
        shines = _shines(source, scale, call)
        strength = round(float(call.values["amount"]) * _ONE)
        for number, plane in enumerate(source.planes):
            if number == 3:
                out.planes[number][...] = plane
                continue
            across, down = chroma if number else (0, 0)
            span = scale.chroma_span if number else scale.luma_span
            light = _spread(shines[number], plane.shape, _LOG2_CELL - down, _LOG2_CELL - across)
            added = (light * strength >> 14) * room[:: 1 << down, :: 1 << across] >> 14
            low, high = (scale.low, scale.high) if number else (scale.black, scale.white)
            sums = plane + ((added * span + _ONE // 2) >> 14)
            out.planes[number][...] = np.clip(sums, np.minimum(low, plane), np.maximum(high, plane))
        return out


def _shares(scale: Levels) -> Grid:
    """Table of luma codes as 0.._ONE from black to white; 32 bit hold what is made of it up to 12 bit."""
    import numpy as np

    shares = (np.arange(scale.peak + 1, dtype=np.int64) - scale.black) * _ONE // scale.luma_span
    limited: Grid = np.clip(shares, 0, _ONE).astype(np.int32 if scale.peak < 4096 else np.int64)
    return limited


def _shines(source: VideoFrame, scale: Levels, call: FrameCall) -> list[Grid]:
    """Luma and chroma of the bright places, blurred, on the grid of cells."""
    import numpy as np

    limit = round(float(call.values["threshold"]) * _ONE)
    light = np.take(_shares(scale), _cells(source.planes[0], _LOG2_CELL, _LOG2_CELL), mode="clip")
    excess = np.clip((light.astype(np.int64) - limit) * _ONE // max(_ONE - limit, 1), 0, _ONE)
    across, down = pixel_format(source.format).log2_chroma
    colors = [_cells(p, _LOG2_CELL - down, _LOG2_CELL - across) for p in source.planes[1:3]]
    parts = [light, *((c - scale.middle) * _ONE // scale.chroma_span for c in colors)]
    sigma = float(call.values["radius"]) / (1 << _LOG2_CELL)
    return [blur_plane(part * excess >> 14, sigma, sigma).astype(light.dtype) for part in parts]


def _cells(plane: NDArray[Any], down: int, across: int) -> Grid:
    """Means of cells; the last row and column are repeated to fill the last ones."""
    import numpy as np

    tall, wide = 1 << down, 1 << across
    full = np.pad(plane, ((0, -plane.shape[0] % tall), (0, -plane.shape[1] % wide)), mode="edge")
    rows = np.add.reduce([full[k::tall].astype(np.int32) for k in range(tall)])
    sums: Grid = np.add.reduce([rows[:, k::wide] for k in range(wide)])
    return sums >> (down + across)


def _spread(grid: Grid, shape: tuple[int, ...], down: int, across: int) -> Grid:
    """The grid at pixels, linear between the centres of cells."""
    return _line(_line(grid, shape[0], down).T, shape[1], across).T


def _line(grid: Grid, length: int, log2: int) -> Grid:
    import numpy as np

    cell = 1 << log2
    position = np.clip(
        2 * np.arange(length, dtype=grid.dtype) + 1 - cell, 0, None
    )  # in half pixels from the first centre
    first = np.minimum(position // (2 * cell), grid.shape[0] - 1)
    part = (position % (2 * cell))[:, None]
    after = np.minimum(first + 1, grid.shape[0] - 1)
    mixed: Grid = grid[first] * (2 * cell - part) + grid[after] * part
    return mixed >> (log2 + 1)
