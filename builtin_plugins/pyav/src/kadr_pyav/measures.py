"""Sizes and rates that containers do not tell, or tell wrong."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from av.video.stream import VideoStream
    from kadr_sdk.media import FrameIndex

__all__ = ["counted_rate", "image_size", "picture_size"]

_RATES = [Fraction(n) for n in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)]
_RATES += [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]


def picture_size(stream: VideoStream, path: Path) -> tuple[int, int]:
    """Coded width and height before anything is decoded; zeros where untold."""
    context = cast(Any, stream.codec_context)
    if context is None:
        return 0, 0
    if context.width:
        return context.width, context.height
    # libav decodes some stills to learn their size and stays silent where that is refused.
    return image_size(path)


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in the header of a PNG, JPEG or WebP file; zeros for all others."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for read in (_png_size, _webp_size, _jpeg_size):
        size = read(head)
        if size is not None:
            return size
    return 0, 0


def _png_size(head: bytes) -> tuple[int, int] | None:
    """PNG specification, 11.2.2: the header chunk comes first."""
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        return None
    width, height = struct.unpack(">2I", head[16:24])
    return width, height


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """RFC 9649, section 2; the size fields of its three kinds differ."""
    if len(head) < 30 or head[8:12] != b"WEBP":
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<2H", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """ITU-T T.81, B.2.2: segments up to the start of frame, which holds the size."""
    at = 2
    while head[:2] == b"\xff\xd8" and at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">2H", head[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None


def counted_rate(index: FrameIndex) -> Fraction:
    """The rate that the timestamps show: a usual one where it fits, else rounded to 1/1000."""
    steps = len(index.pts) - 1
    if steps < 1:
        return 1 / index.duration
    rate = steps / ((index.pts[-1] - index.pts[0]) * index.time_base)
    usual = min(_RATES, key=lambda r: abs(r - rate))
    # A whole tick of rounding at both ends is not a difference.
    slack = 2 * index.time_base * rate * rate / steps
    return usual if abs(usual - rate) <= slack else rate.limit_denominator(1001)
