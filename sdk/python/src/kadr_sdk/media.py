"""Media description: what a probe says of a file, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from kadr_sdk.color import UNKNOWN, Color
from kadr_sdk.errors import Problem
from kadr_sdk.output import Chapter, LightLevels

__all__ = [
    "MILLISECOND",
    "ONE",
    "ZERO",
    "AudioStream",
    "Cue",
    "DolbyVision",
    "FrameIndex",
    "MediaInfo",
    "Origin",
    "OtherStream",
    "VideoStream",
]

_HIGH_RANGE = {"smpte2084": "PQ", "arib-std-b67": "HLG"}

ZERO, ONE, MILLISECOND = Fraction(0), Fraction(1), Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class DolbyVision:
    """That a stream carries Dolby Vision, and how its base layer can be shown without it.

    Attributes:
        profile, level: as the container says; 0 where only the pictures do.
        compatibility: 1 HDR10, 2 SDR, 4 HLG, 0 none (Dolby's "signal compatibility").
    """

    profile: int = 0
    level: int = 0
    compatibility: int = 0


@dataclass(frozen=True, slots=True)
class VideoStream:
    """One video stream (or still image).

    Attributes:
        index: number of the stream in the container.
        codec: FFmpeg's codec name.
        width, height: coded size in pixels, before rotation and pixel aspect.
        pixel_format: FFmpeg's name, e.g. ``yuv420p``.
        color: as tagged; ``unknown`` where the file says nothing.
        sample_aspect: width of a pixel divided by its height; 1 where untold.
        rotation: degrees clockwise to turn for display: 0, 90, 180 or 270.
        mirrored: flipped left to right (after the rotation) for display.
        rate: average frames per second; None for a still.
        variable: the timestamps are not evenly spaced (None: not examined).
        start: time of the first frame in seconds.
        duration: in seconds, as far as known without decoding.
        frames: number of frames, 0 where unknown.
        time_base: seconds per tick of the stream's timestamps.
        interlaced: None, ``"tff"`` or ``"bff"``.
        bit_depth: bits per component.
        alpha: the picture has an alpha channel.
        transparent: something in the first picture really is transparent (None: not examined).
        light: mastering display and content light levels; None: not stated.
        dolby_vision: None where there is none.
        still: a single image, on screen for as long as asked.
        attached: cover art, not a video track.
        numbered: pictures with numbers in their names; whoever uses them decides the rate.
    """

    index: int
    codec: str
    width: int
    height: int
    pixel_format: str
    color: Color = UNKNOWN
    sample_aspect: Fraction = ONE
    rotation: int = 0
    mirrored: bool = False
    rate: Fraction | None = None
    variable: bool | None = None
    start: Fraction = ZERO
    duration: Fraction | None = None
    frames: int = 0
    time_base: Fraction = MILLISECOND
    interlaced: str | None = None
    bit_depth: int = 8
    alpha: bool = False
    still: bool = False
    attached: bool = False
    language: str = ""
    transparent: bool | None = None
    light: LightLevels | None = None
    dolby_vision: DolbyVision | None = None
    numbered: bool = False

    @property
    def high_range(self) -> str:
        """``PQ`` or ``HLG`` for high dynamic range, else nothing."""
        return _HIGH_RANGE.get(self.color.transfer, "")

    @property
    def peak(self) -> float:
        """The brightest light in cd/m2 that a stream in PQ states; 0: nothing is stated."""
        return self.light.peak if self.light is not None and self.high_range == "PQ" else 0.0

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height in square pixels, upright."""
        width = max(1, round(self.width * self.sample_aspect))
        size = (width, self.height)
        return size if self.rotation % 180 == 0 else (size[1], size[0])


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One audio stream.

    Attributes:
        rate: samples per second.
        layout: FFmpeg's channel layout name.
        start: time of the first sample in seconds (negative: to be cut off).
        duration: in seconds, as far as known.
    """

    index: int
    codec: str
    rate: int
    channels: int
    layout: str
    sample_format: str = "fltp"
    start: Fraction = ZERO
    duration: Fraction | None = None
    time_base: Fraction = MILLISECOND
    language: str = ""


@dataclass(frozen=True, slots=True)
class OtherStream:
    """A subtitle, data or attachment stream."""

    index: int
    kind: str
    codec: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle: its time on screen in seconds, and its text (empty for pictures)."""

    start: Fraction
    end: Fraction
    text: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when a recording was made, as its tags or its EXIF say; empty where they do not.

    Attributes:
        created: ISO 8601, with the zone where the file tells it.
        make, model: of the camera.
        latitude, longitude: degrees, north and east positive.
        altitude: metres above sea level.
    """

    created: str = ""
    make: str = ""
    model: str = ""
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A media file.

    Attributes:
        path: as given.
        container: FFmpeg's format name.
        duration: seconds, None where the container does not say.
        size: bytes.
        digest: sha256 of the content as hex, empty until asked for.
        warnings: what is odd but usable.
        chapters: in order of time; seconds from the start of the file.
        timecode: of the first frame, ``hh:mm:ss:ff``, empty where there is none.
    """

    path: str
    container: str
    duration: Fraction | None
    size: int
    video: tuple[VideoStream, ...] = ()
    audio: tuple[AudioStream, ...] = ()
    other: tuple[OtherStream, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    digest: str = ""
    warnings: tuple[Problem, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    timecode: str = ""
    origin: Origin = Origin()

    @property
    def main_video(self) -> VideoStream | None:
        """The first video stream that is not cover art."""
        return next((s for s in self.video if not s.attached), None)

    @property
    def main_audio(self) -> AudioStream | None:
        """The first audio stream."""
        return next(iter(self.audio), None)


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """The timestamps of a video stream, read once by demuxing.

    Attributes:
        time_base: seconds per tick.
        pts: presentation times in ticks, ascending, one a frame.
        keys: positions in ``pts`` of random access points, ascending.
        end: ticks at which the last frame leaves the screen.
    """

    time_base: Fraction
    pts: tuple[int, ...]
    keys: tuple[int, ...]
    end: int

    @property
    def start(self) -> Fraction:
        """Time of the first frame in seconds."""
        return self.pts[0] * self.time_base

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return (self.end - self.pts[0]) * self.time_base

    @property
    def variable(self) -> bool:
        """True where the steps differ by more than one tick."""
        steps = [b - a for a, b in pairwise(self.pts)]
        return bool(steps) and max(steps) - min(steps) > 1
