"""Graphs of nodes that show a source upright, at a size, at chosen times."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from kadr_sdk.color import BT709, Color
from kadr_sdk.media import VideoStream
from kadr_sdk.plan import Conform, Decode, FrameTimes, Source

__all__ = ["SRGB", "fitted", "picture_node"]

SRGB = Color("gbr", "bt709", "iec61966-2-1", "pc")
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr", "x2rgb")


def fitted(video: VideoStream, size: tuple[int, int], *, step: int = 1) -> tuple[int, int]:
    """The largest size of the picture's shape within ``size``, never larger than it is.

    Args:
        step: both sides are multiples of it.
    """
    width, height = video.display_size
    scale = min(Fraction(1), Fraction(size[0], width), Fraction(size[1], height))
    return max(step, round(width * scale / step) * step), max(step, round(height * scale / step) * step)


def picture_node(
    path: Path,
    video: VideoStream,
    times: Sequence[Fraction],
    size: tuple[int, int],
    format: str,
    *,
    damage: str = "hold",
) -> Conform:
    """The pictures on screen at times in seconds of the stream, upright, in BT.709 or sRGB.

    Args:
        format: ``yuv420p``, ``rgb24`` or ``rgba``.
    """
    rgb = video.pixel_format.startswith(_RGB)
    source = Source(
        str(path), video.index, video.width, video.height, video.pixel_format, video.color, video.still
    )
    decode = Decode(
        source,
        FrameTimes(times[0], Fraction(0), tuple(times)),
        len(times),
        video.interlaced or "off",
        "error" if video.still else damage,
    )
    came = video.color.filled(video.width, video.height, rgb=rgb)
    color = SRGB if format.startswith("rgb") else BT709
    return Conform(decode, *size, format, came, color, video.rotation, video.mirrored, peak=video.peak)
