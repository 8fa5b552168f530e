"""What the packets of a video stream say of its frames, without decoding.

Packets are not frames: edit lists discard some, VP8 and VP9 hide reference frames (alt-ref),
broadcast H.264 carries the two fields of a picture as two packets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from kadr_sdk.errors import MediaFileError, Problem

from kadr_pyav.opening import alpha_decoder

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

__all__ = ["Row", "cut_off", "pair_fields", "read_rows", "risky", "vp9_hidden", "vp9_key", "warning"]

_SINGLE = frozenset({"image2", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe"})
_TAIL = 5000  # entries looked at for a file that was cut off
Test = Callable[[memoryview], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One packet in decode order."""

    pts: int | None
    dts: int | None
    duration: int
    key: bool
    shown: bool
    corrupt: bool


def read_rows(container: InputContainer, video: VideoStream, path: Path) -> tuple[list[Row], list[Problem]]:
    """Every packet of the stream in decode order, and what was odd."""
    codec = _family(video.codec_context.name)
    hidden = _HIDDEN.get(codec)
    alpha_key = _KEY.get(codec) if alpha_decoder(video) else None
    rows: list[Row] = []
    warnings: list[Problem] = []
    latest: int | None = None
    back = round(1 / (video.time_base or Fraction(1, 1000)))
    try:
        for packet in container.demux(video):
            if packet.size == 0:
                continue
            if latest is not None and packet.dts is not None and packet.dts < latest - back:
                warnings.append(warning(path, "timestamps jump back; what follows is left out"))
                break
            latest = packet.dts if packet.dts is not None else latest
            rows.append(_row(packet, hidden, alpha_key))
    except av.error.FFmpegError as error:
        warnings.append(warning(path, f"reading stopped early: {error.strerror}"))
    if not any(row.shown for row in rows):
        message = f"video stream {video.index} has no frames"
        raise MediaFileError(message, path=path, hint="choose another stream")
    return rows, warnings


def _row(packet: Packet[VideoStream], hidden: Test | None, alpha_key: Test | None) -> Row:
    shown = not packet.is_discard and not (hidden and hidden(memoryview(packet)))
    key = packet.is_keyframe and (alpha_key is None or _alpha_is_key(packet, alpha_key))
    return Row(packet.pts, packet.dts, packet.duration or 0, key, shown, packet.is_corrupt)


def warning(path: Path, message: str) -> Problem:
    """Something odd but usable."""
    return Problem(str(path), message, "convert the file if frames are missing")


def cut_off(container: InputContainer, video: VideoStream) -> str:
    """A sentence where the header promises frames beyond the end of the file, else nothing."""
    entries = video.index_entries
    if "mov" not in container.format.name.split(",") or not len(entries):
        return ""
    if entries[-1].pos + entries[-1].size <= container.size:
        return ""
    beyond = sum(entry.pos + entry.size > container.size for entry in entries[-_TAIL:])
    count = f"at least {beyond}" if beyond == _TAIL else str(beyond)
    return f"the file is cut off: {count} frames of video stream {video.index} are missing at its end"


def _alpha_is_key(packet: Packet[VideoStream], is_key: Test) -> bool:
    """WebM keeps alpha as a second stream beside each picture; its key frames are its own."""
    if not packet.has_sidedata("matroska_block_additional"):
        return True
    payload = memoryview(packet.get_sidedata("matroska_block_additional"))[8:]  # after its id
    return not payload or is_key(payload)


def _family(decoder: str) -> str:
    return {"libvpx": "vp8", "libvpx-vp9": "vp9"}.get(decoder, decoder)


def _vp8_hidden(data: memoryview) -> bool:
    """RFC 6386 9.1: bit 4 of the first byte is ``show_frame``."""
    return not data[0] & 0x10


def vp9_hidden(data: memoryview) -> bool:
    """VP9 bitstream specification 6.2 and annex B: a lone frame that is not to be shown."""
    if data[-1] & 0xE0 == 0xC0:  # a superframe always ends in a shown frame
        return False
    shift = 1 if data[0] & 0x30 == 0x30 else 0  # profile 3 has a reserved bit more
    existing, show = data[0] >> (3 - shift) & 1, data[0] >> (1 - shift) & 1
    return not existing and not show


def _vp8_key(data: memoryview) -> bool:
    return not data[0] & 1


def vp9_key(data: memoryview) -> bool:
    """VP9 bitstream specification 6.2: a key frame, which needs nothing before."""
    shift = 1 if data[0] & 0x30 == 0x30 else 0
    return not data[0] >> (3 - shift) & 1 and not data[0] >> (2 - shift) & 1


_HIDDEN: dict[str, Test] = {"vp8": _vp8_hidden, "vp9": vp9_hidden}
_KEY: dict[str, Test] = {"vp8": _vp8_key, "vp9": vp9_key}
_REORDERING = frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "vc1"})


def risky(container: InputContainer, video: VideoStream, rows: list[Row]) -> bool:
    """Where packets may not be frames: check by decoding the first few."""
    names = set(container.format.name.split(","))
    if names & _SINGLE:
        return False
    first = next((row.pts for row in rows if row.key), None)
    leading = first is not None and any(r.pts is not None and r.pts < first for r in rows if r.shown)
    loose = _family(video.codec_context.name) in _REORDERING and not names & {"mov", "matroska"}
    return leading or loose or video.codec_context.field_order > 1


def pair_fields(rows: list[Row]) -> list[Row]:
    """Hide second fields: half as long as a frame, one field after the packet before them.

    Broadcast H.264 may carry the two fields of a picture as two packets.
    """
    longest = max(row.duration for row in rows)
    halves = [row for row in rows if row.duration * 2 == longest]
    if len(halves) < 2 and not _all_fields(rows):
        return rows
    field_time = longest // 2 if len(halves) >= 2 else longest
    found: list[Row] = []
    open_field: int | None = None
    for row in rows:
        second = open_field is not None and row.pts == open_field + field_time and not row.key
        found.append(replace(row, shown=False) if second else row)
        open_field = None if second or row.duration != field_time else row.pts
    return found


def _all_fields(rows: list[Row]) -> bool:
    """True where packets come in pairs that are one packet's duration apart."""
    pairs = list(zip(rows[::2], rows[1::2], strict=False))[:32]
    return len(rows) > 2 and all(a.pts is not None and b.pts == a.pts + a.duration for a, b in pairs)
