"""A clip as a layer: decode, conform, effects, and where it stands on the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

from kadr_sdk.color import BT709
from kadr_sdk.curves import Curve, Samples, sample
from kadr_sdk.errors import Problem
from kadr_sdk.frames import pixel_format
from kadr_sdk.plan import Conform, Decode, FrameTimes, Node, Source
from kadr_sdk.project import EffectUse

from kadr_kernel.render.canvas import Canvas, came_as, converted, fitting_format, with_alpha
from kadr_kernel.render.composites import check_composites
from kadr_kernel.render.geometry import Placement, fitted_size, placement, work_size
from kadr_kernel.render.looks import Look, Looks, Moment, input_format
from kadr_kernel.render.sources import check_sources, crop_of, source_values
from kadr_kernel.render.views import ClipView, TimelineView

__all__ = ["Layer", "LayerBuilder"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture and where it stands.

    Attributes:
        opacity: number or samples.
    """

    node: Node
    place: Placement
    opacity: Any = 1.0
    blend: str = "normal"

    @property
    def opaque(self) -> bool:
        """True where nothing below shines through."""
        return self.opacity == 1.0 and self.blend == "normal" and not pixel_format(self.node.format).alpha


class NestedGraph(Protocol):
    """The graph of a sequence."""

    canvas: Canvas

    def check(self, blends: frozenset[str], problems: list[Problem]) -> None:
        """Look up and check everything in it."""

    @property
    def sequential(self) -> bool:
        """True where it has an effect that needs every frame before."""


class Nested(Protocol):
    """Graphs of the sequences that clips show."""

    def graph(self, view: TimelineView) -> tuple[NestedGraph, bool]:
        """The graph of a sequence, and whether it is new."""

    def node(self, view: ClipView, first: int, end: int) -> Node:
        """What a clip shows of its sequence."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Sizes of a clip, the same in all its frames.

    Attributes:
        size: upright, in square pixels, after the crop.
        fitted: at scale 1 on the canvas.
        reference: its width at scale 1 in the project's resolution.
    """

    size: tuple[int, int]
    fitted: tuple[float, float]
    reference: float


class LayerBuilder:
    """Layers of clips over stretches of output frames."""

    def __init__(
        self, canvas: Canvas, looks: Looks, pool: dict[str, EffectUse], fps: Fraction, damage: str
    ) -> None:
        self.canvas = canvas
        self.looks = looks
        self.fps = fps
        self._pool = pool
        self._damage = damage
        self._clip_looks: dict[int, tuple[Look, ...]] = {}
        self._shapes: dict[int, _Shape] = {}
        self.nested: Nested | None = None

    def like(self, canvas: Canvas, fps: Fraction) -> LayerBuilder:
        """Another one, for a timeline within this one."""
        return LayerBuilder(canvas, self.looks, self._pool, fps, self._damage)

    def check_nested(self, view: ClipView, blends: frozenset[str], problems: list[Problem]) -> None:
        """Check the sequences that are seen in a clip, where no clip before it did."""
        for nested in view.within:
            graph, new = self._graphs.graph(nested)
            if new:
                graph.check(blends, problems)

    @property
    def _graphs(self) -> Nested:
        assert self.nested is not None, "nobody gave the graphs of sequences"
        return self.nested

    def check(self, view: ClipView, problems: list[Problem]) -> None:
        """Look up and check everything that the clip's picture uses, once."""
        looks = self.checked(view.clip.effects, f"{view.path}.effects", problems)
        check_composites(looks, problems)
        check_sources(self.looks, looks, view, problems)
        self._clip_looks[id(view)] = looks
        size, canvas, fit = self._upright_size(view), self.canvas, view.clip.fit
        fitted, reference = (fitted_size(*size, c, fit) for c in (canvas.size, canvas.project))
        self._shapes[id(view)] = _Shape(size, fitted, reference[0])

    def checked(
        self, uses: Sequence[str | EffectUse], path: str, problems: list[Problem]
    ) -> tuple[Look, ...]:
        """Effect uses of a clip or track, checked; those that do nothing left out."""
        found = []
        for number, use in enumerate(uses):
            effect = self._pool[use] if isinstance(use, str) else use
            where = f"{path}[{number}]"
            if self.looks.is_sound(effect.effect_type):
                continue
            look = self.looks.look("effect", effect.effect_type, effect, where, self.fps, problems)
            if look is not None:
                found.append(look)
        return tuple(found)

    def edges(self, view: ClipView) -> set[int]:
        """Output frames at which an effect of the clip starts or ends."""
        looks = self._clip_looks[id(view)]
        return {view.start + f for look in looks for f in (look.start, look.end) if f is not None}

    def sequential(self, view: ClipView) -> bool:
        """True where an effect needs every frame before."""
        if any(look.declaration.state == "sequential" for look in self._clip_looks[id(view)]):
            return True
        return any(self._graphs.graph(nested)[0].sequential for nested in view.within)

    def seen(self, view: ClipView, start: int, end: int) -> bool:
        """True where :meth:`layer` has one for the clip."""
        return self._stand(view, start - view.start, end - start) is not None

    def _stand(self, view: ClipView, first: int, count: int) -> tuple[Any, Placement] | None:
        """Opacity and place; None where the clip cannot be seen."""
        opacity = sample(view.clip.opacity, self.fps, first, count)
        if opacity == 0:
            return None
        fitted = self._shapes[id(view)].fitted
        place = placement(view.clip.transform, fitted, self.canvas.size, self.fps, first, count)
        if place.static and (place.width <= 0 or place.height <= 0):
            return None
        return opacity, place

    def layer(self, view: ClipView, start: int, end: int) -> Layer | None:
        """The clip over output frames ``start .. end - 1``; None where it cannot be seen."""
        first, count = start - view.start, end - start
        stand = self._stand(view, first, count)
        if stand is None:
            return None
        opacity, place = stand
        looks = [k for k in self._clip_looks[id(view)] if k.active(first)]
        shape = self._shapes[id(view)]
        work = self._work(view, shape, place, bool(looks))
        node = self._with_effects(view, looks, work, work[0] / shape.reference, first, count)
        drawn = place.width, place.height
        conformed = view.clip.generator is None and place.static and place.rotation == 0 and not looks
        if conformed and drawn != (node.width, node.height):
            place = replace(place, width=float(node.width), height=float(node.height))
        return Layer(node, place, opacity, view.clip.blend)

    def _work(
        self,
        view: ClipView,
        shape: _Shape,
        place: Placement,
        effects: bool,
    ) -> tuple[int, int]:
        if view.clip.generator is not None:
            return self.canvas.size
        if place.static and place.rotation == 0 and not effects:
            return int(place.width), int(place.height)
        layout = pixel_format(self.canvas.format)
        return work_size(shape.size, shape.fitted, view.clip, layout.log2_chroma != (0, 0))

    def _upright_size(self, view: ClipView) -> tuple[int, int]:
        """Square-pixel size after rotation and crop."""
        if view.nested is not None:
            width, height = self._graphs.graph(view.nested)[0].canvas.size
        elif view.video is None:
            return self.canvas.size
        else:
            width, height = view.video.display_size
        crop = view.clip.crop
        return (
            max(1, round(width * (1 - crop.left - crop.right))),
            max(1, round(height * (1 - crop.top - crop.bottom))),
        )

    def _with_effects(
        self, view: ClipView, looks: list[Look], work: tuple[int, int], scale: float, first: int, count: int
    ) -> Node:
        node = self._stage(view, looks, work, scale, first, first + count)
        alpha = pixel_format(node.format).alpha
        return converted(
            node, with_alpha(self.canvas.format) if alpha else self.canvas.format, self.canvas.color
        )

    def _stage(
        self, view: ClipView, looks: list[Look], work: tuple[int, int], scale: float, first: int, end: int
    ) -> Node:
        """The clip behind all of ``looks`` over frames ``first .. end - 1`` of it."""
        if not looks:
            return self._source(view, work, first, end)
        look = looks[-1]
        low, high = _range(view, look, first, end)
        before = self._stage(view, looks[:-1], work, scale, low, high)
        color = self.canvas.color
        moment = Moment(self.fps, first, end - first, view.frames, color, scale, first - low, high - end)
        inputs = [before, *self._taken(view, look, work, low, high)]
        format = input_format(
            next((n.format for n in inputs if pixel_format(n.format).alpha), before.format), look
        )
        inputs = [converted(n, format, color) for n in inputs]
        extra = source_values(view, first, end) if look.declaration.source else None
        node = self.looks.node(look, inputs, work, format, moment, extra)
        if look.mask is None:
            return node
        if (low, high) != (first, end):
            before = self._stage(view, looks[:-1], work, scale, first, end)
        inputs = [node, *self._taken(view, look.mask, work, first, end)]
        return self.looks.masked(look.mask, inputs, before, color, replace(moment, lead=0, trail=0))

    def _taken(self, view: ClipView, look: Look, work: tuple[int, int], first: int, end: int) -> list[Node]:
        """The pictures of the sequences that an effect takes, stretched to the clip's."""
        return [self._sequence(view.mattes[name], work, first, end) for name in look.inputs]

    def _source(self, view: ClipView, work: tuple[int, int], first: int, end: int) -> Node:
        if view.nested is not None:
            return self._sequence(view, work, first, end)
        if view.video is None:
            return self._generated(view, first, end)
        video = view.video
        source = Source(
            str(view.file),
            video.index,
            video.width,
            video.height,
            video.pixel_format,
            video.color,
            video.still,
        )
        interlaced = {"auto": video.interlaced, "on": video.interlaced or "tff", "off": None}[
            view.clip.deinterlace
        ]
        times = _times(view, first, end)
        decode = Decode(source, times, end - first, interlaced or "off", self._damage)
        rgb = _is_rgb(video.pixel_format)
        _, cut = crop_of(view)
        format = with_alpha(self.canvas.format) if video.alpha else self.canvas.format
        goes = self.canvas.color
        came = came_as(video.color, video.width, video.height, goes, rgb=rgb)
        return Conform(decode, *work, format, came, goes, video.rotation, video.mirrored, cut, video.peak)

    def _sequence(self, view: ClipView, work: tuple[int, int], first: int, end: int) -> Node:
        """A sequence, cropped, scaled and converted as media are; itself where nothing is to be done."""
        assert view.nested is not None
        node = self._graphs.node(view, first, end)
        inner, outer, crop = self._graphs.graph(view.nested)[0].canvas, self.canvas, view.clip.crop
        shares = (crop.left, crop.top, crop.right, crop.bottom)
        cut = tuple(round(side * share) for side, share in zip(inner.size * 2, shares, strict=True))
        format = with_alpha(outer.format) if pixel_format(node.format).alpha else outer.format
        if not any(cut):
            return converted(node, format, inner.color, work, outer.color)
        return Conform(
            node, *work, format, inner.color, outer.color, 0, False, (cut[0], cut[1], cut[2], cut[3])
        )

    def _generated(self, view: ClipView, first: int, end: int) -> Node:
        assert view.clip.generator is not None
        generator = view.clip.generator
        use = EffectUse(id=view.clip.id, effect_type=generator.type, parameters=generator.parameters)
        problems: list[Problem] = []
        look = self.looks.look("generator", generator.type, use, f"{view.path}.generator", self.fps, problems)
        assert look is not None, problems
        format = fitting_format(self.canvas.format, look.declaration.formats)
        scale = self.canvas.width / self.canvas.project[0]
        # Generators draw in colours of SDR: on a canvas of high dynamic range their white is its 203 cd/m2.
        color = BT709 if self.canvas.color.high_range else self.canvas.color
        moment = Moment(self.fps, first, end - first, view.frames, color, scale)
        node = self.looks.node(look, [], self.canvas.size, format, moment)
        if color == self.canvas.color:
            return node
        alpha = pixel_format(node.format).alpha
        target = with_alpha(self.canvas.format) if alpha else self.canvas.format
        return converted(node, target, color, to=self.canvas.color)

    def check_generator(self, view: ClipView, problems: list[Problem]) -> None:
        """Check a generator's id and parameters."""
        generator = view.clip.generator
        if generator is None:
            return
        use = EffectUse(id=view.clip.id, effect_type=generator.type, parameters=generator.parameters)
        self.looks.look("generator", generator.type, use, f"{view.path}.generator", self.fps, problems)


def _range(view: ClipView, look: Look, first: int, end: int) -> tuple[int, int]:
    """Frames of the clip that an effect needs for ``first .. end - 1``, so that windows find theirs."""
    low, high = view.seen_start - view.start, view.seen_end - view.start
    before, after = look.declaration.window
    if look.declaration.state == "sequential":
        return min(low, first), end
    return max(min(low, first), first - before), min(max(high, end), end + after)


def _times(view: ClipView, first: int, end: int) -> FrameTimes:
    """Source times of frames since the clip's start."""
    assert view.video is not None
    frame = view.start + first
    if view.video.still:
        return FrameTimes(view.video.start, Fraction(0))
    if view.clip.freeze is None and isinstance(view.clip.speed, Curve):
        listed = tuple(view.source_time(frame + k) for k in range(end - first))
        return FrameTimes(listed[0], Fraction(0), listed)
    if view.clip.freeze is not None:
        return FrameTimes(view.source_time(frame), Fraction(0))
    return FrameTimes(view.source_time(frame), -view.step if view.clip.reversed else view.step)


def _is_rgb(name: str) -> bool:
    return name.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr", "x2rgb"))


def product(a: Any, b: Any, count: int) -> Any:
    """Two sampled numbers multiplied frame by frame."""
    if not isinstance(a, Samples) and not isinstance(b, Samples):
        return round(a * b, 9)
    left = a.values if isinstance(a, Samples) else (a,) * count
    right = b.values if isinstance(b, Samples) else (b,) * count
    return Samples(tuple(round(x * y, 9) for x, y in zip(left, right, strict=True)))
