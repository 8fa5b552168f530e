"""What can be copied of a source: the stretch of packets, or the sentence that says why not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.copying import CopyOffer
from kadr_sdk.errors import MediaFileError

from kadr_pyav.access import Access
from kadr_pyav.copied import CopiedPart
from kadr_pyav.packet_table import PacketTable, Stretch
from kadr_pyav.sessions import open_video
from kadr_pyav.syntax import SYNTAX

if TYPE_CHECKING:
    from kadr_sdk.output import Output, VideoEncoding
    from kadr_sdk.plan import Copy

    from kadr_pyav.packet_table import PacketTables

__all__ = ["copied", "copyable"]

_TAGGED_BY_CONTAINER = ("mp4", "mov", "matroska", "webm", "ipod")


def copyable(table: PacketTable, first: int, end: int, output: Output) -> CopyOffer:
    """See :meth:`kadr_sdk.backend.Backend.copyable`."""
    assert output.video is not None
    why = table.odd or _unfit(table, output, output.video)
    if why:
        return CopyOffer(end, end, reason=why)
    reason = ""
    for found in table.stretches(first, end):
        reason = _unlike_asked(table, found, output.video)
        if not reason:
            size = sum(table.size[n] for n in table.kept(found))
            early = "" if found.first == first else "decoding cannot begin there"
            return CopyOffer(found.first, found.end, size, early)
    if not reason:
        point = Access.POINT in table.access
        reason = "no frame of it is a random access point" + (" that needs nothing before" if point else "")
    return CopyOffer(end, end, reason=reason)


def _unfit(table: PacketTable, output: Output, video: VideoEncoding) -> str:
    """Why packets of this source do not fit the output; nothing where they do."""
    if table.codec != video.codec:
        return f"it is {table.codec} and the output {video.codec}"
    untagged = "unknown" in (table.color.matrix, table.color.primaries, table.color.transfer)
    if untagged and output.muxer not in _TAGGED_BY_CONTAINER:
        return f"it is not tagged with its colour, and {output.muxer} has no place for that"
    if video.profile is not None and _name(table.profile) != _name(video.profile):
        return f"its profile is {table.profile}, asked for is {video.profile}"
    if video.level is not None and not _within(table, video.level):
        return f"it is of a higher level than {video.level}"
    if video.maxrate is not None:
        return "its rate is not known to keep within maxrate"
    if not table.square:
        return "its packets say that pixels are not square, and those of the output are"
    if SYNTAX[table.codec].apart or table.codec == "prores":
        encoder = open_video(video)
        if table.codec == "prores" and encoder.profile != table.profile:
            return f"it is ProRes {table.profile} and the output {encoder.profile}"
        if table.codec != "prores" and bytes(encoder.extradata or b"") != table.extradata:
            return f"its {table.codec} header is another than the output's, and there is room for one"
    return ""


def _within(table: PacketTable, level: str) -> bool:
    """The stream is of that level at most; levels are counted in tenths, by HEVC in thirtieths."""
    steps = {"h264": 10, "hevc": 30}.get(table.codec)
    try:
        return level.endswith("+") or (steps is not None and 0 < table.level <= round(float(level) * steps))
    except ValueError:
        return False


def _name(profile: str | None) -> str:
    return (profile or "").lower().replace(" ", "").replace(":", "")


def _unlike_asked(table: PacketTable, stretch: Stretch, video: VideoEncoding) -> str:
    """Why a stretch is not what the user asked for in so many words."""
    packets = list(table.kept(stretch))
    if video.b_frames == 0 and any(table.frame[n] - stretch.first < k for k, n in enumerate(packets)):
        return "it has B-frames, and b_frames is 0"
    if video.gop is not None and not SYNTAX[table.codec].apart:
        keys = [table.frame[n] for n in packets if table.access[n]] + [stretch.end]
        longest = max(b - a for a, b in pairwise(keys))
        if longest > video.gop:
            return f"its key frames are {longest} frames apart, and gop is {video.gop}"
    return ""


def copied(tables: PacketTables, copy: Copy, output: Output) -> CopiedPart:
    """See :meth:`kadr_sdk.backend.Backend.copied`."""
    path = Path(copy.path)
    table = tables.get(path, copy.stream)
    end = copy.first + copy.count
    found = next(table.stretches(copy.first, end), None)
    if found is None or (found.first, found.end) != (copy.first, end):
        raise MediaFileError("the file was changed since the plan was made", path=path, hint="render again")
    return CopiedPart(path, copy.stream, table, found, output)
