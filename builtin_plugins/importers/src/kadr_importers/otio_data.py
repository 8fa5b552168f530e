"""Objects of an OTIO document: schema names, exact times, children; every mistake with its place.

Written after the schema reference of OpenTimelineIO (``OTIO_SCHEMA: "Name.version"``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kadr_sdk.errors import SerializationError
from kadr_sdk.text import shown
from kadr_sdk.times import MAX_SECONDS, parse_rate

__all__ = ["Item", "Range", "document"]

_MOST_DEPTH = 16
_MOST_RATE = 10_000_000


@dataclass(frozen=True, slots=True)
class Range:
    """Start and length in seconds, and the rate that the length was counted in."""

    start: Fraction
    duration: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Item:
    """An object of the document.

    Attributes:
        where: its place, as ``tracks[0].children[3]``.
        depth: how many compositions it lies in.
    """

    data: Mapping[str, Any]
    where: str
    file: str
    depth: int = 0

    @property
    def schema(self) -> str:
        """The name without its version; empty where it has none."""
        found = self.data.get("OTIO_SCHEMA", "")
        name = found.partition(".")[0] if isinstance(found, str) else ""
        return "Track" if name == "Sequence" else name  # as the first versions called it

    @property
    def name(self) -> str:
        """Its name, which may be empty."""
        found = self.data.get("name")
        return found if isinstance(found, str) else ""

    def wrong(self, message: str) -> SerializationError:
        """An error that names the place."""
        place = f"{self.where}: " if self.where else ""
        return SerializationError(
            f"{place}{message}", path=self.file, hint="write the file again with its program"
        )

    def get(self, key: str) -> Item | None:
        """An object in it, None where there is none.

        Raises:
            SerializationError: something else stands there.
        """
        found = self.data.get(key)
        if found is None:
            return None
        if not isinstance(found, Mapping):
            raise self.wrong(f"{key}: an object is expected, not {shown(found)}")
        return Item(found, f"{self.where}.{key}" if self.where else key, self.file, self.depth)

    def children(self, key: str = "children") -> Iterator[Item]:
        """Objects of a list in it.

        Raises:
            SerializationError: it is no list of objects, or lies too deep.
        """
        found = self.data.get(key) or []
        if not isinstance(found, list):
            raise self.wrong(f"{key}: a list is expected, not {shown(found)}")
        if self.depth >= _MOST_DEPTH:
            raise self.wrong(f"compositions lie more than {_MOST_DEPTH} deep in each other")
        for number, row in enumerate(found):
            where = f"{self.where}.{key}[{number}]" if self.where else f"{key}[{number}]"
            item = Item(row if isinstance(row, Mapping) else {}, where, self.file, self.depth + 1)
            if not item.schema:
                raise item.wrong("an object with OTIO_SCHEMA is expected")
            yield item

    def time(self, key: str) -> tuple[Fraction, Fraction] | None:
        """Seconds and rate of a RationalTime; None where there is none.

        Raises:
            SerializationError: it is none, or beyond a week.
        """
        found = self.get(key)
        if found is None:
            return None
        rate = _number(found, "rate")
        try:
            rate = parse_rate(float(rate)) if rate <= 1000 else rate
        except ValueError:  # not above 0, or too near to it
            rate = Fraction(0)
        if not 0 < rate <= _MOST_RATE:
            raise found.wrong(f"a rate above 0 is expected, not {shown(found.data.get('rate'))}")
        seconds = _number(found, "value") / rate
        if abs(seconds) > MAX_SECONDS:
            raise found.wrong("a time beyond a week")
        return seconds, rate

    def range(self, key: str) -> Range | None:
        """A TimeRange; None where there is none.

        Raises:
            SerializationError: it is none, or its length is negative.
        """
        found = self.get(key)
        if found is None:
            return None
        start, length = found.time("start_time"), found.time("duration")
        if start is None or length is None:
            raise found.wrong("a range has a start_time and a duration")
        if length[0] < 0:
            raise found.wrong("its duration is negative")
        return Range(start[0], length[0], length[1])


def _number(item: Item, key: str) -> Fraction:
    found = item.data.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > 1e15:
        raise item.wrong(f"{key}: a number is expected, not {shown(found)}")
    return Fraction(repr(found)) if isinstance(found, float) else Fraction(found)


def document(text: str, file: str) -> Item:
    """The outermost object.

    Raises:
        SerializationError: not JSON, or not from OpenTimelineIO.
    """
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise SerializationError(f"not a JSON document: {error}", path=file) from None
    root = Item(data if isinstance(data, dict) else {}, "", file)
    if not root.schema:
        raise SerializationError("not an OpenTimelineIO file: OTIO_SCHEMA is missing", path=file)
    return root


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")
