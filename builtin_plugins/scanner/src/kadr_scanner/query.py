"""What a search means: words, and conditions such as ``kind:video duration>10 hdr``.

Words are looked up from their beginnings, all of them must be there. Conditions are
``NAME:VALUE`` or ``NAME OPERATOR NUMBER`` with ``<  <=  >  >=  =``. A number up to 1 beside
any other name is a score: ``dog > 0.6`` are the files in which a dog was seen that surely.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kadr_sdk.errors import InvalidParameterError, did_you_mean

__all__ = ["FLAGS", "Query", "Seen", "parse_query"]

_NUMBERS = {
    "duration": "duration",
    "width": "width",
    "height": "height",
    "fps": "fps",
    "size": "size",
}
_TEXTS = {"kind": "kind", "codec": "codec", "created": "created", "digest": "digest", "folder": "folder"}
_STATES = {
    "ready": "NOT missing AND reason = ''",
    "failed": "NOT missing AND reason != ''",
    "missing": "missing",
    "duplicate": "digest != '' AND digest IN (SELECT digest FROM file GROUP BY digest HAVING count(*) > 1)",
}
_UNITS = {"k": 1e3, "m": 1e6, "g": 1e9, "s": 1.0, "min": 60.0, "h": 3600.0, "": 1.0}
_COMPARED = re.compile(r"([^<>=:]+?)(<=|>=|<|>|=)(\d*\.?\d+)([a-z]*)", re.IGNORECASE)
_SPACED = re.compile(r"\s*(<=|>=|<|>|=)\s*(?=[\d.])")
_NAMED = re.compile(r"([a-z]+):(.+)", re.IGNORECASE)
FLAGS = (
    "hdr alpha variable interlaced rotated mirrored anamorphic 10bit "
    "dolby chapters timecode sound subtitles gps cover warning"
).split()
"""Words of ``has:WORD``."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A class that was seen: how surely, as a condition over the table ``seen``, with its values."""

    condition: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A condition over the table ``file`` with its values, and what must have been seen in the content."""

    condition: str
    values: tuple[Any, ...]
    seen: tuple[Seen, ...] = ()


def parse_query(text: str) -> Query:
    """The condition of a search.

    Raises:
        InvalidParameterError: an unknown name, or a value that is none.
    """
    try:
        parts = shlex.split(_SPACED.sub(r"\1", text).replace("\\", "\\\\"), posix=True)
    except ValueError as error:
        raise InvalidParameterError(f"{error}".lower(), path="QUERY", hint="close the quotes") from None
    conditions, values, words, seen = [], [], [], []
    for part in parts:
        for found in _condition(part):
            if isinstance(found, Seen):
                seen.append(found)
            else:
                conditions.append(found[0])
                values += found[1]
            break
        else:
            words += re.findall(r"\w+", part)
    if words:
        conditions.append("id IN (SELECT rowid FROM search WHERE search MATCH ?)")
        values.append(" ".join(f'"{word}"*' for word in words))
    elif not conditions and not seen:
        raise InvalidParameterError("nothing is searched for", path="QUERY", hint="write a word: dog")
    return Query(" AND ".join(conditions) or "1", tuple(values), tuple(seen))


def _condition(part: str) -> Iterator[tuple[str, list[Any]] | Seen]:
    """The condition that a part of the query is; nothing for a word."""
    if match := _COMPARED.fullmatch(part):
        name, sign, number, unit = match[1].lower(), match[2], match[3], match[4].lower()
        if name not in _NUMBERS and not unit and float(number) <= 1:  # a class, and its best score
            yield Seen(f"class = ? AND best {sign} ?", (name, float(number)))
            return
        if name not in _NUMBERS:
            raise _unknown(name, _NUMBERS)
        if unit not in _UNITS:
            raise InvalidParameterError(f"{unit!r} is not a unit", path="QUERY", hint="known: k M G s min h")
        yield f"{_NUMBERS[name]} {sign} ?", [float(number) * _UNITS[unit]]
    elif (match := _NAMED.fullmatch(part)) and match[1].lower() == "seen":
        yield Seen("class = ?", (match[2].lower(),))
    elif match:
        yield _named(match[1].lower(), match[2])


def _named(name: str, value: str) -> tuple[str, list[Any]]:
    if name == "state":
        if value not in _STATES:
            raise InvalidParameterError(
                f"{value!r} is not a state", path="QUERY", hint=f"known: {', '.join(_STATES)}"
            )
        return f"({_STATES[value]})", []
    if name == "has":
        if value not in FLAGS:
            raise InvalidParameterError(
                f"has:{value} is not known", path="QUERY", hint=did_you_mean(value, FLAGS)
            )
        return "(' ' || flags || ' ') LIKE ?", [f"% {value} %"]
    if name not in _TEXTS:
        raise _unknown(name, [*_TEXTS, "state", "has", "seen"])
    if name == "folder":
        return "instr(folder, ?) > 0", [value]
    if name in ("kind", "codec"):
        return f"{_TEXTS[name]} = ?", [value.lower()]
    return f"substr({_TEXTS[name]}, 1, ?) = ?", [len(value), value]


def _unknown(name: str, known: Any) -> InvalidParameterError:
    return InvalidParameterError(f"{name!r} is not searched by", path="QUERY", hint=did_you_mean(name, known))
