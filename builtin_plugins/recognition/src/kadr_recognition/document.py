"""The document of results: what was looked at, with which model, and what was seen.

Shape, version 1 (``docs`` in the README of this plugin)::

    {"format": "kadr.detections", "version": 1,
     "media": {"name", "digest", "stream", "width", "height", "end"},
     "model": {"id", "digest", "task", "classes"},
     "settings": {"every", "threshold", "iou", "most", "classes"?},
     "frames": [[frame, t], …],                     everything that was looked at
     "detections": [{"t", "frame", "class", "score", "box", "mask"?, "points"?, "track"?}, …]}

Times are exact seconds since the start of the file (number or ``"n/d"``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import Any

from kadr_sdk.errors import SerializationError
from kadr_sdk.times import format_seconds, parse_time

from kadr_recognition.detection import Detection

__all__ = ["FORMAT", "Results", "Row", "row_data"]

FORMAT = "kadr.detections"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A detection and the frame that it stands in."""

    frame: int
    time: Fraction
    what: Detection


@dataclass(frozen=True, slots=True)
class Results:
    """What was seen in one file.

    Attributes:
        media: ``name``, ``digest`` (sha256), ``stream`` (index of the video stream), ``width`` and
            ``height`` of the upright picture, ``end`` (seconds at which the last frame leaves
            the screen; 0 of a still).
        model: ``id``, ``digest``, ``task``, ``classes`` (all that it knows).
        settings: ``every``, ``threshold``, ``iou``, ``most``; ``classes``, where only these were kept.
        frames: number and time of every frame that was looked at.
        rows: in order of time, within a frame the surest first.
    """

    media: Mapping[str, Any]
    model: Mapping[str, Any]
    settings: Mapping[str, Any]
    frames: tuple[tuple[int, Fraction], ...]
    rows: tuple[Row, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return int(self.media["width"]), int(self.media["height"])

    def only(self, classes: Iterable[str]) -> Results:
        """Without other classes; all where none is named."""
        wanted = frozenset(classes)
        if not wanted:
            return self
        settings = {**self.settings, "classes": sorted(wanted)}
        rows = tuple(r for r in self.rows if r.what.name in wanted)
        return replace(self, settings=settings, rows=rows)

    def by_frame(self) -> Iterator[tuple[int, Fraction, list[Detection]]]:
        """Every frame that was looked at, with what was seen in it."""
        seen = {n: [r.what for r in rows] for n, rows in groupby(self.rows, key=lambda r: r.frame)}
        for number, time in self.frames:
            yield number, time, seen.get(number, [])

    def as_json(self) -> dict[str, Any]:
        """The document."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "media": dict(self.media),
            "model": dict(self.model),
            "settings": dict(self.settings),
            "frames": [[n, format_seconds(t)] for n, t in self.frames],
            "detections": [row_data(r) for r in self.rows],
        }

    def to_bytes(self) -> bytes:
        """The document as text, the same bytes for the same results."""
        return (json.dumps(self.as_json(), ensure_ascii=False, separators=(",", ":")) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Results:
        """The results of a document.

        Raises:
            SerializationError: not such a document.
        """
        try:
            document = json.loads(data)
            if document["format"] != FORMAT or document["version"] != VERSION:
                raise ValueError(f"format {document['format']!r}, version {document['version']!r}")
            frames = tuple((int(n), parse_time(t)) for n, t in document["frames"])
            rows = tuple(_parsed(r) for r in document["detections"])
            media, model, settings = (dict(document[key]) for key in ("media", "model", "settings"))
            return cls(media, model, settings, frames, rows)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise SerializationError(f"not a document of detections: {error}") from error


def row_data(row: Row) -> dict[str, Any]:
    """A row as JSON-ready data."""
    what = row.what
    found: dict[str, Any] = {
        "t": format_seconds(row.time),
        "frame": row.frame,
        "class": what.name,
        "score": what.score,
        "box": list(what.box),
    }
    if what.mask is not None:
        found["mask"] = list(what.mask)
    if what.points:
        found["points"] = [list(p) for p in what.points]
    if what.track is not None:
        found["track"] = what.track
    return found


def _parsed(data: Mapping[str, Any]) -> Row:
    x, y, width, height = (float(v) for v in data["box"])
    mask, track = data.get("mask"), data.get("track")
    points = tuple((float(px), float(py), float(v)) for px, py, v in data.get("points", ()))
    what = Detection(
        str(data["class"]),
        float(data["score"]),
        (x, y, width, height),
        None if mask is None else tuple(int(v) for v in mask),
        points,
        None if track is None else int(track),
    )
    return Row(int(data["frame"]), parse_time(data["t"]), what)
