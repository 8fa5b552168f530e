"""What a container can hold, asked of the muxer itself."""

from __future__ import annotations

import io
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import BackendError, InvalidParameterError, UnsupportedFormatError, did_you_mean

from kadr_pyav.encoder_table import VIDEO
from kadr_pyav.sessions import set_audio, set_video

if TYPE_CHECKING:
    from av.container import OutputContainer
    from kadr_sdk.output import Output, VideoEncoding

__all__ = ["check_muxer", "muxer_names", "open_muxer", "small", "usual_muxers"]


def muxer_names() -> frozenset[str]:
    """Every container that can be written."""
    from av.format import ContainerFormat, formats_available

    found = set()
    for name in formats_available:
        try:
            found.add(ContainerFormat(name, "w").name)
        except ValueError:
            continue  # it can only be read
    return frozenset(found)


def usual_muxers(codec: str) -> list[str]:
    """The common containers that say they hold a codec; for hints."""
    import av

    found = []
    for name in ("mp4", "mov", "matroska", "webm", "mpegts", "avi", "wav", "flac", "mp3", "ipod", "ogg"):
        with av.open(io.BytesIO(), "w", format=name) as container:
            if codec in container.supported_codecs:
                found.append(name)
    return found


def open_muxer(target: Any, muxer: str, options: dict[str, str]) -> OutputContainer:
    """A container for writing, with nothing in it that differs from run to run.

    Raises:
        UnsupportedFormatError: no such muxer.
    """
    import av

    settings = {"fflags": "+bitexact"} | options
    if muxer not in muxer_names():
        raise UnsupportedFormatError(
            f"no muxer writes {muxer!r}", path="export.container", hint=did_you_mean(muxer, muxer_names())
        )
    return av.open(target, "w", format=muxer, container_options=settings)


def check_muxer(output: Output) -> None:
    """Write the header of an output's container into memory.

    Raises:
        UnsupportedFormatError: the container cannot hold a stream; names those that can.
        InvalidParameterError: the muxer does not know one of the options.
    """
    import av.error

    if output.muxer == "hls":  # it writes files beside its playlist; what it holds is fragments of MP4
        output = replace(output, muxer="mp4", options=())
    container = open_muxer(io.BytesIO(), output.muxer, {})
    container.options.update(output.options)  # PyAV tells of these alone which were not used
    unused = _Unused()
    logger = logging.getLogger("av.container.output")
    logger.addFilter(unused)
    try:
        _try_header(container, output)
        unused.refuse(output)
    finally:
        logger.removeFilter(unused)
        # Some muxers cannot end a file without packets; only the header was asked about.
        with suppress(av.error.FFmpegError, ValueError):
            container.close()


class _Unused(logging.Filter):
    """Hears which options a muxer left over: PyAV only logs them."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the line, and from everyone else."""
        self._said += record.getMessage()
        return False

    def refuse(self, output: Output) -> None:
        for name, _ in output.options:
            if f"'{name}'" in self._said:
                raise InvalidParameterError(
                    f"the muxer {output.muxer} has no option {name!r}",
                    path=f"exporter {output.exporter}: options.{name}",
                    hint="correct it in the descriptor of the exporter",
                )


def _try_header(container: OutputContainer, output: Output) -> None:
    import av.error

    for codec, path in _codecs(output):
        try:
            stream: Any = container.add_stream(codec)
        except ValueError as error:
            raise _cannot_hold(output.muxer, codec, path) from error
        if path == "export.video.codec" and output.video:
            set_video(stream.codec_context, small(output.video))
        elif output.audio:
            set_audio(stream.codec_context, output.audio)
    try:
        container.start_encoding()
    except (av.error.FFmpegError, ValueError) as error:
        codec, path = next(iter(_codecs(output)))
        raise _cannot_hold(output.muxer, codec, path, str(error)) from error
    except BackendError as error:
        raise UnsupportedFormatError(error.message, path="export.container") from error


def small(encoding: VideoEncoding) -> VideoEncoding:
    """The encoding at a size that opens at once, for what does not depend on the size.

    Encoders of key frames alone open at once at any size, and some have fixed sizes.
    """
    if any(row.name == encoding.encoder and row.intra for row in VIDEO):
        return encoding
    return replace(encoding, width=min(encoding.width, 128), height=min(encoding.height, 128))


def _codecs(output: Output) -> list[tuple[str, str]]:
    found = []
    if output.video:
        found.append((output.video.encoder, "export.video.codec"))
    if output.audio:
        found.append((output.audio.encoder, "export.audio.codec"))
    return found


def _cannot_hold(muxer: str, encoder: str, path: str, log: str = "") -> UnsupportedFormatError:
    others = [name for name in usual_muxers(encoder) if name != muxer]
    hint = f"containers that do: {', '.join(others)}" if others else "choose another codec"
    return UnsupportedFormatError(f"{muxer} cannot hold {encoder}", path=path, hint=hint, log=log)
