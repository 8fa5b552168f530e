"""Encoder contexts: how a prepared encoding becomes an open libav encoder.

Everything that the bytes depend on stands in the encoding and its options (see
:mod:`kadr_pyav.encoders`), so a session here is opened the same way for every part.
"""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import BackendError

from kadr_pyav.avcolor import paint_tags
from kadr_pyav.hardware_table import HARDWARE

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.video.codeccontext import VideoCodecContext
    from kadr_sdk.output import AudioEncoding, VideoEncoding

__all__ = ["fed_format", "open_audio", "open_video", "sample_format", "set_audio", "set_video"]


def open_video(encoding: VideoEncoding) -> VideoCodecContext:
    """An open encoder for a prepared encoding, not yet in any container.

    Raises:
        BackendError: the encoder refuses its settings.
    """
    import av

    context = av.Codec(encoding.encoder, "w").create("video")
    set_video(context, encoding)
    return _opened(context, encoding.encoder)  # type: ignore[no-any-return]  # it returns what it is given


def open_audio(encoding: AudioEncoding) -> AudioCodecContext:
    """An open encoder for a prepared encoding of sound.

    Raises:
        BackendError: the encoder refuses its settings.
    """
    import av

    context = av.Codec(encoding.encoder, "w").create("audio")
    set_audio(context, encoding)
    return _opened(context, encoding.encoder)  # type: ignore[no-any-return]  # it returns what it is given


def set_video(context: VideoCodecContext, encoding: VideoEncoding) -> None:
    """Write an encoding into a context that is not open yet."""
    if encoding.encoder == "libsvtav1":
        # It prints its settings on the error stream unless its environment says otherwise.
        os.environ.setdefault("SVT_LOG", "1")
    context.width, context.height = encoding.width, encoding.height
    context.pix_fmt = fed_format(encoding)
    context.time_base = 1 / encoding.rate
    context.framerate = encoding.rate
    context.sample_aspect_ratio = Fraction(1)
    paint_tags(context, encoding.color)
    context.options = dict(encoding.options)


def fed_format(encoding: VideoEncoding) -> str:
    """The pixel format that the encoder is given: the encoding's, or the same samples in another order."""
    if "_" in encoding.encoder:
        for row in HARDWARE:
            if row.name == encoding.encoder:
                return row.fed.get(encoding.pixel_format, encoding.pixel_format)
    return encoding.pixel_format


def set_audio(context: AudioCodecContext, encoding: AudioEncoding) -> None:
    """Write an encoding into a context that is not open yet.

    The sample format is the encoder's widest, but 16 bit where it is lossless, unless the
    option ``bits_per_raw_sample`` asks for more.
    """
    context.sample_rate = encoding.rate
    context.layout = encoding.layout
    context.format = sample_format(context.codec.audio_formats or [], encoding)
    context.time_base = Fraction(1, encoding.rate)
    if encoding.bitrate is not None:
        context.bit_rate = encoding.bitrate
    context.options = dict(encoding.options)


def sample_format(formats: list[Any], encoding: AudioEncoding) -> str:
    """The sample format that an encoder is fed with."""
    names = [f.name for f in formats]
    if encoding.encoder in ("flac", "alac", "wavpack"):
        deep = int(dict(encoding.options).get("bits_per_raw_sample", "16")) > 16
        return next(n for n in (("s32", "s32p") if deep else ("s16", "s16p")) if n in names)
    return next((n for n in ("fltp", "flt", "s32p", "s32", "s16p", "s16", "u8") if n in names), "s16")


def _opened(context: Any, encoder: str) -> Any:
    import av.error

    wanted = dict(context.options)
    try:
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        raise BackendError(
            f"the encoder {encoder} refuses its settings: {_reason(error)}", options=wanted, log=str(error)
        ) from error
    if context.options:
        left = ", ".join(sorted(context.options))
        raise BackendError(f"the encoder {encoder} does not know the option {left}", options=wanted)
    return context


def _reason(error: Exception) -> str:
    log = getattr(error, "log", None)
    return str(log[2]).strip() if log else str(getattr(error, "strerror", None) or error)
