"""Colour in FFmpeg's numbers and option names.

Numbers are the code points of ITU-T H.273; range is 1 (limited) or 2 (full), as in
``AVColorRange``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kadr_sdk.color import MATRIX, PRIMARIES, TRANSFER, Color

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

__all__ = [
    "buffer_options",
    "color_of",
    "encoder_options",
    "is_rgb",
    "paint_tags",
    "scale_options",
    "setparams_options",
]

RANGE = {"unknown": 0, "tv": 1, "pc": 2}

# What the scale filter has no name or number for is the nearest that it knows.
_SCALE_MATRIX = {"ycgco": "auto", "bt2020c": "bt2020nc", "gbr": "0", "unknown": "auto"}
# Filters call the curves of gamma 2.2 and 2.8 by the systems that used them.
_SCALE_TRANSFER = {"gamma22": "bt470m", "gamma28": "bt470bg"}


def _names(table: Mapping[str, int]) -> dict[int, str]:
    return {number: name for name, number in table.items()}


_MATRIX, _PRIMARIES, _TRANSFER, _RANGE = map(_names, (MATRIX, PRIMARIES, TRANSFER, RANGE))


def is_rgb(pixel_format: str) -> bool:
    """True for formats of red, green and blue (or a palette of them)."""
    return pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8"))


def color_of(source: VideoFrame | VideoCodecContext, pixel_format: str = "") -> Color:
    """The tags of a frame or of a codec context; ``unknown`` where there is none.

    Args:
        pixel_format: FFmpeg's name; ``yuvj...`` means full range.
    """
    span = "pc" if pixel_format.startswith("yuvj") else _RANGE.get(int(source.color_range), "unknown")
    return Color(
        _MATRIX.get(int(source.colorspace), "unknown"),
        _PRIMARIES.get(int(source.color_primaries), "unknown"),
        _TRANSFER.get(int(source.color_trc), "unknown"),
        span,
    )


def paint_tags(target: VideoFrame | VideoCodecContext, color: Color) -> None:
    """Write the tags on a frame or on an encoder; chroma location has no attribute in PyAV."""
    target.colorspace = MATRIX[color.matrix]
    target.color_primaries = PRIMARIES[color.primaries]
    target.color_trc = TRANSFER[color.transfer]
    target.color_range = RANGE[color.range]


def buffer_options(color: Color) -> dict[str, str]:
    """Options of the ``buffer`` source: matrix and range, the two that filters negotiate."""
    return {"colorspace": color.matrix, "range": color.range}


def setparams_options(color: Color) -> dict[str, str]:
    """Options of the ``setparams`` filter that write all five tags on passing frames."""
    return {
        "colorspace": color.matrix,
        "color_primaries": color.primaries,
        "color_trc": _SCALE_TRANSFER.get(color.transfer, color.transfer),
        "range": color.range,
        "chroma_location": color.chroma,
    }


def scale_options(color: Color, side: str) -> dict[str, str]:
    """Options of the ``scale`` filter for one side; what is unknown is left out.

    Args:
        side: ``in`` or ``out``.
    """
    options = {f"{side}_color_matrix": _SCALE_MATRIX.get(color.matrix, color.matrix)}
    if color.range != "unknown":
        options[f"{side}_range"] = color.range
    if color.primaries != "unknown":
        options[f"{side}_primaries"] = color.primaries
    if color.transfer != "unknown":
        options[f"{side}_transfer"] = _SCALE_TRANSFER.get(color.transfer, color.transfer)
    if color.chroma != "unknown":
        options[f"{side}_chroma_loc"] = color.chroma
    return {key: value for key, value in options.items() if value != "auto"}


def encoder_options(color: Color) -> dict[str, str]:
    """Codec options that write all five tags into the stream's headers."""
    options = {
        "colorspace": "rgb" if color.matrix == "gbr" else color.matrix,
        "color_primaries": color.primaries,
        "color_trc": color.transfer,
        "color_range": color.range,
        "chroma_sample_location": color.chroma,
    }
    return {key: value for key, value in options.items() if value != "unknown"}
