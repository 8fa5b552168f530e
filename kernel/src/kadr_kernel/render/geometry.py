"""Where a clip's picture stands: fit, transform, and the numbers of a Place node."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kadr_sdk.curves import Curve, Samples, sample
from kadr_sdk.project import Clip, Transform

__all__ = ["Placement", "fitted_size", "placement", "work_size"]

_DIGITS = 6  # a millionth of a pixel; keeps a platform's last bit of sin and cos out of the hash


@dataclass(frozen=True, slots=True)
class Placement:
    """Numbers of :class:`kadr_sdk.plan.Place`, constant or one a frame."""

    x: Any
    y: Any
    width: Any
    height: Any
    rotation: Any

    @property
    def static(self) -> bool:
        """True where nothing moves."""
        numbers = (self.x, self.y, self.width, self.height, self.rotation)
        return not any(isinstance(n, Samples) for n in numbers)

    def covers(self, width: int, height: int) -> bool:
        """True where the layer is exactly the canvas."""
        exact = (width / 2, height / 2, width, height, 0.0)
        return self.static and (self.x, self.y, self.width, self.height, self.rotation) == exact


def fitted_size(width: int, height: int, canvas: tuple[int, int], fit: str) -> tuple[float, float]:
    """Size at scale 1 of a picture of ``width`` by ``height`` square pixels on a canvas."""
    if fit == "stretch":
        return float(canvas[0]), float(canvas[1])
    if fit == "none":
        return float(width), float(height)
    # Whole numbers up to the one division of each side, which is correctly rounded.
    wider = canvas[0] * height >= canvas[1] * width  # the canvas, in shape
    if wider == (fit == "cover"):
        return float(canvas[0]), height * canvas[0] / width
    return width * canvas[1] / height, float(canvas[1])


def work_size(
    source: tuple[int, int], fitted: tuple[float, float], clip: Clip, even: bool
) -> tuple[int, int]:
    """Size at which effects see the clip: the source's, at most what ends up on the canvas."""
    sides = []
    for own, fit, scale in zip(source, fitted, (clip.transform.scale_x, clip.transform.scale_y), strict=True):
        wanted = math.ceil(fit * max(1.0, _largest(scale)) - 1e-6)
        side = max(1, min(own, wanted))
        sides.append(side + side % 2 if even and side != own else side)
    return sides[0], sides[1]


def _largest(value: float | Curve) -> float:
    if isinstance(value, Curve):
        return max(float(k.value) for k in value.keyframes if not isinstance(k.value, tuple))
    return value


def placement(
    transform: Transform,
    fitted: tuple[float, float],
    canvas: tuple[int, int],
    fps: Fraction,
    first: int,
    count: int,
) -> Placement:
    """Centre, size and rotation over frames ``first .. first + count - 1`` of the clip.

    A static, upright layer is snapped to whole pixels; a moving one keeps its fractions.
    """
    names = ("scale_x", "scale_y", "position_x", "position_y", "rotation", "anchor_x", "anchor_y")
    values = [sample(getattr(transform, name), fps, first, count) for name in names]
    if not any(isinstance(v, Samples) for v in values):
        numbers = _place(fitted, canvas, *(_number(v) for v in values))
        return Placement(*(_snap(numbers) if numbers[4] == 0 else numbers))
    frames = [
        _place(fitted, canvas, *(_number(v.values[k] if isinstance(v, Samples) else v) for v in values))
        for k in range(count)
    ]
    return Placement(*(_pack(column) for column in zip(*frames, strict=True)))


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _place(
    fitted: tuple[float, float],
    canvas: tuple[int, int],
    scale_x: float,
    scale_y: float,
    position_x: float,
    position_y: float,
    rotation: float,
    anchor_x: float,
    anchor_y: float,
) -> tuple[float, float, float, float, float]:
    width, height = fitted[0] * scale_x, fitted[1] * scale_y
    to_x, to_y = (0.5 - anchor_x) * width, (0.5 - anchor_y) * height
    angle = math.radians(rotation)
    x = canvas[0] * (0.5 + position_x) + to_x * math.cos(angle) - to_y * math.sin(angle)
    y = canvas[1] * (0.5 + position_y) + to_x * math.sin(angle) + to_y * math.cos(angle)
    turned = rotation % 360
    return _round(x), _round(y), _round(width), _round(height), _round(turned)


def _round(value: float) -> float:
    return round(value, _DIGITS) + 0.0


def _snap(numbers: tuple[float, float, float, float, float]) -> tuple[float, float, float, float, float]:
    x, y, width, height, rotation = numbers
    whole_width, whole_height = max(1, math.floor(width + 0.5)), max(1, math.floor(height + 0.5))
    left, top = math.floor(x - whole_width / 2 + 0.5), math.floor(y - whole_height / 2 + 0.5)
    return left + whole_width / 2, top + whole_height / 2, float(whole_width), float(whole_height), rotation


def _pack(column: tuple[float, ...]) -> Any:
    return column[0] if all(v == column[0] for v in column) else Samples(column)
