"""Where the encoder may start anew: clip edges first, then a grid in each clip's own time.

Cuts come from the content alone, never from workers, memory or cache. A stretch between
clip edges that is long enough is cut on a grid counted from its clip's start, so inserting a
clip in front moves no cut behind it. Runs of short clips are cut at an edge that the
content itself chooses (as in content-defined chunking), so they fall into step again soon.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["CutRule", "Stretch", "cut_points"]


@dataclass(frozen=True, slots=True)
class CutRule:
    """Lengths in seconds: no segment below ``shortest`` (but the last), none much above ``longest``."""

    shortest: Fraction = Fraction(2)
    grid: Fraction = Fraction(5)
    longest: Fraction = Fraction(8)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames between two clip edges.

    Attributes:
        origin: frame at which its lowest clip starts (may lie before ``start``).
        identity: text that says what is shown, without any timeline position.
        whole: no cut inside (a sequential effect is at work).
    """

    start: int
    end: int
    origin: int
    identity: str
    whole: bool = False


def cut_points(stretches: Sequence[Stretch], fps: Fraction, rule: CutRule | None = None) -> list[int]:
    """First frames of all segments, ascending."""
    rule = rule or CutRule()
    shortest, grid, longest = (max(1, math.floor(s * fps)) for s in (rule.shortest, rule.grid, rule.longest))
    cuts = [stretches[0].start] if stretches else []
    for number, stretch in enumerate(stretches):
        before = stretches[number - 1] if number else None
        if before and _cut_at_edge(
            before, stretch, stretch.start - cuts[-1], stretches[-1].end, shortest, longest
        ):
            cuts.append(stretch.start)
        if not stretch.whole:
            cuts += _grid_cuts(stretch, cuts[-1], grid, shortest)
    return cuts


def _cut_at_edge(before: Stretch, after: Stretch, since: int, end: int, shortest: int, longest: int) -> bool:
    if since < shortest or end - after.start < shortest:
        return False
    if before.end - before.start >= shortest or since >= longest:
        return True
    if after.end - after.start >= shortest:
        return True
    return bool(zlib.crc32(after.identity.encode()) & 1)


def _grid_cuts(stretch: Stretch, last: int, grid: int, shortest: int) -> list[int]:
    step = -(-(stretch.start + 1 - stretch.origin) // grid)
    found: list[int] = []
    while (frame := stretch.origin + step * grid) <= stretch.end - shortest:
        if frame - (found[-1] if found else last) >= shortest:
            found.append(frame)
        step += 1
    return found
