"""Streams of a container for packets that were encoded before.

The codec parameters come from an encoder opened for their sake alone, at a small size in a
container that writes nothing: so every one of them is right (delay of the sound, location of
the chroma samples) without a list of them here. What depends on the size is then taken from
the part.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kadr_pyav.carrier import STATED_BY, carrier
from kadr_pyav.muxers import small
from kadr_pyav.sessions import open_video, set_audio, set_video

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from kadr_sdk.output import AudioEncoding, Chapter, VideoEncoding

__all__ = ["add_audio", "add_video", "put_chapters"]

_BY_TAG = ("utvideo", "prores")  # whose tag alone says the pixel format, or the profile
_MOV = ("mp4", "mov", "ipod", "3gp", "ismv")
_IN_STREAM = {"h264": "avc3", "hevc": "hev1"}  # ISO/IEC 14496-15: headers stand in the stream


def add_video(
    container: OutputContainer,
    encoding: VideoEncoding,
    header: dict[str, Any],
    reorder: int,
    *,
    in_stream: bool = False,
) -> VideoStream:
    """A stream for the pictures, with the parameters of a part's header.

    Args:
        in_stream: headers stand in the stream, and not in front alone.
    """
    stream, tag = _bare(container, encoding)
    context = stream.codec_context
    context.width, context.height = header["width"], header["height"]
    context.sample_aspect_ratio = Fraction(1)
    context.framerate = encoding.rate
    context.extradata = bytes.fromhex(header["extradata"]) or None
    context.level = header["level"]
    context.reorder_depth = reorder
    if header["profile"]:
        context.profile = header["profile"]
    if tag:
        context.codec_tag = tag
    if container.format.name in _MOV:
        if in_stream and encoding.codec in _IN_STREAM:
            context.codec_tag = _IN_STREAM[encoding.codec]
        elif encoding.codec == "hevc":
            context.codec_tag = "hvc1"  # players of Apple know no other; all headers are in front
    return stream


def _bare(container: OutputContainer, encoding: VideoEncoding) -> tuple[VideoStream, str]:
    """A stream as its encoder describes it, and the codec's tag where that says something."""
    if encoding.light is not None and container.format.name in STATED_BY:
        with carrier(encoding) as template:
            stream: VideoStream = container.add_stream_from_template(template, opaque=True)
        stream.codec_context.pix_fmt = encoding.pixel_format
        stream.time_base = 1 / encoding.rate
        return stream, open_video(encoding).codec_tag if encoding.codec in _BY_TAG else ""
    with _model(encoding.encoder) as (scratch, model):
        set_video(model.codec_context, small(encoding))
        model.time_base = 1 / encoding.rate
        scratch.start_encoding()
        stream = container.add_stream_from_template(model)
        return stream, model.codec_context.codec_tag if encoding.codec in _BY_TAG else ""


def add_audio(container: OutputContainer, encoding: AudioEncoding, header: dict[str, Any]) -> AudioStream:
    """A stream for the sound, with the parameters of its part's header."""
    with _model(encoding.encoder) as (scratch, model):
        set_audio(model.codec_context, encoding)
        model.time_base = Fraction(1, encoding.rate)
        scratch.start_encoding()
        stream: AudioStream = container.add_stream_from_template(model, opaque=True)
    stream.codec_context.extradata = bytes.fromhex(header["extradata"]) or None
    return stream


@contextmanager
def _model(encoder: str) -> Iterator[tuple[OutputContainer, Any]]:
    import av

    scratch = av.open(io.BytesIO(), "w", format="null")
    try:
        yield scratch, scratch.add_stream(encoder)
    finally:
        scratch.close()


def put_chapters(container: OutputContainer, chapters: tuple[Chapter, ...]) -> None:
    """Write chapters, in milliseconds, into the container's header."""
    tick = Fraction(1, 1000)
    container.set_chapters(
        [
            {
                "id": number + 1,
                "start": round(chapter.start / tick),
                "end": round(chapter.end / tick),
                "time_base": tick,
                "metadata": {"title": chapter.title},
            }
            for number, chapter in enumerate(chapters)
        ]
    )
