"""What a media file holds, read from its headers and the first frame of every video stream."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
from av.stream import Disposition
from kadr_sdk.color import Color
from kadr_sdk.errors import MediaFileError, Problem
from kadr_sdk.media import ONE, ZERO, AudioStream, DolbyVision, MediaInfo, OtherStream, VideoStream
from kadr_sdk.sequences import file_version, is_pattern
from kadr_sdk.times import MAX_SECONDS

from kadr_pyav.avcolor import color_of
from kadr_pyav.dolby import dolby_tracks
from kadr_pyav.exif import PictureFacts, picture_facts
from kadr_pyav.frame_facts import FrameFacts, facts_of
from kadr_pyav.index import IndexCache
from kadr_pyav.measures import counted_rate, picture_size
from kadr_pyav.oddities import nothing_usable, oddities
from kadr_pyav.opening import MAX_PIXELS, DecoderOptions, close_quietly, open_decoder, open_media
from kadr_pyav.orientation import Matrix, frame_orientation, matrix_orientation, track_matrices
from kadr_pyav.origin import chapters_of, origin_of, timecode_of
from kadr_pyav.packets import cut_off
from kadr_pyav.transparency import transparent

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream as AvVideo

__all__ = ["probe"]

MAX_STREAMS = 100
_HEAD_PACKETS, _HEAD_BYTES = 2000, 64 << 20  # read at most so much to find first frames
_STILL_BRANDS = frozenset({"avif", "mif1", "heic", "heix"})
_FIELD_ORDER = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}  # AVFieldOrder, by the field displayed first
_FASTEST = 300  # an average rate beyond this is taken for a mistake of the container


def probe(path: Path, max_pixels: int = MAX_PIXELS, indexes: IndexCache | None = None) -> MediaInfo:
    """Streams, sizes, colours, orientation and times of a file.

    Args:
        max_pixels: larger pictures are refused before they are decoded.
        indexes: asked where the container's rate is nonsense.

    Raises:
        MediaFileError: missing, empty, not media, encrypted, damaged, too large.
    """
    container = open_media(path, max_pixels, facts=True)
    try:
        return _describe(container, path, max_pixels, indexes or IndexCache(1))
    finally:
        close_quietly(container)


def _describe(container: InputContainer, path: Path, max_pixels: int, indexes: IndexCache) -> MediaInfo:
    warnings: list[Problem] = []
    streams = list(container.streams)
    if len(streams) > MAX_STREAMS:
        warnings.append(
            Problem(str(path), f"{len(streams)} streams; those after the first {MAX_STREAMS} are ignored")
        )
        streams = streams[:MAX_STREAMS]
    numbered = is_pattern(path)
    still = (not numbered and _is_still(container)) or _is_lone_picture(container, path, indexes)
    videos = [cast("AvVideo", s) for s in streams if s.type == "video"]
    for stream in videos:
        _check_size(stream, path, max_pixels)
        missing = cut_off(container, stream)
        if missing:
            warnings.append(Problem(str(path), missing, "copy or export the file again"))
    warnings += [] if numbered else oddities(path, still)
    first = _first_frames(container, [s for s in videos if _decodable(s)], max_pixels)
    boxed = not still and "mov" in container.format.name.split(",")
    matrices = track_matrices(path) if boxed else {}
    beside = picture_facts(path) if still else PictureFacts()
    dolby = dolby_tracks(path) if boxed else {}
    facts = _Facts(path, still, matrices, beside.upright, dolby, first, indexes, warnings)
    video = tuple(v for v in (facts.video(s) for s in videos) if v is not None)
    audio = tuple(_audio(s) for s in streams if s.type == "audio" and _has_decoder(s))
    unknown = [s for s in streams if s.type == "audio" and not _has_decoder(s)]
    warnings += [Problem(str(path), f"audio stream {s.index} has no decoder; it is ignored") for s in unknown]
    if not audio and not any(not v.attached for v in video):
        raise nothing_usable(path, warnings, still)
    other = tuple(_other(s) for s in streams if s.type not in ("video", "audio"))
    if numbered:
        video = tuple(replace(v, numbered=True, color=_of_picture(v.color)) for v in video)
    duration = None if still else _duration(container, video, audio)
    return MediaInfo(
        path=str(path),
        container=container.format.name,
        duration=duration,
        size=file_version(path)[0],
        video=video,
        audio=audio,
        other=other,
        metadata=dict(container.metadata),
        warnings=tuple(warnings),
        chapters=chapters_of(container),
        timecode=timecode_of(container),
        origin=beside.origin or origin_of(container.metadata),
    )


def _is_still(container: InputContainer) -> bool:
    names = set(container.format.name.split(","))
    brand = container.metadata.get("major_brand", "").strip()
    piped = any(name.endswith("_pipe") and name != "webp_anim_pipe" for name in names)
    return piped or "image2" in names or brand in _STILL_BRANDS


def _is_lone_picture(container: InputContainer, path: Path, indexes: IndexCache) -> bool:
    """True for a GIF or PNG that could move but has one frame."""
    names = set(container.format.name.split(","))
    return bool(names & {"gif", "apng"}) and len(indexes.get(path, 0).frames.pts) == 1


def _check_size(stream: AvVideo, path: Path, max_pixels: int) -> None:
    width, height = picture_size(stream, path)
    if width * height > max_pixels:
        raise MediaFileError(
            f"the picture is {width}x{height}, more than the limit of {max_pixels} pixels",
            path=path,
            hint="scale it down first, or raise the limit max_pixels",
        )


def _has_decoder(stream: Any) -> bool:
    return stream.codec_context is not None


def _attached(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _decodable(stream: Any) -> bool:
    return _has_decoder(stream) and not _attached(stream)


def _first_frames(
    container: InputContainer, streams: list[AvVideo], max_pixels: int
) -> dict[int, VideoFrame]:
    """The first frame of each stream by number; streams without one are missing."""
    options = DecoderOptions(max_pixels=max_pixels, rough=True)
    wanted = {s.index: open_decoder(s, options) for s in streams}
    found: dict[int, VideoFrame] = {}
    read = 0
    try:
        for count, packet in enumerate(container.demux(streams) if streams else ()):
            read += packet.size
            index = packet.stream_index
            if index not in found:
                with contextlib.suppress(av.error.FFmpegError):
                    frames = wanted[index].decode(packet if packet.size else None)
                    found.update({index: frames[0]} if frames else {})
            if len(found) == len(wanted) or count > _HEAD_PACKETS or read > _HEAD_BYTES:
                break
    except av.error.FFmpegError:
        return found  # a file cut off after its header; what came out is what there is
    return found


@dataclass(slots=True)
class _Facts:
    """Describes the video streams of one file."""

    path: Path
    still: bool
    matrices: dict[int, Matrix]
    upright: tuple[int, bool] | None
    dolby: dict[int, DolbyVision]
    first: dict[int, VideoFrame]
    indexes: IndexCache
    warnings: list[Problem]

    def warn(self, message: str, hint: str = "") -> None:
        self.warnings.append(Problem(str(self.path), message, hint))

    def video(self, stream: AvVideo) -> VideoStream | None:
        """The description, or None with a warning where the stream cannot be used."""
        frame = self.first.get(stream.index)
        attached = _attached(stream)
        if not _has_decoder(stream):
            self.warn(f"video stream {stream.index} has no decoder; it is ignored", "convert it to H.264")
            return None
        if frame is None and not attached:
            self.warn(f"no frame of video stream {stream.index} can be decoded; it is ignored")
            return None
        context = stream.codec_context
        fmt = frame.format if frame is not None else context.format
        name = fmt.name if fmt is not None else "unknown"
        rotation, mirrored = self._orientation(stream, frame)
        base = stream.time_base or Fraction(1, 1000)
        still = self.still or attached
        rate, variable = (None, None) if still else self._rate(stream)
        beside = FrameFacts() if frame is None else facts_of(frame)
        color = replace(color_of(frame if frame is not None else context, name), chroma=beside.chroma)
        return VideoStream(
            index=stream.index,
            codec=context.codec.canonical_name,
            width=frame.width if frame is not None else context.width,
            height=frame.height if frame is not None else context.height,
            pixel_format=name,
            color=_of_picture(color) if self.still else color,
            sample_aspect=self._aspect(stream),
            rotation=rotation,
            mirrored=mirrored,
            rate=rate,
            variable=variable,
            start=ZERO if still else _start(stream, frame, base),
            duration=None if still else _ticks(stream.duration, base),
            frames=max(0, stream.frames),
            time_base=base,
            interlaced=_interlaced(stream, frame),
            bit_depth=max((c.bits for c in fmt.components), default=8) if fmt is not None else 8,
            alpha=fmt is not None and (fmt.has_palette or any(c.is_alpha for c in fmt.components)),
            still=still,
            attached=attached,
            language=stream.language or "",
            transparent=None if frame is None else transparent(frame),
            light=beside.light,
            dolby_vision=self.dolby.get(stream.id) or (DolbyVision() if beside.dolby_vision else None),
        )

    def _orientation(self, stream: AvVideo, frame: VideoFrame | None) -> tuple[int, bool]:
        if frame is None:
            return 0, False
        matrix = self.matrices.get(stream.id)
        return self.upright or (matrix_orientation(matrix) if matrix else frame_orientation(frame))

    def _aspect(self, stream: AvVideo) -> Fraction:
        aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
        if not aspect:
            return ONE
        if not Fraction(1, 20) <= aspect <= 20:
            self.warn(f"a pixel aspect of {aspect} is taken for a mistake; pixels are taken as square")
            return ONE
        return Fraction(aspect)

    def _rate(self, stream: AvVideo) -> tuple[Fraction | None, bool | None]:
        """Average rate; by the timestamps, with their evenness, where the container's is nonsense."""
        average, guessed = stream.average_rate, stream.guessed_rate
        if average and average <= _FASTEST and not (guessed and guessed * 4 < average):
            return average, None
        index = self.indexes.get(self.path, stream.index).frames
        return counted_rate(index), index.variable


def _of_picture(color: Color) -> Color:
    """Pictures are sRGB unless they say otherwise, whatever their size (JFIF, WebP)."""
    primaries = "bt709" if color.primaries == "unknown" else color.primaries
    return replace(color, primaries=primaries)


def _start(stream: AvVideo, frame: VideoFrame | None, base: Fraction) -> Fraction:
    ticks = frame.pts if frame is not None and frame.pts is not None else stream.start_time
    return ZERO if ticks is None else ticks * base


def _ticks(value: int | None, base: Fraction) -> Fraction | None:
    """A duration in seconds; None where it is missing or nonsense."""
    seconds = None if value is None else value * base
    return seconds if seconds is not None and 0 < seconds <= MAX_SECONDS else None


def _interlaced(stream: AvVideo, frame: VideoFrame | None) -> str | None:
    """Field order where the first frame says that it has fields; top first where untold."""
    if frame is None or not frame.interlaced_frame:
        return None
    return _FIELD_ORDER.get(stream.codec_context.field_order, "tff")


def _audio(stream: Any) -> AudioStream:
    context = stream.codec_context
    base = stream.time_base or Fraction(1, max(1, context.sample_rate or 1))
    return AudioStream(
        index=stream.index,
        codec=context.codec.canonical_name,
        rate=context.sample_rate,
        channels=context.layout.nb_channels,
        layout=context.layout.name,
        sample_format=context.format.name if context.format is not None else "unknown",
        start=ZERO if stream.start_time is None else stream.start_time * base,
        duration=_ticks(stream.duration, base),
        time_base=base,
        language=stream.language or "",
    )


def _other(stream: Any) -> OtherStream:
    context = stream.codec_context
    codec = context.name if context is not None else (stream.name or "")
    return OtherStream(stream.index, stream.type or "unknown", codec, stream.language or "")


def _duration(
    container: InputContainer, video: tuple[VideoStream, ...], audio: tuple[AudioStream, ...]
) -> Fraction | None:
    """Seconds: what the streams say, else the container; nothing where that is nonsense."""
    known = [s for s in video if not s.attached] + list(audio)
    told = [s.start + s.duration for s in known if s.duration is not None]
    if told and len(told) == len(known):
        return max(told) - max(ZERO, min(s.start for s in known))
    seconds = _ticks(container.duration, Fraction(1, 1_000_000))
    sparse = seconds is not None and seconds > 3600 and container.size < seconds * 16
    return None if sparse else seconds
