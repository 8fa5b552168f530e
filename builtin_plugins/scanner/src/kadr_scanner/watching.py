"""What the measures of a film say: scenes, black and frozen stretches, scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kadr_scanner.measures import Measures
from kadr_scanner.stretches import Stretch, between

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["black", "frozen", "scene_changes", "scores"]

_AROUND = 3  # pictures to each side that a cut must stand out from


def scene_changes(change: NDArray[np.float64], threshold: float = 0.06, ratio: float = 3.0) -> list[int]:
    """Numbers of the pictures that begin a new scene.

    A cut changes the picture by more than ``threshold``, and by ``ratio`` times more than the
    pictures around it change: a fast pan changes them all.
    """
    found = []
    for number in np.flatnonzero(change > threshold):
        around = np.concatenate([change[max(1, number - _AROUND) : number], change[number + 1 :][:_AROUND]])
        if not around.size or change[number] >= ratio * around.mean():
            found.append(int(number))
    return found


def black(measures: Measures, times: NDArray[np.float64], at_least: float) -> list[Stretch]:
    """Stretches in which 98 % of the picture is dark."""
    return between(measures.array("dark") >= 0.98, times, at_least)


def frozen(
    measures: Measures, times: NDArray[np.float64], at_least: float, below: float = 0.012
) -> list[Stretch]:
    """Stretches in which nothing changes: from the first of the equal pictures to the end of the last."""
    still = (measures.array("local") < below) & (measures.array("change") < below)
    still[:1] = False
    held = still.copy()
    held[:-1] |= still[1:]  # the picture that is repeated belongs to it
    # A new picture that is held again at once ends one stretch and begins the next.
    breaks = np.flatnonzero(held & ~still)
    found: list[Stretch] = []
    for number, first in enumerate(breaks):
        stop = int(breaks[number + 1]) if number + 1 < len(breaks) else len(held)
        part = np.zeros_like(held)
        part[first:stop] = held[first:stop]
        found += between(part, times, at_least)
    return found


def scores(measures: Measures) -> dict[str, Any]:
    """Means over the film, and the exposure as a word."""
    names = ("luma", "motion", "sharpness", "dark", "light")
    if not measures.luma:
        return {}
    means = {name: round(float(measures.array(name).mean()), 6) for name in names}
    means["motion_peak"] = round(float(measures.array("motion").max()), 6)
    if means["dark"] > 0.5 or means["luma"] < 0.15:
        verdict = "dark"
    elif means["light"] > 0.25 or means["luma"] > 0.85:
        verdict = "bright"
    else:
        verdict = "good"
    return means | {"exposure": verdict}
