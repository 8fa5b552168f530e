"""Parameters of effects, presets and commands: typed, bounded, described once.

One declaration serves validation, command line help, documentation, forms and JSON Schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kadr_sdk.curves import Curve, Keyframe
from kadr_sdk.errors import Problem, did_you_mean

__all__ = ["PARAM_TYPES", "Param", "check_params", "parse_color"]

PARAM_TYPES = (
    "float",
    "int",
    "bool",
    "choice",
    "color",
    "point",
    "rect",
    "angle",
    "text",
    "file",
    "curve",
)
_COMPONENTS = {"point": 2, "rect": 4, "color": 4}
_NUMERIC = ("float", "int", "angle", "point", "rect", "color")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_MAX_TEXT = 65_536


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter.

    Attributes:
        name: identifier in lower case.
        type: one of :data:`PARAM_TYPES`. ``color`` is ``#rrggbb`` or ``#rrggbbaa`` and reaches
            an effect as four floats 0..1 (straight alpha); ``point`` is [x, y] and ``rect``
            [x, y, width, height] in pixels of the project; ``angle`` degrees clockwise;
            ``curve`` is a list of [x, y] points within 0..1.
        default: the value where none is given.
        min, max: hard range, beyond it is an error (numeric types).
        display_min, display_max: the range a slider would show.
        neutral: value at which the parameter changes nothing. An effect whose parameters
            all stand at neutral is dropped from the plan; None: never neutral.
        choices: ids for ``choice``.
        animatable: keyframes are accepted.
    """

    name: str
    type: str
    default: Any = None
    min: float | None = None
    max: float | None = None
    display_min: float | None = None
    display_max: float | None = None
    neutral: Any = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    label: str = ""
    hint: str = ""
    animatable: bool = True
    required: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Param:
        """A parameter from descriptor data.

        Raises:
            ValueError: unknown key, unknown type, or a default outside the range.
        """
        known = {f.name for f in fields(cls)}
        for key in data:
            if key not in known:
                raise ValueError(f"unknown key {key!r} of a parameter; {did_you_mean(key, known)}")
        values = dict(data)
        values["choices"] = tuple(values.get("choices", ()))
        if values.get("type") in ("choice", "text", "file", "bool", "curve"):
            values.setdefault("animatable", False)
        param = cls(**values)
        param._check_declaration()
        return param

    def _check_declaration(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"{self.name!r} is not a parameter name; write lower_case words")
        if self.type not in PARAM_TYPES:
            raise ValueError(f"unknown parameter type {self.type!r}; {did_you_mean(self.type, PARAM_TYPES)}")
        if self.type == "choice" and not self.choices:
            raise ValueError(f"{self.name}: a choice lists its choices")
        if not self.required and self.type != "file":
            self.parse(self.default)

    def parse(self, value: Any) -> Any:
        """The value as an effect gets it.

        Returns:
            float, int, bool, str, a tuple of floats, or a :class:`Curve` for keyframes
            (``{"keyframes": [{"time": 0, "value": 1}, …]}``).

        Raises:
            ValueError: wrong type, out of range, or keyframes where none are accepted.
        """
        if isinstance(value, Curve):
            return self._parse_curve(value)
        if isinstance(value, Mapping) and "keyframes" in value:
            raise ValueError("keyframes are parsed by the project, not here")
        return self._parse_constant(value)

    def _parse_curve(self, curve: Curve) -> Curve:
        if not self.animatable or self.type not in _NUMERIC:
            raise ValueError(f"{self.name} takes no keyframes")
        keys = tuple(Keyframe(k.time, self._parse_constant(k.value), k.easing) for k in curve.keyframes)
        return Curve(keys)

    def _parse_constant(self, value: Any) -> Any:
        if self.type == "bool":
            if not isinstance(value, bool):
                raise ValueError(f"true or false is expected, not {value!r}")
            return value
        if self.type == "choice":
            if value not in self.choices:
                raise ValueError(f"{value!r} is not a choice; {did_you_mean(str(value), self.choices)}")
            return value
        if self.type in ("text", "file"):
            if not isinstance(value, str) or len(value) > _MAX_TEXT:
                raise ValueError(f"a text is expected, not {str(value)[:60]!r}")
            return value
        if self.type == "color":
            return parse_color(value)
        if self.type in _COMPONENTS:
            return self._parse_components(value)
        if self.type == "curve":
            return tuple(self._parse_point(point) for point in value)
        return self._parse_number(value)

    def _parse_components(self, value: Any) -> tuple[float, ...]:
        wanted = _COMPONENTS[self.type]
        if isinstance(value, str) or not isinstance(value, Iterable) or len(parts := list(value)) != wanted:
            raise ValueError(f"{wanted} numbers are expected, not {value!r}")
        return tuple(float(self._parse_number(v)) for v in parts)

    def _parse_point(self, point: Any) -> tuple[float, float]:
        if isinstance(point, str) or len(point) != 2 or not all(0 <= float(v) <= 1 for v in point):
            raise ValueError(f"a curve point is [x, y] within 0 and 1, not {point!r}")
        return float(point[0]), float(point[1])

    def _parse_number(self, value: Any) -> float | int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"a number is expected, not {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number")
        if self.type == "int":
            if value != int(value):
                raise ValueError(f"a whole number is expected, not {value}")
            value = int(value)
        if (self.min is not None and value < self.min) or (self.max is not None and value > self.max):
            raise ValueError(f"{value:g} is outside {self.range_text}")
        return value if self.type == "int" else float(value)

    @property
    def range_text(self) -> str:
        """The hard range in words, e.g. ``-1..1``; empty where there is none."""
        if self.min is None and self.max is None:
            return ""
        low = "" if self.min is None else f"{self.min:g}"
        high = "" if self.max is None else f"{self.max:g}"
        return f"{low}..{high}"

    def is_neutral(self, value: Any) -> bool:
        """True where this constant value changes nothing."""
        return self.neutral is not None and not isinstance(value, Curve) and value == self.parse(self.neutral)


def parse_color(value: Any) -> tuple[float, float, float, float]:
    """``#rgb``, ``#rrggbb`` or ``#rrggbbaa`` (or four components 0..1) as four floats.

    Raises:
        ValueError: not a colour.
    """
    if isinstance(value, str) and re.fullmatch(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})", value):
        digits = value[1:]
        if len(digits) == 3:
            digits = "".join(d * 2 for d in digits)
        digits = digits.ljust(8, "f")
        red, green, blue, alpha = (round(int(digits[i : i + 2], 16) / 255, 9) for i in (0, 2, 4, 6))
        return red, green, blue, alpha
    if isinstance(value, list | tuple) and len(value) == 4:
        numbers = [float(v) for v in value]
        if all(0 <= v <= 1 for v in numbers):
            return numbers[0], numbers[1], numbers[2], numbers[3]
    raise ValueError(f"a colour is written #rrggbb or #rrggbbaa, not {value!r}")


def check_params(
    declared: Iterable[Param], given: Mapping[str, Any], path: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Every declared parameter with its given or default value, and every problem.

    Args:
        declared: the declaration.
        given: values by name, keyframes already as :class:`Curve`.
        path: where the values stand, for the problems.
    """
    params = {p.name: p for p in declared}
    problems = [
        Problem(f"{path}.{name}", f"unknown parameter {name!r}", did_you_mean(name, params))
        for name in given
        if name not in params
    ]
    values: dict[str, Any] = {}
    for name, param in params.items():
        if name not in given and param.required:
            problems.append(Problem(f"{path}.{name}", "this parameter is needed", param.hint))
            continue
        if name not in given and param.type == "file" and param.default is None:
            values[name] = None
            continue
        try:
            values[name] = param.parse(given.get(name, param.default))
        except (ValueError, TypeError) as error:
            limits = f"allowed: {param.range_text}" if param.range_text else param.hint
            problems.append(Problem(f"{path}.{name}", str(error), limits))
    return values, problems
