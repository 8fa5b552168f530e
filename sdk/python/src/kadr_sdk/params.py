"""Parameters of effects, presets and commands: typed, bounded, described once.

One declaration serves validation, command line help, documentation, forms and JSON Schema.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kadr_sdk.curves import Curve, Keyframe
from kadr_sdk.errors import Problem, did_you_mean
from kadr_sdk.text import shown

__all__ = ["PARAM_TYPES", "FilePath", "Param", "check_params", "parse_color"]

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
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MAX_TEXT = 65_536
_MAX_NUMBER = sys.float_info.max


class FilePath(str):
    """The absolute path of a file that a parameter names, as an effect gets it.

    In a content hash the digest of the file stands in its place.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter.

    Attributes:
        name: identifier in lower case.
        type: one of :data:`PARAM_TYPES`. ``color`` is ``#rrggbb`` or ``#rrggbbaa`` and reaches
            an effect as four floats 0..1 (straight alpha); ``point`` is [x, y] and ``rect``
            [x, y, width, height] in pixels of the project; ``angle`` degrees clockwise;
            ``curve`` is a list of [x, y] points within 0..1; ``file`` is a path relative to the
            project file and reaches an effect as a :class:`FilePath`.
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
            ValueError: unknown key, unknown type, or a default or neutral value outside the range.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"a parameter is a table, not {shown(data)}")
        known = {f.name for f in fields(cls)}
        for key in data:
            if key not in known:
                raise ValueError(f"unknown key {key!r} of a parameter; {did_you_mean(key, known)}")
        if missing := [key for key in ("name", "type") if key not in data]:
            raise ValueError(f"a parameter needs {' and '.join(missing)}")
        values: dict[str, Any] = dict(data)
        if not isinstance(values["name"], str):
            raise ValueError(f"a parameter's name is a text, not {shown(values['name'])}")
        if not isinstance(values.get("choices", []), list | tuple):
            raise ValueError(f"{data['name']}: choices are a list")
        values["choices"] = tuple(values.get("choices", ()))
        if values.get("type") in ("choice", "text", "file", "bool", "curve"):
            values.setdefault("animatable", False)
        param = cls(**values)
        param._check_declaration()
        return param

    def _check_declaration(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a parameter name; write lower_case words")
        if self.type not in PARAM_TYPES:
            hint = did_you_mean(str(self.type), PARAM_TYPES)
            raise ValueError(f"unknown parameter type {shown(self.type)}; {hint}")
        if self.type == "choice" and not self.choices:
            raise ValueError(f"{self.name}: a choice lists its choices")
        if any(not isinstance(b, int | float | None) for b in (self.min, self.max)):
            raise ValueError(f"{self.name}: min and max are numbers")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"{self.name}: min is above max")
        if not self.required and (self.type != "file" or self.default is not None):
            self._check_own("default", self.default)
        if self.neutral is not None:
            self._check_own("neutral", self.neutral)

    def _check_own(self, key: str, value: Any) -> None:
        try:
            self.parse(value)
        except ValueError as error:
            raise ValueError(f"{self.name}: {key}: {error}") from error

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
                raise ValueError(f"true or false is expected, not {shown(value)}")
            return value
        if self.type == "choice":
            if value not in self.choices:
                raise ValueError(f"{shown(value)} is not a choice; {did_you_mean(str(value), self.choices)}")
            return value
        if self.type in ("text", "file"):
            if not isinstance(value, str) or len(value) > _MAX_TEXT:
                raise ValueError(f"a text is expected, not {shown(value)}")
            return value
        if self.type == "color":
            return parse_color(value)
        if self.type in _COMPONENTS:
            return self._parse_components(value)
        if self.type == "curve":
            return self._parse_points(value)
        return self._parse_number(value)

    def _parse_components(self, value: Any) -> tuple[float, ...]:
        wanted = _COMPONENTS[self.type]
        if isinstance(value, str) or not isinstance(value, Iterable) or len(parts := list(value)) != wanted:
            raise ValueError(f"{wanted} numbers are expected, not {shown(value)}")
        return tuple(float(self._parse_number(v)) for v in parts)

    def _parse_points(self, value: Any) -> tuple[tuple[float, float], ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"a list of points is expected, not {shown(value)}")
        for point in value:
            if not isinstance(point, list | tuple) or len(point) != 2 or not all(map(_is_unit, point)):
                raise ValueError(f"a curve point is [x, y] within 0 and 1, not {shown(point)}")
        return tuple((float(x), float(y)) for x, y in value)

    def _parse_number(self, value: Any) -> float | int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"a number is expected, not {shown(value)}")
        if not abs(value) <= _MAX_NUMBER:
            raise ValueError(f"{shown(value)} is not a finite number")
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


def _is_unit(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


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
    if isinstance(value, list | tuple) and len(value) == 4 and all(map(_is_unit, value)):
        red, green, blue, alpha = map(float, value)
        return red, green, blue, alpha
    raise ValueError(f"a colour is written #rrggbb or #rrggbbaa, not {shown(value)}")


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
        except ValueError as error:
            limits = f"allowed: {param.range_text}" if param.range_text else param.hint
            problems.append(Problem(f"{path}.{name}", str(error), limits))
    return values, problems
