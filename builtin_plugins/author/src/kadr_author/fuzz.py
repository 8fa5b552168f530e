"""Cases with parameters at their limits and anywhere between."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.params import Param

from kadr_author.calls import Case, formats_of, is_sound

__all__ = ["fuzzed"]

_ROUNDS = 24
_SIZES = ((1, 1), (2, 2), (17, 3), (3, 40), (64, 36))
_COMPONENTS = {"point": 2, "rect": 4}
_FAR = 1e6


def fuzzed(declaration: EffectDeclaration, random: Random) -> Iterator[Case]:
    """Cases of which the first two have all parameters at one end."""
    formats = formats_of(declaration)
    for number in range(_ROUNDS):
        end = {0: 0.0, 1: 1.0}.get(number)
        values = {p.name: _value(p, random, end) for p in declaration.params if p.type != "file"}
        size = (random.choice((8000, 44100, 48000)), 0) if is_sound(declaration) else random.choice(_SIZES)
        progress = random.choice((0.0, 1.0, random.random()))
        frame = random.choice((0, 1, random.randrange(900)))
        yield Case(random.choice(formats), *size, frame, random.choice(("tv", "pc")), progress, values)


def _value(param: Param, random: Random, end: float | None) -> Any:
    if param.type == "bool":
        return random.random() < 0.5
    if param.type == "choice":
        return random.choice(param.choices)
    if param.type == "text":
        return random.choice(("", "kadr", "\u0436\U0001f3ac", "a" * 5000))
    if param.type == "curve":
        return sorted([random.random(), random.random()] for _ in range(random.randrange(5)))
    if param.type == "color":
        return [_between(0, 1, random, end) for _ in range(4)]
    low = -_FAR if param.min is None else param.min
    high = _FAR if param.max is None else param.max
    if param.type in _COMPONENTS:
        return [_between(low, high, random, end) for _ in range(_COMPONENTS[param.type])]
    value = _between(low, high, random, end)
    return max(int(low), min(int(high), int(value))) if param.type == "int" else value


def _between(low: float, high: float, random: Random, end: float | None) -> float:
    part = random.choice((0.0, 1.0, random.random())) if end is None else end
    return min(max(low + (high - low) * part, low), high)
