"""The resolved timeline: clips with media facts, integer frames, joints between clips.

An edge snaps to the nearest output frame by itself, so neighbours stay neighbours. Source
time 0 is the start of the file: the first timestamp of its streams, where that is positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.media import AudioStream, VideoStream
from kadr_sdk.project import Clip, Timeline, Track
from kadr_sdk.times import format_timecode, frame_at

from kadr_kernel.render.joints import check_overlaps, find_joints
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.limits import check_media, natural_duration
from kadr_kernel.render.nesting import Nesting
from kadr_kernel.render.views import ClipView, TimelineView, TrackView

__all__ = ["resolve_timeline"]

S = TypeVar("S", VideoStream, AudioStream)
MAX_FRAMES = 50_000_000
"""The longest output accepted, in frames: a week at 60 frames per second is 36 million."""


def resolve_timeline(
    timeline: Timeline,
    fps: Fraction,
    base: Path,
    library: MediaLibrary,
    problems: list[Problem],
    nesting: Nesting | None = None,
    where: str = "timeline",
) -> TimelineView:
    """Clips with media and integer frames; problems are appended, not raised.

    Args:
        nesting: the sequences that clips may show. where: path of this timeline in the project.
    """

    def inner(found: Timeline, rate: Fraction, path: str) -> TimelineView:
        return resolve_timeline(found, rate, base, library, problems, nesting, path)

    known = nesting or Nesting({}, timeline.fps, fps)

    def nested(name: str, path: str) -> TimelineView | None:
        return known.view(name, path, inner, problems)

    notes: list[Problem] = []
    tracks = []
    for number, track in enumerate(timeline.tracks):
        if not track.enabled:
            continue
        view = TrackView(f"{where}.tracks[{number}]", track)
        if track.type == "subtitle" and track.clips:
            hint = "disable the track, or burn the text in before"
            problems.append(Problem(view.path, "subtitle tracks are not rendered by this version", hint))
            continue
        for c, clip in enumerate(track.clips):
            path = f"{view.path}.clips[{c}]"
            found = _clip(clip, path, track, fps, timeline.fps, base, library, nested, problems, notes)
            if found is not None:
                found.mattes = _mattes(found, known.taken(clip, path), nested)
                view.clips.append(found)
            else:
                view.lost.append((path, clip))
        view.clips.sort(key=lambda c: (c.start, c.end))
        find_joints(view, problems)
        check_overlaps(view, problems)
        tracks.append(view)
    found_view = TimelineView(timeline, fps, tracks, 0, notes)
    for clip_view in found_view.clips():
        check_media(clip_view, library, problems)
    found_view.frames = max((c.end for c in found_view.clips()), default=0)
    if found_view.frames > MAX_FRAMES:
        problems.append(Problem(where, f"{found_view.frames} frames are more than {MAX_FRAMES}"))
    return found_view


def _clip(
    clip: Clip,
    path: str,
    track: Track,
    fps: Fraction,
    usual: Fraction,
    base: Path,
    library: MediaLibrary,
    nested: Callable[[str, str], TimelineView | None],
    problems: list[Problem],
    notes: list[Problem],
) -> ClipView | None:
    view = ClipView(path, clip, fps, Fraction(0), 0, 0)
    if clip.sequence is not None:
        view.nested = nested(clip.sequence, f"{path}.sequence")
        if view.nested is None:
            return None
    if clip.source_file is not None and not _attach(view, track, base, library, problems):
        return None
    _set_pace(view, usual, problems)
    duration = clip.duration or natural_duration(view, library, problems)
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


def _mattes(
    view: ClipView,
    taken: Iterable[tuple[str, str]],
    nested: Callable[[str, str], TimelineView | None],
) -> dict[str, ClipView]:
    """Sequences that effects take beside the clip's picture, as clips that begin where it does."""
    found = {}
    for name, path in taken:
        sequence = nested(name, path)
        if sequence is not None:
            begin = view.start / view.fps
            clip = Clip(id=name, sequence=name, start_time=begin)
            found[name] = ClipView(path, clip, view.fps, view.duration, view.start, view.end, nested=sequence)
    return found


def _set_pace(view: ClipView, usual: Fraction, problems: list[Problem]) -> None:
    """Numbered pictures have no rate of their own: the clip's, or else the timeline's."""
    rate, video = view.clip.source_rate, view.video
    if video is not None and video.numbered and video.rate:
        view.pace = (rate or usual) / video.rate
    elif rate is not None:
        hint = "leave it out, and use speed"
        problems.append(
            Problem(f"{view.path}.source_rate", "is of numbered pictures (frames_%04d.png) alone", hint)
        )


def _note_snaps(view: ClipView, notes: list[Problem]) -> None:
    for name, time, frame in (
        ("start_time", view.clip.start_time, view.start),
        ("duration", view.clip.start_time + view.duration, view.end),
    ):
        if view.clip.duration is not None and time * view.fps != frame:
            off = frame / view.fps - time
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
