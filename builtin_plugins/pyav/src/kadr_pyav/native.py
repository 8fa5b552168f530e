"""Native effects: the planner's filter nodes with every conversion made explicit."""

from __future__ import annotations

from dataclasses import replace

from kadr_sdk.color import Color
from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import Native

from kadr_pyav.avcolor import setparams_options
from kadr_pyav.conform import convert_filters
from kadr_pyav.layout import layout_of
from kadr_pyav.recipe import Shape

__all__ = ["native_filters"]


def native_filters(node: Native, before: Shape, after: Shape) -> tuple[FilterSpec, ...]:
    """The nodes of an effect; a ``format`` node with one format becomes an exact conversion.

    Args:
        before: shape of the first input; after: of the output.
    """
    nodes: list[FilterSpec] = []
    shape = before
    for spec in node.filters:
        wanted = dict(spec.options).get("pix_fmts", "") if spec.name == "format" else ""
        if wanted and "|" not in wanted:
            shape = _converted(nodes, shape, wanted, after)
        else:
            nodes.append(spec)
            # vflip turns the strides negative, which nothing behind libav can read.
            nodes += [FilterSpec("copy")] * (spec.name == "vflip")
    if shape.format != after.format:
        _converted(nodes, shape, after.format, after)
    if len(node.inputs) > 1:  # filters of several inputs (mix, blend) drop primaries and transfer
        nodes.append(FilterSpec("setparams", tuple(setparams_options(after.color).items())))
    return tuple(nodes) or (FilterSpec("null"),)


def _converted(nodes: list[FilterSpec], shape: Shape, format: str, after: Shape) -> Shape:
    target = replace(shape, format=format, color=_color_in(format, shape, after))
    nodes += convert_filters(shape, target)
    return target


def _color_in(format: str, shape: Shape, after: Shape) -> Color:
    """RGB on the way is full range; YUV is what the output is."""
    rgb = layout_of(format).rgb
    if rgb == layout_of(shape.format).rgb:
        return shape.color
    return replace(after.color, matrix="gbr", range="pc") if rgb else after.color
