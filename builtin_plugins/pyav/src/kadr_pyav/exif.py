"""EXIF of still pictures: which way up, when, where and by which camera. Read once, never decoded."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.media import Origin

from kadr_pyav.origin import iso_date

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PictureFacts", "picture_facts"]

# EXIF 2.32, tag 0x0112: clockwise degrees, then mirrored left to right.
_UPRIGHT = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (90, True),
    6: (90, False),
    7: (270, True),
    8: (270, False),
}
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST = 1 << 20  # bytes of EXIF; what is longer is a mistake
_CHUNKS = 100_000


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What EXIF says.

    Attributes:
        upright: clockwise degrees, then mirrored left to right; None: nothing is said.
        origin: None: nothing is said.
    """

    upright: tuple[int, bool] | None = None
    origin: Origin | None = None


def picture_facts(path: Path) -> PictureFacts:
    """The facts of a still; nothing where the file has no EXIF, or none that can be read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            exif = _exif_of(image, path)
            return PictureFacts(_UPRIGHT.get(exif.get(0x0112, 1)), _origin(exif))
    except (OSError, ValueError, SyntaxError, TypeError, Warning, Image.DecompressionBombError, struct.error):
        return PictureFacts()


def _exif_of(image: Image.Image, path: Path) -> Image.Exif:
    """As ``getexif``, which would decode a whole PNG to see whether EXIF follows its pixels."""
    from PIL import Image

    if image.format != "PNG" or "exif" in image.info:
        return image.getexif()
    late = _chunk(path, b"eXIf")
    if late:
        image.info["exif"] = late
    return Image.Image.getexif(image)


def _chunk(path: Path, wanted: bytes) -> bytes:
    """The first chunk of a PNG of that name, wherever it lies (PNG 1.2, 3.2); empty where there is none."""
    with path.open("rb") as file:
        if file.read(8) != _PNG:
            return b""
        for _ in range(_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                return b""
            length, kind = struct.unpack(">I4s", head)
            if kind == wanted:
                return file.read(length) if length <= _MOST else b""
            file.seek(length + 4, 1)
    return b""


def _origin(exif: Image.Exif) -> Origin | None:
    taken = exif.get_ifd(0x8769)
    date = str(taken.get(0x9003) or taken.get(0x9004) or exif.get(0x0132) or "")
    zone = str(taken.get(0x9011) or "").strip(" \0")
    place = _gps(exif.get_ifd(0x8825))
    make, model = (str(exif.get(tag) or "").strip(" \0") for tag in (0x010F, 0x0110))
    created = iso_date(date.strip(" \0") + zone)
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
