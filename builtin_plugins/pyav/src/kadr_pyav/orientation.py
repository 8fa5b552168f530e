"""Which way up: matrices of MP4 and QuickTime files, the decoder's angle.

PyAV 18.1 is not asked for a frame's side data: listing it fails on kinds that it does not
know and frees the metadata of the kinds that it does (a crash later on).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["boxes", "frame_orientation", "matrix_orientation", "track_matrices"]

Matrix = tuple[float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0)


def matrix_orientation(matrix: Matrix) -> tuple[int, bool]:
    """Clockwise degrees (a multiple of 90) and mirroring of a matrix ``a, b, c, d``.

    ``x' = a x + c y, y' = b x + d y`` with y downwards (ISO 14496-12, 6.2.2).
    """
    a, b, c, d = matrix
    mirrored = a * d - b * c < 0
    angle = math.degrees(math.atan2(b, -a if mirrored else a))
    return round(angle / 90) * 90 % 360, mirrored


def frame_orientation(frame: VideoFrame) -> tuple[int, bool]:
    """Clockwise degrees that a decoded frame asks for; the decoder does not tell of mirrors."""
    return round(-frame.rotation / 90) * 90 % 360, False


def track_matrices(path: Path) -> dict[int, Matrix]:
    """Display matrices of an MP4 or QuickTime file by track number (ISO 14496-12, 8.2 and 8.3)."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            movie = next((span for kind, *span in boxes(file, 0, size) if kind == b"moov"), None)
            return {} if movie is None else _tracks(file, *movie)
    except (OSError, struct.error):
        return {}


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            head = 16
        stop = end if size == 0 else start + size
        if stop < start + head or stop > end:
            return
        yield kind, start + head, stop
        start = stop


def _tracks(file: BinaryIO, start: int, end: int) -> dict[int, Matrix]:
    whole, found = IDENTITY, {}
    for kind, first, last in boxes(file, start, end):
        if kind == b"mvhd":
            whole = _header(file, first, 36, 36 + 12)[1]
        elif kind == b"trak":
            header = next((at for name, at, _ in boxes(file, first, last) if name == b"tkhd"), None)
            if header is not None:
                number, matrix = _header(file, header, 40, 40 + 12)
                found[number] = _product(matrix, whole)
    return found


def _header(file: BinaryIO, at: int, plain: int, long: int) -> tuple[int, Matrix]:
    """Track number (of ``tkhd``) and matrix, whose place depends on the version of the box."""
    file.seek(at)
    data = file.read(long + 36)
    newer = data[0] == 1
    number = struct.unpack_from(">I", data, 20 if newer else 12)[0]
    a, b, _, c, d = struct.unpack_from(">5i", data, long if newer else plain)
    one = 65536.0
    return number, (a / one, b / one, c / one, d / one)


def _product(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d = first
    e, f, g, h = then
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h
