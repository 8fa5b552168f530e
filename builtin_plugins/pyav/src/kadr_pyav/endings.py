"""What a file's own header promises beyond its end: such a file was cut off, by a download perhaps.

Only what the header states is used; a stream of unknown length, as live ones are written, has no end.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

__all__ = ["bytes_missing"]

_HEAD = 4096  # bytes in which the header of Matroska stands
_TAG = 10  # bytes of the header of ID3v2
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def bytes_missing(path: Path) -> int:
    """Bytes that Matroska, WebM, AVI and MP3 promise beyond the end of the file; 0 for all others."""
    with path.open("rb") as file:
        head, size = file.read(_HEAD), path.stat().st_size
        if head.startswith(_EBML):
            return max(0, _segment_end(head) - size)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return max(0, _riff_end(file, size) - size)
        return max(0, _mp3_end(file, head) - size)


def _segment_end(head: bytes) -> int:
    """RFC 8794, 4: a length is as many bytes as its first has leading zeros, and one; all ones: unknown."""
    at = head.find(_SEGMENT, 4) + 4
    if at < 8 or at >= len(head) or not head[at]:
        return 0
    count = 9 - head[at].bit_length()
    mask = (1 << 7 * count) - 1
    length = int.from_bytes(head[at : at + count], "big") & mask
    return 0 if length == mask else at + count + length


def _mp3_end(file: BinaryIO, head: bytes) -> int:
    """The first frame may be a Xing header: its name, flags, the count of frames, that of bytes."""
    begin = 0
    if head[:3] == b"ID3" and len(head) >= _TAG:  # ID3v2, 3.1: seven bits of each byte count
        begin = _TAG + sum(
            (byte & 127) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
        )
        file.seek(begin)
        head = file.read(_HEAD)
    at = max(head.find(name, 4, 64) for name in (b"Xing", b"Info"))
    if at < 0 or len(head) < at + 16 or head[0] != 0xFF or head[at + 7] & 3 != 3:
        return 0
    return begin + int.from_bytes(head[at + 12 : at + 16], "big")


def _riff_end(file: BinaryIO, size: int) -> int:
    """Large files have several chunks at the top; one without a length was never finished."""
    end = 0
    while end + 8 <= size:
        file.seek(end)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind != b"RIFF" or not length:
            break
        end += 8 + length + length % 2
    return end
