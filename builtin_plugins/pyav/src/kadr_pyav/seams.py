"""Where copied packets meet others: the joined file is decoded there and every frame compared.

A window reaches from the last random access point before a seam to the first one behind it.
It is decoded from the finished file, beginning afresh; pictures shown before the first one are
left out, since they may need what is before. A frame of copied packets must be the frame of the
segment's own graph, bit for bit; a frame of encoded ones that of their part decoded alone.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from kadr_sdk.color import UNKNOWN
from kadr_sdk.copying import SeamFault
from kadr_sdk.errors import MediaFileError

from kadr_pyav.copied import CopiedPart
from kadr_pyav.opening import close_quietly, open_media
from kadr_pyav.planes import views
from kadr_pyav.stages import compile_node

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from kadr_sdk.output import Output
    from kadr_sdk.parts import PacketSource
    from kadr_sdk.plan import Segment

    from kadr_pyav.resources import Resources

__all__ = ["check_seams"]

_LONGEST = 60  # packets looked at behind a seam where the next random access point is far

Pictures = dict[int, bytes]
"""Digest of the picture by number of the frame, of the film or of a part."""


@dataclass(frozen=True, slots=True)
class _Window:
    """Packets ``begin .. stop - 1`` of the film in decode order, beginning at a random access point."""

    begin: int
    stop: int


class _Film:
    """The parts in a row. Frames and packets are counted through the film; a part has as many of both."""

    def __init__(self, parts: Sequence[PacketSource]) -> None:
        self.parts = parts
        self.layouts = [_layout(part) for part in parts]
        self.starts = list(accumulate((len(rows) for rows in self.layouts), initial=0))

    def part_of(self, number: int) -> int:
        """The part of a frame or packet."""
        return min(bisect_right(self.starts, max(0, number)) - 1, len(self.parts) - 1)

    def copied(self, part: int) -> bool:
        return 0 <= part < len(self.parts) and isinstance(self.parts[part], CopiedPart)

    def windows(self) -> list[_Window]:
        """A window for each end of each copied part; those that touch are one."""
        found: list[_Window] = []
        for part in range(len(self.parts) + 1):
            if not (self.copied(part) or self.copied(part - 1)):
                continue
            begin = self._last_access(part - 1) if part else 0
            stop = self._first_group(part) if part < len(self.parts) else self.starts[-1]
            if found and begin <= found[-1].stop:
                begin = found.pop().begin
            found.append(_Window(begin, stop))
        return found

    def _last_access(self, part: int) -> int:
        rows = self.layouts[part]
        return self.starts[part] + max(k for k, (_, key) in enumerate(rows) if key or k == 0)

    def floor(self, window: _Window) -> int:
        """The frame of the window's first packet."""
        part = self.part_of(window.begin)
        return self.starts[part] + self.layouts[part][window.begin - self.starts[part]][0]

    def _first_group(self, part: int) -> int:
        rows = self.layouts[part][: _LONGEST + 1]
        keys = (k for k, (_, key) in enumerate(rows) if key and k)
        return self.starts[part] + next(keys, min(len(rows), _LONGEST))

    def pieces(self, window: _Window) -> Iterator[tuple[int, int, int]]:
        """Every part of a window with its own first packet there and the one behind the last."""
        for part in range(self.part_of(window.begin), self.part_of(window.stop - 1) + 1):
            start = self.starts[part]
            yield part, max(window.begin, start) - start, min(window.stop, self.starts[part + 1]) - start

    def frames(self, part: int, begin: int, stop: int) -> list[int]:
        """Numbers in the part of the frames that its packets ``begin .. stop - 1`` show, ascending."""
        return sorted(pts for pts, _ in self.layouts[part][begin:stop])


def _layout(part: PacketSource) -> list[tuple[int, bool]]:
    return part.layout() if isinstance(part, CopiedPart) else [(p.pts, p.key) for p in part]


def check_seams(
    path: Path,
    segments: Sequence[Segment],
    parts: Sequence[PacketSource],
    output: Output,
    resources: Resources,
) -> tuple[SeamFault, ...]:
    """See :meth:`kadr_sdk.backend.Backend.check_seams`."""
    film = _Film(parts)
    windows = film.windows()
    if not windows:
        return ()
    faults: dict[int, str] = {}
    container = open_media(path)
    try:
        decoder = container.streams.video[0].codec_context.name
        for window, found in _decoded(container, windows, output, resources):
            wanted = _wanted(film, window, segments, resources, decoder)
            for number, message in _wrong(found, wanted, film.floor(window)).items():
                part = film.part_of(number)
                for near in (part,) if film.copied(part) else (part - 1, part + 1):
                    if film.copied(near):
                        faults.setdefault(near, message)
    finally:
        close_quietly(container)
    return tuple(SeamFault(segments[part].index, text) for part, text in sorted(faults.items()))


def _wanted(
    film: _Film, window: _Window, segments: Sequence[Segment], resources: Resources, decoder: str
) -> Pictures:
    """The frames that belong in a window; nothing for the picture of one that cannot be told."""
    wanted: Pictures = {}
    for part, begin, stop in film.pieces(window):
        start = film.starts[part]
        numbers = film.frames(part, begin, stop)
        try:
            if film.copied(part):
                pictures = _planned(segments[part], numbers, resources)
            else:
                pictures = _alone(film.parts[part], begin, stop, decoder)
        except (av.error.FFmpegError, MediaFileError):
            pictures = {}  # whoever encodes these frames will say what is wrong with the source
        wanted |= {start + number: pictures.get(number, b"") for number in numbers}
    return wanted


def _wrong(found: Pictures, wanted: Pictures, floor: int) -> dict[int, str]:
    """What is wrong with frames from a number on, by their number."""
    wrong: dict[int, str] = {}
    for number in sorted(wanted.keys() | found.keys()):
        if number < floor:
            continue
        if number not in wanted:
            wrong[number] = f"frame {number} is shown where none belongs"
        elif number not in found:
            wrong[number] = f"frame {number} is missing"
        elif found[number] != wanted[number]:
            wrong[number] = f"frame {number} does not show what was planned"
    return wrong


def _decoded(
    container: InputContainer, windows: Sequence[_Window], output: Output, resources: Resources
) -> Iterator[tuple[_Window, Pictures]]:
    """The frames of every window as the file gives them; read in one go, packets between are not decoded."""
    assert output.video is not None
    video = container.streams.video[0]
    origin = (video.start_time or 0) if container.format.name == "mpegts" else 0
    scale = (video.time_base or 1) * output.video.rate
    packets = (packet for packet in container.demux(video) if packet.size)
    position = 0
    for window in windows:
        found: Pictures = {}
        video.codec_context.flush_buffers()
        for packet in islice(packets, window.begin - position, window.stop - position):
            resources.context.check()
            _note(found, _decode(video.codec_context, packet), origin, scale)
        _note(found, _decode(video.codec_context, None), origin, scale)
        position = window.stop
        yield window, found


def _decode(decoder: Any, packet: Any) -> list[VideoFrame]:
    try:
        return list(decoder.decode(packet))
    except av.error.FFmpegError:
        return []  # its frame is missing then, and that is told


def _note(found: Pictures, frames: list[VideoFrame], origin: int, scale: Any) -> None:
    for frame in frames:
        if frame.pts is not None:
            found[round((frame.pts - origin) * scale)] = _digest(frame)


def _planned(segment: Segment, numbers: list[int], resources: Resources) -> Pictures:
    """Frames of the segment's own graph, by their number in the segment."""
    found: Pictures = {}
    for span in segment.spans:
        first = span.start - segment.start
        mine = [n for n in numbers if first <= n < first + span.count]
        if not mine:
            continue
        stage = compile_node(span.root, resources)
        try:
            for number in mine:
                resources.context.check()
                found[number] = _digest(stage.frame(number - first))
        finally:
            stage.close()
    return found


def _alone(part: PacketSource, begin: int, stop: int, name: str) -> Pictures:
    """Frames of packets of a part decoded without what is around it."""
    header = part.header
    decoder = cast(Any, av.CodecContext.create(name, "r"))
    decoder.width, decoder.height = header["width"], header["height"]
    if header["extradata"]:
        decoder.extradata = bytes.fromhex(header["extradata"])
    found: Pictures = {}
    for packet in islice(part, begin, stop):
        one = av.Packet(packet.data)
        one.pts = packet.pts
        _note(found, decoder.decode(one), 0, 1)
    _note(found, decoder.decode(None), 0, 1)
    return found


def _digest(frame: VideoFrame) -> bytes:
    digest = hashlib.sha256()  # which processors have instructions for
    for plane in views(frame, UNKNOWN).planes:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.digest()
