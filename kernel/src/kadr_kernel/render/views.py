"""The timeline in output frames: clips with their media and place, and the joints between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import ceil
from pathlib import Path

from kadr_sdk.curves import Curve
from kadr_sdk.errors import Problem
from kadr_sdk.media import AudioStream, MediaInfo, VideoStream
from kadr_sdk.project import Clip, Timeline, Track, TransitionUse

__all__ = ["ClipView", "Joint", "TimelineView", "TrackView", "origin_of"]

_MEANT = Fraction(1, 1000)  # seconds: a time that is as near to a frame is that frame, rounded


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
        pace: seconds of the media that one second of the source stands for: of numbered pictures,
            whose rate the clip decides; else 1.
        media_end: absolute source time at which the pictures end; None: never (stills).
        nested: the sequence that it shows in place of media.
        mattes: sequences by id that its effects take beside its picture, each from its beginning.
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
    pace: Fraction = Fraction(1)
    seen_start: int = 0
    seen_end: int = 0
    joint_in: Joint | None = None
    joint_out: Joint | None = None
    nested: TimelineView | None = None
    mattes: dict[str, ClipView] = field(default_factory=dict)

    @property
    def within(self) -> list[TimelineView]:
        """All sequences that are seen in it."""
        views = [self, *self.mattes.values()]
        return [view.nested for view in views if view.nested is not None]

    @cached_property
    def origin(self) -> Fraction:
        """Absolute timestamp that source time 0 stands for."""
        return origin_of(self.info)

    @cached_property
    def speed(self) -> Fraction:
        """Source seconds a second, where that does not vary."""
        assert not isinstance(self.clip.speed, Curve)
        return Fraction(repr(self.clip.speed)) * self.pace

    @property
    def frames(self) -> int:
        """Number of output frames between the clip's own edges."""
        return self.end - self.start

    def source_time(self, frame: int) -> Fraction:
        """Absolute source time shown at an output frame."""
        clip = self.clip
        if clip.freeze is not None:
            return self.origin + clip.freeze * self.pace
        if clip.reversed:
            frame = self.start + self.end - 1 - frame
        if isinstance(clip.speed, Curve):
            return self.begin + self._varying(clip.speed, frame)
        return self._zero + frame * self.step

    @cached_property
    def anchor(self) -> Fraction:
        """Time on the timeline at which the picture stands at ``source_start``: the clip's start.

        A start within a millisecond of its frame is that frame, rounded to so many decimals. The
        source then stands at ``source_start`` there, whatever the rounding, which changes with
        the place of the clip; where that falls short of a frame by less than rounding may have
        taken from it, as where a clip was split, at that frame.
        """
        clip, frame = self.clip, self.start / self.fps
        late = frame - clip.start_time
        if not late or abs(late) > _MEANT or isinstance(clip.speed, Curve):
            return clip.start_time
        speed = self.speed / self.pace
        grid = self.fps * speed.denominator  # at another speed some frames lie between two of the source
        short = ceil(clip.source_start * grid) / grid - clip.source_start
        return frame - short / speed if short <= _MEANT / 2 else frame

    @property
    def begin(self) -> Fraction:
        """Absolute source time of the clip's first moment, running forwards."""
        return self.origin + self.clip.source_start * self.pace

    @property
    def played(self) -> Fraction:
        """Source seconds between the clip's own edges; at a varying speed those between its frames."""
        varies = isinstance(self.clip.speed, Curve)
        return self._speed_sums[-1] if varies else self.duration * self.speed

    @cached_property
    def step(self) -> Fraction:
        """Source seconds a frame, running forwards, where the speed does not vary."""
        return self.speed / self.fps

    @cached_property
    def _zero(self) -> Fraction:
        """Absolute source time at output frame 0, whether the clip is on screen then or not."""
        return self.begin - self.anchor * self.speed

    def _varying(self, speed: Curve, frame: int) -> Fraction:
        """Source seconds from ``source_start`` to an output frame, running forwards."""
        steps = self._speed_sums
        at = min(max(frame - self.start, 0), len(steps) - 1)
        beyond = frame - self.start - at
        edge = speed.at(at / self.fps)
        return steps[at] + Fraction(repr(edge)) * self.pace * beyond / self.fps

    @cached_property
    def speeds(self) -> tuple[Fraction, ...]:
        """An animated speed at the start of every frame and the end of the last."""
        speed = self.clip.speed
        assert isinstance(speed, Curve)
        times = (Fraction(k) / self.fps for k in range(self.frames + 1))
        return tuple(Fraction(repr(speed.at(time))) * self.pace for time in times)

    @cached_property
    def _speed_sums(self) -> list[Fraction]:
        """Source seconds at every frame of an animated speed, by the trapezoid rule."""
        total = Fraction(0)
        sums = [total]
        for before, after in pairwise(self.speeds):
            total += (before + after) / 2 / self.fps
            sums.append(total)
        return sums


@dataclass(slots=True)
class TrackView:
    """An enabled track; clips in order of time.

    Attributes:
        lost: clips that cannot be placed, with their paths: their effects are checked all the same.
    """

    path: str
    track: Track
    clips: list[ClipView] = field(default_factory=list)
    joints: list[Joint] = field(default_factory=list)
    lost: list[tuple[str, Clip]] = field(default_factory=list)

    def by_sample(self, view: ClipView) -> bool:
        """True where the sound of a clip keeps its own edges: those of pictures are frames."""
        return self.track.type == "audio" and not (view.joint_in or view.joint_out)


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

    def every_clip(self) -> Iterator[ClipView]:
        """These, and the clips of every sequence within, each sequence once."""
        waiting, known = [self], {id(self)}
        for view in waiting:
            for clip in view.clips():
                yield clip
                for nested in clip.within:
                    if id(nested) not in known:
                        known.add(id(nested))
                        waiting.append(nested)


def origin_of(info: MediaInfo | None) -> Fraction:
    """The first timestamp of a file's streams where it is positive, else 0."""
    if info is None:
        return Fraction(0)
    starts = [s.start for s in info.video if not s.attached] + [s.start for s in info.audio]
    return max(Fraction(0), min(starts, default=Fraction(0)))
