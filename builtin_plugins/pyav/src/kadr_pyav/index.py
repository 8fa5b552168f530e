"""The frame index of a video stream: one pass over its packets, hardly any decoding.

Packets are not frames. Left out are packets that an edit list discards, hidden reference
frames (VP8 and VP9 alt-ref), second fields of a picture, and leading pictures at the very
start that refer to what is not there. Where the packets alone do not tell (missing or
equal timestamps), the stream is decoded once instead.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import av
from kadr_sdk.errors import MediaFileError, Problem
from kadr_sdk.media import FrameIndex
from kadr_sdk.sequences import PictureSequence, file_version, find_sequence

from kadr_pyav.opening import (
    NUMBERED_RATE,
    DecoderOptions,
    close_quietly,
    media_errors,
    open_decoder,
    open_media,
    video_stream,
)
from kadr_pyav.packets import Row, cut_off, pair_fields, read_rows, risky, warning

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

__all__ = ["IndexCache", "Scan", "build_index", "file_identity", "scan_stream"]

_FINE = 1 << 16  # ticks of a numbered picture
_HEAD = 12  # frames decoded to check what the packets promise


@dataclass(frozen=True, slots=True)
class Scan:
    """The index and what a reader needs beside it.

    Attributes:
        frames: the index of the contract.
        key_dts: decode time of every random access point, the place to seek to.
        retimed: presentation time by decode time (or by number of packet) where packets
            carry none; empty where they do.
        counted: ``retimed`` goes by number of packet, so every jump starts at the beginning.
        first: decode and presentation time of the very first packet.
        damaged: presentation times of packets that the container itself calls corrupt.
        warnings: what is odd but usable.
    """

    frames: FrameIndex
    key_dts: tuple[int | None, ...]
    retimed: dict[int, int] = field(default_factory=dict)
    counted: bool = False
    first: tuple[int | None, int | None] = (None, None)
    damaged: frozenset[int] = frozenset()
    warnings: tuple[Problem, ...] = ()


def build_index(path: Path, stream: int) -> FrameIndex:
    """Timestamps and random access points of a video stream.

    Raises:
        MediaFileError: unreadable, no such stream, or no usable frame in it.
    """
    return scan_stream(path, stream).frames


def scan_stream(path: Path, stream: int, options: DecoderOptions | None = None) -> Scan:
    """As :func:`build_index`, with what a reader needs."""
    options = options or DecoderOptions()
    pictures = find_sequence(path)
    if pictures is not None:
        return _numbered(pictures)
    container = open_media(path, options.max_pixels)
    try:
        video = video_stream(container, stream, path)
        time_base = video.time_base or Fraction(1, 1000)
        step = _tick_step(video, time_base)
        rows, warnings = read_rows(container, video, path)
        missing = cut_off(container, video)
        if missing:
            warnings.append(warning(path, missing))
            rows = _without_cut_end(rows)
        loose = risky(container, video, rows)
    finally:
        close_quietly(container)
    head = head_times(path, stream, options) if loose else []
    for candidate in (rows, pair_fields(rows)) if loose else (rows,):
        plain = _plain(candidate, head)
        if plain is not None:
            return assemble(plain, candidate, time_base, step, warnings)
    return decoded_scan(path, stream, rows, options, time_base, step, warnings)


def _numbered(pictures: PictureSequence) -> Scan:
    """Every picture is a frame and a random access point; none has to be read to know that.

    The clock is finer than libav's, of a tick a picture: times are found to half a tick.
    """
    numbers = tuple(range(pictures.count))
    times = tuple(n * _FINE for n in numbers)
    frames = FrameIndex(Fraction(1, NUMBERED_RATE * _FINE), times, numbers, pictures.count * _FINE)
    return Scan(frames, numbers, dict(enumerate(times)), first=(0, 0))


def _without_cut_end(rows: list[Row]) -> list[Row]:
    """Of a file that was cut off, the frames that are whole."""
    end = len(rows)
    while end > 1 and rows[end - 1].corrupt:
        end -= 1
    return rows[:end]


def _tick_step(video: VideoStream, time_base: Fraction) -> int:
    """Ticks a frame, for where a duration is missing."""
    rate = video.guessed_rate or video.average_rate or Fraction(25)
    return max(1, round(1 / (rate * time_base)))


def head_times(path: Path, stream: int, options: DecoderOptions) -> list[int | None]:
    """Presentation times of the first few frames that the decoder really gives."""
    found: list[int | None] = []
    for frame_pts in decode_times(path, stream, options, None):
        found.append(frame_pts)
        if len(found) == _HEAD:
            break
    return found


def decode_times(
    path: Path, stream: int, options: DecoderOptions, tags: Sequence[int] | None
) -> Iterator[int | None]:
    """Decode the stream from its start; with tags packets get these times first."""
    container = open_media(path, options.max_pixels)
    try:
        video = video_stream(container, stream, path)
        decoder = open_decoder(video, options)
        number = 0
        with media_errors(path):
            for packet in container.demux(video):
                if packet.size == 0:
                    continue
                if tags is not None:
                    if number >= len(tags):
                        break
                    packet.pts = tags[number]
                number += 1
                yield from _decoded(decoder, packet)
            yield from _decoded(decoder, None)
    finally:
        close_quietly(container)


def _decoded(decoder: VideoCodecContext, packet: Packet[VideoStream] | None) -> list[int | None]:
    try:
        return [frame.pts for frame in decoder.decode(packet)]
    except av.error.FFmpegError:
        return []  # damage is the reader's affair: it knows when the frame is wanted


def _plain(rows: list[Row], head: list[int | None]) -> list[int] | None:
    """Presentation times by the packets alone, or None where they do not tell."""
    times = [row.pts for row in rows if row.shown]
    known = sorted(t for t in times if t is not None)
    if len(known) != len(times) or len(set(known)) != len(known):
        return None
    if not head:
        return known
    first = head[0]
    if first is None:
        return None
    known = [t for t in known if t >= first]
    return known if known[: len(head)] == head else None


def decoded_scan(
    path: Path,
    stream: int,
    rows: list[Row],
    options: DecoderOptions,
    time_base: Fraction,
    step: int,
    warnings: list[Problem],
) -> Scan:
    """The index by decoding the whole stream once, for packets that do not tell."""
    timed = all(row.pts is not None for row in rows)
    tags = None if timed else range(len(rows))
    order = [t for t in decode_times(path, stream, options, tags) if t is not None]
    if not order:
        message = f"no frame of video stream {stream} can be decoded"
        raise MediaFileError(message, path=path, hint="export it again")
    if timed:
        return assemble(sorted(set(order)), rows, time_base, step, warnings)
    order = list(dict.fromkeys(order))
    dts = [row.dts for row in rows]
    counted = None in dts or len(set(dts)) != len(dts)
    times = [n * step for n in range(len(order))] if counted else sorted(d for d in dts if d is not None)
    by_row = dict(zip(order, times, strict=False))
    retimed_rows = [replace(row, pts=by_row.get(n), shown=n in by_row) for n, row in enumerate(rows)]
    retimed = {n if counted else _known(rows[n].dts): t for n, t in by_row.items()}
    message = "frames carry no presentation times; they were counted by decoding"
    warnings = [*warnings, warning(path, message)]
    scan = assemble(sorted(by_row.values()), retimed_rows, time_base, step, warnings)
    return replace(scan, retimed=retimed, counted=counted)


def _known(value: int | None) -> int:
    assert value is not None
    return value


def assemble(
    times: list[int], rows: list[Row], time_base: Fraction, step: int, warnings: list[Problem]
) -> Scan:
    """The scan of ascending times and the packets they came from."""
    position = {t: n for n, t in enumerate(times)}
    keys: dict[int, int | None] = {}
    for row in rows:
        if row.key and row.pts in position:
            keys.setdefault(position[row.pts], row.dts)
    keys.setdefault(0, rows[0].dts)  # decoding can always begin at the very start
    ordered = sorted(keys)
    last = next((row.duration for row in rows if row.pts == times[-1]), 0)
    if last <= 0:
        last = round((times[-1] - times[0]) / (len(times) - 1)) if len(times) > 1 else step
    frames = FrameIndex(time_base, tuple(times), tuple(ordered), times[-1] + max(1, last))
    damaged = frozenset(row.pts for row in rows if row.corrupt and row.pts is not None)
    return Scan(
        frames,
        tuple(keys[k] for k in ordered),
        first=(rows[0].dts, rows[0].pts),
        damaged=damaged,
        warnings=tuple(warnings),
    )


class Memory(Protocol):
    """Where scans outlive the process."""

    def get(self, identity: tuple[object, ...]) -> Scan | None:
        """What was kept for that state of the file."""
        ...

    def put(self, identity: tuple[object, ...], scan: Scan) -> None:
        """Keep it."""
        ...


class IndexCache:
    """Scans of streams by file identity, the least recently used forgotten first.

    Args:
        limit: scans. frames: of all scans together, so that a folder of long films stays small;
            the last scan is kept whatever its length.
        scan: makes one; None: in this process.
        memory: keeps them between processes.
    """

    def __init__(
        self,
        limit: int = 2048,
        frames: int = 4_000_000,
        scan: Callable[[Path, int], Scan] | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._limit, self._most = limit, frames
        self._scan, self._memory = scan, memory
        self._frames = 0
        self._lock = threading.Lock()
        self._scans: OrderedDict[tuple[object, ...], Scan] = OrderedDict()

    def get(self, path: Path, stream: int, options: DecoderOptions | None = None) -> Scan:
        """The scan of a stream, made once for each state of the file."""
        key = (*file_identity(path), stream)
        with self._lock:
            found = self._scans.get(key)
            if found is not None:
                self._scans.move_to_end(key)
                return found
        found = self._remembered(key, path, stream, options)
        with self._lock:
            before = self._scans.pop(key, None)  # another thread may have been faster
            self._scans[key] = found
            self._frames += _length(found) - (_length(before) if before else 0)
            while len(self._scans) > 1 and (len(self._scans) > self._limit or self._frames > self._most):
                self._frames -= _length(self._scans.popitem(last=False)[1])
        return found

    def _remembered(
        self, key: tuple[object, ...], path: Path, stream: int, options: DecoderOptions | None
    ) -> Scan:
        kept = self._memory.get(key) if self._memory is not None else None
        if kept is not None:
            return kept
        found = self._scan(path, stream) if self._scan is not None else scan_stream(path, stream, options)
        if self._memory is not None:
            self._memory.put(key, found)
        return found


def _length(scan: Scan) -> int:
    return len(scan.frames.pts)


def file_identity(path: Path) -> tuple[str, int, int, int]:
    """Absolute path, size, time of change in nanoseconds and inode.

    Raises:
        MediaFileError: the file is gone.
    """
    try:
        return str(path.absolute()), *file_version(path)
    except OSError:
        hint = "check the path; is the disk connected?"
        raise MediaFileError("no such file", path=path, hint=hint) from None
