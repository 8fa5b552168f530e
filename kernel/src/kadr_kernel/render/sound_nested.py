"""The sound of a sequence within a clip: its clips go into the mix by themselves, shifted and weighed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from kadr_sdk.errors import Problem
from kadr_sdk.plan import AudioClip, Ramp
from kadr_sdk.times import sample_at

from kadr_kernel.render.sound_buses import Desk, Window
from kadr_kernel.render.sound_curves import added
from kadr_kernel.render.views import ClipView, TrackView

__all__ = ["nested_sound"]

Mixed = Callable[[Desk, Window], list[AudioClip]]
Shape = Callable[[int, int], tuple[tuple[tuple[Ramp, ...], ...], tuple[Ramp, ...]]]
_HINT = "mute the clip, or render the sequence to a file first and use that"


def nested_sound(
    desk: Desk,
    track: TrackView,
    view: ClipView,
    window: Window,
    edges: tuple[int, int],
    mixed: Mixed,
    shape: Shape,
) -> list[AudioClip]:
    """What the clips of a sequence add to the mix; a problem where it cannot be said so.

    Args:
        edges: first sample of the clip and the one after the last.
        mixed: the clips of a desk over a window.
        shape: gains and pan of the outer clip over samples of the mix.
    """
    assert view.nested is not None
    start, end = max(edges[0], window.begin), min(edges[1], window.end)
    if end <= start or view.clip.freeze is not None:
        return []
    inner = Desk(view.nested, desk.effects.at(view.nested.fps), desk.problems)
    begin = sample_at(
        Fraction(start, window.rate) - view.clip.start_time + view.clip.source_start, window.rate
    )
    part = Window(window.rate, begin, begin + end - start, 0, 0)
    clips = mixed(inner, part)
    problem = _refusal(desk, track, view, inner, part, edges) if clips else None
    if problem is not None:
        desk.problems.append(problem)
        return []
    return [_shifted(clip, start - window.begin, window.begin, desk.bus_of(track), shape) for clip in clips]


def _shifted(clip: AudioClip, by: int, origin: int, bus: int | None, shape: Shape) -> AudioClip:
    start = clip.start + by
    gains, pan = shape(origin + start, origin + start + clip.count)
    both = added(clip.pan, pan, clip.count) if clip.pan and pan else clip.pan or pan
    return replace(clip, start=start, gains=clip.gains + gains, pan=both, bus=bus)


def _refusal(
    desk: Desk, track: TrackView, view: ClipView, inner: Desk, part: Window, edges: tuple[int, int]
) -> Problem | None:
    """What a sum of shifted clips cannot say."""
    assert view.nested is not None
    if view.clip.speed != 1.0 or view.clip.reversed:
        return Problem(f"{view.path}.speed", "the sound of a sequence plays at its own speed only", _HINT)
    if desk.effects.of_clip(track, view, 0, edges[1] - edges[0], desk.problems):
        return Problem(f"{view.path}.effects", "effects on sound cannot stand on a sequence", _HINT)
    if inner.master or inner.buses(part):
        name = f"sequences.{view.clip.sequence}"
        text = "a sequence cannot have effects on the sound of its tracks, or ducking"
        return Problem(name, text, "put them on its clips, or on the timeline")
    if inner.pan_law != desk.pan_law:
        text = f"has another pan_law ({inner.pan_law:g}) than the timeline ({desk.pan_law:g})"
        return Problem(f"sequences.{view.clip.sequence}.pan_law", text, "give both the same")
    return None
