"""From what a probe says to a row of the index: columns to search by, words, and everything as JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.media import FrameIndex, MediaInfo, VideoStream
from kadr_sdk.plan import canonical

from kadr_scanner.rows import FileRow, Version

__all__ = ["broken_row", "counted_row", "row_of", "uneven", "words_of"]

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")


def row_of(path: Path, version: Version, info: MediaInfo) -> FileRow:
    """The row of a file that can be used."""
    video, audio = info.main_video, info.main_audio
    kind = "audio" if video is None else "image" if video.still else "video"
    size = video.display_size if video is not None else (None, None)
    duration = info.duration
    if duration is None and video is not None and not video.still:
        duration = video.duration
    facts: dict[str, Any] = canonical(info)
    facts.pop("path", None)
    row = FileRow(
        str(path.parent),
        path.name,
        version,
        kind=kind,
        duration=None if duration is None else float(duration),
        width=size[0],
        height=size[1],
        fps=float(video.rate) if video is not None and video.rate else None,
        codec=video.codec if video is not None else audio.codec if audio is not None else "",
        created=info.origin.created,
        flags=_flags(info, video),
        facts=facts,
    )
    return replace(row, words=words_of(row))


def broken_row(path: Path, version: Version, reason: str) -> FileRow:
    """The row of a file that cannot be used."""
    row = FileRow(str(path.parent), path.name, version, reason=reason)
    return replace(row, words=words_of(row))


def counted_row(row: FileRow, index: FrameIndex) -> FileRow:
    """The row with what the packets say: frames, exact length, evenness of the rate."""
    facts = dict(row.facts)
    variable = uneven(index)
    facts["packets"] = {
        "frames": len(index.pts),
        "keys": len(index.keys),
        "variable": variable,
        "start": _text(index.start),
        "duration": _text(index.duration),
    }
    flags = [f for f in row.flags.split() if f != "variable"] + ["variable"] * variable
    told = next((v.get("duration") for v in row.facts["video"] if not v["attached"]), None)
    duration = row.duration
    if duration is None or (told is not None and _lies(Fraction(told), index.duration)):
        duration = float(index.duration)
    row = replace(row, facts=facts, packets=True, duration=duration, flags=" ".join(flags))
    return replace(row, words=words_of(row))


def uneven(index: FrameIndex) -> bool:
    """Whether a picture comes more than a quarter of a frame beside the even times.

    Cameras and rounded timestamps jitter by less; a gap or a rate that varies is more.
    """
    steps = len(index.pts) - 1
    if steps < 2:
        return False
    span = index.pts[-1] - index.pts[0]
    # In whole numbers: |pts - first - k span / steps| > span / steps / 4, and more than a tick.
    allowed = max(span, 4 * steps)
    return any(4 * abs((t - index.pts[0]) * steps - k * span) > allowed for k, t in enumerate(index.pts))


def _lies(told: Fraction, counted: Fraction) -> bool:
    """Whether a header's length is that of other packets: a hundredth or a tenth of a second off."""
    return abs(told - counted) > max(Fraction(1, 10), counted / 100)


def _text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _flags(info: MediaInfo, video: VideoStream | None) -> str:
    told = {"chapters": bool(info.chapters), "timecode": bool(info.timecode), "sound": bool(info.audio)}
    told["subtitles"] = any(s.kind == "subtitle" for s in info.other)
    told["gps"] = info.origin.latitude is not None
    told["cover"] = any(v.attached for v in info.video)
    told["warning"] = bool(info.warnings)
    if video is not None:
        told |= {
            "hdr": bool(video.high_range),
            "dolby": video.dolby_vision is not None,
            "alpha": bool(video.transparent),
            "variable": bool(video.variable),
            "interlaced": video.interlaced is not None,
            "rotated": video.rotation != 0,
            "mirrored": video.mirrored,
            "anamorphic": video.sample_aspect != 1,
            "10bit": video.bit_depth > 8,
        }
    return " ".join(name for name, is_so in told.items() if is_so)


def words_of(row: FileRow) -> str:
    """What the search knows a file by: name, folder, kind, codecs, camera, tags, subtitles' languages."""
    stem, folder = Path(row.name), Path(row.folder).name
    texts = [row.name, _HUMP.sub(" ", stem.stem), folder, row.kind, row.flags, row.created[:10]]
    origin = row.facts.get("origin", {})
    texts += [origin.get("make", ""), origin.get("model", ""), row.facts.get("container", "")]
    for kind in ("video", "audio", "other"):
        texts += [f"{s.get('codec', '')} {s.get('language', '')}" for s in row.facts.get(kind, ())]
    texts += [str(v)[:200] for v in list(row.facts.get("metadata", {}).values())[:40]]
    texts += [str(c.get("title", ""))[:200] for c in row.facts.get("chapters", ())[:100]]
    return " ".join(filter(None, texts))
