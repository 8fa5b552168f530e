"""Subtitles of a stream: when they are on screen, and what they say where they are text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from kadr_sdk.errors import MediaFileError
from kadr_sdk.media import MILLISECOND, Cue

from kadr_pyav.opening import close_quietly, open_media

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["read_cues"]

_LONGEST = Fraction(10)  # seconds that a subtitle without an end stays, at most
_MAX_CUES = 200_000
_ASS_STYLE = re.compile(r"\{[^}]*\}")


def read_cues(path: Path, stream: int) -> tuple[Cue, ...]:
    """The subtitles in order of time; one without an end lasts to the next, ten seconds at most.

    Raises:
        MediaFileError: unreadable, or there is no such subtitle stream.
    """
    container = open_media(path)
    try:
        rows = sorted(_rows(container, path, stream), key=lambda row: row[:2])
    finally:
        close_quietly(container)
    found = []
    for number, (start, length, text) in enumerate(rows):
        following = rows[number + 1][0] if number + 1 < len(rows) else start + _LONGEST
        end = start + length if length > 0 else min(following, start + _LONGEST)
        if end > start and text is not None:
            found.append(Cue(start, end, text))
    return tuple(found)


_Row = tuple[Fraction, Fraction, str | None]


def _rows(container: InputContainer, path: Path, index: int) -> Iterator[_Row]:
    """Start, length (0: untold) and text of each packet; None where it only clears the screen."""
    known = [s.index for s in container.streams if s.type == "subtitle"]
    if index not in known:
        hint = f"subtitle streams: {', '.join(map(str, known)) or 'none'}"
        raise MediaFileError(f"there is no subtitle stream {index}", path=path, hint=hint)
    stream = container.streams[index]
    base = stream.time_base or MILLISECOND
    try:
        for count, packet in enumerate(container.demux(stream)):
            if count >= _MAX_CUES:
                return
            if packet.size and packet.pts is not None:
                yield packet.pts * base, (packet.duration or 0) * base, _text(stream, packet)
    except av.error.FFmpegError:
        return  # a file that was cut off: what came out is what there is


def _text(stream: Any, packet: Any) -> str | None:
    if stream.codec_context is None:
        return ""
    try:
        shown = list(stream.codec_context.decode2(packet) or ())
    except av.error.FFmpegError:
        return None
    lines = [_plain(bytes(getattr(row, "ass", b"") or b"")) for row in shown]
    text = "\n".join(line for line in lines if line)
    pictures = any(row.type == b"bitmap" for row in shown)
    return text if text or pictures else None


def _plain(event: bytes) -> str:
    """The text field of an ASS event (the ninth, after eight commas), without its styles."""
    fields = event.decode("utf-8", "replace").split(",", 8)
    text = fields[8] if len(fields) == 9 else ""
    return _ASS_STYLE.sub("", text).replace("\\N", "\n").replace("\\n", "\n").strip()
