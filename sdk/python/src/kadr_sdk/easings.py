"""Easings: the CSS and Penner curves by name, ``hold``, and cubic Bezier handles.

Every function maps progress 0..1 to 0..1 (back and elastic overshoot in between).
Sources: CSS Easing Functions Level 1 for ``ease*`` and ``cubic-bezier``; R. Penner's
easing equations for the named families, written ``ease-in-quad`` and so on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

__all__ = ["EASINGS", "Easing", "cubic_bezier", "easing"]

Easing = Callable[[float], float]
_MAX_HANDLE = 1000


def cubic_bezier(x1: float, y1: float, x2: float, y2: float) -> Easing:
    """The CSS timing function through (0,0), two handles and (1,1).

    Raises:
        ValueError: a handle's x lies outside 0..1, its y beyond 1000, or it is not a number.
    """
    if not all(abs(v) <= _MAX_HANDLE for v in (x1, y1, x2, y2)):
        raise ValueError(f"a Bezier handle is made of finite numbers, at most {_MAX_HANDLE} from 0")
    if not (0 <= x1 <= 1 and 0 <= x2 <= 1):
        raise ValueError("the x of a Bezier handle lies within 0 and 1")

    def at(t: float, a: float, b: float) -> float:
        return 3 * a * t * (1 - t) ** 2 + 3 * b * t**2 * (1 - t) + t**3

    def ease(x: float) -> float:
        if x <= 0 or x >= 1:
            return min(max(x, 0.0), 1.0)
        low, high = 0.0, 1.0
        for _ in range(52):  # bisection to the last bit: x(t) is monotonic, and it never diverges
            middle = (low + high) / 2
            if at(middle, x1, x2) < x:
                low = middle
            else:
                high = middle
        return at(low, y1, y2)

    return ease


def _out(ease_in: Easing) -> Easing:
    return lambda t: 1 - ease_in(1 - t)


def _in_out(ease_in: Easing) -> Easing:
    return lambda t: ease_in(2 * t) / 2 if t < 0.5 else 1 - ease_in(2 - 2 * t) / 2


def _back(t: float) -> float:
    return t * t * (2.70158 * t - 1.70158)


def _elastic(t: float) -> float:
    if t in (0, 1):
        return t
    return float(-(2 ** (10 * t - 10)) * math.sin((t * 10 - 10.75) * 2 * math.pi / 3))


def _bounce_out(t: float) -> float:
    for limit, shift, base in ((1 / 2.75, 0.0, 0.0), (2 / 2.75, 1.5, 0.75), (2.5 / 2.75, 2.25, 0.9375)):
        if t < limit:
            return 7.5625 * (t - shift / 2.75) ** 2 + base
    return 7.5625 * (t - 2.625 / 2.75) ** 2 + 0.984375


def _table() -> dict[str, Easing]:
    families: dict[str, Easing] = {
        "sine": lambda t: 1 - math.cos(t * math.pi / 2),
        "quad": lambda t: t**2,
        "cubic": lambda t: t**3,
        "quart": lambda t: t**4,
        "quint": lambda t: t**5,
        "expo": lambda t: 0.0 if t == 0 else float(2 ** (10 * t - 10)),
        "circ": lambda t: 1 - math.sqrt(max(0.0, 1 - t * t)),
        "back": _back,
        "elastic": _elastic,
        "bounce": _out(_bounce_out),
    }
    table: dict[str, Easing] = {
        "linear": lambda t: t,
        "hold": lambda t: 0.0 if t < 1 else 1.0,
        "ease": cubic_bezier(0.25, 0.1, 0.25, 1),
        "ease-in": cubic_bezier(0.42, 0, 1, 1),
        "ease-out": cubic_bezier(0, 0, 0.58, 1),
        "ease-in-out": cubic_bezier(0.42, 0, 0.58, 1),
    }
    for name, ease_in in families.items():
        table[f"ease-in-{name}"] = ease_in
        table[f"ease-out-{name}"] = _out(ease_in)
        table[f"ease-in-out-{name}"] = _in_out(ease_in)
    return table


EASINGS: dict[str, Easing] = _table()
"""Every named easing."""


def easing(spec: str | Sequence[float]) -> Easing:
    """The function of a name, or of four Bezier handle coordinates.

    Raises:
        ValueError: unknown name or malformed handles.
    """
    if isinstance(spec, str):
        if spec not in EASINGS:
            from kadr_sdk.errors import did_you_mean

            raise ValueError(f"unknown easing {spec!r}; {did_you_mean(spec, EASINGS)}")
        return EASINGS[spec]
    if not isinstance(spec, list | tuple) or len(spec) != 4 or not all(map(_is_number, spec)):
        raise ValueError("a cubic Bezier easing is four numbers: x1, y1, x2, y2")
    return cubic_bezier(*spec)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
