"""Neighbouring tables become one: grades of several effects cost one pass over the picture.

A ``lutyuv`` maps every code of a plane by a table, so a chain of them is a table as well. The
expression of the one is put into the next as libavfilter's evaluator allows (``st`` and ``ld``),
with what the filter itself does between them: it cuts off the fraction and clips to the codes
of the format. The bits are the same as those of the chain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import Native

from kadr_pyav.layout import layout_of
from kadr_pyav.shapes import shape_of

__all__ = ["joined_tables"]

_PLANES = ("y", "u", "v", "a")
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_CODE = re.compile(r"\bval\b")
_PLAIN = frozenset({"val", "clip", "floor", "ceil", "trunc", "round", "min", "max", "if", "gt", "gte"})
_PLAIN |= {"lt", "lte", "eq", "abs", "pow", "sqrt", "exp", "log", "sin", "cos", "pi"}
"""Words that mean the same wherever they stand; ``negval`` and its like read the picture's code."""


def joined_tables(node: Native) -> Native:
    """The node together with the tables right below it; itself where there are none.

    Tables that change over time stay what they are: they take commands of their own.
    """
    nodes = [node]
    while _is_table(nodes[0]) and isinstance(below := nodes[0].inputs[0], Native) and _is_table(below):
        nodes.insert(0, below)
    if len(nodes) == 1:
        return node
    peak = (1 << layout_of(node.format).depth) - 1
    spec = _one_table([each.filters[0] for each in nodes], peak)
    names = "+".join(f"{each.effect}@{each.version}" for each in nodes[:-1])
    return replace(node, inputs=nodes[0].inputs, filters=(spec,), effect=f"{names}+{node.effect}")


def _one_table(specs: Sequence[FilterSpec], peak: int) -> FilterSpec:
    """One ``lutyuv`` for a chain of them.

    Args:
        specs: each with an expression for every plane, in the order they are applied.
        peak: the highest code of the format.
    """
    columns = [dict(spec.options) for spec in specs]
    options = ((plane, _nested([column[plane] for column in columns], peak)) for plane in _PLANES)
    return FilterSpec("lutyuv", tuple(options))


def _nested(expressions: Sequence[str], peak: int) -> str:
    text = "val"
    for expression in expressions:
        if text == "val":
            text = expression
        elif expression != "val":
            stored = f"st(0,clip(trunc({text}),0,{peak}))"
            text = f"({stored};{_CODE.sub('ld(0)', expression)})"
    return text


def _is_table(node: Native) -> bool:
    if len(node.inputs) != 1 or len(node.filters) != 1 or shape_of(node.inputs[0]).format != node.format:
        return False
    (spec,) = node.filters
    options = dict(spec.options)
    return (
        (spec.name, spec.commands) == ("lutyuv", ())
        and options.keys() == set(_PLANES)
        and all(_PLAIN.issuperset(_WORD.findall(expression)) for expression in options.values())
    )
