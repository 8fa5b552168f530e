"""Decoding a whole file for its errors, counts, pictures and sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_pyav.check_packets import played
from kadr_pyav.check_pictures import PictureNotes
from kadr_pyav.loudness import Meter
from kadr_pyav.opening import close_quietly, open_media
from kadr_pyav.sound import layout_of, to_planar
from kadr_pyav.sound_levels import BLOCKS, LevelNotes

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame

__all__ = ["Decoded", "Error", "decode_all"]

_MOST = 20  # errors told; a broken file has one a frame


@dataclass(frozen=True, slots=True)
class Error:
    """Something that cannot be decoded; ``at`` in seconds, None where unknown."""

    stream: str
    message: str
    at: float | None


@dataclass(slots=True)
class Decoded:
    """What came out of the first video and the first audio stream.

    Attributes:
        longest: samples of the longest frame.
        pixel_format: of the frames.
        start: seconds at which the sound begins, after the time that counts as 0.
        more_errors: how many there are beside those in ``errors``.
    """

    frames: int = 0
    samples: int = 0
    longest: int = 0
    pixel_format: str = ""
    start: float = 0.0
    loudness: dict[str, float | None] | None = None
    levels: bytes = b""
    channel_levels: bytes = b""
    pictures: PictureNotes = field(default_factory=PictureNotes)
    errors: list[Error] = field(default_factory=list)
    more_errors: int = 0

    def facts(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"frames": self.frames, "samples": self.samples, "frame_samples": self.longest}


def decode_all(path: Path, rate: Fraction | None = None, zero: Fraction = Fraction(0)) -> Decoded:
    """Decode the first video and the first audio stream to the end.

    Args:
        rate: of the frames, by which their times tell their numbers.
        zero: time of the first frame.
    """
    container = open_media(path)
    work = _Work(rate, zero)
    try:
        chosen = played(container)
        for stream in chosen:
            stream.codec_context.thread_type = "AUTO"
            stream.codec_context.options = {"err_detect": "explode"}
        for packet in container.demux(chosen):
            work.decode(packet)
    finally:
        close_quietly(container)
    return work.result()


class _Work:
    def __init__(self, rate: Fraction | None, zero: Fraction) -> None:
        self._rate, self._zero = rate, zero
        self._found = Decoded()
        self._meter: Meter | None = None
        self._notes: LevelNotes | None = None
        self._shape: tuple[int, str] | None = None

    def decode(self, packet: Any) -> None:
        import av.error

        kind = packet.stream.type
        at = None if packet.pts is None else float(packet.pts * packet.time_base)
        near = "the end" if at is None else f"{at:.3f} s"
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            self._error(kind, f"cannot be decoded near {near}: {error.strerror}", at)
            return
        for frame in frames:
            if frame.is_corrupt:
                self._error(kind, f"a frame near {near} is damaged", at)
            if kind == "video":
                self._see(frame)
            else:
                self._hear(frame)

    def _see(self, frame: VideoFrame) -> None:
        self._found.frames += 1
        self._found.pixel_format = frame.format.name
        number = None
        if self._rate and frame.pts is not None and frame.time_base is not None:
            number = round((frame.pts * frame.time_base - self._zero) * self._rate)
        self._found.pictures.note(frame, number)

    def _hear(self, frame: AudioFrame) -> None:
        """Measure the sound, as long as it stays of one rate and layout."""
        found = self._found
        found.samples += frame.samples
        found.longest = max(found.longest, frame.samples)
        shape = (frame.sample_rate, layout_of(frame.layout))
        if self._meter is None or self._notes is None:
            self._meter, self._notes, self._shape = Meter(*shape), LevelNotes(frame.sample_rate), shape
            if frame.pts is not None and frame.time_base is not None:
                found.start = float(frame.pts * frame.time_base - self._zero)
        if shape == self._shape:
            samples = to_planar(frame)
            self._meter.add(samples)
            self._notes.add(samples)

    def _error(self, stream: str, message: str, at: float | None) -> None:
        if len(self._found.errors) < _MOST:
            self._found.errors.append(Error(stream, message, at))
        else:
            self._found.more_errors += 1

    def result(self) -> Decoded:
        found = self._found
        if self._meter is not None and self._notes is not None:
            found.loudness = self._meter.result().facts()
            shift = round(found.start * BLOCKS)
            levels = self._notes.result()
            found.levels = bytes(max(0, shift)) + levels[max(0, -shift) :]
            found.channel_levels = self._notes.channels()
        return found
