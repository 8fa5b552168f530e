"""Sequences within the timeline: resolved once each, without circles, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from kadr_sdk.errors import Problem, did_you_mean
from kadr_sdk.project import Clip, EffectUse, Timeline
from kadr_sdk.text import shown

from kadr_kernel.render.views import TimelineView

__all__ = ["MAX_CLIPS", "MAX_DEPTH", "Nesting"]

MAX_DEPTH = 8
"""Sequences within each other, the outermost timeline not counted."""
MAX_CLIPS = 100_000
"""Clips that a sequence may come to with all that it nests: a short document must not make a huge plan."""

Resolve = Callable[[Timeline, Fraction, str], TimelineView]


class Nesting:
    """The sequences of a project.

    Args:
        rate: of the project's own timeline; fps: of the output. A sequence at the rate of the
            timeline is made at that of the output, any other at its own.
        effects: of the project by id.
    """

    def __init__(
        self,
        sequences: Mapping[str, Timeline],
        rate: Fraction,
        fps: Fraction,
        effects: Mapping[str, EffectUse] | None = None,
    ) -> None:
        self._sequences, self._rate, self._fps = sequences, rate, fps
        self._effects = effects or {}
        self._open: list[str] = []
        self._found: dict[str, TimelineView] = {}
        self._clips: dict[str, int] = {}

    def view(self, name: str, path: str, resolve: Resolve, problems: list[Problem]) -> TimelineView | None:
        """The sequence of a clip; None where a problem was added."""
        if (refusal := self._refusal(name, path)) is not None:
            problems.append(refusal)
            return None
        if name not in self._found:
            timeline = self._sequences[name]
            self._open.append(name)
            fps = self._fps if timeline.fps == self._rate else timeline.fps
            self._found[name] = resolve(timeline, fps, f"sequences.{name}")
            self._open.pop()
            rows = [row for c in self._found[name].clips() for row in (c, *c.mattes.values())]
            self._clips[name] = sum(1 + self._clips.get(c.clip.sequence or "", 0) for c in rows)
        view = self._found[name]
        if self._clips[name] > MAX_CLIPS:
            text = f"with all that it nests {shown(name)} comes to more than {MAX_CLIPS} clips"
            problems.append(Problem(path, text, "render a part of it to a file, and use that"))
            return None
        if view.frames == 0:
            problems.append(Problem(path, f"the sequence {shown(name)} shows nothing", "add a clip to it"))
            return None
        return view

    def taken(self, clip: Clip, path: str) -> Iterator[tuple[str, str]]:
        """Ids of the sequences that the effects of a clip take, with the paths where they stand."""
        for number, named in enumerate(clip.effects):
            use = self._effects.get(named) if isinstance(named, str) else named
            if use is None or not use.enabled:
                continue
            where = f"{path}.effects[{number}]"
            for part, inputs in ((where, use.inputs), (f"{where}.mask", use.mask.inputs if use.mask else ())):
                for place, name in enumerate(inputs):
                    yield name, f"{part}.inputs[{place}]"

    def _refusal(self, name: str, path: str) -> Problem | None:
        if name not in self._sequences:
            hint = did_you_mean(name, self._sequences) or "add it to the sequences of the project"
            return Problem(path, f"no sequence {shown(name)}", hint)
        chain = [*self._open, name]
        if name in self._open:
            circle = " > ".join(map(shown, chain[chain.index(name) :]))
            return Problem(path, f"the sequence contains itself: {circle}", "break the circle")
        if len(chain) > MAX_DEPTH:
            text = f"sequences lie more than {MAX_DEPTH} deep in each other: {' > '.join(map(shown, chain))}"
            return Problem(path, text, "render the inner ones to a file, and use that")
        return None
