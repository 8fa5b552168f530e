"""Decoding a stream of sound to where its timestamps say it belongs.

Positions are samples at the stream's own rate, counted from timestamp 0. Timestamps are the
truth: a gap becomes silence, an overlap is cut. Only what rounding explains (a millisecond,
a tick, a quarter of a packet) is taken as jitter and ignored, so that coarse timestamps make
no clicks.

Priming and padding (AAC, MP3, Opus, edit lists) are cut by libav, from what the container says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.stream import Discard
from kadr_sdk.errors import MediaFileError

from kadr_pyav.damage import Damage
from kadr_pyav.opening import close_quietly, media_errors, open_media
from kadr_pyav.sound import Samples, channels_of, layout_of, remixed, to_planar

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.packet import Packet

__all__ = ["AudioDecoder"]

_PREROLL = 1  # seconds decoded and dropped after a jump: codecs remember what came before
_JITTER = Fraction(1, 1000)
_TAIL = 3  # broken packets at the very end are trailing tags or a cut-off copy, not a fault
_UNINDEXED = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "truehd", "loas", "amr"})


class AudioDecoder:
    """One run over a stream of sound, from a position to its end.

    Raises:
        MediaFileError: no such stream, no decoder for it.
    """

    def __init__(self, path: str, stream: int, damage: Damage) -> None:
        self._path, self._index, self._damage = path, stream, damage
        self._container = open_media(Path(path))
        try:
            self._stream = self._select()
            self.rate: int = self._stream.sample_rate
            self.layout = layout_of(self._stream.layout)
            self._check_shape()
        except BaseException:
            self.close()
            raise
        self._per_tick: Fraction = (self._stream.time_base or Fraction(1, self.rate)) * self.rate
        self._grid: tuple[int, int] | None = None
        self._doubted: Fraction | None = None

    def _select(self) -> AudioStream:
        streams = self._container.streams
        if not 0 <= self._index < len(streams) or streams[self._index].type != "audio":
            known = ", ".join(str(s.index) for s in streams.audio) or "none"
            raise MediaFileError(
                f"there is no sound stream {self._index}", path=self._path, hint=f"sound streams: {known}"
            )
        stream = cast("AudioStream", streams[self._index])
        if cast(Any, stream.codec_context) is None:
            raise MediaFileError(
                f"no decoder for sound stream {self._index}", path=self._path, hint="convert it to FLAC"
            )
        stream.codec_context.thread_count = 1
        for other in streams:
            if other.index != self._index:
                other.discard = Discard.all
        return stream

    def _check_shape(self) -> None:
        if not self.rate or not self._stream.layout.nb_channels:
            raise MediaFileError(
                f"sound stream {self._index} does not say its rate or channels; nothing of it can be decoded",
                path=self._path,
                hint="repair or convert the file",
            )

    def close(self) -> None:
        """Close the file."""
        close_quietly(self._container)

    def pieces(self, start: int) -> Iterator[Samples]:
        """Sound from a position (which may lie before 0: silence) to the end of the stream."""
        try:
            with media_errors(Path(self._path)):
                yield from self._stitched(start)
        finally:
            self.close()

    def _position(self, ticks: int) -> Fraction:
        return ticks * self._per_tick

    def _stitched(self, start: int) -> Iterator[Samples]:
        """Frames joined on the time line; ``cursor`` is the position after the last one."""
        emitted, cursor = start, None
        for frame, samples in self._trimmed_tail(self._frames(start)):
            count = samples.shape[1]
            at = self._place(frame, cursor, count)
            cursor = max(cursor or at, at + count)
            if at > emitted:
                yield from self._silence(at - emitted)
                emitted = at
            if cursor > emitted:
                yield np.ascontiguousarray(samples[:, emitted - at :])
                emitted = cursor

    def _place(self, frame: AudioFrame, cursor: int | None, count: int) -> int:
        """Where a frame belongs, given where the one before ended."""
        if frame.pts is None:
            return cursor or 0
        told = self._position(frame.pts)
        if cursor is None:
            return self._snapped(told)
        if self._counted:
            return cursor
        tolerance = max(float(self.rate * _JITTER), float(self._per_tick), count / 4)
        if told < cursor - self.rate:
            self._damage.report(f"timestamps of the sound run backwards at {self._seconds(cursor)}")
        if abs(told - cursor) <= tolerance:
            self._doubted = None
            return cursor
        return math.floor(told + Fraction(1, 2)) if self._believed(told - cursor) else cursor

    def _believed(self, off: Fraction) -> bool:
        """Vorbis only where a second frame confirms: behind short blocks libav is late for one."""
        if self._stream.codec_context.name != "vorbis" or self._doubted == off:
            self._doubted = None
            return True
        self._doubted = off
        return False

    def _snapped(self, told: Fraction) -> int:
        """The sample meant by a timestamp that rounding has moved, so that any start agrees."""
        nearest = math.floor(told + Fraction(1, 2))
        if self._grid is None:
            # A coarse clock that begins within a tick of zero means zero.
            coarse = not self._exact and abs(told) <= min(self._per_tick, self.rate * _JITTER)
            return 0 if coarse else nearest
        phase, step = self._grid
        on_grid = phase + step * round((told - phase) / step)
        return on_grid if abs(on_grid - told) <= max(Fraction(1), self._per_tick) else nearest

    @property
    def _exact(self) -> bool:
        """The clock can tell every sample without rounding."""
        return self._per_tick.numerator == 1

    @property
    def _counted(self) -> bool:
        """Elementary streams have no timestamps; libav adds up rounded durations, which drift."""
        return not self._exact and self._container.format.name in _UNINDEXED

    def _silence(self, count: int) -> Iterator[Samples]:
        channels = channels_of(self.layout)
        while count > 0:
            step = min(count, self.rate)
            yield np.zeros((channels, step), np.float32)
            count -= step

    def _trimmed_tail(
        self, frames: Iterator[tuple[AudioFrame, Samples]]
    ) -> Iterator[tuple[AudioFrame, Samples]]:
        """The last frame cut to the duration that the container gives it (the encoder's padding)."""
        held: tuple[AudioFrame, Samples] | None = None
        for pair in frames:
            if held is not None:
                yield held
            held = pair
        if held is not None:
            frame, samples = held
            told = math.ceil((frame.duration or 0) * self._per_tick)
            cut = self._exact and 0 < told < samples.shape[1]
            yield frame, samples[:, :told] if cut else samples

    def _frames(self, start: int) -> Iterator[tuple[AudioFrame, Samples]]:
        """Decoded frames in the stream's layout, beginning at or before ``start``."""
        broken, good, first = 0, 0, ""
        for packet in self._packets(start):
            try:
                frames = cast("list[AudioFrame]", packet.decode())
            except av.error.FFmpegError:
                if self._needed(packet, start):
                    first = first or self._time_of(packet)
                    broken += 1
                continue
            for frame in frames:
                if broken:
                    self._damage.report(f"the sound is damaged at {first} ({_packets(broken)})")
                    broken, first = 0, ""
                good += 1
                yield frame, self._samples(frame)
        self._end(broken, good, first)

    def _end(self, broken: int, good: int, first: str) -> None:
        if broken and not good:
            raise MediaFileError(
                f"nothing of sound stream {self._index} can be decoded from {first} on",
                path=self._path,
                hint="repair or convert the file",
            )
        if broken > _TAIL:
            self._damage.report(f"the sound is damaged from {first} to its end")
        elif broken:
            self._damage.mention(f"the sound ends damaged at {first} ({_packets(broken)})")

    def _samples(self, frame: AudioFrame) -> Samples:
        if frame.sample_rate != self.rate:
            raise MediaFileError(
                f"the sound changes from {self.rate} to {frame.sample_rate} samples per second on the way",
                path=self._path,
                hint="convert the file to one rate first",
            )
        return remixed(to_planar(frame), layout_of(frame.layout), self.layout)

    def _needed(self, packet: Packet[Any], start: int) -> bool:
        """False for packets that are decoded only to warm up, and for the flush."""
        if packet.pts is None:
            return packet.size > 0
        return self._position(packet.pts + (packet.duration or 0)) > start

    def _time_of(self, packet: Packet[Any]) -> str:
        return "an unknown time" if packet.pts is None else self._seconds(self._position(packet.pts))

    def _seconds(self, position: Fraction | int) -> str:
        return f"{float(position / self.rate):.3f} s"

    def _packets(self, start: int) -> Iterator[Packet[Any]]:
        """Packets from a little before a position."""
        wanted = start - _PREROLL * self.rate
        if wanted <= self._position(self._stream.start_time or 0) or self._counted:
            yield from self._container.demux(self._stream)
            return
        self._grid = self._find_grid()
        packets = self._from(wanted)
        for packet in packets:
            if packet.pts is not None and self._position(packet.pts) > start:
                # The jump went too far; walk instead.
                packets = self._walk(wanted)
                break
            yield packet
            break
        yield from packets

    def _from(self, wanted: int) -> Iterator[Packet[Any]]:
        if self._container.format.name in _UNINDEXED:
            return self._walk(wanted)
        try:
            self._container.seek(math.floor(wanted / self._per_tick), stream=self._stream)
        except av.error.FFmpegError:
            return self._walk(wanted)  # no index, or a damaged one
        return self._container.demux(self._stream)

    def _walk(self, wanted: int) -> Iterator[Packet[Any]]:
        """Packets from the first that ends after a position, by demuxing from the beginning.

        Formats without an index only guess where a jump lands; their timestamps are true
        only when counted from the start.
        """
        self._reopen()
        first = math.floor(wanted / self._per_tick)  # in ticks: an hour has 140,000 packets
        packets = self._container.demux(self._stream)
        for packet in packets:
            if packet.pts is None or packet.pts + (packet.duration or 0) >= first:
                yield packet
                yield from packets

    def _reopen(self) -> None:
        self.close()
        self._container = open_media(Path(self._path))
        self._stream = self._select()

    def _find_grid(self) -> tuple[int, int] | None:
        """Where packets begin, as (phase, step), for clocks too coarse to tell."""
        if self._exact:
            return None
        ends = [(self._place(f, None, s.shape[1]) + s.shape[1], s.shape[1]) for f, s in self._head()]
        if len(ends) < 2:
            return None
        step = 64 if self._stream.codec_context.name == "vorbis" else ends[1][1]
        return ends[0][0] % step, step

    def _head(self) -> list[tuple[AudioFrame, Samples]]:
        head: list[tuple[AudioFrame, Samples]] = []
        for packet in self._container.demux(self._stream):
            try:
                head += [(f, self._samples(f)) for f in packet.decode()]
            except av.error.FFmpegError:
                continue
            if len(head) >= 2:
                break
        return head[:2]


def _packets(count: int) -> str:
    return f"{count} packet{'s' if count > 1 else ''}"
