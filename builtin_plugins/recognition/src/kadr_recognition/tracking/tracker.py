"""The tracker: sure detections first, then the doubtful, then those where something was seen last.

After ByteTrack (Zhang et al., arXiv:2110.06864: doubtful detections may continue a track and
never begin one) and OC-SORT (Cao et al., arXiv:2203.14360: the sightings count, not the
guesses between them). Written for finished recordings: a track is known by its whole length,
so a thing that is seen for too short a time gets no id at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from statistics import median

import numpy as np

from kadr_recognition.boxes import Array
from kadr_recognition.document import Results, Row
from kadr_recognition.tracking.matching import assign, expected, remembered
from kadr_recognition.tracking.track import Track, place_of

__all__ = ["Following", "follow"]


@dataclass(frozen=True, slots=True)
class Following:
    """How things are followed.

    Attributes:
        sure: score from which a detection may begin a track.
        overlap: least likeness of a track and a detection.
        patience: seconds that a thing may be hidden.
        shortest: sightings of a track that counts.
    """

    sure: float = 0.5
    overlap: float = 0.2
    patience: float = 2.0
    shortest: int = 3


def follow(found: Results, how: Following | None = None) -> Results:
    """The results with an id for each thing that was followed, counted from 1 in order of appearance.

    Raises:
        DependencyMissingError: scipy is not installed.
    """
    tracker = _Tracker(how or Following(), _step(found.frames))
    at = 0
    for frame, time in found.frames:
        end = at
        while end < len(found.rows) and found.rows[end].frame == frame:
            end += 1
        tracker.look(found.rows, range(at, end), time)
        at = end
    least = min(tracker.how.shortest, len(found.frames))
    tracks = sorted((t for t in tracker.every if len(t.rows) >= least), key=lambda t: t.rows[0])
    ids = {row: number for number, track in enumerate(tracks, 1) for row in track.rows}
    rows = (replace(r, what=replace(r.what, track=ids.get(n))) for n, r in enumerate(found.rows))
    return replace(found, rows=tuple(rows))


def _step(frames: Sequence[tuple[int, Fraction]]) -> Fraction:
    """The usual time between two looks."""
    gaps = [b[1] - a[1] for a, b in pairwise(frames) if b[1] > a[1]]
    return median(gaps) if gaps else Fraction(1)


class _Tracker:
    """Tracks that live, and every one there was."""

    def __init__(self, how: Following, step: Fraction) -> None:
        self.how = how
        self.every: list[Track] = []
        self._live: list[Track] = []
        self._step = step
        self._patience = max(how.patience / float(step), 1.0)
        self._now: float | None = None

    def look(self, rows: Sequence[Row], numbers: Sequence[int], time: Fraction) -> None:
        """Take in one frame."""
        now = float(time / self._step)
        if self._now is not None:
            for track in self._live:
                track.go(now - self._now)
        self._now = now
        self._live = [t for t in self._live if t.lost <= self._patience]
        for name in sorted({rows[n].what.name for n in numbers}):
            own = [n for n in numbers if rows[n].what.name == name]
            self._look_at(name, rows, own, now)

    def _look_at(self, name: str, rows: Sequence[Row], own: list[int], now: float) -> None:
        """One class of one frame."""
        sure = [n for n in own if rows[n].what.score >= self.how.sure]
        doubtful = [n for n in own if rows[n].what.score < self.how.sure]
        free = [t for t in self._live if t.name == name]
        sure = self._pair(free, rows, sure, now, where="expected")
        # A doubtful one continues what was just seen; something long hidden deserves better.
        recent = [t for t in free if 0 < t.lost <= 1.5]
        self._pair(recent, rows, doubtful, now, where="expected")
        free = [t for t in free if t.lost > 0]
        for number in self._pair(free, rows, sure, now, where="remembered"):
            track = Track.begin(name, number, now, place_of(rows[number].what.box))
            self.every.append(track)
            self._live.append(track)

    def _pair(
        self, tracks: list[Track], rows: Sequence[Row], numbers: list[int], now: float, *, where: str
    ) -> list[int]:
        """Continue tracks; the rows that none took. Tracks that took one are not lost any more."""
        free = [t for t in tracks if t.lost > 0]
        if not free or not numbers:
            return numbers
        places = np.array([place_of(rows[n].what.box) for n in numbers])
        boxes: Array = np.concatenate(
            [places[:, :2] - places[:, 2:] / 2, places[:, :2] + places[:, 2:] / 2], axis=1
        )
        likeness = expected(free, boxes, places) if where == "expected" else remembered(free, boxes)
        taken = set()
        for track, column in assign(likeness, self.how.overlap):
            free[track].see(numbers[column], now, places[column])
            taken.add(column)
        return [n for column, n in enumerate(numbers) if column not in taken]
