"""CMX3600 edit decision lists: cuts, dissolves, wipes and speeds on one track of pictures and its sound."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.errors import Problem, SerializationError, ValidationError
from kadr_sdk.importing import TIMECODED, Imported, ImportOptions
from kadr_sdk.project import parse_project
from kadr_sdk.times import format_seconds

from kadr_importers.edl_lines import Event, List, read_list
from kadr_importers.files import read_text
from kadr_importers.notes import Notes

__all__ = ["EdlImporter"]

_MOST = 16 << 20
_BLACK = ("BL", "BLACK")
_SPEEDS = Fraction(1, 100), Fraction(100)


class EdlImporter:
    """Satisfies :class:`kadr_sdk.contributions.Importer`."""

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """The list as a project; its first record time becomes 0.

        Raises:
            InvalidPathError, StorageError: it cannot be read.
            SerializationError: there is no event in it.
            ValidationError: events that cannot be, each with its line.
        """
        notes = Notes()
        found = read_list(read_text(path, _MOST), options.fps, notes)
        if found.problems:
            raise ValidationError("the list breaks rules", found.problems, path=path)
        if not found.events:
            hint = "an event is a line with number, reel, channels, C and four timecodes"
            raise SerializationError("no event of a CMX3600 list is in it", path=path, hint=hint)
        project = parse_project(_Builder(found, notes).project(), name=str(path))
        return Imported(project, notes.rows(), dict(notes.kept))


@dataclass(slots=True)
class _Cut:
    """A clip on its way; ``source`` None: black."""

    event: Event
    id: str
    start: Fraction
    duration: Fraction
    fields: dict[str, Any] | None
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)

    @property
    def end(self) -> Fraction:
        return self.start + self.duration


@dataclass(slots=True)
class _Row:
    """A track on its way."""

    type: str
    cuts: list[_Cut] = field(default_factory=list)
    transitions: list[dict[str, Any]] = field(default_factory=list)


class _Builder:
    def __init__(self, found: List, notes: Notes) -> None:
        self._list = found
        self._notes = notes
        self._origin = min(event.record[0] for event in found.events)
        self._rows: dict[str, _Row] = {}
        for one, other in itertools.pairwise(found.events):
            # Below the second line of a transition stand the names of both.
            if one.number == other.number and other.kind != "C" and "name" not in one.texts:
                one.texts |= {"name": other.texts.pop("name")} if "name" in other.texts else {}

    def project(self) -> dict[str, Any]:
        for event in self._list.events:
            for name in _tracks(event.channels):
                row = self._rows.setdefault(name, _Row("video" if name.startswith("V") else "audio"))
                self._add(row, name, event)
            if not _tracks(event.channels):
                self._note("lost", event, f"the channels {event.channels!r} are not known")
        tracks = [self._track(name, row) for name, row in self._rows.items()]
        tracks.sort(key=lambda track: (track["type"] == "audio", track["id"]))
        marks = [
            {"time": format_seconds(max(Fraction(0), time - self._origin)), "name": name, "color": color}
            for time, color, name in sorted(self._list.marks)
        ]
        self._notes.kept["tracks"] = len(tracks)
        self._notes.kept["markers"] = len(marks)
        if self._origin:
            self._notes.add("changed", "", f"the timeline begins at 0, not at {float(self._origin):g} s")
        title = self._list.title
        return {
            "metadata": {"id": title[:200] or "edl", "name": title},
            "timeline": {"fps": format_seconds(self._list.fps), "tracks": tracks, "markers": marks},
        }

    def _note(self, kind: str, event: Event, message: str) -> None:
        self._notes.add(kind, f"line {event.line}", message)

    # -- events ----------------------------------------------------------------------------------

    def _add(self, row: _Row, name: str, event: Event) -> None:
        before = row.cuts[-1] if row.cuts else None
        start, length = event.record[0] - self._origin, event.record[1] - event.record[0]
        if before is not None and start < before.end:
            if _same(before.event, event):  # the same sound on two channels
                return
            text = f"it begins before the event of line {before.event.line} ends"
            problem = Problem(f"line {event.line}", text, "export one track of pictures a list")
            raise ValidationError("the list breaks rules", [problem])
        same = before is not None and before.end == start and before.event.reel == event.reel
        if same and not length and event.kind == "C":
            return  # the outgoing side of a transition, which goes on from the event before
        cut = _Cut(event, f"{name}-{len(row.cuts) + 1}", start, length, self._source(event, row.type))
        if event.kind != "C":
            self._joined(row, before, cut)
        row.cuts.append(cut)

    def _source(self, event: Event, kind: str) -> dict[str, Any] | None:
        if event.reel.upper() in _BLACK:
            return None
        incoming = event.texts.get("incoming", "") if event.kind != "C" else ""
        file = event.texts.get("file") or incoming or event.texts.get("name", "")
        if not file and event.reel.upper() == "AX":
            self._note("lost", event, "it names no clip; a gap stands in its place")
            return None
        if not file:
            self._note("assumed", event, f"the media is called as its reel, {event.reel!r}")
        fields: dict[str, Any] = {"source_file": file or event.reel}
        fields["source_start"] = format_seconds(event.source[0])
        fields["extensions"] = {TIMECODED: True}
        if kind == "video":
            fields["muted"] = True
        self._speed(event, fields)
        return fields

    def _speed(self, event: Event, fields: dict[str, Any]) -> None:
        if event.speed is None:
            return
        speed = event.speed / round(self._list.fps)
        if not speed:
            fields["freeze"] = fields["source_start"]
        elif _SPEEDS[0] <= abs(speed) <= _SPEEDS[1]:
            fields["speed"] = float(abs(speed))
            if speed < 0:
                fields["reversed"] = True
                self._note("changed", event, "it plays the same stretch of its media backwards")
        else:
            self._note("lost", event, f"a speed of {float(event.speed):g} frames per second")

    def _joined(self, row: _Row, before: _Cut | None, cut: _Cut) -> None:
        """The transition at the start of an event, from what was there before."""
        event, frames = cut.event, Fraction(cut.event.frames) / self._list.fps
        if event.kind.startswith("K") or not frames:
            self._note("lost", event, f"the edit {event.kind!r}; it is a cut here")
            return
        use: dict[str, Any] = {"transition_type": "dissolve", "alignment": "start"}
        if event.kind.startswith("W"):
            use["transition_type"] = "wipe"
            self._note("changed", event, f"the wipe {event.kind[1:]} is kadr's own")
        if before is None or before.end < cut.start or before.fields is None:
            cut.fade_in = frames
            self._notes.kept["fades"] += 1
        elif cut.fields is None:
            before.duration += frames
            before.fade_out = frames
            cut.start, cut.duration = cut.start + frames, max(Fraction(0), cut.duration - frames)
            self._notes.kept["fades"] += 1
        else:
            if before.duration:
                use["duration"] = format_seconds(frames)
            else:  # it is nowhere but in the transition
                before.duration = frames
            row.transitions.append({"between": [before.id, cut.id]} | use)
            self._notes.kept["transitions"] += 1

    # -- the track of the project ----------------------------------------------------------------

    def _track(self, name: str, row: _Row) -> dict[str, Any]:
        clips = [self._clip(cut, row.type) for cut in row.cuts if cut.fields is not None and cut.duration]
        self._notes.kept["clips"] += len(clips)
        return {"id": name, "type": row.type, "clips": clips, "transitions": row.transitions}

    def _clip(self, cut: _Cut, kind: str) -> dict[str, Any]:
        assert cut.fields is not None
        clip: dict[str, Any] = {"id": cut.id, "start_time": format_seconds(cut.start)}
        clip |= {"duration": format_seconds(cut.duration)} | cut.fields
        fades = {"in": min(cut.fade_in, cut.duration), "out": min(cut.fade_out, cut.duration)}
        if kind == "audio":
            return clip | {f"fade_{way}": format_seconds(length) for way, length in fades.items() if length}
        keys = [(Fraction(0), 0.0), (fades["in"], 1.0)] if fades["in"] else []
        if fades["out"]:
            keys += [(max(fades["in"], cut.duration - fades["out"]), 1.0), (cut.duration, 0.0)]
        if keys:
            rows = [{"time": format_seconds(time), "value": value} for time, value in dict(keys).items()]
            clip["opacity"] = {"keyframes": rows}
        return clip


def _same(one: Event, other: Event) -> bool:
    return (one.reel, one.source, one.record) == (other.reel, other.source, other.record)


def _tracks(channels: str) -> list[str]:
    """``V``, ``A``, ``A2``, ``AA`` (two channels of one sound), ``B`` (both), ``AA/V``, ``V2``."""
    found: list[str] = []
    for part in channels.split("/"):
        if part == "B":
            found += ["V", "A"]
        elif re.fullmatch(r"V\d?", part):
            found.append(part)
        elif re.fullmatch(r"A{1,4}\d?", part):
            found.append("A" if part.startswith("AA") or part in ("A", "A1", "A2") else part)
    return list(dict.fromkeys(found))
