"""What the frames of a node are."""

from __future__ import annotations

from dataclasses import replace

from kadr_sdk.color import Color
from kadr_sdk.curves import constant
from kadr_sdk.plan import Call, Conform, Decode, Montage, Native, Node, Place, Solid

from kadr_pyav.layout import layout_of
from kadr_pyav.recipe import Shape

__all__ = ["held", "shape_of"]


def shape_of(node: Node) -> Shape:
    """Size, format and colour of a node's frames."""
    return Shape(node.width, node.height, node.format, _color(node))


def _color(node: Node) -> Color:
    if isinstance(node, Conform | Solid | Call | Montage):
        return node.color
    if isinstance(node, Decode):
        return node.source.color
    if isinstance(node, Place):
        return _color(node.base)
    before = shape_of(node.inputs[0])
    return _carried(before, node)


def _carried(before: Shape, node: Native) -> Color:
    """Colour behind a native effect: as before it, unless it went from YUV to RGB or back."""
    was, now = layout_of(before.format).rgb, layout_of(node.format).rgb
    if was == now:
        return before.color
    if now:
        return replace(before.color, matrix="gbr", range="pc")
    blank = replace(before.color, matrix="unknown", range="tv")
    return blank.filled(node.width, node.height)


def held(node: Node) -> bool:
    """True where every frame of the node is the same, so that one is made and kept."""
    if isinstance(node, Solid):
        return True
    if isinstance(node, Decode):
        return node.source.still or (node.times.step == 0 and not node.times.listed)
    if isinstance(node, Conform):
        return held(node.input)
    if isinstance(node, Place):
        numbers = (node.x, node.y, node.layer_width, node.layer_height, node.rotation, node.opacity)
        return all(map(constant, numbers)) and held(node.base) and held(node.layer)
    return False
