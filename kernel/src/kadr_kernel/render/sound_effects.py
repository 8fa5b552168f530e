"""Effects on sound in a plan: looked up, checked, said as filters."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from kadr_sdk.curves import Curve
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.output import AudioEncoding
from kadr_sdk.project import EffectUse

from kadr_kernel.render.looks import Look, Looks
from kadr_kernel.render.views import ClipView, TrackView

__all__ = ["SoundEffects"]


class SoundEffects:
    """The effects on sound of a project's clips.

    Args:
        pool: effects of the project by id.
    """

    def __init__(
        self, looks: Looks, pool: Mapping[str, EffectUse], fps: Fraction, encoding: AudioEncoding
    ) -> None:
        self._looks, self._pool, self._fps = looks, pool, fps
        self.rate, self._layout = encoding.rate, encoding.layout

    def filters(self, track: TrackView, view: ClipView, problems: list[Problem]) -> tuple[FilterSpec, ...]:
        """The chain of a clip, in the order of its effects; those on pictures are left out."""
        found: list[FilterSpec] = []
        for number, use in enumerate(view.clip.effects):
            effect = self._pool[use] if isinstance(use, str) else use
            if track.track.type == "audio" or self._looks.is_sound(effect.effect_type):
                found += self._one(effect, f"{view.path}.effects[{number}]", problems)
        return tuple(found)

    def refuse_on_track(self, track: TrackView, problems: list[Problem]) -> None:
        """Tracks have no sound of their own that could be filtered."""
        for number, use in enumerate(track.track.effects):
            effect = self._pool[use] if isinstance(use, str) else use
            if self._looks.is_sound(effect.effect_type):
                message = f"{effect.effect_type} acts on sound and cannot stand on a track"
                problems.append(Problem(f"{track.path}.effects[{number}]", message, "put it on the clips"))

    def _one(self, use: EffectUse, path: str, problems: list[Problem]) -> tuple[FilterSpec, ...]:
        look = self._looks.look("audio_effect", use.effect_type, use, path, self._fps, problems)
        if look is None or not _constant(look, problems):
            return ()
        try:
            return self._looks.sound(look, self.rate, self._layout)
        except KadrError as error:
            problems.append(Problem(path, error.message, error.hint))
            return ()


def _constant(look: Look, problems: list[Problem]) -> bool:
    """Filters run through a clip as they are: nothing about them may change on the way."""
    before = len(problems)
    if look.start is not None or look.end is not None:
        hint = "cut the clip where the effect starts and ends"
        problems.append(Problem(look.path, "an effect on sound acts on the whole clip", hint))
    problems += [
        Problem(f"{look.path}.parameters.{name}", "keyframes are not taken on sound", "use one value")
        for name, value in look.values.items()
        if isinstance(value, Curve)
    ]
    return len(problems) == before
