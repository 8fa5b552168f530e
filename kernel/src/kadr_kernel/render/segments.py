"""Where the encoder may start anew: clip edges first, then a grid in each clip's own time.

Cuts come from the content alone, never from workers, memory or cache. A stretch between
clip edges that is long enough is cut on a grid counted from its clip's start, so inserting a
clip in front moves no cut behind it. Runs of short clips are cut at an edge that the
content itself chooses (as in content-defined chunking), so they fall into step again soon.

A hard edge (the picture changes whole) costs a key frame in any case, so a segment may begin
there early; at a soft one (a transition ends, an inset comes) it would be one more. None begins
where a transition does: its outgoing clip would have to be decoded from a key frame that may lie
far back, while the incoming one, cut into where the transition ends, has only just begun.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["CutRule", "Stretch", "cut_points"]


@dataclass(frozen=True, slots=True)
class CutRule:
    """Lengths in seconds.

    Attributes:
        shortest: no segment is shorter, but the last of a film.
        soft: no segment that ends at a soft edge is shorter.
        grid: distance of the cuts within a clip.
        tail: least distance of such a cut from the end of the stretch.
        longest: from here on a run of short clips is cut at the next edge.
    """

    shortest: Fraction = Fraction(2)
    soft: Fraction = Fraction(5)
    grid: Fraction = Fraction(8)
    tail: Fraction = Fraction(3)
    longest: Fraction = Fraction(8)

    def frames(self, fps: Fraction) -> _Frames:
        """The same in whole frames, at least one."""
        lengths = (self.shortest, self.soft, self.grid, self.tail, self.longest)
        return _Frames(*(max(1, math.floor(length * fps)) for length in lengths))


@dataclass(frozen=True, slots=True)
class _Frames:
    shortest: int
    soft: int
    grid: int
    tail: int
    longest: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames between two clip edges.

    Attributes:
        origin: frame at which its lowest clip starts (may lie before ``start``).
        identity: number that says what is shown, without any timeline position.
        whole: no cut inside (a sequential effect is at work).
        hard: the whole picture changes where it begins.
        joined: a transition begins with it.
    """

    start: int
    end: int
    origin: int
    identity: int
    whole: bool = False
    hard: bool = True
    joined: bool = False


def cut_points(stretches: Sequence[Stretch], fps: Fraction, rule: CutRule | None = None) -> list[int]:
    """First frames of all segments, ascending."""
    lengths = (rule or CutRule()).frames(fps)
    cuts = [stretches[0].start] if stretches else []
    for number, stretch in enumerate(stretches):
        since = stretch.start - cuts[-1]
        left = stretches[-1].end - stretch.start
        if number and _cut_at_edge(stretches[number - 1], stretch, since, left, lengths):
            cuts.append(stretch.start)
        if not stretch.whole:
            cuts += _grid_cuts(stretch, cuts[-1], lengths)
    return cuts


def _cut_at_edge(before: Stretch, after: Stretch, since: int, left: int, lengths: _Frames) -> bool:
    least = lengths.shortest if after.hard else lengths.soft
    if after.joined or since < least or left < lengths.shortest:
        return False
    if since >= lengths.longest or before.end - before.start >= least:
        return True
    if after.end - after.start >= least:
        return True
    return bool(after.identity & 1)


def _grid_cuts(stretch: Stretch, last: int, lengths: _Frames) -> list[int]:
    step = -(-(stretch.start + 1 - stretch.origin) // lengths.grid)
    found: list[int] = []
    while (frame := stretch.origin + step * lengths.grid) <= stretch.end - lengths.tail:
        if frame - (found[-1] if found else last) >= lengths.shortest:
            found.append(frame)
        step += 1
    return found
