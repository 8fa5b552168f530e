"""What people are shown of a plugin: its icon is a small picture and nothing else, its texts are text.

kadr itself shows neither; a catalogue that is made from a registry may put both into a page.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from kadr_sdk.errors import Problem

from kadr_registry.record import Record

__all__ = ["check_documents"]

_MAX_BYTES = 1 << 20
_MAX_SIDE = 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_DRAWING = frozenset(
    "svg g defs symbol title desc path rect circle ellipse line polyline polygon text tspan "
    "linearGradient radialGradient stop clipPath mask".split()
)
"""Elements of SVG that only draw; source: SVG 1.1, appendix N, without what runs, loads, links or
repeats itself."""
_INSIDE = re.compile(r"\s*#[\w.-]+\s*")
_ELSEWHERE = re.compile(r"url\s*\((?!#)|@import|javascript:|expression\s*\(", re.IGNORECASE)


def check_documents(record: Record, folder: Path) -> Iterator[Problem]:
    """Every icon, README and licence of a release that breaks a rule."""
    for blob in record.blobs:
        if blob.role not in ("icon", "readme", "license"):
            continue
        if blob.size > _MAX_BYTES:
            yield Problem(blob.path, f"it is larger than {_MAX_BYTES >> 20} MiB", "make it smaller")
            continue
        data = (folder / blob.path).read_bytes()
        try:
            if blob.path.endswith(".svg"):
                _check_svg(data)
            elif blob.path.endswith(".png"):
                _check_png(data)
            else:
                _check_text(data)
        except ValueError as error:
            yield Problem(blob.path, str(error), "use a plain picture, a plain text")


def _check_text(data: bytes) -> None:
    """UTF-8 without what terminals obey."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: {error}") from error
    odd = next((c for c in text if ord(c) < 32 and c not in "\t\r\n\f"), "")
    if odd:
        raise ValueError(f"it has the control character {ord(odd):#04x}")


def _check_png(data: bytes) -> None:
    """By its header alone: nothing is unpacked."""
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        raise ValueError("it is no PNG file")
    width, height = struct.unpack(">II", data[16:24])
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise ValueError(f"it is {width} x {height}; an icon has at most {_MAX_SIDE} pixels a side")


def _check_svg(data: bytes) -> None:
    """Shapes alone: nothing that runs, nothing from elsewhere, nothing that grows when it is read."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.StartElementHandler = _check_element
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is no SVG file: {error}") from error


def _no_doctype(*_: object) -> None:
    raise ValueError("it declares entities or a document type")


def _check_element(name: str, attributes: dict[str, str]) -> None:
    space, _, local = name.rpartition(" ")
    if space != "http://www.w3.org/2000/svg" or local not in _DRAWING:
        raise ValueError(f"an icon may not hold <{local}>")
    for key, value in attributes.items():
        last = key.rpartition(" ")[2].lower()
        if last.startswith("on") or _ELSEWHERE.search(value):
            raise ValueError(f"an icon may not run or load anything: {last}")
        if last == "href" and not _INSIDE.fullmatch(value):
            raise ValueError("an icon may not point elsewhere")
