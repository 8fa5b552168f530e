"""From the resolved timeline to spans: one graph for each stretch with the same layers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from kadr_sdk.curves import Samples, sample
from kadr_sdk.easings import easing
from kadr_sdk.errors import Problem, did_you_mean
from kadr_sdk.frames import pixel_format
from kadr_sdk.plan import Node, Place, Span
from kadr_sdk.project import EffectUse
from kadr_sdk.text import shown

from kadr_kernel.render.canvas import Canvas, converted, fitting_format, with_alpha
from kadr_kernel.render.composites import taken_tracks
from kadr_kernel.render.geometry import Placement
from kadr_kernel.render.layers import Layer, LayerBuilder, product
from kadr_kernel.render.looks import Look, Moment, input_format
from kadr_kernel.render.seen import Seen, sweep
from kadr_kernel.render.segments import Stretch
from kadr_kernel.render.sources import refuse_sources
from kadr_kernel.render.views import ClipView, Joint, TimelineView

__all__ = ["GraphBuilder"]


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was looked up for a track once.

    Attributes:
        taken: by an effect's path, the numbers of the tracks that it takes.
    """

    looks: tuple[Look, ...]
    joints: dict[int, Look]
    taken: dict[str, tuple[int, ...]]


class GraphBuilder:
    """Spans of a timeline over ``first .. end - 1`` output frames.

    Args:
        clear: where nothing is, nothing shows, in place of the background.
    """

    def __init__(
        self, view: TimelineView, builder: LayerBuilder, first: int, end: int, *, clear: bool = False
    ) -> None:
        self._view = view
        self._builder = builder
        self.canvas: Canvas = builder.canvas
        self._clear = clear
        self._first = first
        self._end = end
        self._tracks = [t for t in view.tracks if t.track.type == "video"]
        self._checked: list[_Checked] = []

    def check(self, blends: frozenset[str], problems: list[Problem]) -> None:
        """Look up and check every effect, transition, generator and blend mode once."""
        for number, track in enumerate(self._tracks):
            for view in track.clips:
                self._builder.check_nested(view, blends, problems)
                self._builder.check(view, problems)
                self._builder.check_generator(view, problems)
                _check_blend(view.path, view.clip.blend, blends, problems)
            for path, clip in track.lost:
                self._builder.checked(clip.effects, f"{path}.effects", problems)
                _check_blend(path, clip.blend, blends, problems)
            _check_blend(track.path, track.track.blend, blends, problems)
            looks = self._builder.checked(track.track.effects, f"{track.path}.effects", problems)
            refuse_sources(looks, problems)
            for look in looks:
                if look.declaration.window != (0, 0) or look.declaration.state == "sequential":
                    message = f"{look.declaration.id} needs neighbouring frames and cannot stand on a track"
                    problems.append(Problem(look.path, message, "put it on the clips"))
            joints = {id(j): found for j in track.joints if (found := self._transition(j, problems))}
            every = [part for k in looks for part in (k, k.mask) if part is not None]
            taken = {k.path: taken_tracks(k, number, self._tracks, problems) for k in every}
            self._checked.append(_Checked(looks, joints, taken))

    def between(self, first: int, end: int) -> GraphBuilder:
        """The same, checked already, over other frames."""
        found = copy.copy(self)
        found._first, found._end = first, end
        return found

    @property
    def sequential(self) -> bool:
        """True where a clip has an effect that needs every frame before."""
        return any(self._builder.sequential(view) for track in self._tracks for view in track.clips)

    def _transition(self, joint: Joint, problems: list[Problem]) -> Look | None:
        parameters = dict(joint.use.parameters)
        if joint.use.direction:
            parameters["direction"] = joint.use.direction
        use = EffectUse(id=joint.use.id, effect_type=joint.use.transition_type, parameters=parameters)
        try:
            easing(joint.use.easing)
        except ValueError as error:
            problems.append(Problem(f"{joint.path}.easing", str(error)))
        looks = self._builder.looks
        return looks.look("transition", use.effect_type, use, joint.path, self._builder.fps, problems)

    # -- stretches and cuts ------------------------------------------------------------------

    def stretches(self) -> list[Stretch]:
        """Stretches between clip edges, for the segment cuts."""
        edges = {e for t in self._tracks for v in t.clips for e in (v.seen_start, v.seen_end)}
        return [seen.stretch(start, end) for start, end, seen in self._sweep(edges)]

    def _sweep(self, frames: set[int]) -> Iterator[tuple[int, int, Seen]]:
        inside = {f for f in frames if self._first <= f <= self._end}
        return sweep(self._tracks, sorted(inside | {self._first, self._end}), self._builder.sequential)

    def points(self) -> set[int]:
        """Frames at which the graph changes, as far as they lie in the range."""
        found: set[int] = set()
        for track, checked in zip(self._tracks, self._checked, strict=True):
            for view in track.clips:
                found |= {view.seen_start, view.seen_end, *self._builder.edges(view)}
            for look in checked.looks:
                found |= {f for f in (look.start, look.end) if f is not None}
        return {f for f in found if self._first <= f <= self._end}

    # -- one span ----------------------------------------------------------------------------

    def spans(self, cuts: Iterable[int]) -> list[Span]:
        """The graph between each two points at which it changes or a segment begins."""
        return [self._span(*row) for row in self._sweep(self.points() | set(cuts))]

    def _span(self, start: int, end: int, seen: Seen) -> Span:
        base: Node | None = None
        for layer in self._layers(start, end, seen):
            clear = self._clear and not (layer.opaque and layer.place.covers(*self.canvas.size))
            base = self._stack(base, layer, end - start, transparent=clear)
        root = base if base is not None else self.canvas.solid(end - start, transparent=self._clear)
        return Span(start - self._first, end - start, root)

    def _layers(self, start: int, end: int, seen: Seen) -> list[Layer]:
        """From the topmost layer that hides all below it up to the top."""
        found: list[Layer] = []
        taken: set[int] = set()
        for number in reversed(seen.tracks):
            if number in taken:
                continue
            layer = self._track_layer(number, start, end, seen, taken)
            if layer is not None:
                found.append(layer)
                if layer.opaque and layer.place.covers(*self.canvas.size):
                    break
        return found[::-1]

    def _is_bottom(self, number: int, start: int, end: int, seen: Seen, taken: set[int]) -> bool:
        """True where no track below has a layer; none is made to find out."""
        below = (k for k in seen.tracks if k < number and k not in taken)
        return not any(self._has_layer(k, start, end, seen) for k in below)

    def _has_layer(self, number: int, start: int, end: int, seen: Seen) -> bool:
        if sample(self._tracks[number].track.opacity, self._builder.fps, start, end - start) == 0:
            return False
        return seen.joint(number, start) is not None or self._builder.seen(seen.clip(number), start, end)

    def _stack(self, base: Node | None, layer: Layer, count: int, *, transparent: bool = False) -> Node:
        canvas = self.canvas
        if layer.opaque and layer.place.covers(*canvas.size):
            format = with_alpha(canvas.format) if transparent else canvas.format
            return converted(layer.node, format, canvas.color, canvas.size)
        if base is None:
            base = canvas.solid(count, transparent=transparent)
        place = layer.place
        return Place(
            base,
            layer.node,
            place.x,
            place.y,
            place.width,
            place.height,
            place.rotation,
            layer.opacity,
            layer.blend,
        )

    def _track_layer(self, number: int, start: int, end: int, seen: Seen, taken: set[int]) -> Layer | None:
        """The picture of a track; tracks that its effects take are added to ``taken``."""
        track = self._tracks[number].track
        opacity = sample(track.opacity, self._builder.fps, start, end - start)
        if opacity == 0:
            return None
        looks = [k for k in self._checked[number].looks if k.active(start)]
        joint = seen.joint(number, start)
        if joint is None:
            layer = self._builder.layer(seen.clip(number), start, end)
        else:
            # Effects and blending of the track must not reach the background, so it stays out then.
            plain = not looks and track.blend == "normal" and not self._clear
            bottom = plain and self._is_bottom(number, start, end, seen, taken)
            layer = self._joined(joint, self._checked[number].joints[id(joint)], start, end, bottom=bottom)
        if layer is None:
            return None
        if looks:
            layer = self._with_track_effects(
                layer, looks, lambda k: self._others(number, k, start, end, seen, taken), start, end
            )
        if layer.blend == "normal":
            layer = replace(layer, blend=track.blend)
        if opacity == 1.0:
            return layer
        return replace(layer, opacity=product(layer.opacity, opacity, end - start))

    def _joined(self, joint: Joint, look: Look, start: int, end: int, *, bottom: bool) -> Layer:
        canvas, count = self.canvas, end - start
        sides = [self._side(view, start, end, bottom=bottom) for view in (joint.out, joint.into)]
        format = fitting_format(sides[0].format, look.declaration.formats)
        inputs = [converted(side, format, canvas.color) for side in sides]
        moment = Moment(
            self._builder.fps,
            start - joint.start,
            count,
            joint.end - joint.start,
            canvas.color,
            canvas.width / canvas.project[0],
        )
        progress = {"progress": _progress(joint, start, count)}
        node = self._builder.looks.node(look, inputs, canvas.size, format, moment, progress)
        return Layer(converted(node, sides[0].format, canvas.color), _full(canvas))

    def _side(self, view: ClipView, start: int, end: int, *, bottom: bool) -> Node:
        """One clip on a canvas of its own: over the background at the bottom, else over nothing."""
        layer = self._builder.layer(view, start, end)
        if layer is None:
            return self.canvas.solid(end - start, transparent=not bottom)
        return self._stack(None, replace(layer, blend="normal"), end - start, transparent=not bottom)

    def _others(
        self, number: int, look: Look, start: int, end: int, seen: Seen, taken: set[int]
    ) -> list[Node]:
        """The pictures of the tracks that an effect takes; nothing where a track shows nothing."""
        found: list[Node] = []
        for other in self._checked[number].taken[look.path]:
            taken.add(other)
            layer = self._track_layer(other, start, end, seen, taken) if other in seen.tracks else None
            if layer is None:
                found.append(self.canvas.solid(end - start, transparent=True))
            else:
                found.append(self._alone(layer, end - start))
        return found

    def _alone(self, layer: Layer, count: int) -> Node:
        """A layer on a canvas of its own, over nothing."""
        canvas = self.canvas
        if layer.opaque and layer.place.covers(*canvas.size):
            return converted(layer.node, canvas.format, canvas.color, canvas.size)
        return self._stack(None, replace(layer, blend="normal"), count, transparent=True)

    def _with_track_effects(
        self, layer: Layer, looks: list[Look], others: Callable[[Look], list[Node]], start: int, end: int
    ) -> Layer:
        canvas, count = self.canvas, end - start
        node = self._alone(layer, count)
        moment = Moment(
            self._builder.fps, start, count, self._view.frames, canvas.color, canvas.width / canvas.project[0]
        )
        for look in looks:
            before, inputs = node, [node, *others(look)]
            clear = next((n.format for n in inputs if pixel_format(n.format).alpha), node.format)
            format = input_format(clear, look)
            inputs = [converted(n, format, canvas.color) for n in inputs]
            node = self._builder.looks.node(look, inputs, canvas.size, format, moment)
            if look.mask is not None:
                inputs = [node, *others(look.mask)]
                node = self._builder.looks.masked(look.mask, inputs, before, canvas.color, moment)
        alpha = pixel_format(node.format).alpha
        node = converted(node, with_alpha(canvas.format) if alpha else canvas.format, canvas.color)
        return Layer(node, _full(canvas), 1.0, layer.blend)


def _check_blend(path: str, blend: str, blends: frozenset[str], problems: list[Problem]) -> None:
    if blend not in blends:
        hint = did_you_mean(blend, blends)
        problems.append(Problem(f"{path}.blend", f"unknown blend mode {shown(blend)}", hint))


def _full(canvas: Canvas) -> Placement:
    return Placement(canvas.width / 2, canvas.height / 2, float(canvas.width), float(canvas.height), 0.0)


def _progress(joint: Joint, start: int, count: int) -> Any:
    """Eased progress ``i / N`` of every frame: the first is the outgoing clip alone."""
    length = joint.end - joint.start
    ease = easing(joint.use.easing)
    values = tuple(
        round(ease(float(Fraction(start - joint.start + k, length))), 9) + 0.0 for k in range(count)
    )
    return values[0] if all(v == values[0] for v in values) else Samples(values)
