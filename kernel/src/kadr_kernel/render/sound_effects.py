"""Effects on sound in a plan: looked up, checked, said as stages."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from kadr_sdk.curves import Curve
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import KadrError, PluginError, Problem
from kadr_sdk.output import AudioEncoding
from kadr_sdk.plan import Acting, AudioFilters, AudioStage, SoundCall
from kadr_sdk.project import EffectUse
from kadr_sdk.times import sample_at

from kadr_kernel.render.looks import Look, Looks
from kadr_kernel.render.sound_order import SoundOrder
from kadr_kernel.render.views import ClipView, TrackView

__all__ = ["SoundEffects"]

_STEPS = 100  # values a second of a parameter that moves
_MOST = 20_000  # steps of one effect; what moves longer than that moves in longer ones


class SoundEffects:
    """The effects on sound of a project: of clips, of tracks and of the whole mix.

    Args:
        pool: effects of the project by id.
    """

    def __init__(
        self, looks: Looks, pool: Mapping[str, EffectUse], fps: Fraction, encoding: AudioEncoding
    ) -> None:
        self._looks, self._pool, self._fps = looks, pool, fps
        self.rate, self.layout = encoding.rate, encoding.layout

    def at(self, fps: Fraction) -> SoundEffects:
        """The same for a timeline of another rate."""
        found = copy.copy(self)
        found._fps = fps
        return found

    def of_clip(
        self, track: TrackView, view: ClipView, offset: int, count: int, problems: list[Problem]
    ) -> tuple[AudioStage, ...]:
        """The chain of a clip, in the order of its effects; those on pictures are left out.

        Args:
            offset: clip time of the first sample, in samples; count: of the whole clip.
        """
        only = track.track.type == "audio"
        return self._stages(view.clip.effects, f"{view.path}.effects", only, (offset, count), problems)

    def of_track(self, track: TrackView, count: int, problems: list[Problem]) -> tuple[AudioStage, ...]:
        """The chain of a track's sum; times count from the start of the timeline."""
        only = track.track.type == "audio"
        return self._stages(track.track.effects, f"{track.path}.effects", only, (0, count), problems)

    def of_timeline(
        self, uses: Sequence[str | EffectUse], path: str, count: int, problems: list[Problem]
    ) -> tuple[AudioStage, ...]:
        """The chain of the whole mix of a timeline."""
        return self._stages(uses, f"{path}.effects", True, (0, count), problems)

    def generator(self, view: ClipView, offset: int, count: int, problems: list[Problem]) -> SoundCall | None:
        """What makes the sound of a clip that has a generator, on a track of sound."""
        made = view.clip.generator
        assert made is not None
        use = EffectUse(id=view.clip.id, effect_type=made.type, parameters=made.parameters)
        if view.clip.speed != 1.0 or view.clip.reversed:
            hint = "remove speed and reversed, or animate the generator's parameters"
            problems.append(Problem(f"{view.path}.speed", "a generator has no speed of its own", hint))
        path = f"{view.path}.generator"
        found = self._one(use, path, (offset, count), problems, "audio_generator")
        return next((stage for stage in found if isinstance(stage, SoundCall)), None)

    def _stages(
        self,
        uses: Sequence[str | EffectUse],
        path: str,
        only: bool,
        stretch: tuple[int, int],
        problems: list[Problem],
    ) -> tuple[AudioStage, ...]:
        """``only``: nothing but effects on sound may stand here."""
        found: list[AudioStage] = []
        for number, use in enumerate(uses):
            effect = self._pool[use] if isinstance(use, str) else use
            if only or self._looks.is_sound(effect.effect_type):
                found += self._one(effect, f"{path}[{number}]", stretch, problems)
        return tuple(found)

    def _one(
        self,
        use: EffectUse,
        path: str,
        stretch: tuple[int, int],
        problems: list[Problem],
        kind: str = "audio_filter",
    ) -> list[AudioStage]:
        look = self._looks.look("audio_effect", use.effect_type, use, path, self._fps, problems)
        if look is None:
            return []
        if look.declaration.kind != kind:
            made = (
                "changes sound, and makes none" if kind == "audio_generator" else "makes sound from nothing"
            )
            hint = "effects stand in effects, a generator in generator"
            problems.append(Problem(look.path, f"{look.declaration.id} {made}", hint))
            return []
        acts = _acting(use, self.rate, *stretch)
        if acts is not None and acts[1] == acts[0]:
            return []
        try:
            if digest := self._looks.sound_code(look):
                return [replace(SoundOrder(self.rate, stretch[1], stretch[0]).call(look, digest), acts=acts)]
            return [replace(self._filters(look, *stretch), acts=acts)]
        except KadrError as error:
            problems.append(Problem(path, error.message, error.hint))
            return []

    def _filters(self, look: Look, offset: int, count: int) -> AudioFilters:
        """The effect as filters, with their options on the way where parameters move."""
        specs = self._specs(look, look.values, offset)
        changes: list[tuple[int, tuple[FilterSpec, ...]]] = []
        last = specs
        for at in self._steps(look, offset, count):
            following = self._specs(look, look.values, offset + at)
            if [s.name for s in following] != [s.name for s in specs]:
                message = f"{look.declaration.id} has other filters for other values, so it cannot move"
                raise PluginError(message, path=look.path, hint="use one value")
            if following != last:
                changes.append((at, following))
                last = following
        return AudioFilters(specs, tuple(changes), self._looks.sound_delay(look, self.rate))

    def _specs(self, look: Look, values: Mapping[str, Any], at: int) -> tuple[FilterSpec, ...]:
        time = Fraction(at, self.rate)
        now = {n: v.at(time) if isinstance(v, Curve) else v for n, v in values.items()}
        return self._looks.sound(replace(look, values=now), self.rate, self.layout)

    def _steps(self, look: Look, offset: int, count: int) -> range:
        """Samples of the stretch at which parameters are told anew: only while they move."""
        curves = [v for v in look.values.values() if isinstance(v, Curve)]
        if not curves:
            return range(0)
        first = min(c.keyframes[0].time for c in curves) * self.rate - offset
        last = max(c.keyframes[-1].time for c in curves) * self.rate - offset
        low, high = max(0, int(first)), min(count, int(last) + 2)
        step = max(self.rate // _STEPS, -(-(high - low) // _MOST))
        return range(low // step * step, high + step, step)


def _acting(use: EffectUse, rate: int, offset: int, count: int) -> Acting | None:
    """The stretch in which a use is heard, in samples of what goes in; None: all of it.

    What starts at or before the first sample starts there; what ends at or behind the last
    one rings on. Where both are the same, nothing of it is heard.
    """
    first = max(0, sample_at(use.start_time, rate) - offset) if use.start_time is not None else 0
    end = max(0, sample_at(use.end_time, rate) - offset) if use.end_time is not None else None
    if first >= count:
        return count, count
    if end is None or end >= count:
        return (first, None) if first else None
    return first, end
