"""When something is seen: stretches of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from kadr_sdk.times import parse_time

from kadr_recognition.document import Results

__all__ = ["Manner", "present", "seen_until"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How sightings become stretches; seconds.

    Attributes:
        join: a shorter absence between two sightings is none.
        pad: added before and after.
        shortest: a shorter stretch, before padding, is left out.
    """

    join: Fraction = Fraction(1)
    pad: Fraction = Fraction(1, 4)
    shortest: Fraction = Fraction(1, 4)


def seen_until(found: Results) -> Fraction:
    """When the last frame leaves the screen."""
    end = parse_time(found.media.get("end", 0))
    return max([end, *(time for _, time in found.frames[-1:])])


def present(
    found: Results, names: Iterable[str] = (), how: Manner | None = None
) -> list[tuple[Fraction, Fraction]]:
    """Stretches in which at least one thing of some classes (all: none given) is seen, in order.

    A look counts up to the next one.
    """
    how, wanted, end = how or Manner(), frozenset(names), seen_until(found)
    stops = [*(time for _, time in found.frames[1:]), end]
    raw: list[tuple[Fraction, Fraction]] = []
    for (_, start, things), stop in zip(found.by_frame(), stops, strict=False):
        if any(not wanted or t.name in wanted for t in things):
            if raw and start - raw[-1][1] <= how.join:
                raw[-1] = raw[-1][0], stop
            else:
                raw.append((start, stop))
    padded: list[tuple[Fraction, Fraction]] = []
    for start, stop in raw:
        if stop - start < how.shortest:
            continue
        start, stop = max(start - how.pad, Fraction(0)), min(stop + how.pad, end)
        if padded and start <= padded[-1][1]:
            start, _ = padded.pop()
        padded.append((start, stop))
    return padded
