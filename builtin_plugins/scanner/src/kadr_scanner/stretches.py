"""Stretches of time in which something holds without a break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Stretch", "between", "runs", "stretches"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From a time to a time, in seconds."""

    start: float
    end: float

    def as_dict(self) -> dict[str, float]:
        """JSON-ready."""
        return {"start": round(self.start, 6), "end": round(self.end, 6)}


def runs(holds: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last-but-one position of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def stretches(holds: NDArray[np.bool_], step: float, at_least: float) -> list[Stretch]:
    """Runs of equal steps that last long enough."""
    found = (Stretch(a * step, b * step) for a, b in runs(holds))
    return [s for s in found if s.end - s.start >= at_least - 1e-9]


def between(holds: NDArray[np.bool_], times: NDArray[np.float64], at_least: float) -> list[Stretch]:
    """Runs of frames that last long enough; ``times`` has one more entry, the end of the last."""
    found = (Stretch(float(times[a]), float(times[b])) for a, b in runs(holds))
    return [s for s in found if s.end - s.start >= at_least - 1e-9]
