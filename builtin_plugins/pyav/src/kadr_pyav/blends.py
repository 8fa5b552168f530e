"""Blend modes on display-referred RGB planes, by libavfilter's ``blend`` where its formula is right.

The formulas are those of the W3C's Compositing and Blending Level 1 and, beyond it, the usual
ones (:mod:`kadr_pyav.blend_formulas`), within two codes at 8 bit.
"""

from __future__ import annotations

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.color import Color
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import NotFoundError

from kadr_pyav.blend_formulas import FORMULAS, blended_planes
from kadr_pyav.conform import convert_filters
from kadr_pyav.graph import LiveGraph
from kadr_pyav.layout import layout_of
from kadr_pyav.planes import blank, codes
from kadr_pyav.recipe import Recipe, Shape

__all__ = ["BLENDS", "Blender"]

# Name: libavfilter's mode. The base is its first input.
_MODES = {
    "multiply": "multiply",
    "screen": "screen",
    "overlay": "overlay",
    "darken": "darken",
    "lighten": "lighten",
    "add": "addition",
    "subtract": "subtract",
    "difference": "difference",
    "exclusion": "exclusion",
    "hard-light": "hardlight",
}

BLENDS = frozenset({*_MODES, *FORMULAS, "normal"})
"""Names that :class:`~kadr_sdk.plan.Place` may use."""


class Blender:
    """Blends a layer with a base of the same shape; opacity is the caller's affair.

    Raises:
        NotFoundError: no such blend mode.
    """

    def __init__(self, name: str, shape: Shape) -> None:
        if name not in BLENDS:
            raise NotFoundError("blend mode", name, BLENDS)
        self._way = _Filtered(name, shape) if name in _MODES else _Calculated(name, shape)

    def frame(self, base: AvFrame, layer: AvFrame) -> AvFrame:
        """The blended picture."""
        return self._way.frame(base, layer)


class _Filtered:
    """By libavfilter, conversion to RGB and back in the same graph."""

    def __init__(self, name: str, shape: Shape) -> None:
        recipe, rgb = Recipe(), _rgb_of(shape)
        inputs = [recipe.chain(recipe.source(shape), convert_filters(shape, rgb)) for _ in range(2)]
        mixed = recipe.filter(inputs, FilterSpec.of("blend", all_mode=_MODES[name]), name)
        self._graph = LiveGraph(recipe, recipe.chain(mixed, convert_filters(rgb, shape)), shape)
        self._count = 0

    def frame(self, base: AvFrame, layer: AvFrame) -> AvFrame:
        self._count += 1
        return self._graph.frame(self._count, [base, layer])


class _Calculated:
    """By a formula in numpy, between two conversions."""

    def __init__(self, name: str, shape: Shape) -> None:
        self._name, self._rgb, self._shape = name, _rgb_of(shape), shape
        self._into, self._back = _converter(shape, self._rgb), _converter(self._rgb, shape)
        self._count = 0

    def frame(self, base: AvFrame, layer: AvFrame) -> AvFrame:
        rgb, depth = self._rgb, layout_of(self._rgb.format).depth
        below, above = self._rgb_frame(base), self._rgb_frame(layer)
        made = blank(rgb.format, rgb.width, rgb.height, rgb.color)
        target = codes(made, depth, writable=True)
        blended_planes(self._name, codes(below, depth), codes(above, depth), target, (1 << depth) - 1)
        for opaque in target[3:]:
            opaque[...] = (1 << depth) - 1
        return self._converted(self._back, made)

    def _rgb_frame(self, frame: AvFrame) -> AvFrame:
        return self._converted(self._into, frame)

    def _converted(self, graph: LiveGraph | None, frame: AvFrame) -> AvFrame:
        self._count += 1
        return frame if graph is None else graph.frame(self._count, [frame])


def _converter(shape: Shape, to: Shape) -> LiveGraph | None:
    filters = convert_filters(shape, to)
    if not filters:
        return None
    recipe = Recipe()
    return LiveGraph(recipe, recipe.chain(recipe.source(shape), filters), to)


def _rgb_of(shape: Shape) -> Shape:
    depth = next(d for d in (8, 10, 12, 16) if d >= layout_of(shape.format).depth)
    alpha = "a" if layout_of(shape.format).alpha else ""
    name = f"gbr{alpha}p" + ("" if depth == 8 else f"{depth}le")
    color = shape.color
    return Shape(shape.width, shape.height, name, Color("gbr", color.primaries, color.transfer, "pc"))
