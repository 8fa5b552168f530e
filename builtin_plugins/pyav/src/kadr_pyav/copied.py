"""Packets of a source as a part, read from the file while they are written into another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from kadr_sdk.errors import MediaFileError
from kadr_sdk.parts import Packet

from kadr_pyav import nal
from kadr_pyav.opening import close_quietly, media_errors, open_media, video_stream
from kadr_pyav.packet_table import PacketTable, Stretch
from kadr_pyav.syntax import SYNTAX

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream
    from kadr_sdk.output import Output

__all__ = ["CopiedPart"]

_EARLIER = (0, 2, 10)  # seconds before the packet where seeking is tried before reading from the start


class CopiedPart:
    """Satisfies :class:`kadr_sdk.parts.PacketSource`; each reading has the file open for itself."""

    def __init__(self, path: Path, stream: int, table: PacketTable, stretch: Stretch, output: Output) -> None:
        assert output.video is not None
        self.path = path
        self._stream, self._table, self._stretch = stream, table, stretch
        self._numbers = list(table.kept(stretch))
        video, codec = output.video, table.codec
        reorder = max(k - pts for k, (pts, _) in enumerate(self.layout()))
        self.header: dict[str, Any] = {
            "kind": "video",
            "copied": True,
            "codec": codec,
            "extradata": SYNTAX[codec].headers(table.extradata).hex(),
            "width": video.width,
            "height": video.height,
            "pixel_format": video.pixel_format,
            "profile": table.profile,
            "level": table.level,
            "rate": f"{video.rate.numerator}/{video.rate.denominator}",
            "frames": len(self._numbers),
            "reorder": reorder,
        }
        if SYNTAX[codec].apart:
            self.header["extradata"] = table.extradata.hex()

    def layout(self) -> list[tuple[int, bool]]:
        """Time in frames, and whether decoding can begin, of every packet; nothing is read for it."""
        table, first = self._table, self._stretch.first
        return [(table.frame[n] - first, bool(table.access[n])) for n in self._numbers]

    def close(self) -> None:
        """Nothing stays open between readings."""

    def __iter__(self) -> Iterator[Packet]:
        """The packets in decode order.

        Raises:
            MediaFileError: the file is not what it was when it was looked at.
        """
        table, stretch = self._table, self._stretch
        container = open_media(self.path)
        try:
            with media_errors(self.path):
                source = self._sought(container)
                if source is None:
                    close_quietly(container)
                    container = open_media(self.path)
                    source = self._until(container.demux(self._video(container)), patient=True)
                for number in range(stretch.begin, stretch.stop):
                    packet = next(source, None) if source is not None else None
                    if packet is None or not self._is(packet, number):
                        raise self._changed()
                    if number not in stretch.left_out:
                        pts = table.frame[number] - stretch.first
                        data = self._data(bytes(packet), begins=number == stretch.begin)
                        yield Packet(data, pts, 1, bool(table.access[number]))
        finally:
            close_quietly(container)

    def _data(self, data: bytes, *, begins: bool) -> bytes:
        codec = self._table.codec
        if codec not in ("h264", "hevc"):
            return data
        data = nal.with_start_codes(data, self._table.length)
        return nal.as_bla(data) if begins and codec == "hevc" else data

    def _is(self, packet: Any, number: int) -> bool:
        return (packet.size, packet.pts) == (self._table.size[number], self._table.pts[number])

    def _video(self, container: InputContainer) -> VideoStream:
        return video_stream(container, self._stream, self.path)

    def _sought(self, container: InputContainer) -> Iterator[Any] | None:
        """The packets from the first one of the stretch on; None where seeking does not lead there."""
        video, begin = self._video(container), self._stretch.begin
        second = round(1 / video.time_base) if video.time_base else 0
        for earlier in _EARLIER if begin else ():
            try:
                container.seek(self._table.dts[begin] - earlier * second, stream=video)
            except av.error.FFmpegError:
                continue
            packets = self._until(container.demux(video))
            if packets is not None:
                return packets
        return None

    def _until(self, packets: Iterator[Any], *, patient: bool = False) -> Iterator[Any] | None:
        """Read up to the first packet of the stretch; None where it was passed."""
        begin, dts = self._stretch.begin, self._table.dts[self._stretch.begin]
        whole = (packet for packet in packets if packet.size)
        for packet in whole:
            if self._is(packet, begin):
                return _chain(packet, whole)
            if not patient and packet.dts is not None and packet.dts > dts:
                return None
        return None

    def _changed(self) -> MediaFileError:
        message = "the file was changed since the plan was made"
        return MediaFileError(message, path=self.path, hint="render again")


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest
