"""The resolved timeline: clips with media facts, integer frames, joints between clips.

An edge snaps to the nearest output frame by itself, so neighbours stay neighbours. Source
time 0 is the start of the file: the first timestamp of its streams, where that is positive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from kadr_sdk.curves import Curve
from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.media import AudioStream, MediaInfo, VideoStream
from kadr_sdk.project import Clip, Timeline, Track, TransitionUse
from kadr_sdk.times import format_timecode, frame_at

from kadr_kernel.render.library import MediaLibrary

__all__ = ["ClipView", "Joint", "TimelineView", "TrackView", "resolve_timeline"]

S = TypeVar("S", VideoStream, AudioStream)
MAX_FRAMES = 50_000_000
"""The longest output accepted, in frames: a week at 60 frames per second is 36 million."""


@dataclass(slots=True)
class Joint:
    """A transition over output frames ``start .. end - 1``."""

    path: str
    use: TransitionUse
    out: ClipView
    into: ClipView
    start: int
    end: int


@dataclass(eq=False)
class ClipView:
    """A clip with its media and its place in output frames.

    Attributes:
        start, end: output frames by the clip's own edges.
        seen_start, seen_end: with the handles that transitions take.
        media_end: absolute source time at which the pictures end; None: never (stills).
    """

    path: str
    clip: Clip
    fps: Fraction
    duration: Fraction
    start: int
    end: int
    info: MediaInfo | None = None
    file: Path | None = None
    video: VideoStream | None = None
    audio: AudioStream | None = None
    media_end: Fraction | None = None
    seen_start: int = 0
    seen_end: int = 0
    joint_in: Joint | None = None
    joint_out: Joint | None = None

    @cached_property
    def origin(self) -> Fraction:
        """Absolute timestamp that source time 0 stands for."""
        return origin_of(self.info)

    @property
    def frames(self) -> int:
        """Number of output frames between the clip's own edges."""
        return self.end - self.start

    def source_time(self, frame: int) -> Fraction:
        """Absolute source time shown at an output frame."""
        clip = self.clip
        if clip.freeze is not None:
            return self.origin + clip.freeze
        if clip.reversed:
            frame = self.start + self.end - 1 - frame
        return self.origin + clip.source_start + self.source_offset(frame)

    def source_offset(self, frame: int) -> Fraction:
        """Source seconds from ``source_start`` to an output frame, running forwards."""
        speed = self.clip.speed
        if not isinstance(speed, Curve):
            return (Fraction(frame) / self.fps - self.clip.start_time) * Fraction(repr(speed))
        steps = self._speed_sums
        at = min(max(frame - self.start, 0), len(steps) - 1)
        beyond = frame - self.start - at
        edge = speed.at(Fraction(at) / self.fps)
        return steps[at] + Fraction(repr(edge)) * beyond / self.fps

    @cached_property
    def _speed_sums(self) -> list[Fraction]:
        """Source seconds at every frame of an animated speed, by the trapezoid rule."""
        assert isinstance(self.clip.speed, Curve)
        values = [Fraction(repr(self.clip.speed.at(Fraction(k) / self.fps))) for k in range(self.frames + 1)]
        total = Fraction(0)
        sums = [total]
        for before, after in pairwise(values):
            total += (before + after) / 2 / self.fps
            sums.append(total)
        return sums


@dataclass(slots=True)
class TrackView:
    """An enabled track; clips in order of time."""

    path: str
    track: Track
    clips: list[ClipView] = field(default_factory=list)
    joints: list[Joint] = field(default_factory=list)


@dataclass(slots=True)
class TimelineView:
    """The timeline in output frames."""

    timeline: Timeline
    fps: Fraction
    tracks: list[TrackView]
    frames: int
    notes: list[Problem]

    def clips(self) -> Iterator[ClipView]:
        """All clips of all enabled tracks."""
        for track in self.tracks:
            yield from track.clips


def origin_of(info: MediaInfo | None) -> Fraction:
    """The first timestamp of a file's streams where it is positive, else 0."""
    if info is None:
        return Fraction(0)
    starts = [s.start for s in info.video if not s.attached] + [s.start for s in info.audio]
    return max(Fraction(0), min(starts, default=Fraction(0)))


def resolve_timeline(
    timeline: Timeline, fps: Fraction, base: Path, library: MediaLibrary, problems: list[Problem]
) -> TimelineView:
    """Clips with media and integer frames; problems are appended, not raised."""
    notes: list[Problem] = []
    tracks = []
    for number, track in enumerate(timeline.tracks):
        if not track.enabled:
            continue
        view = TrackView(f"timeline.tracks[{number}]", track)
        if track.type == "subtitle" and track.clips:
            hint = "disable the track, or burn the text in before"
            problems.append(Problem(view.path, "subtitle tracks are not rendered by this version", hint))
            continue
        for c, clip in enumerate(track.clips):
            found = _clip(clip, f"{view.path}.clips[{c}]", track, fps, base, library, problems, notes)
            if found is not None:
                view.clips.append(found)
        view.clips.sort(key=lambda c: (c.start, c.end))
        _joints(view, problems)
        _overlaps(view, problems)
        tracks.append(view)
    found_view = TimelineView(timeline, fps, tracks, 0, notes)
    for clip_view in found_view.clips():
        _check_media(clip_view, library, problems)
    found_view.frames = max((c.end for c in found_view.clips()), default=0)
    if found_view.frames > MAX_FRAMES:
        problems.append(Problem("timeline", f"{found_view.frames} frames are more than {MAX_FRAMES}"))
    return found_view


def _clip(
    clip: Clip,
    path: str,
    track: Track,
    fps: Fraction,
    base: Path,
    library: MediaLibrary,
    problems: list[Problem],
    notes: list[Problem],
) -> ClipView | None:
    if clip.sequence is not None:
        problems.append(Problem(f"{path}.sequence", "nested sequences are not rendered by this version"))
        return None
    view = ClipView(path, clip, fps, Fraction(0), 0, 0)
    if clip.source_file is not None and not _attach(view, track, base, library, problems):
        return None
    duration = clip.duration or _natural_duration(view, library, problems)
    if duration is None:
        return None
    view.duration = duration
    view.start = frame_at(clip.start_time, fps)
    view.end = frame_at(clip.start_time + duration, fps)
    if view.end <= view.start:
        hint = "make it longer, or raise the frame rate"
        problems.append(Problem(f"{path}.duration", f"shorter than half a frame at {float(fps):g} fps", hint))
        return None
    view.seen_start, view.seen_end = view.start, view.end
    if track.type == "video":
        _note_snaps(view, notes)
    return view


def _note_snaps(view: ClipView, notes: list[Problem]) -> None:
    for name, time, frame in (
        ("start_time", view.clip.start_time, view.start),
        ("duration", view.clip.start_time + view.duration, view.end),
    ):
        off = Fraction(frame) / view.fps - time
        if off and view.clip.duration is not None:
            label = format_timecode(frame, view.fps)
            notes.append(
                Problem(f"{view.path}.{name}", f"snapped by {float(off):+.6f} s to frame {frame} ({label})")
            )


def _attach(view: ClipView, track: Track, base: Path, library: MediaLibrary, problems: list[Problem]) -> bool:
    clip = view.clip
    assert clip.source_file is not None
    if not clip.source_file.strip() or "\0" in clip.source_file:
        problems.append(Problem(f"{view.path}.source_file", "the path is empty or not a path"))
        return False
    view.file = (base / clip.source_file).absolute()
    try:
        view.info = library.probe(view.file)
    except KadrError as error:
        problems.append(Problem(f"{view.path}.source_file", f"{view.file}: {error.message}", error.hint))
        return False
    wants_picture = track.type == "video" and clip.stream.video != "none"
    view.video = _pick(clip.stream.video, view.info.video, view.info.main_video, view, "video", problems)
    if not wants_picture:
        view.video = None
    view.audio = _pick(clip.stream.audio, view.info.audio, view.info.main_audio, view, "audio", problems)
    if wants_picture and view.video is None:
        hint = "put it on an audio track" if view.audio else ""
        problems.append(Problem(f"{view.path}.source_file", f"{view.file}: no pictures in this file", hint))
        return False
    if track.type == "audio" and view.audio is None:
        problems.append(Problem(f"{view.path}.source_file", f"{view.file}: no sound in this file"))
        return False
    return True


def _pick(
    wanted: object,
    streams: Sequence[S],
    main: S | None,
    view: ClipView,
    kind: str,
    problems: list[Problem],
) -> S | None:
    if wanted == "none":
        return None
    if wanted is None:
        return main
    found = next((s for s in streams if s.index == wanted), None)
    if found is None:
        known = ", ".join(str(s.index) for s in streams) or "none"
        problems.append(
            Problem(f"{view.path}.stream.{kind}", f"no {kind} stream {wanted}", f"there are: {known}")
        )
    return found


def _natural_duration(view: ClipView, library: MediaLibrary, problems: list[Problem]) -> Fraction | None:
    """To the end of the media where the project gives no duration."""
    path = f"{view.path}.duration"
    endless = view.video is not None and view.video.still
    if view.file is None or endless or view.clip.freeze is not None or isinstance(view.clip.speed, Curve):
        problems.append(Problem(path, "a duration is needed here", "give it in seconds"))
        return None
    end = _exact_end(view, library) if view.video else _audio_end(view)
    if end is None:
        problems.append(Problem(path, "the length of the media is not known", "give a duration in seconds"))
        return None
    left = (end - view.origin - view.clip.source_start) / Fraction(repr(view.clip.speed))
    if left <= 0:
        problems.append(Problem(f"{view.path}.source_start", f"lies after the end of the media at {_s(end)}"))
        return None
    return left


def _exact_end(view: ClipView, library: MediaLibrary) -> Fraction:
    assert view.file is not None
    assert view.video is not None
    index = library.index(view.file, view.video.index)
    return index.end * index.time_base


def _audio_end(view: ClipView) -> Fraction | None:
    assert view.info is not None
    if view.audio is not None and view.audio.duration is not None:
        return max(view.audio.start, Fraction(0)) + view.audio.duration
    return view.info.duration


def _joints(track: TrackView, problems: list[Problem]) -> None:
    clips = {c.clip.id: c for c in track.clips}
    for number, use in enumerate(track.track.transitions):
        path = f"{track.path}.transitions[{number}]"
        out, into = clips.get(use.between[0]), clips.get(use.between[1])
        if out is None or into is None:
            continue  # the clip's own problem is already listed
        joint = _joint(path, use, out, into, problems)
        if joint is None:
            continue
        if out.joint_out or into.joint_in:
            problems.append(Problem(path, "there is a transition between these clips already"))
            continue
        out.joint_out = into.joint_in = joint
        out.seen_end, into.seen_start = joint.end, joint.start
        track.joints.append(joint)
    for clip in track.clips:
        if clip.joint_in and clip.joint_out and clip.joint_in.end > clip.joint_out.start:
            hint = "shorten the transitions or lengthen the clip"
            problems.append(Problem(clip.path, "its two transitions overlap each other", hint))


def _joint(
    path: str, use: TransitionUse, out: ClipView, into: ClipView, problems: list[Problem]
) -> Joint | None:
    if into.start < out.start or into.start > out.end:
        message = (
            "the clips neither overlap nor touch" if into.start > out.end else "the clips stand the other way"
        )
        problems.append(Problem(path, message, "move the second clip to the end of the first, or over it"))
        return None
    overlap = out.end - into.start
    wanted = frame_at(use.duration, out.fps) if use.duration is not None else None
    if overlap:
        if wanted is not None and wanted != overlap:
            message = f"the clips overlap by {overlap} frames, the transition says {wanted}"
            problems.append(Problem(f"{path}.duration", message, "leave the duration out, or move a clip"))
        if into.end < out.end:
            problems.append(Problem(path, "the incoming clip ends within the outgoing one"))
            return None
        return Joint(path, use, out, into, into.start, out.end)
    if not wanted:
        problems.append(Problem(f"{path}.duration", "between clips that touch a duration is needed"))
        return None
    before = {"center": wanted // 2, "start": 0, "end": wanted}[use.alignment]
    return Joint(path, use, out, into, out.end - before, out.end - before + wanted)


def _overlaps(track: TrackView, problems: list[Problem]) -> None:
    if track.track.type != "video":
        return
    latest: ClipView | None = None
    for clip in track.clips:
        if latest is not None and clip.start < latest.end:
            joint = latest.joint_out
            if joint is None or joint.into is not clip:
                hint = "add a transition between them, move one, or use another track"
                over = latest.end - clip.start
                problems.append(Problem(clip.path, f"overlaps {latest.clip.id!r} by {over} frames", hint))
        if latest is None or clip.end > latest.end:
            latest = clip


def _check_media(view: ClipView, library: MediaLibrary, problems: list[Problem]) -> None:
    """A clip shows only what its media has; handles of transitions included."""
    if view.file is None or view.info is None:
        return
    if view.video is not None and not view.video.still:
        _check_pictures(view, library, problems)
    elif view.video is None and view.audio is not None:
        _check_sound(view, problems)


def _check_pictures(view: ClipView, library: MediaLibrary, problems: list[Problem]) -> None:
    assert view.video is not None
    times = [view.source_time(view.seen_start), view.source_time(view.seen_end - 1)]
    first, last = min(times), max(times)
    stated = view.video.duration
    margin = 2 / (view.video.rate or Fraction(10)) + Fraction(1, 10)
    end = view.video.start + stated if stated is not None else None
    if end is None or last >= end - margin or view.video.variable:
        try:
            end = _exact_end(view, library)
        except KadrError as error:
            problems.append(Problem(f"{view.path}.source_file", f"{view.file}: {error.message}", error.hint))
            return
    view.media_end = end
    if last >= end and view.clip.past_end == "error":
        problems.append(_too_short(view, last, end))
    if first < view.origin - 1 / view.fps:
        missing = _s(view.origin - first)
        path = view.joint_in.path if view.joint_in else view.path
        message = f"needs {missing} before the first moment of {view.clip.id!r}"
        problems.append(
            Problem(path, message, "start the clip later in its source, or shorten the transition")
        )


def _too_short(view: ClipView, last: Fraction, end: Fraction) -> Problem:
    missing = _s(last - end + Fraction(1) / view.fps)
    if view.seen_end > view.end and view.joint_out and view.source_time(view.end - 1) < end:
        message = f"{view.clip.id!r} has no handle: {missing} are missing after its end"
        return Problem(
            view.joint_out.path, message, "shorten the clip or the transition, or align it to the end"
        )
    has = _s(end - view.origin)
    message = f"uses {missing} more than the media has ({has})"
    return Problem(f"{view.path}.duration", message, 'shorten the clip, or set past_end to "hold"')


def _check_sound(view: ClipView, problems: list[Problem]) -> None:
    end = _audio_end(view)
    if end is None or view.clip.past_end == "hold" or isinstance(view.clip.speed, Curve):
        return
    view.media_end = end
    used = view.origin + view.clip.source_start + view.duration * Fraction(repr(view.clip.speed))
    if used > end + 1 / view.fps:
        missing, has = _s(used - end), _s(end - view.origin)
        message = f"uses {missing} more than the media has ({has})"
        problems.append(
            Problem(f"{view.path}.duration", message, 'shorten the clip, or set past_end to "hold"')
        )


def _s(seconds: Fraction) -> str:
    return f"{float(seconds):.3f} s"
