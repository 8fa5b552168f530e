"""Decoded frames of a stream in order, from any random access point."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av

from kadr_pyav.index import Scan
from kadr_pyav.opening import DecoderOptions, close_quietly, open_decoder, open_media, video_stream

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["Flow", "Step"]

_B = 3  # AV_PICTURE_TYPE_B
_EARLIER = (0, 2, 10)  # seconds before the point where seeking is tried before reading from the start


@dataclass(frozen=True, slots=True)
class Step:
    """A frame as it came out.

    Attributes:
        pts: its presentation time in ticks.
        corrupt: the decoder says that it is damaged.
        bidirectional: a B-frame.
    """

    pts: int | None
    frame: VideoFrame
    corrupt: bool
    bidirectional: bool


class Flow:
    """An open file and decoder that runs forward from where it was started."""

    def __init__(self, path: Path, stream: int, scan: Scan, options: DecoderOptions) -> None:
        self._path, self._stream, self._scan, self._options = path, stream, scan, options
        self._ready: deque[VideoFrame] = deque()
        self._floor: int | None = None
        self._open()

    def _open(self) -> None:
        self._container = open_media(self._path, self._options.max_pixels)
        self._video = video_stream(self._container, self._stream, self._path)
        self._decoder = open_decoder(self._video, self._options)
        self._packets: Iterator[Packet[VideoStream]] | None = self._demux()
        self._fresh = True

    def _reopen(self) -> None:
        self.close()
        self._open()

    @property
    def aspect(self) -> Fraction | None:
        """Width of a pixel by its height, as the decoder says."""
        return self._decoder.sample_aspect_ratio or None

    @property
    def fields(self) -> str:
        """The field that is shown first, where frames have two."""
        return "bff" if self._decoder.field_order in (3, 4) else "tff"

    def close(self) -> None:
        """Close the file."""
        self._ready.clear()
        self._packets = None
        close_quietly(self._container)

    def start(self, key: int) -> None:
        """Go to a random access point by its number in the index; 0 is the very start."""
        self._ready.clear()
        self._floor = None if key == 0 else self._scan.frames.pts[self._scan.frames.keys[key]]
        if self._fresh and key == 0:
            return
        if self._scan.counted or not (self._to_start() if key == 0 else self._to_key(key)):
            self._reopen()
            if self._floor is not None:
                self._skip_to(self._floor, None)

    def pull(self) -> Step | None:
        """The next frame; None at the end."""
        while True:
            while self._ready:
                frame = self._ready.popleft()
                pts = frame.pts
                if self._floor is None or (pts is not None and pts >= self._floor):
                    return Step(pts, frame, frame.is_corrupt, frame.pict_type == _B)
            if self._packets is None:
                return None
            packet = self._next()
            self._ready.extend(self._decode(packet))
            if packet is None:
                self._packets = None

    def _next(self) -> Packet[VideoStream] | None:
        """The next packet; None at the end and where reading fails."""
        assert self._packets is not None
        self._fresh = False
        try:
            return next(self._packets, None)
        except (av.error.FFmpegError, OSError):
            return None

    def _demux(self) -> Iterator[Packet[VideoStream]]:
        """Packets with the presentation times of the index."""
        retimed, counted = self._scan.retimed, self._scan.counted
        number = -1
        for packet in self._container.demux(self._video):
            if packet.size == 0:  # would flush the decoder
                continue
            number += 1
            if retimed:
                packet.pts = retimed.get(number if counted else packet.dts or 0)
            yield packet

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return list(self._decoder.decode(packet))
        except av.error.FFmpegError:
            return []  # the reader misses the frame and knows its time

    def _to_start(self) -> bool:
        """Seek to the first packet of all; False where it is not to be had by seeking."""
        dts, pts = self._scan.first
        anchor = dts if dts is not None else pts
        if anchor is None or not self._seek(anchor):
            return False
        first = self._next()
        if first is None or (first.dts, first.pts) != (dts, pts):
            return False
        self._ready.extend(self._decode(first))
        return True

    def _to_key(self, key: int) -> bool:
        """Seek so that the packet of a random access point is the next to be decoded."""
        target, dts = self._scan.frames.pts[self._scan.frames.keys[key]], self._scan.key_dts[key]
        anchor = dts if dts is not None else target
        second = round(1 / self._scan.frames.time_base)
        return any(
            self._seek(anchor - earlier * second) and self._skip_to(target, dts) for earlier in _EARLIER
        )

    def _seek(self, ticks: int) -> bool:
        try:
            self._container.seek(ticks, stream=self._video)
        except av.error.FFmpegError:
            return False
        self._decoder.flush_buffers()
        self._packets = self._demux()
        return True

    def _skip_to(self, target: int, dts: int | None) -> bool:
        """Read up to the packet of a time and decode it; False where it was passed."""
        while (packet := self._next()) is not None:
            if packet.pts == target and packet.is_keyframe:
                self._ready.extend(self._decode(packet))
                return True
            if dts is not None and packet.dts is not None and packet.dts > dts:
                return False
        return False
