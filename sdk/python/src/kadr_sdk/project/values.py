"""Field types of the project file: exact times and rates, animated numbers, colours."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from kadr_sdk.curves import Curve, Keyframe
from kadr_sdk.easings import easing
from kadr_sdk.params import parse_color
from kadr_sdk.text import shown
from kadr_sdk.times import format_seconds, parse_rate, parse_time

__all__ = [
    "Animated",
    "ColorText",
    "Duration",
    "EasingSpec",
    "PanLaw",
    "Rate",
    "StreamChoice",
    "Time",
    "Value",
    "parse_keyframes",
]


def _fps(info: ValidationInfo) -> Fraction | None:
    fps = (info.context or {}).get("fps")
    return fps if isinstance(fps, Fraction) else None


def _time(value: Any, info: ValidationInfo) -> Fraction:
    return parse_time(value, _fps(info))


def _position(value: Any, info: ValidationInfo) -> Fraction:
    seconds = _time(value, info)
    if seconds < 0:
        raise ValueError(f"a time is not negative, {shown(value)} is")
    return seconds


def _duration(value: Any, info: ValidationInfo) -> Fraction:
    seconds = _time(value, info)
    if seconds <= 0:
        raise ValueError(f"a duration is longer than nothing, {shown(value)} is not")
    return seconds


_TIME_SCHEMA = WithJsonSchema(
    {
        "anyOf": [{"type": "number"}, {"type": "string"}],
        "description": "Seconds as a decimal, a rational 'n/d', '5.4s', or a timecode 'hh:mm:ss:ff'.",
    }
)
_AS_SECONDS = PlainSerializer(format_seconds)

Time = Annotated[Fraction, PlainValidator(_position), _AS_SECONDS, _TIME_SCHEMA]
Duration = Annotated[Fraction, PlainValidator(_duration), _AS_SECONDS, _TIME_SCHEMA]


def _dump_rate(rate: Fraction) -> int | str:
    return rate.numerator if rate.denominator == 1 else f"{rate.numerator}/{rate.denominator}"


Rate = Annotated[
    Fraction,
    PlainValidator(parse_rate),
    PlainSerializer(_dump_rate),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number"}, {"type": "string"}],
            "description": "Frames per second: 25, 29.97 (read as 30000/1001) or '30000/1001'.",
        }
    ),
]


_PAN_LAWS = (0.0, -3.0, -4.5, -6.0)


def _pan_law(value: float) -> float:
    if value not in _PAN_LAWS:
        raise ValueError("a pan law is one of 0, -3, -4.5 and -6 (decibels in the middle)")
    return value


PanLaw = Annotated[
    float,
    AfterValidator(_pan_law),
    WithJsonSchema({"enum": list(_PAN_LAWS), "description": "Decibels that both sides lose in the middle."}),
]


def parse_keyframes(data: Mapping[str, Any], fps: Fraction | None) -> Curve:
    """The curve of ``{"keyframes": [{"time": 0, "value": 1, "easing": "ease-in"}, …]}``.

    Raises:
        ValueError: unknown keys, no keyframes, unsorted or equal times, unknown easing.
    """
    if set(data) != {"keyframes"} or not isinstance(data["keyframes"], list) or not data["keyframes"]:
        raise ValueError('an animated value is {"keyframes": [{"time": …, "value": …}, …]}')
    if len(data["keyframes"]) > 100_000:
        raise ValueError("more than 100000 keyframes")
    keys = tuple(_keyframe(row, number, fps) for number, row in enumerate(data["keyframes"]))
    for before, after in itertools.pairwise(keys):
        if after.time <= before.time:
            raise ValueError("keyframes stand in ascending order of time")
        if _width(before.value) != _width(after.value):
            raise ValueError("keyframes of one curve have the same number of components")
    return Curve(keys)


def _width(value: Any) -> int:
    return len(value) if isinstance(value, tuple) else 0


def _keyframe(row: Any, number: int, fps: Fraction | None) -> Keyframe:
    if not isinstance(row, Mapping) or not {"time", "value"} <= set(row) <= {"time", "value", "easing"}:
        raise ValueError(f"keyframe {number} is {{time, value, easing}}")
    return Keyframe(
        parse_time(row["time"], fps), _components(row["value"]), _easing(row.get("easing", "linear"))
    )


def _components(value: Any) -> Any:
    if isinstance(value, str):
        return parse_color(value)
    if isinstance(value, list):
        return tuple(_finite(v) for v in value)
    return _finite(value)


def _finite(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not abs(value) <= sys.float_info.max:
        raise ValueError(f"a finite number is expected, not {shown(value)}")
    return float(value)


def _animated(value: Any, info: ValidationInfo) -> float | Curve:
    if isinstance(value, Curve):
        return value
    if isinstance(value, Mapping):
        curve = parse_keyframes(value, _fps(info))
        if any(isinstance(k.value, tuple) for k in curve.keyframes):
            raise ValueError("a keyframe's value is one number here")
        return curve
    return _finite(value)


def _value(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Mapping) and "keyframes" in value:
        return parse_keyframes(value, _fps(info))
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return value


def _dump(value: Any) -> Any:
    if not isinstance(value, Curve):
        return value
    rows: list[dict[str, Any]] = []
    for key in value.keyframes:
        row: dict[str, Any] = {"time": format_seconds(key.time), "value": key.value}
        rows.append(row if key.easing == "linear" else row | {"easing": key.easing})
    return {"keyframes": rows}


_KEYFRAMES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["keyframes"],
    "additionalProperties": False,
    "properties": {
        "keyframes": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["time", "value"],
                "additionalProperties": False,
                "properties": {"time": {}, "value": {}, "easing": {}},
            },
        }
    },
}

Animated = Annotated[
    float | Curve,
    PlainValidator(_animated),
    PlainSerializer(_dump),
    WithJsonSchema({"anyOf": [{"type": "number"}, _KEYFRAMES_SCHEMA]}),
]
"""A number, or keyframes over the clip's own time."""

Value = Annotated[
    Any, PlainValidator(_value), PlainSerializer(_dump), WithJsonSchema({"description": "A parameter."})
]
"""Any parameter value; the effect's declaration decides."""


def _color(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a colour is written #rrggbb or #rrggbbaa, not {shown(value)}")
    parse_color(value)
    return value


ColorText = Annotated[str, PlainValidator(_color), WithJsonSchema({"type": "string", "format": "color"})]
"""``#rrggbb`` or ``#rrggbbaa``."""


def _stream(value: Any) -> int | str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is None or value == "none" or (whole and value >= 0):
        return value  # type: ignore[no-any-return] # just checked
    raise ValueError(f'the index of a stream or "none" is expected, not {shown(value)}')


StreamChoice = Annotated[
    int | str | None,
    PlainValidator(_stream),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"const": "none"}, {"type": "null"}]}),
]
"""Index of a stream in its file, or ``none``; None: the first of its kind."""


def _easing(value: Any) -> Any:
    spec = tuple(value) if isinstance(value, list) else value
    easing(spec)
    return spec


def _dump_easing(spec: Any) -> Any:
    return list(spec) if isinstance(spec, tuple) else spec


EasingSpec = Annotated[
    str | tuple[float, float, float, float],
    PlainValidator(_easing),
    PlainSerializer(_dump_easing),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
            ]
        }
    ),
]
"""Name of an easing, or four Bezier handle coordinates."""
