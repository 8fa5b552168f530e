"""Numbers of every picture of a film, seen small: light, change, sharpness, exposure.

All are of luma at most 320 pixels wide, brought to 0..1 from limited range. Definitions:

=========== ==========================================================================
luma        mean of luma
dark        share of pixels below 0.04; light: share above 0.98
motion      mean absolute difference of luma to the picture before
change      mean absolute difference of luma and both chroma planes to the picture before
local       the same of luma alone in the block of 8x8 pixels that changes most
sharpness   variance of the 4-neighbour Laplacian of luma (Pech-Pacheco et al., 2000)
=========== ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.frames import VideoFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DARK", "LIGHT", "Measures", "laplacian_variance"]

DARK, LIGHT = 0.04, 0.98
_BLOCK = 8
_NAMES = ("luma", "dark", "light", "motion", "change", "local", "sharpness")
_BLACK, _SPAN, _CHROMA = 16.0, 219.0, 224.0  # limited range of 8 bit


@dataclass(slots=True)
class Measures:
    """Takes pictures in order of time (``yuv420p``, limited range)."""

    luma: list[float] = field(default_factory=list)
    dark: list[float] = field(default_factory=list)
    light: list[float] = field(default_factory=list)
    motion: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    local: list[float] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)
    _before: tuple[NDArray[Any], ...] = ()

    def add(self, frame: VideoFrame) -> None:
        """Look at the next picture."""
        planes = tuple(plane.copy() for plane in frame.planes)
        luma = np.clip((planes[0].astype(np.float32) - _BLACK) / _SPAN, 0.0, 1.0)
        self.luma.append(float(luma.mean()))
        self.dark.append(float((luma < DARK).mean()))
        self.light.append(float((luma > LIGHT).mean()))
        self.sharpness.append(laplacian_variance(luma))
        before = self._before or planes
        apart = [np.abs(a.astype(np.int16) - b) for a, b in zip(planes, before, strict=True)]
        moved = [float(plane.mean()) for plane in apart]
        self.motion.append(moved[0] / _SPAN)
        self.change.append((moved[0] / _SPAN + (moved[1] + moved[2]) / _CHROMA) / 3)
        self.local.append(_busiest(apart[0]) / _SPAN)
        self._before = planes

    def extend(self, other: Measures) -> None:
        """Add those of the pictures that follow."""
        for name in _NAMES:
            getattr(self, name).extend(getattr(other, name))

    def without_first(self) -> Measures:
        """Those of all pictures but the first, which was only there to be compared with."""
        return Measures(*(getattr(self, name)[1:] for name in _NAMES))

    def array(self, name: str) -> NDArray[np.float64]:
        """One of the measures, a number for each picture."""
        return np.array(getattr(self, name), np.float64)


def _busiest(apart: NDArray[Any]) -> float:
    """The largest mean of a block; the blocks at the right and lower edge may be smaller."""
    down, across = (np.arange(0, side, _BLOCK) for side in apart.shape)
    sums = np.add.reduceat(np.add.reduceat(apart.astype(np.int64), down, axis=0), across, axis=1)
    sides = [np.diff([*edges, side]) for edges, side in zip((down, across), apart.shape, strict=True)]
    return float((sums / np.outer(*sides)).max())


def laplacian_variance(luma: NDArray[np.float32]) -> float:
    """Variance of ``4 x - left - right - above - below`` inside the picture; 0 where it is too small."""
    if min(luma.shape) < 3:
        return 0.0
    middle = 4 * luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((middle - around).var(dtype=np.float64))
