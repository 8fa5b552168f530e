"""``Graph.add_buffer`` of PyAV loses matrix and range of the frames: the backend never calls it.

The rule is checked on the syntax tree, so an alias or a comment cannot hide or fake a call.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path


def test_add_buffer_is_never_used(
    shipped: list[Path], parsed: Callable[[Path], ast.Module], at: Callable[[Path, int], str]
) -> None:
    backend = [p for p in shipped if "kadr_pyav" in p.parts]
    assert backend, "the backend has moved, and so must this rule"
    assert [at(p, line) for p in backend for line in _uses(parsed(p))] == []


def test_the_rule_sees_every_form() -> None:
    forms = ["graph.add_buffer(stream)", "make = graph.add_buffer", "getattr(graph, 'add_buffer')(x)"]
    assert [_uses(ast.parse(form)) for form in forms] == [[1], [1], [1]]
    assert _uses(ast.parse("graph.add_abuffer(x)\n# add_buffer loses colour")) == []


def _uses(tree: ast.Module) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "add_buffer")
        or (isinstance(node, ast.Constant) and node.value == "add_buffer")
    ]
