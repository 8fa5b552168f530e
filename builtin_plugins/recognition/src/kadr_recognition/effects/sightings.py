"""Where things are at any moment, from what was seen at some: tracks, gaps, and how long a sighting holds."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

from kadr_sdk.times import parse_time

from kadr_recognition.document import Results, Row

__all__ = ["Box", "Sightings", "Spot"]

Box = tuple[float, float, float, float]
_NEAR = Fraction(1, 2000)
"""Less than half a frame of any film: a clip's times may lie a tick before those of its frames."""
_RECENT = Fraction(1, 2)
"""Seconds of a track that say where it is going."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A thing at a moment.

    Attributes:
        box: x, y, width, height in parts of the upright picture.
        seen: it was seen in this very frame; else it is expected there.
    """

    name: str
    score: float
    track: int | None
    box: Box
    seen: bool


@dataclass(slots=True)
class _Path:
    """Sightings of one thing in order of time; ``looks`` are numbers of the frames looked at."""

    name: str
    track: int | None
    looks: list[int]
    boxes: list[Box]
    scores: list[float]


class Sightings:
    """The detections of a document, asked by time. Safe to use from several threads."""

    def __init__(self, found: Results) -> None:
        self.found = found
        self.times = [time for _, time in found.frames]
        self._every = found.settings.get("every") == "1"
        self._end = max([parse_time(found.media.get("end", 0)), *self.times])
        self._paths = list(_paths(found))
        self._seconds: defaultdict[int, list[int]] = defaultdict(list)
        for number, path in enumerate(self._paths):
            first, last = (self._reach(path.looks[at], step) for at, step in ((0, -1), (-1, 1)))
            for second in range(floor(first), floor(last) + 1):
                self._seconds[second].append(number)

    def _reach(self, look: int, step: int) -> Fraction:
        """Time of the neighbour of a look: up to there a sighting holds, for nobody looked between."""
        beside = look + step
        if 0 <= beside < len(self.times):
            return self.times[beside]
        return self._end + 1 if step > 0 else Fraction(-1)

    def gap(self, first: Fraction, last: Fraction) -> tuple[Fraction, Fraction]:
        """The longest stretch that nobody looked at between two times: its start and its length."""
        if not self.times:
            return first, max(last - first, Fraction(1))
        if self._every or self._end == 0:  # every frame was looked at; a still has but one
            return first, Fraction(0)
        start = self.times[0] if self.found.frames[0][0] == 0 else Fraction(0)
        marks = [start, *self.times, self._end]
        gaps = ((b - a, a) for a, b in pairwise(marks) if a <= last and b > first)
        length, start = max(gaps, key=lambda row: row[0], default=(Fraction(0), first))
        return start, length

    def at(
        self, time: Fraction, hold: Fraction, names: Collection[str] = (), threshold: float = 0.0
    ) -> list[Spot]:
        """Everything that is, or may be, in the picture at a time.

        A thing stands where it was seen; between two sightings on the straight line between
        them; before the first and after the last one, for ``hold`` seconds, but at least up to
        the next look, anywhere between where it was seen and where it would have gone.

        Args:
            names: only these classes; all where none is given.
            threshold: least score of the best sighting of a thing.
        """
        if not self.times:
            return []
        spots, now = [], self._on_screen(min(max(time, self.times[0]), self._end))
        for number in self._near(now, hold):
            path = self._paths[number]
            if (names and path.name not in names) or max(path.scores) < threshold:
                continue
            if (spot := self._spot(path, now, hold)) is not None:
                spots.append(spot)
        return spots

    def _on_screen(self, time: Fraction) -> Fraction:
        """When the frame begins that is on screen at a time; between two looks as if all lasted alike."""
        look = max(bisect_right(self.times, time + _NEAR) - 1, 0)
        start, pair = self.times[look], min(look, len(self.times) - 2)
        if self._every or pair < 0:
            return start
        (first, a), (second, b) = self.found.frames[pair : pair + 2]
        frame = (b - a) / max(second - first, 1)
        return start + floor((time - start + _NEAR) / frame) * frame if frame > 0 else start

    def _near(self, now: Fraction, hold: Fraction) -> list[int]:
        seconds = range(floor(now - hold), floor(now + hold) + 1)
        return sorted({number for second in seconds for number in self._seconds.get(second, ())})

    def _spot(self, path: _Path, now: Fraction, hold: Fraction) -> Spot | None:
        first, last = path.looks[0], path.looks[-1]
        held = self.times[first] - hold <= now <= self.times[last] + hold
        if not held and not self._reach(first, -1) < now < self._reach(last, 1):
            return None
        after = bisect_right(path.looks, now, key=lambda k: self.times[k])
        before = max(after - 1, 0)
        start = self.times[path.looks[before]]
        if start == now:
            box = path.boxes[before]
        elif after in (0, len(path.looks)):
            box = self._beyond(path, -1 if after else 0, now)
        else:
            part = float((now - start) / (self.times[path.looks[after]] - start))
            box = _mixed(path.boxes[before], path.boxes[after], part)
        return Spot(path.name, path.scores[before], path.track, box, seen=start == now)

    def _beyond(self, path: _Path, end: int, now: Fraction) -> Box:
        """Before its first or after its last sighting: where it was seen, and on its way as it went."""
        there, here = path.looks[end], self.times[path.looks[end]]
        inner = [n for n, k in enumerate(path.looks) if k != there and abs(self.times[k] - here) <= _RECENT]
        if not inner:
            return path.boxes[end]
        other = inner[0] if end else inner[-1]
        back = self.times[path.looks[other]]
        return _hull(
            path.boxes[end], _mixed(path.boxes[other], path.boxes[end], float((now - back) / (here - back)))
        )


def _mixed(a: Box, b: Box, part: float) -> Box:
    """On the straight line from one place (0) to another (1), and beyond; no smaller than nothing."""
    x, y, width, height = (one + (two - one) * part for one, two in zip(a, b, strict=True))
    return x, y, max(width, 0.0), max(height, 0.0)


def _hull(a: Box, b: Box) -> Box:
    left, top = min(a[0], b[0]), min(a[1], b[1])
    right, bottom = max(a[0] + a[2], b[0] + b[2]), max(a[1] + a[3], b[1] + b[3])
    return left, top, right - left, bottom - top


def _paths(found: Results) -> Iterator[_Path]:
    """Tracks, and each sighting that belongs to none by itself."""
    looks = {frame: number for number, (frame, _) in enumerate(found.frames)}
    tracks: dict[tuple[str, int], _Path] = {}
    for row in found.rows:
        what, look, box = row.what, looks[row.frame], _parts(row, found.size)
        if what.track is None:
            yield _Path(what.name, None, [look], [box], [what.score])
            continue
        path = tracks.setdefault((what.name, what.track), _Path(what.name, what.track, [], [], []))
        path.looks.append(look)
        path.boxes.append(box)
        path.scores.append(what.score)
    yield from tracks.values()


def _parts(row: Row, size: tuple[int, int]) -> Box:
    x, y, width, height = row.what.box
    return x / size[0], y / size[1], width / size[0], height / size[1]
