"""Masters: segments encoded without loss, where the film as a whole must be seen before it is encoded.

Two passes need the whole film twice, and a palette all of its colours. Rendering it twice would
cost more than keeping it: x264 without loss encodes and decodes about three times as fast as FFV1
at the same size, and takes every planar format of 4:2:0 to 4:4:4; the rest goes to FFV1, red,
green and blue to UT Video.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kadr_pyav.encoder_choice import encoder_exists
from kadr_pyav.video_options import prepare_video

if TYPE_CHECKING:
    from kadr_sdk.output import VideoEncoding

__all__ = ["master_of"]

_X264_FORMATS = tuple(f"yuv{c}p{d}" for c in ("420", "422", "444") for d in ("", "10le"))


def master_of(video: VideoEncoding) -> VideoEncoding | None:
    """How the segments of an output are encoded first; None where they are encoded as they are."""
    if video.codec == "gif":
        return _prepared(video, "utvideo", "gbrp")
    if not video.two_pass:
        return None
    if video.pixel_format in _X264_FORMATS and encoder_exists("libx264"):
        return _prepared(video, "h264", video.pixel_format)
    return _prepared(video, "ffv1", video.pixel_format)


def _prepared(video: VideoEncoding, codec: str, pixel_format: str) -> VideoEncoding:
    plain = replace(video, codec=codec, pixel_format=pixel_format, encoder="", options=(), light=None)
    plain = replace(plain, crf=None, quality=None, bitrate=None, maxrate=None, bufsize=None, two_pass=False)
    plain = replace(plain, preset=None, profile=None, level=None, gop=None, b_frames=None)
    if codec == "h264":
        plain = replace(plain, preset="ultrafast", options=(("qp", "0"),))
    return prepare_video(plain, "")
