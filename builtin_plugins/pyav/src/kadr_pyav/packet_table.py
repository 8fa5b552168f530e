"""Every packet of a stream with what copying needs to know of it; read once a state of the file."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from kadr_sdk.color import Color

from kadr_pyav.access import Access
from kadr_pyav.avcolor import color_of
from kadr_pyav.index import IndexCache, Scan, file_identity
from kadr_pyav.nal import length_size
from kadr_pyav.opening import close_quietly, open_media, video_stream
from kadr_pyav.syntax import SYNTAX

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["PacketTable", "PacketTables", "Stretch"]

_REPLACED = frozenset({"hevc", "mpeg2video"})  # whose leading pictures nothing else refers to
_NAL = ("h264", "hevc")
_HIDDEN = -1
_NEW_HEADER = "new_extradata"
_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packets of a stretch of frames: those of ``first .. end - 1`` in decode order without the left out.

    Attributes:
        begin, stop: numbers of packets in decode order.
        first, end: numbers of frames in order of presentation.
        left_out: numbers of packets between ``begin`` and ``stop`` that show frames before ``first``.
    """

    begin: int
    stop: int
    first: int
    end: int
    left_out: frozenset[int]


@dataclass(slots=True)
class PacketTable:
    """The packets of a stream in decode order.

    Attributes:
        frame: number of the frame in order of presentation; -1 where none is shown.
        access: :class:`~kadr_pyav.access.Access` by the bitstream.
        odd: a sentence where the stream as a whole cannot be copied.
        shape: a number that changes where size, format or headers of the pictures do.
        square: its own header says nothing of the shape of pixels, or that they are square.
        length: bytes of the lengths in front of NAL units, 0 where there are start codes.
    """

    codec: str
    odd: str = ""
    extradata: bytes = b""
    length: int = 0
    profile: str | None = None
    level: int = 0
    tag: str = ""
    square: bool = True
    color: Color = field(default_factory=Color)
    frame: array[int] = field(default_factory=lambda: array("l"))
    access: bytearray = field(default_factory=bytearray)
    shape: array[int] = field(default_factory=lambda: array("l"))
    size: array[int] = field(default_factory=lambda: array("l"))
    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    starts: list[tuple[int, int]] = field(default_factory=list)

    def stretches(self, first: int, end: int) -> Iterator[Stretch]:
        """What can be copied among the frames ``first .. end - 1``, from each start on."""
        for frame, packet in self.starts[bisect_left(self.starts, (first, 0)) :]:
            if frame >= end:
                return
            found = self.stretch(packet, end)
            if found is not None:
                yield found

    def stretch(self, begin: int, end: int) -> Stretch | None:
        """The longest stretch from a packet on whose frames all lie before ``end``.

        It ends where the frames so far are all that are shown up to the last of them: in
        decode order whatever comes later is not needed.
        """
        first = self.frame[begin]
        count, latest, best = 0, first - 1, None
        left_out: set[int] = set()
        for packet in range(begin, len(self.frame)):
            frame = self.frame[packet]
            if frame == _HIDDEN or frame >= end or self.shape[packet] != self.shape[begin]:
                break
            if frame < first:
                if self.codec not in _REPLACED:
                    break
                left_out.add(packet)
                continue
            count, latest = count + 1, max(latest, frame)
            if latest == first + count - 1:
                best = packet + 1, latest + 1
        if best is None:
            return None
        gone = frozenset(number for number in left_out if number < best[0])
        return Stretch(begin, best[0], first, best[1], gone)

    def kept(self, stretch: Stretch) -> Iterator[int]:
        """Numbers of the packets that are copied."""
        return (n for n in range(stretch.begin, stretch.stop) if n not in stretch.left_out)


class PacketTables:
    """Tables by file identity, the least recently used forgotten first."""

    def __init__(self, indexes: IndexCache) -> None:
        self._indexes = indexes
        self._lock = threading.Lock()
        self._tables: OrderedDict[tuple[object, ...], PacketTable] = OrderedDict()

    def get(self, path: Path, stream: int) -> PacketTable:
        """The table of a stream, made once for each state of the file.

        Raises:
            MediaFileError: the file cannot be read.
        """
        key = (*file_identity(path), stream)
        with self._lock:
            found = self._tables.get(key)
            if found is not None:
                self._tables.move_to_end(key)
                return found
        found = _read(path, stream, self._indexes.get(path, stream))
        with self._lock:
            self._tables[key] = found
            while len(self._tables) > _LIMIT:
                self._tables.popitem(last=False)
        return found


def _read(path: Path, stream: int, scan: Scan) -> PacketTable:
    container = open_media(path)
    try:
        video = video_stream(container, stream, path)
        table = _described(video)
        if scan.retimed:
            table.odd = "its packets carry no presentation times"
        if not table.odd:
            _note_all(table, container.demux(video), scan)
        return table
    finally:
        close_quietly(container)


def _described(video: VideoStream) -> PacketTable:
    context = video.codec_context
    codec = context.codec.canonical_name
    extradata = bytes(context.extradata or b"")
    if codec not in SYNTAX:
        return PacketTable(codec, f"packets of {codec} are not copied")
    try:
        SYNTAX[codec].headers(extradata)
        length = length_size(extradata, codec) if codec in _NAL else 0
    except (ValueError, IndexError):
        return PacketTable(codec, "its header is damaged")
    return PacketTable(
        codec,
        extradata=extradata,
        length=length,
        profile=context.profile,
        level=context.level,
        tag=context.codec_tag,
        square=(context.sample_aspect_ratio or 1) == 1,
        color=color_of(context, context.pix_fmt or "yuv420p"),
    )


def _note_all(table: PacketTable, packets: Iterator[Any], scan: Scan) -> None:
    numbers = {pts: number for number, pts in enumerate(scan.frames.pts)}
    syntax = SYNTAX[table.codec]
    shape = header = syntax.shape(syntax.headers(table.extradata), 0)
    latest, shapes, foreign = -1, 0, False
    try:
        for packet in packets:
            if packet.size == 0:
                continue
            shown = not packet.is_discard and not packet.is_corrupt
            frame = numbers.pop(packet.pts, _HIDDEN) if shown else _HIDDEN
            data = bytes(packet)
            access = syntax.access(data, table.length)
            told = syntax.shape(data, table.length) if access == Access.START else b""
            if packet.has_sidedata(_NEW_HEADER):  # another sample description of the container
                foreign = bytes(packet.get_sidedata(_NEW_HEADER)) != table.extradata
                shapes += 1
            if told and told != shape:
                shape, shapes = told, shapes + 1
            if told:
                foreign = told != header
            elif foreign:  # it goes by a header that is not the table's and stands elsewhere
                access = Access.NONE
            if access == Access.START and frame > latest:
                table.starts.append((frame, len(table.frame)))
            latest = max(latest, frame)
            table.frame.append(frame)
            table.access.append(access)
            table.shape.append(shapes)
            table.size.append(packet.size)
            table.pts.append(packet.pts if packet.pts is not None else -1)
            table.dts.append(packet.dts if packet.dts is not None else packet.pts or 0)
    except av.error.FFmpegError:
        return  # what was read before is whole
