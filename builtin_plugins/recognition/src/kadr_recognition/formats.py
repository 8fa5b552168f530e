"""Results as files of other programs: CSV, COCO, MOT, SubRip, markers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.times import format_seconds

from kadr_recognition.detection import Detection
from kadr_recognition.document import Results
from kadr_recognition.masks import area_of
from kadr_recognition.presence import Manner, present, seen_until

__all__ = ["FORMATS", "format_of", "to_coco", "to_csv", "to_json", "to_markers", "to_mot", "to_srt"]


def to_json(found: Results) -> bytes:
    """kadr's own document."""
    return found.to_bytes()


def to_csv(found: Results) -> bytes:
    """One detection a line, with a head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["t", "frame", "class", "score", "x", "y", "width", "height", "track"])
    for row in found.rows:
        track = "" if row.what.track is None else row.what.track
        time = f"{float(row.time):.6f}"
        # A class name is a stranger's: a spreadsheet must not take it for a formula.
        name = f"'{row.what.name}" if row.what.name[:1] in "=+-@\t\r" else row.what.name
        writer.writerow([time, row.frame, name, row.what.score, *row.what.box, track])
    return text.getvalue().encode()


def to_coco(found: Results) -> bytes:
    """COCO's instances: images are the frames that were looked at, masks uncompressed run lengths."""
    width, height = found.size
    names = sorted({r.what.name for r in found.rows})
    numbers = {name: n for n, name in enumerate(names, 1)}
    stem = found.media["name"]
    images = [
        {
            "id": n,
            "width": width,
            "height": height,
            "file_name": f"{stem}#{frame}",
            "frame": frame,
            "t": format_seconds(t),
        }
        for n, (frame, t) in enumerate(found.frames, 1)
    ]
    image_of = {frame: n for n, (frame, _) in enumerate(found.frames, 1)}
    annotations = [
        {"id": n, "image_id": image_of[row.frame], "category_id": numbers[row.what.name]}
        | _annotation(row.what, found.size)
        for n, row in enumerate(found.rows, 1)
    ]
    document = {
        "info": {"description": f"{stem} by {found.model['id']}"},
        "images": images,
        "categories": [{"id": n, "name": name} for name, n in numbers.items()],
        "annotations": annotations,
    }
    return (json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _annotation(what: Detection, size: tuple[int, int]) -> dict[str, Any]:
    note: dict[str, Any] = {
        "bbox": list(what.box),
        "area": round(what.box[2] * what.box[3], 4),
        "iscrowd": 0,
        "score": what.score,
    }
    if what.mask is not None:
        note["segmentation"] = {"size": [size[1], size[0]], "counts": list(what.mask)}
        note["area"] = area_of(list(what.mask))
    if what.points:
        note["keypoints"] = [v for x, y, seen in what.points for v in (x, y, 2 if seen > 0.5 else 0)]
        note["num_keypoints"] = sum(1 for p in what.points if p[2] > 0.5)
    if what.track is not None:
        note["track_id"] = what.track
    return note


def to_mot(found: Results) -> bytes:
    """MOTChallenge: frame, id, left, top, width, height, score, -1, -1, -1; frames count from 1."""
    lines = []
    for row in found.rows:
        track = -1 if row.what.track is None else row.what.track
        x, y, width, height = row.what.box
        box = f"{x:.2f},{y:.2f},{width:.2f},{height:.2f}"
        lines.append(f"{row.frame + 1},{track},{box},{row.what.score:.4f},-1,-1,-1\n")
    return "".join(lines).encode()


def to_srt(found: Results) -> bytes:
    """Subtitles that say what is seen, one as long as it stays the same."""
    cues: list[tuple[Fraction, Fraction, str]] = []
    times = [t for _, t in found.frames]
    end = seen_until(found)
    for (_, start, things), stop in zip(found.by_frame(), [*times[1:], end], strict=True):
        text = _counted([t.name for t in things])
        if cues and cues[-1][2] == text and cues[-1][1] == start:
            cues[-1] = (cues[-1][0], stop, text)
        else:
            cues.append((start, stop, text))
    lines: list[str] = []
    for start, stop, text in cues:
        if text and stop > start:
            lines.append(f"{len(lines) + 1}\n{_clock(start)} --> {_clock(stop)}\n{text}\n")
    return "\n".join(lines).encode()


def to_markers(found: Results) -> bytes:
    """Markers of a timeline that shows the whole media: where each class begins to be seen."""
    names = sorted({r.what.name for r in found.rows})
    manner = Manner(pad=Fraction(0), shortest=Fraction(0))
    marks = [(start, name) for name in names for start, _ in present(found, [name], manner)]
    rows = [{"time": format_seconds(t), "name": name, "kind": "note"} for t, name in sorted(marks)]
    return (json.dumps({"markers": rows}, ensure_ascii=False, indent=1) + "\n").encode()


def _counted(names: list[str]) -> str:
    counts = {name: names.count(name) for name in sorted(set(names))}
    return ", ".join(name if count == 1 else f"{name} x{count}" for name, count in counts.items())


def _clock(seconds: Fraction) -> str:
    whole = max(0, round(seconds * 1000))
    minutes, milli = divmod(whole, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milli // 1000:02},{milli % 1000:03}"


FORMATS: dict[str, Callable[[Results], bytes]] = {
    "json": to_json,
    "csv": to_csv,
    "coco": to_coco,
    "mot": to_mot,
    "srt": to_srt,
    "markers": to_markers,
}
"""Writers by name."""

_ENDINGS = {".json": "json", ".csv": "csv", ".txt": "mot", ".srt": "srt"}


def format_of(name: str | None, suffix: str) -> str:
    """The format that was asked for, else that of the file's ending.

    Raises:
        InvalidParameterError: the ending says nothing.
    """
    found = name or _ENDINGS.get(suffix.lower(), "" if suffix else "json")
    if not found:
        hint = f"end it in {', '.join(_ENDINGS)}, or add --format {'|'.join(FORMATS)}"
        raise InvalidParameterError(
            f"no format is known by the ending {suffix!r}", path="--output", hint=hint
        )
    return found
