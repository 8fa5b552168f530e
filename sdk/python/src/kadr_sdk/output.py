"""What is delivered: container, encodings, size and rate, fully decided before frame 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from kadr_sdk.color import BT709, Color

__all__ = ["AudioEncoding", "Chapter", "LightLevels", "Output", "VideoEncoding"]


@dataclass(frozen=True, slots=True)
class LightLevels:
    """What a display with another range needs to know of pictures in high dynamic range.

    Attributes:
        primaries: CIE x and y of red, green, blue and white of the mastering display (SMPTE ST
            2086); empty: not known.
        luminance: its least and greatest, cd/m2.
        content: MaxCLL and MaxFALL, cd/m2 (CTA 861.3); None: not known.
    """

    primaries: tuple[tuple[float, float], ...] = ()
    luminance: tuple[float, float] = (0.0, 0.0)
    content: tuple[int, int] | None = None

    @property
    def peak(self) -> float:
        """The brightest that is stated, cd/m2: MaxCLL within the mastering display's reach; 0: untold."""
        stated = [float(v) for v in (*(self.content or (0,))[:1], self.luminance[1]) if v > 0]
        return min(stated, default=0.0)


@dataclass(frozen=True, slots=True)
class VideoEncoding:
    """How pictures are encoded.

    Attributes:
        codec: FFmpeg's codec name (``h264``, ``ffv1``, ``png``).
        encoder: the backend's encoder (``libx264``); before the backend prepared the output,
            the one that a plugin or the user chose, ``auto``, ``hardware``, or empty.
        pixel_format: FFmpeg's name; empty until prepared: the codec's usual one.
        width, height: in pixels; rate: frames per second.
        crf, quality, bitrate: the rate control asked for; at most one is given.
        bitrate: bits per second; a bitrate makes the whole film one encoder session.
        maxrate, bufsize: limits of the rate in bits per second, and of the buffer in bits.
        level: of the codec, with ``+`` behind it where a higher one will do.
        two_pass: the whole film is seen before it is encoded.
        gop: most frames between key frames; None: as the encoder does.
        options: the encoder's own options. The backend's ``prepare`` adds those that
            determinism needs, so that the plan's hash covers them.
    """

    codec: str
    pixel_format: str
    width: int
    height: int
    rate: Fraction
    color: Color = BT709
    encoder: str = ""
    crf: float | None = None
    quality: float | None = None
    bitrate: int | None = None
    maxrate: int | None = None
    bufsize: int | None = None
    preset: str | None = None
    profile: str | None = None
    level: str | None = None
    gop: int | None = None
    b_frames: int | None = None
    two_pass: bool = False
    light: LightLevels | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AudioEncoding:
    """How sound is encoded; bitrate in bits per second, None as the encoder does."""

    codec: str
    rate: int
    layout: str
    encoder: str = ""
    bitrate: int | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the output; seconds from its start."""

    start: Fraction
    end: Fraction
    title: str


@dataclass(frozen=True, slots=True)
class Output:
    """Everything about the file (or files) that a render makes.

    Attributes:
        exporter: contribution id of the exporter.
        muxer: FFmpeg's muxer name, empty where the exporter writes files itself.
        video, audio: None where the output has none.
        options: the muxer's own options.
        master: how segments are encoded where the film as a whole must be seen before it is
            encoded (two passes, a palette): without loss, and then again in one session. The
            backend's ``prepare`` sets it.
        chunk: frames after which the pictures are cut, whatever they show; 0: where they say.
        preset: id of the preset that settings came from; its limits are checked at the end.
    """

    exporter: str
    muxer: str
    video: VideoEncoding | None = None
    audio: AudioEncoding | None = None
    options: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    chapters: tuple[Chapter, ...] = ()
    extension: str = ""
    notes: tuple[str, ...] = field(default=())
    master: VideoEncoding | None = None
    preset: str = ""
    chunk: int = 0
