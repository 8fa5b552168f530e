"""The declaration inside a module: strict JSON, and the same as the descriptor's."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any, NoReturn

from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.text import printable

from kadr_kernel.sandbox.faults import ModuleError

__all__ = ["check_declared", "read_declaration", "strict_json"]


def strict_json(data: bytes) -> dict[str, Any]:
    """An object of UTF-8 JSON: no keys given twice, no numbers or characters that are none.

    Raises:
        ValueError, RecursionError: it is not that.
    """
    found = json.loads(
        data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite
    )
    if not isinstance(found, dict):
        raise ValueError("a table is expected")
    if b"\\u" in data:  # an escape may be half of a character, which nobody can write again
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    return found


def read_declaration(data: bytes) -> EffectDeclaration:
    """The declaration of a section ``kadr.effect``.

    Raises:
        ModuleError: not UTF-8, not JSON, keys given twice, numbers that are none, or rules broken.
    """
    try:
        return EffectDeclaration.from_dict(strict_json(data))
    except (ValueError, RecursionError) as error:
        raise ModuleError(f"its declaration is broken: {printable(error)}") from None


def check_declared(data: bytes, descriptor: EffectDeclaration) -> None:
    """Hold the declaration of a module against the descriptor that a plugin gives for it.

    Raises:
        ModuleError: they differ; names what does.
    """
    own = replace(read_declaration(data), wasm=descriptor.wasm)
    differ = [f.name for f in fields(own) if getattr(own, f.name) != getattr(descriptor, f.name)]
    if differ:
        hint = "pack the module again with this descriptor"
        raise ModuleError(f"module and descriptor declare different things: {', '.join(differ)}", hint)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _finite(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError(f"{text[:20]} is not a number")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")
