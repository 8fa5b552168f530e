"""The mix: which sound plays when, with all gains as envelopes in samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from kadr_sdk.curves import Curve
from kadr_sdk.errors import Problem
from kadr_sdk.plan import AudioClip, AudioPlan, AudioStage, LoudnessTarget, Ramp, SoundCall, Warp
from kadr_sdk.times import sample_at

from kadr_kernel.render.sound_buses import Desk, Window, has_sound
from kadr_kernel.render.sound_curves import added, ramps
from kadr_kernel.render.sound_effects import SoundEffects
from kadr_kernel.render.sound_nested import Part, is_plain, nested_sound, part_of
from kadr_kernel.render.views import ClipView, Joint, TimelineView, TrackView

__all__ = ["CHANNELS", "audio_plan"]

CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8}


def audio_plan(
    view: TimelineView,
    first: int,
    end: int,
    problems: list[Problem],
    effects: SoundEffects,
    damage: str = "error",
    loudness: LoudnessTarget | None = None,
    *,
    sound_only: bool = False,
) -> AudioPlan | None:
    """The mix of output frames ``first .. end - 1``; None where nothing sounds.

    Muted tracks are silent; where a track is solo, the others are.

    Args:
        sound_only: nothing is shown, so the timeline ends with its last sample and not with a frame.
    """
    desk = Desk(view, effects, problems, sound_only=sound_only)
    plan = _mix(desk, desk.window(first, end), damage)
    if not any(has_sound(track, clip) for track in view.tracks for clip in track.clips):
        return None
    return replace(plan, loudness=loudness)


def _mix(desk: Desk, window: Window, damage: str) -> AudioPlan:
    """What a desk makes of a window."""
    layout = desk.effects.layout
    return AudioPlan(
        window.rate,
        layout,
        CHANNELS.get(layout, 2),
        window.count,
        tuple(_clips(desk, window, damage)),
        desk.buses(window),
        desk.master,
        desk.pan_law,
        window.lead,
        window.trail,
    )


def _clips(desk: Desk, window: Window, damage: str) -> list[AudioClip]:
    """All clips that sound in a window, those of sequences among them."""
    clips: list[AudioClip] = []
    for track in desk.heard:
        for view in track.clips:
            if not desk.sounds(track, view):
                continue
            if view.nested is not None and is_plain(desk, track, view, *_stretch(track, view, window.rate)):
                clips += _nested(desk, track, view, window, damage)
            elif (found := _clip(desk, track, view, window, damage)) is not None:
                clips.append(found)
    return clips


def _nested(desk: Desk, track: TrackView, view: ClipView, window: Window, damage: str) -> list[AudioClip]:
    rate, edges, folded = window.rate, _edges(track, view, window.rate), desk.bus_of(track) is None

    def shape(start: int, end: int) -> tuple[tuple[tuple[Ramp, ...], ...], tuple[Ramp, ...]]:
        gains = _gains(track, view, rate, start, end, edges, folded=folded)
        return gains, _pan(track, view, rate, start, end)

    return nested_sound(
        desk, track, view, window, edges, lambda inner, part: _clips(inner, part, damage), shape
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """How the sound of a clip comes about, beside being read.

    Attributes:
        speeding: played at another speed, which is fed from its beginning too, so that a part
            of it sounds as in the whole.
        latency, tail: samples that the stages look ahead, and ring on, together.
    """

    generator: SoundCall | None
    stages: tuple[AudioStage, ...]
    warp: Warp | None
    latency: int = 0
    tail: int = 0
    speeding: bool = False

    @property
    def whole(self) -> bool:
        """True where it needs the clip from its beginning."""
        return bool(self.generator or self.stages or self.warp or self.speeding)


def _made(desk: Desk, track: TrackView, view: ClipView, window: Window) -> _Made:
    rate = window.rate
    stretch = _stretch(track, view, rate)
    length = view.duration if track.by_sample(view) else view.frames / view.fps
    warp = _warp(view, Fraction(stretch[0], rate), length)
    made = view.audio is None and view.nested is None
    generator = desk.effects.generator(view, *stretch, desk.problems) if made else None
    stages = desk.effects.of_clip(track, view, *stretch, desk.problems)
    calls = [part for part in (generator, *stages) if isinstance(part, SoundCall)]
    late, rings = sum(c.latency for c in calls), sum(c.tail for c in calls)
    return _Made(generator, stages, warp, late, rings, warp is None and view.speed != 1)


def _stretch(track: TrackView, view: ClipView, rate: int) -> tuple[int, int]:
    """Clip time of the first sample, handles included, and how many there are."""
    begin, end = _edges(track, view, rate)
    return begin - _own_start(track, view, rate), end - begin


def _warp(view: ClipView, at: Fraction, length: Fraction) -> Warp | None:
    """The speed as it varies, where it does, from clip time ``at`` on."""
    if not isinstance(view.clip.speed, Curve):
        return None
    return Warp(view.fps, view.speeds, length - at if view.clip.reversed else at)


def _clip(desk: Desk, track: TrackView, view: ClipView, window: Window, damage: str) -> AudioClip | None:
    clip, rate = view.clip, window.rate
    if clip.freeze is not None:
        return None  # a held picture makes no sound
    edges = _edges(track, view, rate)
    if edges[0] >= window.end:
        return None
    made = _made(desk, track, view, window)
    part = _part(desk, track, view, window, damage) if view.nested is not None else None
    if view.audio is None and made.generator is None and part is None:
        return None
    start, end = max(edges[0], window.begin), min(edges[1] + made.tail, window.end)
    if end <= start:
        return None
    speed = Fraction(1) if isinstance(clip.speed, Curve) else view.speed
    bus = desk.bus_of(track)
    fed = min(edges[1], end + made.latency) - edges[0] if made.latency or made.tail else 0
    return AudioClip(
        path=str(view.file) if view.audio else "",
        stream=view.audio.index if view.audio else -1,
        start=start - window.begin,
        count=end - start,
        source_start=_first_time(track, view, made, start, rate, speed) - (part.begin if part else 0),
        speed=speed,
        keep_pitch=clip.keep_pitch,
        reversed=clip.reversed,
        gains=_gains(track, view, rate, start, end, edges, folded=bus is None),
        pan=_pan(track, view, rate, start, end),
        damage=damage,
        stages=made.stages,
        lead=start - edges[0] if made.whole else 0,
        warp=made.warp,
        bus=bus,
        generator=made.generator,
        fed=fed,
        mix=part.mix if part else None,
        track=track.track.id,
        clip=clip.id,
    )


def _part(desk: Desk, track: TrackView, view: ClipView, window: Window, damage: str) -> Part | None:
    """The sound of a clip's sequence, as far back as the clip may reach with its handles."""
    begin, count = _stretch(track, view, window.rate)
    length = view.duration if track.by_sample(view) else view.frames / view.fps
    handles = max(-begin, begin + count - sample_at(length, window.rate), 0)
    return part_of(desk, view, Fraction(handles, window.rate), lambda inner, over: _mix(inner, over, damage))


def _first_time(
    track: TrackView, view: ClipView, made: _Made, start: int, rate: int, speed: Fraction
) -> Fraction:
    """Source time of the first sample that is read: what needs the whole clip begins at its beginning."""
    if made.warp:
        return view.origin + view.clip.source_start
    first = _edges(track, view, rate)[0] if made.whole else start
    return _source_time(view, first, rate, speed)


def _edges(track: TrackView, view: ClipView, rate: int) -> tuple[int, int]:
    """First sample and the one after the last, handles included.

    Sound of a video track follows the rounded picture edge, that of an audio track its own
    nearest sample.
    """
    if track.by_sample(view):
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


def _own_start(track: TrackView, view: ClipView, rate: int) -> int:
    """The sample at which the clip's own time begins, handles left out: where its picture does."""
    start = view.clip.start_time if track.by_sample(view) else view.start / view.fps
    return sample_at(start, rate)


def _cut(joint: Joint) -> int:
    """Frame at which the sound cuts over where it does not crossfade: the middle of an overlap."""
    return (joint.into.start + joint.out.end) // 2


def _source_time(view: ClipView, start: int, rate: int, speed: Fraction) -> Fraction:
    """Absolute source time of the first sample; of a reversed clip that of its last one played.

    By the clip's start as it is written, so that sound goes on without a jump where a clip was
    split, whatever frame the picture's edge is rounded to.
    """
    clip = view.clip
    base = view.origin + clip.source_start
    if not clip.reversed:
        return base + (Fraction(start, rate) - clip.start_time) * speed
    end = clip.start_time + view.duration
    return base + (end - Fraction(start, rate)) * speed


def _gains(
    track: TrackView, view: ClipView, rate: int, start: int, end: int, edges: tuple[int, int], *, folded: bool
) -> tuple[tuple[Ramp, ...], ...]:
    """Of the clip, and where ``folded`` of its track."""
    clip = view.clip
    zero = _own_start(track, view, rate)
    found = [ramps(clip.volume, view.fps, rate, start - zero, start, end)]
    if folded:
        found.append(ramps(track.track.volume, view.fps, rate, start, start, end))
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
    zero = _own_start(track, view, rate)
    pan = ramps(view.clip.pan, view.fps, rate, start - zero, start, end)
    shift = track.track.pan
    if not isinstance(shift, Curve) and shift == 0.0:
        return () if pan == (Ramp(0, end - start, 0.0, 0.0),) else pan
    other = ramps(shift, view.fps, rate, start, start, end)
    return added(pan, other, end - start)
