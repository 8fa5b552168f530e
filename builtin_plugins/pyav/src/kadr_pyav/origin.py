"""Where and when a recording was made: tags of containers, EXIF of stills; chapters and timecode."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.media import Origin
from kadr_sdk.output import Chapter

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["chapters_of", "origin_of", "timecode_of"]

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


def origin_of(path: Path, metadata: Mapping[str, str], *, still: bool) -> Origin:
    """Time, camera and place, by the file's tags, and by EXIF where it is a still."""
    tags = {key.lower(): value for key, value in metadata.items()}
    latitude, longitude, altitude = _iso_6709(_first(tags, _PLACE))
    told = Origin(
        _date(_first(tags, _CREATED)),
        _first(tags, _MAKE).strip(" \0"),
        _first(tags, _MODEL).strip(" \0"),
        latitude,
        longitude,
        altitude,
    )
    return _by_exif(path) or told if still else told


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[name] for name in names if tags.get(name)), "")


def _date(text: str) -> str:
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


def _by_exif(path: Path) -> Origin | None:
    from PIL import Image

    try:
        with Image.open(path) as image:
            exif = image.getexif()
            taken = exif.get_ifd(0x8769)
            date = str(taken.get(0x9003) or taken.get(0x9004) or exif.get(0x0132) or "")
            zone = str(taken.get(0x9011) or "").strip(" \0")
            place = _gps(exif.get_ifd(0x8825))
            make, model = (str(exif.get(tag) or "").strip(" \0") for tag in (0x010F, 0x0110))
    except (OSError, ValueError, SyntaxError, TypeError, Warning, Image.DecompressionBombError):
        return None
    created = _date(date.strip(" \0") + zone)
    return Origin(created, make, model, *place) if created or make or model or place[0] is not None else None


def _gps(rows: Mapping[int, Any]) -> tuple[float | None, float | None, float | None]:
    """EXIF 2.32, 4.6.6: degrees, minutes, seconds with a letter; 0, 0 is what cameras without a fix write."""
    sides = [list(_angle(rows, at)) for at in (1, 3)]
    if not sides[0] or not sides[1] or (sides[0][0] == 0 and sides[1][0] == 0):
        return None, None, None
    height = _number(rows.get(6))
    below = rows.get(5) in (b"\x01", 1)
    return sides[0][0], sides[1][0], None if height is None else (-height if below else height)


def _angle(rows: Mapping[int, Any], at: int) -> Iterator[float]:
    parts = rows.get(at + 1)
    if not isinstance(parts, tuple | list) or len(parts) != 3:
        return
    degrees, minutes, seconds = (_number(part) for part in parts)
    if degrees is None or minutes is None:
        return
    value = round(degrees + minutes / 60 + (seconds or 0.0) / 3600, 7)
    if value <= 180:
        yield -value if str(rows.get(at)) in ("S", "W") else value


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None
