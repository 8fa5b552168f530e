"""Blend modes, by libavfilter's ``blend`` on RGB planes.

The formulas are those of the W3C's Compositing and Blending Level 1 (within two codes at
8 bit), except soft-light, which is libavfilter's own, and dodge and burn at black and white.
"""

from __future__ import annotations

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.color import Color
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import NotFoundError

from kadr_pyav.conform import convert_filters
from kadr_pyav.graph import LiveGraph
from kadr_pyav.layout import layout_of
from kadr_pyav.recipe import Recipe, Shape

__all__ = ["BLENDS", "Blender"]

# Name: libavfilter's mode, and whether the layer is its first input (else the base is).
_MODES = {
    "multiply": ("multiply", False),
    "screen": ("screen", False),
    "overlay": ("overlay", False),
    "darken": ("darken", False),
    "lighten": ("lighten", False),
    "add": ("addition", False),
    "subtract": ("subtract", False),
    "difference": ("difference", False),
    "exclusion": ("exclusion", False),
    "soft-light": ("softlight", False),
    "hard-light": ("hardlight", False),
    "color-dodge": ("dodge", True),
    "color-burn": ("burn", True),
}

BLENDS = frozenset(_MODES) | {"normal"}
"""Names that :class:`~kadr_sdk.plan.Place` may use."""


class Blender:
    """Blends a layer with a base of the same shape; opacity is the caller's affair.

    Raises:
        NotFoundError: no such blend mode.
    """

    def __init__(self, name: str, shape: Shape) -> None:
        if name not in _MODES:
            raise NotFoundError("blend mode", name, BLENDS)
        mode, layer_first = _MODES[name]
        recipe = Recipe()
        rgb = _rgb_of(shape)
        base = recipe.chain(recipe.source(shape), convert_filters(shape, rgb))
        layer = recipe.chain(recipe.source(shape), convert_filters(shape, rgb))
        order = (layer, base) if layer_first else (base, layer)
        mixed = recipe.filter(order, FilterSpec.of("blend", all_mode=mode), name)
        self._graph = LiveGraph(recipe, recipe.chain(mixed, convert_filters(rgb, shape)), shape)
        self._count = 0

    def frame(self, base: AvFrame, layer: AvFrame) -> AvFrame:
        """The blended picture."""
        self._count += 1
        return self._graph.frame(self._count, [base, layer])


def _rgb_of(shape: Shape) -> Shape:
    depth = next(d for d in (8, 10, 12, 16) if d >= layout_of(shape.format).depth)
    alpha = "a" if layout_of(shape.format).alpha else ""
    name = f"gbr{alpha}p" + ("" if depth == 8 else f"{depth}le")
    color = shape.color
    return Shape(shape.width, shape.height, name, Color("gbr", color.primaries, color.transfer, "pc"))
