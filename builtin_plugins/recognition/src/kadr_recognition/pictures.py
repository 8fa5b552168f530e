"""Pictures of a file for a detector: which frames, and scaled by the backend on their way.

A frame is converted to RGB once and scaled once, inside the backend's own graph. The scaling
is bilinear with antialiasing, which detectors are trained and measured with; the default of
plans is bicubic.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.backend import Backend, RenderContext
from kadr_sdk.color import Color
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import InvalidParameterError, MediaFileError
from kadr_sdk.media import FrameIndex, MediaInfo, VideoStream
from kadr_sdk.plan import Conform, Decode, FrameTimes, Native, Node, Source
from kadr_sdk.times import parse_time

from kadr_recognition.boxes import Array

__all__ = ["ALL", "Every", "Picture", "Sampling", "pictures", "sampling"]

_SRGB = Color("gbr", "bt709", "iec61966-2-1", "pc")
_FLAGS = "bilinear+accurate_rnd+bitexact+full_chroma_int+full_chroma_inp"
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr", "x2rgb")
_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Every:
    """Which frames are looked at: one in ``frames``, or one every ``seconds``."""

    frames: int = 1
    seconds: Fraction | None = None

    @classmethod
    def parse(cls, text: str) -> Every:
        """``5``: every fifth frame; ``1s``, ``0.5s``, ``500ms``: one in so much time.

        Raises:
            InvalidParameterError: neither.
        """
        text = text.strip()
        if re.fullmatch("[0-9]{1,9}", text) and int(text) > 0:
            return cls(int(text))
        try:
            milli = text.endswith("ms")
            seconds = parse_time(text.removesuffix("ms") if milli else text) / (1000 if milli else 1)
            if text.endswith("s") and seconds > 0:
                return cls(1, seconds)
        except ValueError:
            pass
        raise InvalidParameterError(
            f"{text!r} is neither a number of frames nor a time",
            path="every",
            hint="write 5 for every fifth frame, or 1s, 0.5s, 500ms",
        )

    def __str__(self) -> str:
        return str(self.frames) if self.seconds is None else f"{self.seconds}s"


ALL = Every()
"""Every frame."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The frames of a stream that are looked at.

    Attributes:
        size: width and height of the upright picture in square pixels.
        frames: numbers of the frames; times: seconds since the start of the file, as clips
            of a project count them; stamps: seconds of the stream, as it is decoded by.
        end: seconds since the start of the file at which the last frame leaves the screen.
    """

    video: VideoStream
    size: tuple[int, int]
    frames: tuple[int, ...]
    times: tuple[Fraction, ...]
    stamps: tuple[Fraction, ...]
    end: Fraction


@dataclass(frozen=True, slots=True)
class Picture:
    """RGB of the size that was asked for, shape (height, width, 3), and where it stands."""

    number: int
    frame: int
    time: Fraction
    rgb: Array


def sampling(backend: Backend, info: MediaInfo, every: Every) -> Sampling:
    """The frames to look at.

    Raises:
        MediaFileError: no pictures in it.
    """
    video = info.main_video
    if video is None:
        raise MediaFileError("there are no pictures in it", path=info.path, hint="give a film or a picture")
    size = video.display_size
    if video.still:
        return Sampling(video, size, (0,), (Fraction(0),), (video.start,), Fraction(0))
    index = backend.index(Path(info.path), video.index)
    numbers = _numbers(index, every)
    stamps = tuple(index.pts[n] * index.time_base for n in numbers)
    origin = _origin(info)
    times = tuple(s - origin for s in stamps)
    return Sampling(video, size, numbers, times, stamps, index.end * index.time_base - origin)


def _numbers(index: FrameIndex, every: Every) -> tuple[int, ...]:
    if every.seconds is None:
        return tuple(range(0, len(index.pts), every.frames))
    count = int(index.duration / every.seconds) + 1
    if count > _MOST:
        raise InvalidParameterError(f"{count} pictures of one file are too many", path="every")
    found: dict[int, None] = {}
    for k in range(count):
        ticks = math.floor((index.start + k * every.seconds) / index.time_base)
        found[max(0, bisect_right(index.pts, ticks) - 1)] = None
    return tuple(found)


def _origin(info: MediaInfo) -> Fraction:
    """Where the kernel begins to count: the first timestamp of the streams, where that is positive."""
    starts = [s.start for s in info.video if not s.attached] + [s.start for s in info.audio]
    return max(Fraction(0), min(starts, default=Fraction(0)))


def pictures(
    backend: Backend,
    info: MediaInfo,
    chosen: Sampling,
    size: tuple[int, int],
    context: RenderContext,
) -> Generator[Picture, None, None]:
    """The chosen frames upright, in RGB, scaled to ``size``; each is the caller's own."""
    frames: Any = backend.frames(_graph(backend, info, chosen, size), context)
    try:
        for number, frame in enumerate(frames):
            # A copy: the planes are the backend's until the next frame.
            rgb = frame.planes[0].copy()
            yield Picture(number, chosen.frames[number], chosen.times[number], rgb)
    finally:
        if hasattr(frames, "close"):
            frames.close()


def _graph(backend: Backend, info: MediaInfo, chosen: Sampling, size: tuple[int, int]) -> Node:
    video = chosen.video
    came = video.color.filled(video.width, video.height, rgb=video.pixel_format.startswith(_RGB))
    source = Source(
        info.path, video.index, video.width, video.height, video.pixel_format, video.color, video.still
    )
    times = FrameTimes(chosen.stamps[0], Fraction(0), chosen.stamps)
    damage = "error" if video.still else "hold"
    decode = Decode(source, times, len(chosen.stamps), video.interlaced or "off", damage)
    able = backend.capabilities()
    scales = "filter" in able.implementations and "scale" in able.filters
    whole = chosen.size if scales else size
    upright = Conform(decode, *whole, "rgb24", came, _SRGB, video.rotation, video.mirrored, peak=video.peak)
    if not scales or whole == size:
        return upright
    scale = FilterSpec.of("scale", w=size[0], h=size[1], flags=_FLAGS)
    return Native((upright,), (scale, FilterSpec.of("format", pix_fmts="rgb24")), *size, "rgb24")
