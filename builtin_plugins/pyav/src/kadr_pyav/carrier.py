"""A stream's description with levels of light, for containers that state them.

PyAV has no way to set what a stream says of its mastering display and content light levels, but
it copies everything when a stream is made after another. So one is made that says it: a Matroska
file in memory with a track and no packets (RFC 9559; the elements of ``Colour`` in 5.1.4.1.28.16).
Muxers of MP4 and QuickTime then write boxes ``mdcv`` and ``clli`` (ISO/IEC 14496-12, 12.1.6 and 12.1.5).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kadr_sdk.color import MATRIX, PRIMARIES, TRANSFER

from kadr_pyav.avcolor import RANGE

if TYPE_CHECKING:
    from av.video.stream import VideoStream
    from kadr_sdk.output import LightLevels, VideoEncoding

__all__ = ["STATED_BY", "carrier"]

STATED_BY = frozenset({"mp4", "mov", "matroska", "webm", "hls"})
"""Muxers that write light levels into the container."""

_NAMES = {
    "h264": "V_MPEG4/ISO/AVC",
    "hevc": "V_MPEGH/ISO/HEVC",
    "av1": "V_AV1",
    "vp9": "V_VP9",
    "vp8": "V_VP8",
    "prores": "V_PRORES",
    "ffv1": "V_FFV1",
    "mjpeg": "V_MJPEG",
    "mpeg2video": "V_MPEG2",
    "mpeg4": "V_MPEG4/ISO/ASP",
}
_HEAD, _SEGMENT, _INFO, _TRACKS, _ENTRY, _CLUSTER = (
    0x1A45DFA3,
    0x18538067,
    0x1549A966,
    0x1654AE6B,
    0xAE,
    0x1F43B675,
)
_VIDEO, _COLOUR, _MASTERING = 0xE0, 0x55B0, 0x55D0
_SITES = {"left": (1, 2), "center": (2, 2), "topleft": (1, 1), "top": (2, 1)}
"""ChromaSitingHorz and ChromaSitingVert: 1 with the first sample, 2 half way to the next."""


@contextmanager
def carrier(encoding: VideoEncoding) -> Iterator[VideoStream]:
    """A stream that says codec, size, colour and light of an encoding, and nothing else."""
    import av

    with av.open(io.BytesIO(_file(encoding)), "r", format="matroska") as container:
        yield container.streams.video[0]


def _file(encoding: VideoEncoding) -> bytes:
    head = _text(0x4282, "matroska") + _number(0x4287, 4) + _number(0x4285, 2)
    picture = _number(0xB0, encoding.width) + _number(0xBA, encoding.height)
    picture += _element(_COLOUR, _colour(encoding))
    track = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x83, 1)
    track += _text(0x86, _NAMES[encoding.codec]) + _element(_VIDEO, picture)
    body = _element(_INFO, _number(0x2AD7B1, 1_000_000))
    body += _element(_TRACKS, _element(_ENTRY, track)) + _element(_CLUSTER, _number(0xE7, 0))
    return _element(_HEAD, head) + _element(_SEGMENT, body)


def _colour(encoding: VideoEncoding) -> bytes:
    color, light = encoding.color, encoding.light
    found = _number(0x55B1, MATRIX[color.matrix]) + _number(0x55B9, RANGE[color.range])
    found += _number(0x55BA, TRANSFER[color.transfer]) + _number(0x55BB, PRIMARIES[color.primaries])
    if color.chroma in _SITES:
        across, down = _SITES[color.chroma]
        found += _number(0x55B7, across) + _number(0x55B8, down)
    if light is not None and light.content is not None:
        found += _number(0x55BC, light.content[0]) + _number(0x55BD, light.content[1])
    return found + (_element(_MASTERING, _mastering(light)) if light and light.primaries else b"")


def _mastering(light: LightLevels) -> bytes:
    points = [value for point in light.primaries for value in point]
    return b"".join(
        _element(0x55D1 + number, struct.pack(">d", value))
        for number, value in enumerate((*points, light.luminance[1], light.luminance[0]))
    )


def _element(name: int, data: bytes) -> bytes:
    """An element with its length in eight bytes."""
    return (
        name.to_bytes((name.bit_length() + 7) // 8, "big") + (len(data) | 1 << 56).to_bytes(8, "big") + data
    )


def _number(name: int, value: int) -> bytes:
    return _element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(name: int, value: str) -> bytes:
    return _element(name, value.encode("ascii"))
