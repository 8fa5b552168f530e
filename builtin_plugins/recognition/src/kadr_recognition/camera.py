"""Where a narrower frame looks: the way through a film that sees most and moves least."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, exp, floor

import numpy as np

from kadr_recognition.boxes import Array
from kadr_recognition.document import Results
from kadr_recognition.presence import seen_until

__all__ = ["Camera", "Way"]

_PLACES = 65
_STEP = Fraction(1, 5)
"""Seconds between two places of the way."""
_MOVE = 0.5
"""What moving by the whole picture costs, in seconds of seeing the subject."""
_SIGMA = 3.0
"""Standard deviation, in steps, of the Gaussian that eases the way."""


@dataclass(frozen=True, slots=True)
class Way:
    """The middle of the frame, in parts of the picture, in the middle of every ``step`` seconds from 0 on."""

    middles: tuple[float, ...]
    step: Fraction = _STEP

    def at(self, time: Fraction) -> float:
        """On the straight line between two places; constant beyond the ends."""
        place = max(time / self.step - Fraction(1, 2), Fraction(0))
        low = min(floor(place), len(self.middles) - 1)
        high = min(low + 1, len(self.middles) - 1)
        part = float(place - low) if high > low else 0.0
        return self.middles[low] + (self.middles[high] - self.middles[low]) * part


@dataclass(frozen=True, slots=True)
class Camera:
    """A frame that is a part of the picture's width (or height) and free to move along it.

    Attributes:
        axis: 0: across, 1: down.
        share: of the picture that the frame sees along the axis, above 0 and below 1.
    """

    axis: int
    share: float

    def way(self, found: Results, names: Collection[str] = ()) -> Way:
        """The way through a film.

        Every look weighs what it would see at each place; of all ways the one with the best sum
        is taken, less what moving costs (Viterbi), and eased by a Gaussian in time. Where
        nothing is seen nothing moves.
        """
        weights = self._weights(found, frozenset(names))
        places = self._places()
        if not weights.any():
            return Way((0.5,))
        middles = places[_best(weights, places)]
        return Way(tuple(np.clip(_eased(middles), places[0], places[-1]).tolist()))

    def _places(self) -> Array:
        return np.linspace(self.share / 2, 1 - self.share / 2, _PLACES)

    def _weights(self, found: Results, names: Collection[str]) -> Array:
        """Seconds of the subject seen, shape (steps, places); a look counts half-way to its neighbours."""
        end = seen_until(found)
        total = np.zeros((max(1, ceil(end / _STEP)), _PLACES))
        times = [time for _, time in found.frames]
        edges = [Fraction(0), *((a + b) / 2 for a, b in pairwise(times)), end]
        for (_, _, things), start, stop in zip(found.by_frame(), edges, edges[1:], strict=False):
            seen = [t for t in things if not names or t.name in names]
            if not seen:
                continue
            weight = self._seen([t.box for t in seen], [t.score for t in seen], found.size)
            first, last = floor(start / _STEP), ceil(max(stop, start) / _STEP)
            for step in range(first, min(max(last, first + 1), len(total))):
                inside = min(stop, (step + 1) * _STEP) - max(start, step * _STEP)
                total[step] += weight * float(max(inside, Fraction(0)))
        return total

    def _seen(
        self,
        boxes: Sequence[tuple[float, float, float, float]],
        scores: Sequence[float],
        size: tuple[int, int],
    ) -> Array:
        """How much of all that is in the picture (1) each place sees; larger and surer counts more."""
        side, places = size[self.axis], self._places()
        total, seen = 0.0, np.zeros(_PLACES)
        for box, score in zip(boxes, scores, strict=True):
            weight = score * (box[2] * box[3]) ** 0.5
            low, high = box[self.axis] / side, (box[self.axis] + box[self.axis + 2]) / side
            left, right = places - self.share / 2, places + self.share / 2
            covered = np.clip(np.minimum(right, high) - np.maximum(left, low), 0, None)
            # In the middle is better than at the edge: a quarter of the weight.
            off = np.abs(places - (low + high) / 2)
            centred = np.clip(1 - off / max(self.share / 2, 1e-9), 0, None)
            part = covered / max(min(high - low, self.share), 1e-9)
            seen += weight * (0.75 * part + 0.25 * centred)
            total += weight
        found: Array = seen / total if total > 0 else seen
        return found


def _best(weights: Array, places: Array) -> Array:
    """Numbers of the places of the best way."""
    cost = _MOVE * np.abs(places[:, None] - places[None])
    score, came = weights[0], np.zeros(weights.shape, np.int64)
    for step in range(1, len(weights)):
        moved = score[:, None] - cost
        came[step] = moved.argmax(axis=0)
        score = moved[came[step], np.arange(len(places))] + weights[step]
    way = np.empty(len(weights), np.int64)
    way[-1] = score.argmax()
    for step in range(len(weights) - 1, 0, -1):
        way[step - 1] = came[step, way[step]]
    return way


def _eased(middles: Array) -> Array:
    """By a Gaussian over time; at the ends the way goes on as it came. Rounded, so that platforms agree."""
    reach = ceil(3 * _SIGMA)
    kernel = [exp(-0.5 * (k / _SIGMA) ** 2) for k in range(-reach, reach + 1)]
    padded = np.pad(middles, reach, mode="reflect", reflect_type="odd")
    smooth = np.convolve(padded, np.array(kernel) / sum(kernel), mode="valid")
    return np.round(smooth, 6)
