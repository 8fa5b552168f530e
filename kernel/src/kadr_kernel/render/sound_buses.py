"""The mixing desk of a plan: which tracks are heard, which are worked on as a whole, and when."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kadr_sdk.errors import Problem
from kadr_sdk.plan import AudioBus, AudioStage, Duck, Ramp
from kadr_sdk.times import sample_at

from kadr_kernel.render.sound_curves import ramps
from kadr_kernel.render.sound_effects import SoundEffects
from kadr_kernel.render.views import ClipView, TimelineView, TrackView

__all__ = ["Desk", "Window", "has_sound"]

_STEPS = 100  # of ducking in a second


@dataclass(frozen=True, slots=True)
class Window:
    """The samples of the timeline that are mixed, and how many of them lead in and trail."""

    rate: int
    begin: int
    end: int
    lead: int
    trail: int

    @property
    def count(self) -> int:
        """Samples that are delivered."""
        return self.end - self.begin - self.lead - self.trail


class Desk:
    """Tracks that are heard, their buses, and the master.

    A track is a bus where something acts on its whole sound, or listens to it; the sound of
    the others goes straight into the mix.

    Args:
        path: of the timeline in the project.
        sound_only: nothing is shown, so the timeline ends with its last sample and not with a frame.

    Attributes:
        heard: tracks with a sound, in order. master: effects on the whole mix.
    """

    def __init__(
        self,
        view: TimelineView,
        effects: SoundEffects,
        problems: list[Problem],
        path: str = "timeline",
        *,
        sound_only: bool = False,
    ) -> None:
        self._view, self.effects, self.problems = view, effects, problems
        timeline = view.timeline
        self.pan_law = timeline.pan_law
        self._length = (
            _last(view, effects.rate) if sound_only else sample_at(view.frames / view.fps, effects.rate)
        )
        self._stages = {t.track.id: effects.of_track(t, self._length, problems) for t in view.tracks}
        self.master: tuple[AudioStage, ...] = effects.of_timeline(
            timeline.effects, path, self._length, problems
        )
        solo = any(t.track.solo for t in view.tracks)
        self.heard = [t for t in view.tracks if _heard(t, solo) and any(self.sounds(t, c) for c in t.clips)]
        self._numbers = {name: n for n, name in enumerate(self._order())}

    @staticmethod
    def sounds(track: TrackView, view: ClipView) -> bool:
        """True where a clip has sound and is not muted."""
        return has_sound(track, view) and not view.clip.muted

    def bus_of(self, track: TrackView) -> int | None:
        """Number of a track's bus."""
        return self._numbers.get(track.track.id)

    @property
    def plain(self) -> bool:
        """True where its clips are summed and nothing else."""
        return not self.master and not self._numbers

    def window(self, first: int, end: int) -> Window:
        """What is mixed for output frames: more than they show where the desk has a memory.

        Effects on sums hear the timeline from its beginning, and a second beyond (or as far as
        ducking looks ahead), so that a part sounds as in the whole.
        """
        rate, fps = self.effects.rate, self._view.fps
        origin = sample_at(first / fps, rate)
        stop = self._length if end == self._view.frames else sample_at(end / fps, rate)
        if not self._remembers():
            return Window(rate, origin, stop, 0, 0)
        ahead = max([1.0, *(t.track.duck.attack for t in self.heard if t.track.duck)])
        beyond = max(stop, min(stop + sample_at(Fraction(ahead), rate), self._length))
        return Window(rate, 0, beyond, origin, beyond - stop)

    def _remembers(self) -> bool:
        return bool(self.master) or any(
            self._stages[t.track.id] or self._keys(t) for t in self.heard if t.track.id in self._numbers
        )

    def _keys(self, track: TrackView) -> list[str]:
        """Ids of the heard tracks that a track makes way for."""
        duck = track.track.duck
        if duck is None or duck.amount == 0:
            return []
        heard = {t.track.id for t in self.heard}
        return [name for name in dict.fromkeys(duck.under) if name in heard]

    def _order(self) -> list[str]:
        """Ids of the tracks that are buses, each after those that it listens to."""
        tracks = {t.track.id: t for t in self.heard}
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            for key in self._keys(tracks[name]):
                if key not in found:
                    visit(key)
            found[name] = None

        for name, track in tracks.items():
            if name not in found and (self._stages[name] or self._keys(track)):
                visit(name)
        return list(found)

    def buses(self, window: Window) -> tuple[AudioBus, ...]:
        """All buses in order."""
        tracks = {t.track.id: t for t in self.heard}
        return tuple(self._bus(tracks[name], window) for name in self._numbers)

    def _bus(self, track: TrackView, window: Window) -> AudioBus:
        begin, end = window.begin, window.end
        volume = ramps(track.track.volume, self._view.fps, window.rate, begin, begin, end)
        gains = () if volume == (Ramp(0, end - begin, 1.0, 1.0),) else (volume,)
        return AudioBus(self._stages[track.track.id], gains, self._duck(track), track.track.id)

    def _duck(self, track: TrackView) -> Duck | None:
        duck, keys = track.track.duck, self._keys(track)
        if duck is None or not keys:
            return None
        numbers = tuple(self._numbers[name] for name in keys)
        times = (
            max(least, round(t * _STEPS))
            for t, least in ((duck.attack, 1), (duck.hold, 0), (duck.release, 1))
        )
        return Duck(numbers, duck.threshold, duck.amount, *times)


def has_sound(track: TrackView, view: ClipView) -> bool:
    """True where a clip has sound: of its media or its sequence, or a generator on a track of sound."""
    if view.nested is not None:
        return any(has_sound(t, c) for t in view.nested.tracks for c in t.clips)
    return view.audio is not None or (track.track.type == "audio" and view.clip.generator is not None)


def _last(view: TimelineView, rate: int) -> int:
    """The sample after the last one of any clip."""
    return max(
        sample_at(c.clip.start_time + c.duration if track.by_sample(c) else c.end / c.fps, rate)
        for track in view.tracks
        for c in track.clips
    )


def _heard(track: TrackView, solo: bool) -> bool:
    return not track.track.muted and (track.track.solo or not solo)
