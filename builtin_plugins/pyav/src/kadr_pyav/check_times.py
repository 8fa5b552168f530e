"""Times of a track's frames: against the rate that a file must have, or as its own clock has them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from kadr_pyav.check_packets import Track

__all__ = ["Found", "begin_apart", "deviations", "oddities"]

_APART = Fraction(1, 10)  # seconds between the beginnings of sound and picture
_DELIVERED = Fraction(1, 30)  # where they are ours: less than is seen, more than a packet of most codecs
_MILLISECOND = Fraction(1, 1000)


class Found(NamedTuple):
    """What is not as it should be, or not as it mostly is; ``at`` in seconds."""

    message: str
    kind: str
    at: float | None = None


def deviations(track: Track, rate: Fraction, *, late: bool, from_zero: bool = False) -> Iterator[Found]:
    """Where frames do not stand ``1/rate`` apart from 0 on.

    Args:
        late: they may begin later.
        from_zero: the header's length counts from 0, whatever comes first.
    """
    times, step = track.times, 1 / (rate * track.time_base)
    yield from _steps(track, times, step)
    slack = max(Fraction(2), step / 2)
    if abs(times[-1] - times[0] - step * (len(times) - 1)) > slack:
        yield Found(f"the frames do not follow each other at {rate} frames per second", "rate")
    if not late and abs(times[0]) > slack:
        yield Found(f"the first frame is at {_seconds(track, times[0])} instead of 0", "late", 0.0)
    length, wanted = track.length, len(times) / rate
    if length is not None and from_zero:
        length -= times[0] * track.time_base
    if length is not None and abs(length - wanted) > 1 / rate + 2 * track.time_base:
        yield Found(f"the video lasts {float(length):.3f} s instead of {float(wanted):.3f} s", "duration")


def _steps(track: Track, times: Sequence[int], step: Fraction) -> Iterator[Found]:
    """The first gap or overlap."""
    longest, shortest = math.floor(step * 3 / 2), math.ceil(step / 2)  # whole ticks: there may be millions
    for number, (before, after) in enumerate(pairwise(times), 1):
        if shortest <= after - before <= longest:
            continue
        places = f"{_seconds(track, before)}, then {_seconds(track, after)}"
        at = float(before * track.time_base)
        if after - before > longest:
            yield Found(f"frames are missing before frame {number}: {places}", "gap", at)
        else:
            yield Found(f"frame {number} stands on the one before: {places}", "overlap", at)
        return


def oddities(track: Track, *, late: bool) -> Iterator[Found]:
    """What cameras and screen recorders write as well, so that nobody can call it wrong.

    A variable rate, a beginning behind 0, a length in the header that is not that of the frames.
    """
    times = track.times
    steps = [after - before for before, after in pairwise(times)]
    slack = max(2 * track.time_base, _MILLISECOND)
    if steps and (max(steps) - min(steps)) * track.time_base > slack:
        shown = f"{_seconds(track, min(steps))} to {_seconds(track, max(steps))}"
        yield Found(f"the frames are of different lengths, {shown}", "rate")
    long = max(steps, default=0) * track.time_base
    if not late and times[0] * track.time_base > max(slack, long / 2):
        yield Found(f"the first frame is at {_seconds(track, times[0])}", "late", 0.0)
    whole = (times[-1] - times[0]) * track.time_base + long
    if track.length is not None and steps and abs(track.length - whole) > long + slack:
        text = f"the header says {float(track.length):.3f} s, the frames {float(whole):.3f} s"
        yield Found(text, "duration")


def begin_apart(video: Track, audio: Track, *, delivered: bool) -> Iterator[Found]:
    """Sound and picture that do not begin together.

    Args:
        delivered: both are ours. Where a container has no place for the codec's delay, that is a packet.
    """
    apart = abs(min(video.pts) * video.time_base - min(audio.pts) * audio.time_base)
    packet = Fraction(audio.frame_samples, audio.sample_rate or 48000)
    if apart > (min(_APART, max(_DELIVERED, packet)) if delivered else _APART):
        yield Found(f"sound and picture begin {float(apart):.3f} s apart", "sync", 0.0)


def _seconds(track: Track, ticks: int) -> str:
    return f"{float(ticks * track.time_base):.3f} s"
