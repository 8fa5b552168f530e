"""Tables of colours in ``.cube`` files: 1D, 3D, and both in one (a shaper before the cube).

Sources: Adobe, "Cube LUT Specification 1.0" (2013); Blackmagic DaVinci Resolve's notes
"About LUT generation" for ``LUT_1D_INPUT_RANGE``, ``LUT_3D_INPUT_RANGE`` and the shaper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import SerializationError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Cube", "Grid", "read_cube"]

MAX_BYTES = 128 << 20
SIZES = {"LUT_1D_SIZE": (2, 65_536), "LUT_3D_SIZE": (2, 129)}
"""Least and greatest number of points along an axis."""
_TRIPLES = ("DOMAIN_MIN", "DOMAIN_MAX")
_RANGES = ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE")
_KEYS = ("TITLE", *SIZES, *_TRIPLES, *_RANGES)
_REMEDY = "export the table again as a .cube file"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_LIMIT = 1e6
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """Colours at equal steps of the input.

    Attributes:
        low, high: input at the first and the last point, for each channel.
        size: points along an axis.
        rows: array of shape (size, 3), or (size³, 3) with red running fastest; float32.
    """

    low: Triple
    high: Triple
    size: int
    rows: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cube:
    """What a file says: a line for each channel, then a cube; at least one of both."""

    title: str
    line: Grid | None
    cube: Grid | None


@dataclass(slots=True)
class _Reader:
    path: Path
    title: str = ""
    number: int = 0
    keys: dict[str, tuple[float, ...]] = field(default_factory=dict)
    rows: list[Triple] = field(default_factory=list)
    wanted: int = 0

    def fail(self, message: str, hint: str = _REMEDY, *, line: bool = True) -> SerializationError:
        where = f"line {self.number}: " if line else ""
        return SerializationError(f"{where}{message}", path=self.path, hint=hint, line=self.number)

    def take(self, text: str) -> None:
        words = text.split()
        if not words or words[0].startswith("#"):
            return
        if words[0][0].isalpha():
            self._keyword(words[0], words[1:], text)
        else:
            self._row(words)

    def _keyword(self, key: str, words: list[str], text: str) -> None:
        if key not in _KEYS:
            raise self.fail(f"unknown keyword {key[:40]!r}", did_you_mean(key[:40], _KEYS))
        if self.rows:
            raise self.fail(f"{key} stands behind the first colour", "keywords come before the colours")
        if key == "TITLE":
            self.title = text.split(maxsplit=1)[1].strip().strip('"') if words else ""
            return
        if key in self.keys:
            raise self.fail(f"{key} stands there twice", "keep one of them")
        if key in SIZES:
            self.keys[key] = (self._size(key, words),)
        else:
            count = 3 if key in _TRIPLES else 2
            self.keys[key] = self._numbers(words, count, key)

    def _size(self, key: str, words: list[str]) -> int:
        low, high = SIZES[key]
        if len(words) != 1 or not words[0].isascii() or not words[0].isdigit():
            raise self.fail(f"{key} is one whole number", f"from {low} to {high}")
        size = int(words[0][:9])
        if not low <= size <= high:
            raise self.fail(f"{key} is {size}", f"from {low} to {high} is read")
        return size

    def _numbers(self, words: list[str], count: int, what: str) -> tuple[float, ...]:
        if len(words) != count:
            raise self.fail(f"{what} has {len(words)} numbers instead of {count}")
        for word in words:
            if not _NUMBER.fullmatch(word):
                raise self.fail(f"{word[:40]!r} is not a number")
        values = tuple(map(float, words))
        if not all(abs(v) <= _LIMIT for v in values):
            raise self.fail(f"{what} holds a number beyond {_LIMIT:g}")
        return values

    def _row(self, words: list[str]) -> None:
        if not self.rows:
            self._begin()
        if len(self.rows) == self.wanted:
            raise self.fail(f"more than the {self.wanted} colours that the size asks for")
        red, green, blue = self._numbers(words, 3, "a colour")
        self.rows.append((red, green, blue))

    def _begin(self) -> None:
        if not any(key in self.keys for key in SIZES):
            raise self.fail("a colour before LUT_1D_SIZE or LUT_3D_SIZE", self._other())
        self.wanted = self._count("LUT_1D_SIZE", 1) + self._count("LUT_3D_SIZE", 3)

    def _other(self) -> str:
        cdl = self.path.suffix.lower() in (".cdl", ".cc", ".ccc")
        return "the effect for such a file is cdl" if cdl else "is it a .cube file?"

    def _count(self, key: str, power: int) -> int:
        size = int(self.keys.get(key, (0,))[0])
        return size if power == 1 else size * size * size

    def finished(self) -> Cube:
        if not self.rows:
            raise self.fail("the file holds no colours", line=False)
        if len(self.rows) < self.wanted:
            found = f"the file ends after {len(self.rows)} of {self.wanted} colours"
            raise self.fail(found, "it is cut off: export it again", line=False)
        edge = self._count("LUT_1D_SIZE", 1)
        line = self._grid("1D", edge, self.rows[:edge], first=True) if edge else None
        rest = self.rows[edge:]
        cube = self._grid("3D", self._count("LUT_3D_SIZE", 1), rest, first=not edge) if rest else None
        return Cube(self.title, line, cube)

    def _grid(self, kind: str, size: int, rows: list[Triple], *, first: bool) -> Grid:
        """The domain is that of what comes first; the second one reads what the first gives."""
        import numpy as np

        low, high = self._domain(kind, first=first)
        if not all(a < b for a, b in zip(low, high, strict=True)):
            hint = "the smaller number comes first"
            raise self.fail(f"the input range of the {kind} table is empty", hint, line=False)
        return Grid(low, high, size, np.array(rows, np.float32))

    def _domain(self, kind: str, *, first: bool) -> tuple[Triple, Triple]:
        if (span := self.keys.get(f"LUT_{kind}_INPUT_RANGE")) is not None:
            return (span[0],) * 3, (span[1],) * 3
        if not first:
            return (0.0,) * 3, (1.0,) * 3
        low, high = self.keys.get("DOMAIN_MIN", (0.0,) * 3), self.keys.get("DOMAIN_MAX", (1.0,) * 3)
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def read_cube(path: Path) -> Cube:
    """The tables of a file.

    Raises:
        SerializationError: what is wrong in which line, and what to do.
    """
    reader = _Reader(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise reader.fail(f"the file is larger than {MAX_BYTES >> 20} MiB", line=False)
        data = path.read_bytes()
    except OSError as error:
        raise reader.fail(f"cannot be read: {error.strerror}", "check the path", line=False) from error
    if b"\0" in data:
        raise reader.fail("not a text file", "is it a .cube file?", line=False)
    for number, text in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        reader.number = number
        reader.take(text)
    return reader.finished()
