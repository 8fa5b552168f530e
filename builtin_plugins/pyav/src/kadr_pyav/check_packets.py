"""The packets of a file's first video and audio stream, read once."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from av.stream import Disposition

from kadr_pyav.avcolor import color_of
from kadr_pyav.opening import media_errors

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["Track", "played", "read_tracks", "undecodable"]


@dataclass(slots=True)
class Track:
    """Times of a stream's packets in ticks of ``time_base``, in decode order.

    Attributes:
        keys: times of the packets that decoding can begin with.
        dts: of pictures alone.
        end: of the packet that ends last.
        longest: of the packets; 0 where they do not say how long they last.
        rotation: degrees by which a player turns what it shows; found where a frame is decoded.
    """

    codec: str
    time_base: Fraction
    start: int
    length: Fraction | None
    rate: Fraction | None = None
    width: int = 0
    height: int = 0
    pixel_format: str = ""
    color: tuple[str, str, str, str] = ("unknown",) * 4
    profile: str = ""
    level: str = ""
    sample_aspect: Fraction | None = None
    interlaced: bool = False
    rotation: int = 0
    sample_rate: int = 0
    channels: int = 0
    bytes: int = 0
    end: int = 0
    longest: int = 0
    # Of 8 bytes each: two hours have half a million packets.
    keys: array[int] = field(default_factory=lambda: array("q"))
    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))

    @property
    def times(self) -> array[int]:
        """Times in the order of showing."""
        return array("q", np.sort(np.array(self.pts, np.int64)).tobytes())

    @property
    def frame_samples(self) -> int:
        """Samples of the longest packet; one where unknown."""
        longest = self.longest * self.time_base * self.sample_rate
        return max(1, -(-longest.numerator // longest.denominator)) + self._slack

    @property
    def _slack(self) -> int:
        return -(-self.time_base.numerator * self.sample_rate // self.time_base.denominator)

    def samples(self, *, from_start: bool) -> int:
        """Length of the sound: from 0 (or from its own first sample) to the end of the last packet."""
        base = self.start if from_start else max(0, self.start)
        return round((self.end - base) * self.time_base * self.sample_rate)

    @property
    def seconds(self) -> float:
        """How long it lasts, as the container says, else to the end of its last packet."""
        if self.length is not None or not self.pts:
            return float(self.length or 0)
        return float(self.end * self.time_base)

    def facts(self) -> dict[str, Any]:
        """JSON-ready."""
        found: dict[str, Any] = {"codec": self.codec, "packets": len(self.pts), "bytes": self.bytes}
        found |= {"keys": len(self.keys), "start": float((min(self.pts) if self.pts else 0) * self.time_base)}
        found["seconds"] = None if self.length is None else float(self.length)
        if self.seconds > 0:
            found["bitrate"] = round(self.bytes * 8 / self.seconds)
        found |= {name: value for name in ("profile", "level") if (value := getattr(self, name))}
        if self.sample_rate:
            found |= {"sample_rate": self.sample_rate, "channels": self.channels}
        if self.rate:
            found["rate"] = str(self.rate)
        if self.width:
            found |= {"width": self.width, "height": self.height, "pixel_format": self.pixel_format}
            found["color"] = list(self.color)
        return found


def read_tracks(container: InputContainer) -> dict[str, Track]:
    """Read all packets of the first video and the first audio stream; cover art is no video.

    Raises:
        MediaFileError: the file breaks off or is damaged.
    """
    kinds = {stream.type: (stream.index, _track(stream)) for stream in played(container)}
    found = dict(kinds.values())
    with media_errors(Path(container.name)):
        for packet in container.demux([container.streams[i] for i in found]):
            if packet.size:
                _note(found[packet.stream_index], packet)
    return {kind: track for kind, (_, track) in kinds.items()}


def played(container: InputContainer) -> list[Any]:
    """The first stream of pictures and the first of sound that can be decoded; cover art is neither."""
    chosen: dict[str, Any] = {}
    for stream in container.streams:
        if stream.type in ("video", "audio") and not _left_out(stream):
            chosen.setdefault(stream.type, stream)
    return list(chosen.values())


def undecodable(container: InputContainer) -> list[str]:
    """A sentence for each stream of picture or sound that nothing here can decode."""
    found: list[Any] = [s for s in container.streams if s.type in ("video", "audio")]
    streams = (s for s in found if s.codec_context is None)
    return [f"{stream.type} stream {stream.index} has no decoder" for stream in streams]


def _left_out(stream: Any) -> bool:
    return stream.codec_context is None or bool(stream.disposition & Disposition.attached_pic)


def _track(stream: Any) -> Track:
    length = stream.duration * stream.time_base if stream.duration is not None else None
    codec = stream.codec_context
    track = Track(codec.codec.canonical_name, stream.time_base, stream.start_time or 0, length)
    if stream.type == "audio":
        track.sample_rate, track.channels = codec.sample_rate, codec.channels
        return track
    track.profile, track.level = codec.profile or "", _level(track.codec, codec.level)
    track.rate = Fraction(stream.average_rate) if stream.average_rate else None
    track.width, track.height, track.pixel_format = codec.width, codec.height, codec.pix_fmt or ""
    track.sample_aspect, track.interlaced = stream.sample_aspect_ratio, codec.field_order > 1
    color = color_of(codec, track.pixel_format)
    track.color = (color.matrix, color.primaries, color.transfer, color.range)
    return track


def _level(codec: str, number: int) -> str:
    """The level as it is written; H.264 counts in tenths, HEVC in thirtieths."""
    if number <= 0 or codec not in ("h264", "hevc"):
        return ""
    return f"{number / (10 if codec == 'h264' else 30):g}"


def _note(track: Track, packet: Any) -> None:
    time = packet.pts if packet.pts is not None else packet.dts
    if time is None:
        return
    duration = packet.duration or 0
    track.end = max(track.end, time + duration) if track.pts else time + duration
    track.longest = max(track.longest, duration)
    track.pts.append(time)
    if packet.dts is not None and not track.sample_rate:
        track.dts.append(packet.dts)
    if packet.is_keyframe:
        track.keys.append(time)
    track.bytes += packet.size
