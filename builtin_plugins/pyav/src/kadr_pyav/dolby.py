"""The Dolby Vision configuration of MP4 and QuickTime tracks.

"Dolby Vision streams within the ISO base media file format", 3.2: a box ``dvcC``, ``dvvC`` or
``dvwC`` behind the fields of the visual sample entry.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kadr_sdk.media import DolbyVision

from kadr_pyav.orientation import boxes

__all__ = ["dolby_tracks"]

_CONFIGURATIONS = (b"dvcC", b"dvvC", b"dvwC")
_ENTRY = 78  # bytes of a visual sample entry before its boxes (ISO 14496-12, 12.1.3)
_TABLE = (b"mdia", b"minf", b"stbl", b"stsd")


def dolby_tracks(path: Path) -> dict[int, DolbyVision]:
    """By track number; empty where nothing is said or the file is no MP4."""
    found: dict[int, DolbyVision] = {}
    try:
        with path.open("rb") as file:
            for movie in _inside(file, (b"moov",), 0, path.stat().st_size):
                for track in _inside(file, (b"trak",), *movie):
                    number, told = _number(file, *track), _configuration(file, *track)
                    if told is not None:
                        found[number] = told
    except (OSError, struct.error, IndexError):
        return found
    return found


def _inside(file: BinaryIO, names: tuple[bytes, ...], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The boxes at the end of a path of names, one level after the other."""
    for kind, first, last in boxes(file, start, end):
        if kind == names[0]:
            if len(names) == 1:
                yield first, last
            else:
                yield from _inside(file, names[1:], first, last)


def _number(file: BinaryIO, start: int, end: int) -> int:
    for first, _ in _inside(file, (b"tkhd",), start, end):
        file.seek(first)
        data = file.read(24)
        return int(struct.unpack_from(">I", data, 20 if data[0] == 1 else 12)[0])
    return 0


def _configuration(file: BinaryIO, start: int, end: int) -> DolbyVision | None:
    for first, last in _inside(file, _TABLE, start, end):
        for _, entry, entry_end in boxes(file, first + 8, last):
            for kind, at, _ in boxes(file, entry + _ENTRY, entry_end):
                if kind in _CONFIGURATIONS:
                    file.seek(at + 2)
                    word = int.from_bytes(file.read(3), "big")
                    return DolbyVision(word >> 17, word >> 11 & 63, word >> 4 & 15)
    return None
