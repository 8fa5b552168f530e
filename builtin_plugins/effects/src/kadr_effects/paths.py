"""Outlines: rectangles, ellipses and SVG paths as closed lines of points within the unit square."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from kadr_sdk.errors import InvalidParameterError

__all__ = ["Point", "Ring", "ellipse", "parse_path", "rectangle"]

Point = tuple[float, float]
Ring = tuple[Point, ...]

MAX_POINTS = 4096
_PIECES = 24  # straight pieces of a curve
_TOKEN = re.compile(r"([A-Za-z])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|[\s,]+")
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}
_HINT = "write SVG's commands M L H V C S Q T Z with numbers 0..1, as in 'M 0 1 L 0.5 0 L 1 1 Z'"


def ellipse(reach: float) -> Ring:
    """The circle in the unit square, off by less than a fiftieth of a pixel at a radius of ``reach``."""
    return tuple(_arc(0.5, 0.5, 0.5, 0.5, k, reach) for k in range(_pieces(reach)))


def rectangle(across: float, down: float, reach: float) -> Ring:
    """The unit square with corners rounded by parts of its width and height, each at most a half."""
    if across <= 0 or down <= 0:
        return ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    quarter = _pieces(reach) // 4
    middles = ((1 - across, 1 - down), (across, 1 - down), (across, down), (1 - across, down))
    return tuple(
        _arc(*middle, across, down, k, reach)
        for corner, middle in enumerate(middles)
        for k in range(corner * quarter, (corner + 1) * quarter + 1)
    )


def _pieces(reach: float) -> int:
    """Straight pieces that a circle of a radius in pixels is made of."""
    return min(2048, max(32, 4 * math.ceil(4 * math.sqrt(max(reach, 1.0)))))


def _arc(x: float, y: float, across: float, down: float, piece: int, reach: float) -> Point:
    angle = 2 * math.pi * piece / _pieces(reach)
    return round(x + across * math.cos(angle), 12), round(y + down * math.sin(angle), 12)


def parse_path(text: str) -> tuple[Ring, ...]:
    """The closed lines of an SVG path; curves are cut into straight pieces.

    Raises:
        InvalidParameterError: not such a path; says where.
    """
    pen = _Pen()
    for command, numbers in _commands(text):
        pen.draw(command, numbers)
    rings = tuple(tuple(ring) for ring in pen.rings if len(ring) > 2)
    if not rings:
        raise InvalidParameterError("the path encloses nothing", hint=_HINT)
    if sum(map(len, rings)) > MAX_POINTS:
        raise InvalidParameterError(f"the path has more than {MAX_POINTS} points", hint="simplify it")
    return rings


def _commands(text: str) -> Iterator[tuple[str, list[float]]]:
    command, numbers = "", list[float]()
    for letter, number in _tokens(text):
        if letter:
            yield from _whole(command, numbers)
            command, numbers = letter, []
        else:
            numbers.append(number)
    yield from _whole(command, numbers)


def _tokens(text: str) -> Iterator[tuple[str, float]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (found[1] and found[1].upper() not in _COUNTS):
            raise InvalidParameterError(f"the path cannot be read at {text[at : at + 12]!r}", hint=_HINT)
        at = found.end()
        if found[1]:
            yield found[1], 0.0
        elif found[2]:
            value = float(found[2])
            if not abs(value) <= 100:
                raise InvalidParameterError(
                    f"the path goes far out of the picture: {found[2][:12]}", hint=_HINT
                )
            yield "", value


def _whole(command: str, numbers: list[float]) -> Iterator[tuple[str, list[float]]]:
    """A command and each repetition of it; further pairs behind a move are lines."""
    if not command:
        if numbers:
            raise InvalidParameterError("the path begins with a number", hint=_HINT)
        return
    count = _COUNTS[command.upper()]
    if (count == 0 and numbers) or (count and (not numbers or len(numbers) % count)):
        raise InvalidParameterError(f"{command} of the path has {len(numbers)} numbers", hint=_HINT)
    if count == 0:
        yield command, []
    for start in range(0, len(numbers), max(count, 1)):
        yield command, numbers[start : start + count]
        command = {"M": "L", "m": "l"}.get(command, command)


class _Pen:
    """Draws commands into rings."""

    def __init__(self) -> None:
        self.rings: list[list[Point]] = []
        self._at: Point = (0.0, 0.0)
        self._handle: tuple[str, Point] = ("", (0.0, 0.0))

    def draw(self, command: str, numbers: list[float]) -> None:
        kind = command.upper()
        if not self.rings and kind != "M":
            raise InvalidParameterError("the path begins without M", hint=_HINT)
        if kind == "Z":
            self._at = self.rings[-1][0]
            return
        base = self._at if command.islower() else (0.0, 0.0)
        if kind in "HV":
            axis = "HV".index(kind)
            place = [*self._at]
            place[axis] = base[axis] + numbers[0]
            points = [(place[0], place[1])]
        else:
            points = [(x + base[0], y + base[1]) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        if kind == "M":
            self.rings.append([])
        if kind in "ST":
            points.insert(0, self._mirrored("CS" if kind == "S" else "QT"))
        self._go(kind, points)

    def _mirrored(self, family: str) -> Point:
        (kind, handle), at = self._handle, self._at
        return (2 * at[0] - handle[0], 2 * at[1] - handle[1]) if kind and kind in family else at

    def _go(self, kind: str, points: list[Point]) -> None:
        ring, start = self.rings[-1], self._at
        if len(points) > 1:
            ring += [_bezier([start, *points], k / _PIECES) for k in range(1, _PIECES)]
            self._handle = kind, points[-2]
        else:
            self._handle = "", start
        self._at = points[-1]
        ring.append(self._at)


def _bezier(points: list[Point], t: float) -> Point:
    """De Casteljau."""
    while len(points) > 1:
        points = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(points)]
    return points[0]
