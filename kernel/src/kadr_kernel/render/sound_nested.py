"""The sound of a sequence within a clip.

Where it is heard as it stands, its clips go into the mix by themselves, shifted and weighed.
Where it is worked on as a whole (at another speed, through effects, with ducking within), it is
a mix of its own, which the clip plays as it would play a file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from kadr_sdk.curves import Curve
from kadr_sdk.plan import AudioClip, AudioPlan, Ramp
from kadr_sdk.times import sample_at

from kadr_kernel.render.sound_buses import Desk, Window
from kadr_kernel.render.sound_curves import added
from kadr_kernel.render.views import ClipView, TrackView

__all__ = ["Part", "is_plain", "nested_sound", "part_of"]

Mixed = Callable[[Desk, Window], list[AudioClip]]
Shape = Callable[[int, int], tuple[tuple[tuple[Ramp, ...], ...], tuple[Ramp, ...]]]
_MARGIN = 1  # seconds before the first one played that stretching may look at


@dataclass(frozen=True, slots=True)
class Part:
    """The sound of a sequence from a moment of it on; ``begin`` in seconds."""

    mix: AudioPlan
    begin: Fraction


def is_plain(desk: Desk, track: TrackView, view: ClipView, offset: int, count: int) -> bool:
    """True where the clips of a clip's sequence say all that is heard of it.

    Args:
        offset: clip time of the first sample; count: of the whole clip.
    """
    if view.clip.speed != 1.0 or view.clip.reversed:
        return False
    if desk.effects.of_clip(track, view, offset, count, desk.problems):
        return False
    inner = _inner(desk, view)
    return inner.plain and inner.pan_law == desk.pan_law


def nested_sound(
    desk: Desk,
    track: TrackView,
    view: ClipView,
    window: Window,
    edges: tuple[int, int],
    mixed: Mixed,
    shape: Shape,
) -> list[AudioClip]:
    """What the clips of a sequence that is heard as it stands add to the mix.

    Args:
        edges: first sample of the clip and the one after the last.
        mixed: the clips of a desk over a window.
        shape: gains and pan of the outer clip over samples of the mix.
    """
    start, end = max(edges[0], window.begin), min(edges[1], window.end)
    if end <= start or view.clip.freeze is not None:
        return []
    inner_time = Fraction(start, window.rate) - view.clip.start_time + view.clip.source_start
    begin = sample_at(inner_time, window.rate)
    clips = mixed(_inner(desk, view), Window(window.rate, begin, begin + end - start, 0, 0))
    return [_shifted(clip, start - window.begin, window.begin, desk.bus_of(track), shape) for clip in clips]


def part_of(
    desk: Desk, view: ClipView, handles: Fraction, mixed: Callable[[Desk, Window], AudioPlan]
) -> Part | None:
    """The sound of a clip's sequence as a mix of its own; None where nothing of it is heard.

    Args:
        handles: seconds of the timeline that the clip is heard for beyond its own edges.
        mixed: the mix of a desk over a window.
    """
    assert view.nested is not None
    speed = max(view.speeds) if isinstance(view.clip.speed, Curve) else view.speed
    earliest = view.begin - handles * speed - _MARGIN
    first = min(max(0, math.floor(earliest * view.nested.fps)), view.nested.frames - 1)
    inner = _inner(desk, view)
    mix = mixed(inner, inner.window(first, view.nested.frames))
    begin = Fraction(sample_at(first / view.nested.fps, mix.rate), mix.rate)
    return Part(mix, begin) if mix.clips else None


def _inner(desk: Desk, view: ClipView) -> Desk:
    """The desk of a clip's sequence."""
    assert view.nested is not None
    effects = desk.effects.at(view.nested.fps)
    return Desk(view.nested, effects, desk.problems, f"sequences.{view.clip.sequence}")


def _shifted(clip: AudioClip, by: int, origin: int, bus: int | None, shape: Shape) -> AudioClip:
    start = clip.start + by
    gains, pan = shape(origin + start, origin + start + clip.count)
    both = added(clip.pan, pan, clip.count) if clip.pan and pan else clip.pan or pan
    return replace(clip, start=start, gains=clip.gains + gains, pan=both, bus=bus)
