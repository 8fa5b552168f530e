"""Opening media files and decoders: one place for limits, protocols and error sentences."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
from kadr_sdk.errors import MediaFileError, StorageError
from kadr_sdk.sequences import PictureSequence, find_sequence

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = [
    "MAX_PIXELS",
    "NUMBERED_RATE",
    "DecoderOptions",
    "alpha_decoder",
    "close_quietly",
    "media_errors",
    "open_decoder",
    "open_media",
    "video_stream",
]

MAX_PIXELS = 8192 * 8192
"""The largest picture decoded unless more is asked for: 67 million pixels."""

_LISTS = frozenset({"concat", "hls", "dash", "applehttp"})
_TEXT = frozenset({"tty", "bin", "xbin", "adf", "idf"})
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_ROUGH = {"skip_loop_filter": "all"}
_KEYS_ALONE = {"skip_frame": "nokey"}
_NOTHING = {"codec_whitelist": "none"}
_TIMED = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"})  # first boxes of MP4
_EBML = b"\x1a\x45\xdf\xa3"


@dataclass(frozen=True, slots=True)
class DecoderOptions:
    """How to decode.

    Attributes:
        threads: of the codec; 1 leaves parallelism to the segments.
        thread_type: ``SLICE`` adds no delay, ``FRAME`` is faster, ``AUTO`` takes both.
        max_pixels: larger pictures are refused before they are decoded.
        rough: without the loop filter: for the facts of a picture, not for its pixels.
    """

    threads: int = 1
    thread_type: str = "SLICE"
    max_pixels: int = MAX_PIXELS
    rough: bool = False


NUMBERED_RATE = 25
"""Pictures a second at which numbered pictures are read; whoever uses them decides how fast they pass."""


def open_media(path: Path, max_pixels: int = MAX_PIXELS, *, facts: bool = False) -> InputContainer:
    """A container opened for reading, local files only, names taken literally.

    Args:
        facts: only headers and first pictures are wanted, so that libav's guesses may decode key
            frames alone, which takes half as long; where it guesses times from pictures, it goes on.

    Raises:
        MediaFileError: missing, a folder, empty, not media, encrypted, damaged at the head.
    """
    pictures = find_sequence(path)
    if pictures is None:
        _check_file(path)
    options = {
        # Files that name other files (playlists, references) must reach neither network nor disk.
        "protocol_whitelist": "file",
        "pattern_type": "none",
        "max_pixels": str(max_pixels),
    } | _ROUGH  # of the decoders by which libav guesses what a header leaves open; ours have their own
    if pictures is None and facts:
        options |= _shortcut(path)
    if pictures is not None:
        with media_errors(path):
            return _open_pictures(pictures, options)
    with media_errors(path):
        container = av.open("file:" + str(path.absolute()), "r", options=options, metadata_errors="replace")
    names = set(container.format.name.split(","))
    if names & (_LISTS | _TEXT):
        container.close()
        kind = "a playlist, not a media file" if names & _LISTS else "text, not media"
        raise MediaFileError(kind, path=path, hint="give the media file itself")
    return container


def _shortcut(path: Path) -> dict[str, str]:
    """What libav need not decode to guess the rest: where each picture has a time of its own, little."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return {}  # who opens it next says why
    if head[4:] == b"ftypavif":
        return _NOTHING  # one picture, which the probe decodes itself
    return _KEYS_ALONE if head[4:8] in _TIMED or head[:4] == _EBML else {}


def _open_pictures(pictures: PictureSequence, options: dict[str, str]) -> InputContainer:
    """Of a path only the number is a pattern; any other % in it is itself."""
    path = pictures.pattern.absolute()
    folder = str(path.parent).replace("%", "%%")
    numbers = {"pattern_type": "sequence", "start_number": str(pictures.first), "start_number_range": "1"}
    return av.open(
        f"file:{folder}{os.sep}{path.name}",
        "r",
        format="image2",
        options=options | numbers | {"framerate": str(NUMBERED_RATE)},
        metadata_errors="replace",
    )


def _check_file(path: Path) -> None:
    """Refuse what libav would answer with a riddle."""
    try:
        if path.is_dir():
            raise MediaFileError("this is a folder, not a media file", path=path, hint="name a file in it")
        if not path.is_file():
            missing = "not an ordinary file" if path.exists() else "no such file"
            raise MediaFileError(missing, path=path, hint="check the path; is the disk connected?")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        message = f"the file cannot be looked at: {error}"
        raise MediaFileError(message, path=path, hint="check the path") from None
    if size == 0:
        raise MediaFileError("the file is empty (0 bytes)", path=path, hint="copy or export it again")


@contextmanager
def media_errors(path: Path) -> Iterator[None]:
    """Turn libav's exceptions into :class:`MediaFileError` with a cause in words."""
    try:
        yield
    except av.error.PermissionError:
        raise MediaFileError("no right to read this file", path=path, hint="check its permissions") from None
    except av.error.FileNotFoundError:
        raise MediaFileError("no such file", path=path, hint="check the path") from None
    except av.error.OSError as error:
        if error.errno in (23, 24):  # ENFILE, EMFILE
            raise StorageError("too many open files", path=path, hint="raise the limit (ulimit -n)") from None
        raise MediaFileError(f"reading failed: {_words(error)}", path=path, hint="check the disk") from None
    except av.error.FFmpegError as error:
        raise _unreadable(path, error) from None


def _words(error: av.error.FFmpegError) -> str:
    return str(error.strerror or error).strip().lower()


def _unreadable(path: Path, error: av.error.FFmpegError) -> MediaFileError:
    if _looks_encrypted(path):
        return MediaFileError(
            "the file is encrypted (DRM)", path=path, hint="use a copy without protection", log=_words(error)
        )
    hint = "it may be cut off or not be media at all; play it elsewhere, copy or export it again"
    return MediaFileError(f"not readable as media: {_words(error)}", path=path, hint=hint, log=_words(error))


_PROTECTED = re.compile(rb"(pssh|encv|enca|sinf|tenc)")


def _looks_encrypted(path: Path) -> bool:
    """True where the head of an MP4 file holds the boxes of Common Encryption (ISO 23001-7)."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    return head[4:8] in (b"ftyp", b"styp", b"moov") and len(set(_PROTECTED.findall(head))) >= 2


def video_stream(container: InputContainer, index: int, path: Path) -> VideoStream:
    """The video stream with that number in the container.

    Raises:
        MediaFileError: there is none, or no decoder for it.
    """
    if not 0 <= index < len(container.streams) or container.streams[index].type != "video":
        known = ", ".join(str(s.index) for s in container.streams.video) or "none"
        raise MediaFileError(f"there is no video stream {index}", path=path, hint=f"video streams: {known}")
    stream = cast("VideoStream", container.streams[index])
    if cast(Any, stream.codec_context) is None:
        message = f"no decoder for video stream {index}"
        raise MediaFileError(message, path=path, hint="convert it to H.264 first")
    return stream


def alpha_decoder(stream: VideoStream) -> str:
    """The decoder that sees the alpha of VP8 and VP9, or nothing where it is not needed."""
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    return _ALPHA_DECODERS.get(stream.codec_context.name, "") if tags.get("alpha_mode") == "1" else ""


def open_decoder(stream: VideoStream, options: DecoderOptions) -> VideoCodecContext:
    """A decoder for the stream: its own context, or libvpx where the alpha would be lost."""
    context = stream.codec_context
    name = alpha_decoder(stream)
    if name and name in av.codecs_available:
        other = cast("VideoCodecContext", av.CodecContext.create(name, "r"))
        if context.extradata:
            other.extradata = context.extradata
        context = other
    context.thread_count = options.threads
    context.thread_type = options.thread_type
    context.options = {"max_pixels": str(options.max_pixels)} | (_ROUGH if options.rough else {})
    if context.name == "mjpeg":  # it fills what is missing with grey and does not say so
        context.options |= {"err_detect": "explode"}
    return context


def close_quietly(container: InputContainer) -> None:
    """Close; a container that is already closed is fine."""
    try:
        container.close()
    except av.error.FFmpegError:
        return


def frame_bytes(frame: VideoFrame) -> int:
    """Bytes that a frame holds in memory."""
    return sum(plane.buffer_size for plane in frame.planes)
