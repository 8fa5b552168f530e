"""Where and when a recording was made, by the tags of its container; chapters and timecode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from kadr_sdk.media import Origin
from kadr_sdk.output import Chapter

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["chapters_of", "iso_date", "origin_of", "timecode_of"]

_APPLE = "com.apple.quicktime."
_CREATED = (f"{_APPLE}creationdate", "creation_time", "date_recorded", "date", "©day")
_MAKE = (f"{_APPLE}make", "make", "com.android.manufacturer")
_MODEL = (f"{_APPLE}model", "model", "com.android.model")
_PLACE = (f"{_APPLE}location.iso6709", "location", "location-eng")
_ISO_6709 = re.compile(r"([+-]\d{1,3}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?")
_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.0+)?)?(Z|[+-]\d\d:?\d\d)?")
_TIMECODE = re.compile(r"\d\d:\d\d:\d\d[:;.]\d\d")
_MAX_CHAPTERS = 10_000


def chapters_of(container: InputContainer) -> tuple[Chapter, ...]:
    """Chapters in order of time; those without a length are left out."""
    found = []
    for row in container.chapters()[:_MAX_CHAPTERS]:
        base = row["time_base"] or Fraction(1, 1000)
        start, end = row["start"] * base, row["end"] * base
        if end > start:
            title = row["metadata"].get("title", "")
            found.append(Chapter(Fraction(start), Fraction(end), title))
    return tuple(sorted(found, key=lambda c: c.start))


def timecode_of(container: InputContainer) -> str:
    """The timecode of the first frame, wherever the container keeps it."""
    for tags in (container.metadata, *(s.metadata for s in container.streams)):
        found = _TIMECODE.fullmatch(tags.get("timecode", ""))
        if found:
            return found[0]
    return ""


def origin_of(metadata: Mapping[str, str]) -> Origin:
    """Time, camera and place, by the file's tags."""
    tags = {key.lower(): value for key, value in metadata.items()}
    latitude, longitude, altitude = _iso_6709(_first(tags, _PLACE))
    return Origin(
        iso_date(_first(tags, _CREATED)),
        _first(tags, _MAKE).strip(" \0"),
        _first(tags, _MODEL).strip(" \0"),
        latitude,
        longitude,
        altitude,
    )


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[name] for name in names if tags.get(name)), "")


def iso_date(text: str) -> str:
    """ISO 8601; nothing where it is no date."""
    found = _DATE.match(text.strip())
    if not found or not ("01" <= found[2] <= "12" and "01" <= found[3] <= "31"):
        return ""
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return f"{day}T{found[4]}{found[5] or ''}" if found[4] else day


def _iso_6709(text: str) -> tuple[float | None, float | None, float | None]:
    """Latitude, longitude and altitude of ISO 6709 in degrees with decimals."""
    found = _ISO_6709.match(text)
    if not found:
        return None, None, None
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None, None, None
    return latitude, longitude, float(found[3]) if found[3] else None
