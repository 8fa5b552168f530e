"""Which way up: display matrices of containers and EXIF orientation of stills."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from av.sidedata.sidedata import Type

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["exif_orientation", "frame_orientation", "matrix_orientation"]

# EXIF 2.32, tag 0x0112: clockwise degrees, then mirrored left to right.
_EXIF = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (90, True),
    6: (90, False),
    7: (270, True),
    8: (270, False),
}
_EXIF_TAG = 0x0112


def matrix_orientation(matrix: bytes) -> tuple[int, bool]:
    """Clockwise degrees (a multiple of 90) and mirroring of a display matrix.

    The matrix is nine native 32 bit integers, ``x' = a x + c y, y' = b x + d y`` with y
    downwards (ISO 14496-12, 6.2.2; libavutil/display.h).
    """
    a, b, _, c, d = struct.unpack("=9i", matrix[:36])[:5]
    mirrored = a * d - b * c < 0
    angle = math.degrees(math.atan2(b, -a if mirrored else a))
    return round(angle / 90) * 90 % 360, mirrored


def frame_orientation(frame: VideoFrame) -> tuple[int, bool]:
    """Clockwise degrees and mirroring that a decoded frame asks for."""
    try:
        for data in cast(Any, frame).side_data:
            if data.type == Type.DISPLAYMATRIX:
                return matrix_orientation(bytes(data))
    except ValueError:
        # PyAV 18.1 cannot list side data of kinds that it does not know; the angle has its own way.
        return round(-frame.rotation / 90) * 90 % 360, False
    return 0, False


def exif_orientation(path: Path) -> tuple[int, bool] | None:
    """Clockwise degrees and mirroring by EXIF; None where the file says nothing."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return _EXIF.get(image.getexif().get(_EXIF_TAG, 1))
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return None
