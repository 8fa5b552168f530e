"""Sizes and rates that containers do not tell, or tell wrong."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from av.video.stream import VideoStream
    from kadr_sdk.media import FrameIndex

__all__ = ["counted_rate", "picture_size", "webp_size"]

_RATES = [Fraction(n) for n in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)]
_RATES += [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]


def picture_size(stream: VideoStream, path: Path) -> tuple[int, int]:
    """Coded width and height before anything is decoded; zeros where untold."""
    context = cast(Any, stream.codec_context)
    if context is None:
        return 0, 0
    if not context.width and context.name == "webp":
        return webp_size(path)
    return context.width, context.height


def webp_size(path: Path) -> tuple[int, int]:
    """Width and height in the header of a WebP file (RFC 9649); zeros where it has none."""
    with path.open("rb") as file:
        head = file.read(30)
    if len(head) < 30 or head[8:12] != b"WEBP":
        return 0, 0
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<2H", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


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
