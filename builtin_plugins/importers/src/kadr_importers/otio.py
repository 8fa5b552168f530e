"""OpenTimelineIO: a timeline in JSON, as editing programs write it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.errors import SerializationError
from kadr_sdk.importing import Imported, ImportOptions
from kadr_sdk.project import parse_project
from kadr_sdk.times import format_seconds

from kadr_importers.files import read_text
from kadr_importers.notes import Notes
from kadr_importers.otio_data import Item, document
from kadr_importers.otio_track import Names, TrackReader, trimmed

__all__ = ["OtioImporter"]

_MOST = 64 << 20
_KINDS = {"Video": "video", "Audio": "audio"}


class OtioImporter:
    """Satisfies :class:`kadr_sdk.contributions.Importer`."""

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """The first timeline of the file.

        Raises:
            InvalidPathError, StorageError: it cannot be read.
            SerializationError: not an OTIO file, with the place of what is wrong.
            ValidationError: it cannot become a project; every reason.
        """
        root = document(read_text(path, _MOST), str(path))
        notes = Notes()
        found = _Reader(notes, options).project(_timeline(root, notes))
        project = parse_project(found, name=str(path))
        return Imported(project, notes.rows(), dict(notes.kept))


def _timeline(root: Item, notes: Notes) -> Item:
    if root.schema == "Timeline":
        return root
    if root.schema == "SerializableCollection":
        found = [child for child in root.children() if child.schema == "Timeline"]
        for other in found[1:]:
            notes.add("lost", other.where, f"the timeline {other.name!r}: only the first is taken")
        if found:
            return found[0]
    hint = "export the timeline itself"
    raise SerializationError(f"no timeline is in it, but a {root.schema}", path=root.file, hint=hint)


class _Reader:
    def __init__(self, notes: Notes, options: ImportOptions) -> None:
        self._notes = notes
        self._options = options
        self._sequences: dict[str, dict[str, Any]] = {}
        self._names = Names()
        self._markers: list[dict[str, Any]] = []
        self._rate = Fraction(30)
        self._silent = False

    def project(self, timeline: Item) -> dict[str, Any]:
        stack = timeline.get("tracks")
        if stack is None or stack.schema != "Stack":
            raise timeline.wrong("tracks: a Stack is expected")
        self._rate = self._options.fps or self._rate_of(timeline, stack)
        self._silent = any(one.data.get("kind") == "Audio" for one in _everything(stack))
        found = self._timeline_of(stack)
        for mark in stack.children("markers"):
            self._marker(mark, Fraction(0))
        found["markers"] = sorted(self._markers, key=lambda m: Fraction(m["time"]))
        begins = timeline.time("global_start_time")
        if begins is not None and begins[0]:
            self._notes.add("changed", "global_start_time", "the timeline begins at 0")
        project: dict[str, Any] = {"timeline": found, "sequences": self._sequences}
        project["metadata"] = {"id": self._names.new(timeline.name or "otio"), "name": timeline.name}
        if metadata := timeline.data.get("metadata"):
            project["extensions"] = {"otio": metadata}
        return project

    def _rate_of(self, timeline: Item, stack: Item) -> Fraction:
        """The document has no rate of its own: that of the first pictures, as other programs take it."""
        for item in _everything(stack):
            if item.schema == "Clip" and (rate := trimmed(item).rate) <= 240:
                return rate
        begins = timeline.time("global_start_time")
        if begins is not None and begins[1] <= 240:
            return begins[1]
        self._notes.add("assumed", "", "30 frames per second, which the file does not say")
        return Fraction(30)

    def _timeline_of(self, stack: Item) -> dict[str, Any]:
        tracks: list[dict[str, Any]] = []
        names = Names()
        for item in stack.children():
            wanted = item.name or f"{'A' if item.data.get('kind') == 'Audio' else 'V'}{len(tracks) + 1}"
            if (track := self._track(item)) is not None:
                tracks.append({"id": names.new(wanted), "name": item.name} | track)
        for effect in stack.children("effects"):
            self._notes.add(
                "lost", effect.where, f"the effect {effect.name or effect.schema!r} on all tracks"
            )
        return {"fps": format_seconds(self._rate), "tracks": tracks}

    def _track(self, item: Item) -> dict[str, Any] | None:
        kind = _KINDS.get(str(item.data.get("kind", "Video")), "")
        if item.schema == "Track" and not kind:
            self._notes.add("lost", item.where, f"a track of the kind {item.data.get('kind')!r}")
            return None
        reader = TrackReader(self._notes, self._nest, self._marker, silent=self._silent)
        whole = item.schema == "Track" and item.range("source_range") is None
        found = {"type": kind or "video"} | reader.read(item if whole else _alone(item), kind or "video")
        if item.data.get("enabled") is False:
            found["enabled"] = False
        if whole:
            for effect in item.children("effects"):
                self._notes.add(
                    "lost", effect.where, f"the effect {effect.name or effect.schema!r} of a track"
                )
            for mark in item.children("markers"):
                self._marker(mark, Fraction(0))
        self._notes.kept["tracks"] += 1
        return found

    def _nest(self, item: Item) -> str:
        """A nested composition as a sequence; a track by itself is a stack of one."""
        name = self._names.new(item.name or "sequence")
        if item.schema == "Track":
            data = {"OTIO_SCHEMA": "Stack.1", "children": [{**item.data, "source_range": None}]}
            item = Item(data, item.where, item.file, item.depth)
        self._sequences[name] = self._timeline_of(item)
        return name

    def _marker(self, item: Item, shift: Fraction) -> None:
        marked = item.range("marked_range")
        if item.depth > 3 or marked is None:
            self._notes.add("lost", item.where, f"the marker {item.name!r}")
            return
        time = max(Fraction(0), marked.start + shift)
        color = item.data.get("color")
        row = {
            "time": format_seconds(time),
            "name": item.name,
            "color": color.lower() if isinstance(color, str) else "",
        }
        self._markers.append(row)
        self._notes.kept["markers"] += 1


def _alone(item: Item) -> Item:
    """A thing that lies in a stack by itself, as a track with it alone."""
    return Item({"OTIO_SCHEMA": "Track.1", "children": [item.data]}, item.where, item.file, item.depth)


def _everything(item: Item) -> Iterator[Item]:
    """Breadth does not matter: pictures of the first track come first."""
    for child in item.children():
        yield child
        if child.schema in ("Track", "Stack"):
            yield from _everything(child)
