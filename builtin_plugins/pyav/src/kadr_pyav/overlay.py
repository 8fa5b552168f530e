"""Placing in its plain form: one scale and libavfilter's overlay.

It serves a normal blend without rotation at whole pixels, aligned with the chroma samples, and
at 8 bit any opacity;
everything else is :mod:`kadr_pyav.place`'s. At 8 bit overlay rounds exactly, at 10 bit it
truncates (at most one code low).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from kadr_sdk.curves import Samples, constant
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import NotSupportedError
from kadr_sdk.frames import FORMATS, pixel_format
from kadr_sdk.plan import Place

from kadr_pyav.conform import convert_filters
from kadr_pyav.layout import Layout, layout_of
from kadr_pyav.recipe import Shape

__all__ = ["Overlay", "layer_format", "overlay_of"]

# Canvas format: overlay's name for it, and the format of the layer.
_MODES = {
    "yuv420p": ("yuv420", "yuva420p"),
    "yuva420p": ("yuv420", "yuva420p"),
    "yuv422p": ("yuv422", "yuva422p"),
    "yuva422p": ("yuv422", "yuva422p"),
    "yuv444p": ("yuv444", "yuva444p"),
    "yuva444p": ("yuv444", "yuva444p"),
    "yuv420p10le": ("yuv420p10", "yuva420p10le"),
    "yuv422p10le": ("yuv422p10", "yuva422p10le"),
    "yuv444p10le": ("yuv444p10", "yuva444p10le"),
    "gbrp": ("gbrp", "gbrap"),
}


@dataclass(frozen=True, slots=True)
class Overlay:
    """Nodes of a plain placing.

    Attributes:
        layer: what the layer goes through.
        over: base and layer together; None where the layer hides the base.
        hidden: the layer cannot be seen.
    """

    layer: tuple[FilterSpec, ...] = ()
    over: FilterSpec | None = None
    hidden: bool = False


def overlay_of(node: Place, base: Shape, layer: Shape) -> Overlay | None:
    """The plain form of a placing, or None where it needs the sub-pixel form."""
    if constant(node.opacity) and node.opacity <= 0:
        return Overlay(hidden=True)
    box = _box(node, layout_of(base.format))
    if box is None or node.blend != "normal":
        return None
    left, top, width, height = box
    if left >= base.width or top >= base.height or left + width <= 0 or top + height <= 0:
        return Overlay(hidden=True)
    opaque = not layout_of(layer.format).alpha and constant(node.opacity) and node.opacity >= 1
    if opaque and left <= 0 and top <= 0 and left + width >= base.width and top + height >= base.height:
        return Overlay(_covering(base, layer, box))
    mode, format = _MODES.get(base.format, ("", ""))
    faded = not constant(node.opacity) or node.opacity < 1
    if not mode or (faded and layout_of(format).depth > 8):  # lutyuv has no deep formats with alpha
        return None
    target = Shape(width, height, format, base.color)
    nodes = convert_filters(layer, target) + _faded(node.opacity, layout_of(format))
    over = FilterSpec.of("overlay", x=left, y=top, format=mode, eof_action="endall", eval="init")
    return Overlay(nodes, over)


def layer_format(canvas: str, layer: str) -> str:
    """The format that a layer needs to be laid on a canvas: the canvas', with alpha if it has some.

    Raises:
        NotSupportedError: a canvas that nothing can be placed on.
    """
    known = pixel_format(canvas)
    if known.packed or known.planes < 3:
        raise NotSupportedError(f"layers cannot be placed on {canvas}", hint="plan a planar canvas")
    if not layout_of(layer).alpha:
        return _OPAQUE.get(canvas, canvas)
    if known.alpha:
        return canvas
    name = canvas.replace("gbr", "gbra") if known.rgb else canvas.replace("yuv", "yuva")
    return name if name in FORMATS else f"yuva{canvas[3:6]}p16le"


_OPAQUE = {n: n.replace("gbra", "gbr").replace("yuva", "yuv") for n in FORMATS}


def _box(node: Place, layout: Layout) -> tuple[int, int, int, int] | None:
    """Left, top, width and height where they are whole and fit the chroma samples."""
    numbers = (node.x, node.y, node.layer_width, node.layer_height, node.rotation)
    if not all(map(constant, numbers)) or node.rotation % 360:
        return None
    width, height = node.layer_width, node.layer_height
    exact = (node.x - width / 2, node.y - height / 2, width, height)
    whole = tuple(round(v) for v in exact)
    if any(abs(a - b) > 1e-6 for a, b in zip(exact, whole, strict=True)) or min(whole[2:]) < 1:
        return None
    steps = [1 << log2 for log2 in layout.log2_chroma]
    ends = (node.width, node.height)
    for axis in (0, 1):
        stop = whole[axis] + whole[axis + 2]
        if whole[axis] % steps[axis] or (stop % steps[axis] and stop < ends[axis]):
            return None
    return whole[0], whole[1], whole[2], whole[3]


def _covering(base: Shape, layer: Shape, box: tuple[int, int, int, int]) -> tuple[FilterSpec, ...]:
    left, top, width, height = box
    nodes = convert_filters(layer, Shape(width, height, base.format, base.color))
    if (width, height) == (base.width, base.height):
        return nodes
    cut = FilterSpec.of("crop", w=base.width, h=base.height, x=-left, y=-top, exact=1)
    return (*nodes, cut)


def _faded(opacity: Any, layout: Layout) -> tuple[FilterSpec, ...]:
    """The layer's alpha times the opacity, rounded; by command where it varies."""
    if constant(opacity) and opacity >= 1:
        return ()
    values = opacity.values if isinstance(opacity, Samples) else (opacity,)
    texts = tuple(f"floor(val*{min(1.0, max(0.0, cast(float, v))):.9f}+0.5)" for v in values)
    name, colors = ("lutrgb", "rgb") if layout.rgb else ("lutyuv", "yuv")
    options = (*((c, "val") for c in colors), ("a", texts[0]))
    commands = (("a", texts),) if isinstance(opacity, Samples) else ()
    return (FilterSpec(name, options, commands),)
