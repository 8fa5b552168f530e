"""The mix: which sound plays when, with all gains as envelopes in samples."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from kadr_sdk.curves import Curve, sample, value_at
from kadr_sdk.errors import Problem
from kadr_sdk.output import AudioEncoding
from kadr_sdk.plan import AudioClip, AudioPlan, Ramp
from kadr_sdk.times import sample_at

from kadr_kernel.render.sound_effects import SoundEffects
from kadr_kernel.render.views import ClipView, Joint, TimelineView, TrackView

__all__ = ["CHANNELS", "audio_plan"]

CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8}


def audio_plan(
    view: TimelineView,
    encoding: AudioEncoding,
    first: int,
    end: int,
    problems: list[Problem],
    effects: SoundEffects,
    damage: str = "error",
) -> AudioPlan | None:
    """The mix of output frames ``first .. end - 1``; None where nothing sounds.

    Muted tracks are silent; where a track is solo, the others are.
    """
    rate = encoding.rate
    origin, stop = sample_at(first / view.fps, rate), sample_at(end / view.fps, rate)
    solo = any(t.track.solo for t in view.tracks)
    clips: list[AudioClip] = []
    sounding = False
    for track in view.tracks:
        effects.refuse_on_track(track, problems)
        for clip in track.clips:
            if clip.audio is None:
                continue
            sounding = True
            if clip.clip.muted or track.track.muted or (solo and not track.track.solo):
                continue
            found = _clip(track, clip, rate, origin, stop, damage, problems)
            if found is not None:
                clips.append(_filtered(found, track, clip, effects, origin, problems))
    if not sounding:
        return None
    return AudioPlan(rate, encoding.layout, CHANNELS.get(encoding.layout, 2), stop - origin, tuple(clips))


def _filtered(
    planned: AudioClip,
    track: TrackView,
    view: ClipView,
    effects: SoundEffects,
    origin: int,
    problems: list[Problem],
) -> AudioClip:
    """With its effects, and what they need to hear of the clip before the range."""
    filters = effects.filters(track, view, problems)
    if not filters:
        return planned
    begin = _edges(track, view, effects.rate)[0]
    source_start = _source_time(view, begin, effects.rate, planned.speed)
    return replace(planned, filters=filters, lead=planned.start + origin - begin, source_start=source_start)


def _clip(
    track: TrackView,
    view: ClipView,
    rate: int,
    origin: int,
    stop: int,
    damage: str,
    problems: list[Problem],
) -> AudioClip | None:
    clip = view.clip
    if clip.freeze is not None:
        return None  # a held picture makes no sound
    if isinstance(clip.speed, Curve):
        hint = "mute the clip, or use a constant speed"
        problems.append(Problem(f"{view.path}.speed", "sound at an animated speed is not rendered", hint))
        return None
    edges = _edges(track, view, rate)
    start, end = max(edges[0], origin), min(edges[1], stop)
    if end <= start:
        return None
    speed = view.speed
    assert view.audio is not None
    assert view.file is not None
    return AudioClip(
        path=str(view.file),
        stream=view.audio.index,
        start=start - origin,
        count=end - start,
        source_start=_source_time(view, start, rate, speed),
        speed=speed,
        keep_pitch=clip.keep_pitch,
        reversed=clip.reversed,
        gains=_gains(track, view, rate, start, end, edges),
        pan=_pan(track, view, rate, start, end),
        damage=damage,
        track=track.track.id,
        clip=clip.id,
    )


def _edges(track: TrackView, view: ClipView, rate: int) -> tuple[int, int]:
    """First sample and the one after the last, handles included.

    Sound of a video track follows the rounded picture edge, that of an audio track its own
    nearest sample.
    """
    if track.track.type == "audio" and not (view.joint_in or view.joint_out):
        clip = view.clip
        return sample_at(clip.start_time, rate), sample_at(clip.start_time + view.duration, rate)
    start, end = view.start, view.end
    if view.joint_in and view.joint_in.use.audio == "crossfade":
        start = view.joint_in.start
    elif view.joint_in:
        start = _cut(view.joint_in)
    if view.joint_out and view.joint_out.use.audio == "crossfade":
        end = view.joint_out.end
    elif view.joint_out:
        end = _cut(view.joint_out)
    return sample_at(start / view.fps, rate), sample_at(end / view.fps, rate)


def _cut(joint: Joint) -> int:
    """Frame at which the sound cuts over where it does not crossfade: the middle of an overlap."""
    return (joint.into.start + joint.out.end) // 2


def _source_time(view: ClipView, start: int, rate: int, speed: Fraction) -> Fraction:
    """Absolute source time of the first sample; of a reversed clip that of its last one played."""
    clip = view.clip
    base = view.origin + clip.source_start
    if not clip.reversed:
        return base + (Fraction(start, rate) - clip.start_time) * speed
    end = clip.start_time + view.duration
    return base + (end - Fraction(start, rate)) * speed


def _gains(
    track: TrackView, view: ClipView, rate: int, start: int, end: int, edges: tuple[int, int]
) -> tuple[tuple[Ramp, ...], ...]:
    clip = view.clip
    clip_at = sample_at(clip.start_time, rate)
    found = [
        _animated(clip.volume, view.fps, rate, start - clip_at, start, end),
        _animated(track.track.volume, view.fps, rate, start, start, end),
    ]
    fade_in, fade_out = sample_at(clip.fade_in, rate), sample_at(clip.fade_out, rate)
    if fade_in:
        found.append((Ramp(edges[0] - start, edges[0] - start + fade_in, 0.0, 1.0),))
    if fade_out:
        found.append((Ramp(edges[1] - start - fade_out, edges[1] - start, 1.0, 0.0),))
    for joint, a, b in ((view.joint_in, 0.0, 1.0), (view.joint_out, 1.0, 0.0)):
        if joint and joint.use.audio == "crossfade":
            from_, to = (sample_at(f / view.fps, rate) - start for f in (joint.start, joint.end))
            found.append((Ramp(from_, to, a, b, "sine"),))
    return tuple(g for g in found if g != (Ramp(0, end - start, 1.0, 1.0),))


def _pan(track: TrackView, view: ClipView, rate: int, start: int, end: int) -> tuple[Ramp, ...]:
    clip_at = sample_at(view.clip.start_time, rate)
    pan = _animated(view.clip.pan, view.fps, rate, start - clip_at, start, end)
    shift = track.track.pan
    if not isinstance(shift, Curve) and shift == 0.0:
        return () if pan == (Ramp(0, end - start, 0.0, 0.0),) else pan
    other = _animated(shift, view.fps, rate, start, start, end)
    return _sum(pan, other, end - start)


def _sum(a: tuple[Ramp, ...], b: tuple[Ramp, ...], count: int) -> tuple[Ramp, ...]:
    """Two balances added and clipped to -1..1, on all edges of both."""
    points = sorted({0, count} | {p for r in a + b for p in (r.start, r.stop) if 0 < p < count})
    values = [max(-1.0, min(1.0, _at(a, p) + _at(b, p))) for p in points]
    return tuple(Ramp(p, q, v, w) for p, q, v, w in zip(points, points[1:], values, values[1:], strict=False))


def _at(ramps: tuple[Ramp, ...], sample_number: int) -> float:
    for ramp in ramps:
        if sample_number <= ramp.stop:
            span = ramp.stop - ramp.start
            done = (sample_number - ramp.start) / span if span else 1.0
            return ramp.a + (ramp.b - ramp.a) * min(max(done, 0.0), 1.0)
    return ramps[-1].b


def _animated(
    value: float | Curve, fps: Fraction, rate: int, offset: int, start: int, end: int
) -> tuple[Ramp, ...]:
    """A number over the samples of a clip; a curve as straight ramps from frame to frame.

    Args:
        offset: samples from the curve's time 0 to ``start``.
    """
    count = end - start
    if not isinstance(value, Curve):
        return (Ramp(0, count, float(value), float(value)),)
    first = int(Fraction(offset, rate) * fps)
    frames = int(Fraction(count, rate) * fps) + 2
    values = sample(value, fps, first, frames)
    ramps = []
    for k in range(frames - 1):
        from_, to = (sample_at(Fraction(first + n) / fps, rate) - offset for n in (k, k + 1))
        a, b = value_at(values, k), value_at(values, k + 1)
        assert isinstance(a, float)
        assert isinstance(b, float)
        ramps.append(Ramp(from_, to, a, b))
    return tuple(_merged(ramps))


def _merged(ramps: list[Ramp]) -> list[Ramp]:
    """Flat neighbours of one value as one ramp."""
    merged = ramps[:1]
    for ramp in ramps[1:]:
        last = merged[-1]
        if last.a == last.b == ramp.a == ramp.b:
            merged[-1] = Ramp(last.start, ramp.stop, last.a, ramp.b)
        else:
            merged.append(ramp)
    return merged
